"""The directives of reStructuredText and Sphinx, as nodes that ``rst_text`` writes; none reads a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from docutils import nodes
from docutils.languages import get_language
from docutils.parsers.rst import Directive, directives
from docutils.parsers.rst.directives.tables import CSVTable, ListTable, RSTTable

from qeu_rag.ingest.readers.rst.roles import NAME, register_role

_DROPPED = frozenset(
    "index toctree contents sectnum section-numbering highlight highlightlang include literalinclude image youtube vimeo video"
    " audio iframe tabularcolumns meta header footer currentmodule default-domain date target-notes codeauthor sectionauthor"
    " bibliography restructuredtext-test-directive".split()
)
"""Directives without a text: pictures, films, lists that are made of other text, and how a page looks."""
_CODE = frozenset(
    "code code-block sourcecode prompt doctest testcode testsetup testcleanup testoutput ipython plot dcl productionlist"
    " jupyter-execute code-cell terminal graphviz digraph graph uml mermaid ditaa blockdiag".split()
)
_PLAIN = frozenset(
    "only ifconfig container compound class rst-class cssclass epigraph highlights pull-quote tab-set tabs grid hlist"
    " automodule autoclass autofunction automethod autosummary".split()
)
"""Directives of whose argument a reader sees nothing."""
_TITLED = frozenset("admonition topic sidebar".split())
_LABELLED = frozenset("attention caution danger error hint important note tip warning seealso todo".split())
_VERSIONS = frozenset("versionadded versionchanged versionremoved deprecated".split())
_HIDDEN = frozenset(
    "class name width height align alt scale target figclass figwidth loading ref selected sync columns gutter margin padding"
    " link link-type color icon animate class-container class-title class-body class-header class-card file url encoding".split()
)
"""Options that say how something looks, or where it is kept."""
_URL = re.compile(r"(?:\w+://|\.{0,2}/|[\w-]+\.(?:png|svg|jpe?g|gif|pdf|html?|py|ipynb|rst|csv|json|ya?ml)$)\S*", re.I)
_WORDS = re.compile(r"[^\W\d_]")
_DIRECTIVE_NAME = re.compile(rf"^.*?\.\. +(?:\|[^|\n]+\| +)?({NAME}) ?::(?=\s|$)", re.M)


class _Options(dict[str, Callable[[str], object]]):
    """The options of a directive: those given, and any other as the text that it is."""

    def __missing__(self, name: str) -> Callable[[str], object]:
        return lambda value: value or ""

    def __bool__(self) -> bool:
        return True


_Spec = dict[str, Callable[[str], object]]
_FEW: _Spec = dict.fromkeys(("class", "name", "collapsible"), directives.unchanged)
"""The options of a directive whose text begins where an argument would stand: any other could be of its text."""


class _Block(Directive):  # type: ignore[misc]
    """A directive of which nothing else is known is its argument, its options as "name: value", and its text."""

    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[_Spec] = _Options()
    has_content = True

    def run(self) -> list[Any]:
        block = nodes.container()
        for words in self.arguments:
            if _WORDS.search(words) and not _URL.fullmatch(words):
                block += self.paragraph(words)
        for name, value in self.options.items():
            if value and name not in _HIDDEN:
                block += self.paragraph(f"{name}: {value}")
        return [self.filled(block)]

    def paragraph(self, words: str) -> Any:
        inline, messages = self.state.inline_text(words, self.lineno)
        return nodes.paragraph(words, "", *inline, *messages)

    def filled(self, block: Any) -> Any:
        self.state.nested_parse(self.content, self.content_offset, block)
        return block


class _Dropped(_Block):
    def run(self) -> list[Any]:
        # A picture that stands for a substitution must be there, though nothing of it is told.
        return [nodes.image()] if self.name.lower() == "image" else []


class _Raw(_Block):
    """What is written for HTML alone is read as HTML; what is for any other format says how a page looks."""

    def run(self) -> list[Any]:
        wanted = " ".join(self.arguments).lower() == "html"
        return [nodes.container(html="\n".join(self.content))] if wanted else []


class _Plain(_Block):
    def run(self) -> list[Any]:
        return [self.filled(nodes.container())]


class _Figure(_Block):
    """A picture's caption and what stands below it."""

    def run(self) -> list[Any]:
        return [self.filled(nodes.figure())]


class _Titled(_Block):
    def run(self) -> list[Any]:
        block = nodes.container()
        if self.arguments:
            block += self.paragraph(self.arguments[0])
        return [self.filled(block)]


class _Labelled(_Block):
    """A note or a warning."""

    optional_arguments = 0
    option_spec = _FEW

    def run(self) -> list[Any]:
        return [self.filled(nodes.container(label=self.name.lower()))]


class _Version(_Block):
    """From or to which version something is."""

    optional_arguments = 2

    def run(self) -> list[Any]:
        block = nodes.container(label=self.name.lower(), version="".join(self.arguments[:1]))
        for words in self.arguments[1:]:
            block += self.paragraph(words)
        return [self.filled(block)]


class _Rubric(_Block):
    def run(self) -> list[Any]:
        inline, messages = self.state.inline_text(" ".join(self.arguments), self.lineno)
        return [nodes.rubric("", "", *inline, *messages), self.filled(nodes.container())]


class _Code(_Block):
    def run(self) -> list[Any]:
        caption = self.options.get("caption")
        language = self.arguments[0] if self.arguments and self.arguments[0].isalnum() else ""
        text = "\n".join(self.content)
        return [*([self.paragraph(caption)] if caption else ()), nodes.literal_block(text, text, language=language)]


class _ParsedCode(_Block):
    """Code in which markup holds; what stands where an argument would is a part of it."""

    optional_arguments = 0
    option_spec = _FEW

    def run(self) -> list[Any]:
        inline, messages = self.state.inline_text("\n".join(self.content), self.lineno)
        return [nodes.literal_block("", "", *inline), *messages]


class _Math(_Block):
    def run(self) -> list[Any]:
        text = "\n\n".join((*self.arguments, "\n".join(self.content)))
        return [nodes.math_block(text, text, label=self.options.get("label") or "")]


class _Role(_Block):
    """A role that the text makes of another one."""

    def run(self) -> list[Any]:
        match = re.match(rf"({NAME})\s*(?:\(\s*({NAME})\s*\))?", " ".join(self.arguments))
        if match:
            register_role(match[1], match[2] or "")
        return []


def _lenient(table: Any) -> Any:
    """A directive for tables that takes options it does not know and any width of its columns."""
    spec = _Options(
        table.option_spec, widths=lambda value: "auto", width=directives.unchanged, align=directives.unchanged
    )
    del spec["class"], spec["name"]
    return type(f"_Lenient{table.__name__}", (table,), {"option_spec": spec, "add_name": lambda self, node: None})


_DIRECTIVES: dict[str, Any] = {
    **dict.fromkeys(_DROPPED, _Dropped),
    **dict.fromkeys(_CODE, _Code),
    **dict.fromkeys(_PLAIN, _Plain),
    **dict.fromkeys(_TITLED, _Titled),
    **dict.fromkeys(_LABELLED, _Labelled),
    **dict.fromkeys(_VERSIONS, _Version),
    "parsed-literal": _ParsedCode,
    "figure": _Figure,
    "math": _Math,
    "raw": _Raw,
    "role": _Role,
    "rubric": _Rubric,
    "table": _lenient(RSTTable),
    "csv-table": _lenient(CSVTable),
    "list-table": _lenient(ListTable),
    "flat-table": _lenient(ListTable),
}


def register_directives(text: str, document: Any) -> None:
    """Makes every directive that ``text`` names known to docutils, those that neither it nor this module knows as their words."""
    for name, directive in _DIRECTIVES.items():
        directives.register_directive(name, directive)
    english = get_language("en")
    for name in {found[1].lower() for found in _DIRECTIVE_NAME.finditer(text)}:
        if directives.directive(name, english, document)[0] is None:
            directives.register_directive(name, _Block)
