"""Writes docutils' tree of a reStructuredText file as the web page that says the same, which is then read as any other."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterable
from typing import Any

from docutils import nodes
from docutils.writers.html5_polyglot import HTMLTranslator

from qeu_rag.ingest.readers.markup.tex import readable
from qeu_rag.ingest.readers.page import one_line
from qeu_rag.ingest.readers.typeset.numerals import in_form
from qeu_rag.text.notation import is_japanese

_LABELS = {
    "attention": ("Attention", "注意"), "caution": ("Caution", "注意"),
    "danger": ("Danger", "危険"), "error": ("Error", "エラー"),
    "hint": ("Hint", "ヒント"), "important": ("Important", "重要"), "note": ("Note", "注"), "tip": ("Tip", "ヒント"),
    "warning": ("Warning", "警告"), "seealso": ("See also", "参照"), "todo": ("To do", "未了"),
    "versionadded": ("Added in version", "追加された版"), "versionchanged": ("Changed in version", "変更された版"),
    "versionremoved": ("Removed in version", "削除された版"), "deprecated": ("Deprecated since version", "非推奨になった版"),
}  # fmt: skip
"""What a directive says of its text by its name, in English and Japanese."""
_SETTINGS = frozenset("orphan tocdepth nocomments nosearch no-search".split())
"""Fields by which Sphinx is told what to do with a page."""
_SILENT = "comment target substitution_definition pending meta decoration image raw"
_OPEN = "problematic reference title_reference emphasis strong"
"""Inline elements of which only the words are told."""
_ITEMS = {
    "loweralpha": "lowerLetter",
    "upperalpha": "upperLetter",
    "lowerroman": "lowerRoman",
    "upperroman": "upperRoman",
}
_LONGEST_NAME = 120
_MOST_FILLED = 10_000
_DEEPEST_HEADING = 6
_UNDERLINE = re.compile(r"([!-/:-@[-`{-~])\1*\s*")
_DIRECTIVE = re.compile(r"\s*\.\. +(?:\|[^|]*\| +)?(\S+?) ?::(?:[ \n]|$)")
_WARNING, _ERROR = 2, 3
"""Levels of docutils' messages: with an error text is left out of the tree, with a warning only that of a directive is."""


def to_html(document: Any) -> str:
    """The readable content of docutils' ``document``."""
    page = _Page(document)
    document.walkabout(page)
    return f"<body>{''.join(page.body)}</body>"


def _put_before(words: str, block: Any) -> None:
    """Sets ``words`` before the first text of ``block``, where they stand alone if that is no paragraph."""
    first = next((child for child in block.children if not isinstance(child, nodes.Invisible | nodes.label)), None)
    if isinstance(first, nodes.paragraph):
        first.insert(0, nodes.Text(words))
    elif words.strip():
        block.insert(
            0, nodes.paragraph("", words if first is None else words.strip().rstrip(" :："), alone=first is None)
        )


class _Page(HTMLTranslator):  # type: ignore[misc]
    """docutils' own writer of HTML, but for what it shows by style sheets alone, and what no file but this one says."""

    def __init__(self, document: Any) -> None:
        super().__init__(document)
        self._places = dict(_places(document))
        self._filling: set[str] = set()
        self._filled = 0
        self._japanese = is_japanese(document.astext())

    def unknown_visit(self, node: Any) -> None:
        """Of an element that the writer does not know the content is told."""

    unknown_departure = unknown_visit

    def _put(self, text: str) -> None:
        """Writes HTML in place of a node with all that it holds."""
        self.body.append(text)
        raise nodes.SkipNode

    def _within(self, found: Iterable[Any]) -> str:
        """The HTML of ``found``."""
        outer: list[str] = self.body
        self.body: list[str] = []
        for node in list(found):
            node.walkabout(self)
        made, self.body = "".join(self.body), outer
        return made

    def _nothing(self, node: Any) -> None:
        raise nodes.SkipNode

    def visit_title(self, node: Any) -> None:
        if isinstance(node.parent, nodes.section):
            self._head(node)
        super().visit_title(node)

    def _head(self, node: Any) -> None:
        level = min(self.section_level + isinstance(node, nodes.rubric), _DEEPEST_HEADING)
        self._put(f"<h{level}>{self._within(node.children)}</h{level}>")

    visit_rubric = _head

    def visit_container(self, node: Any) -> None:
        if node.get("html"):
            self._put(node["html"])
        if label := self._label(node.get("label", ""), node.get("version") or ""):
            _put_before(label, node)
        super().visit_container(node)

    def _label(self, name: str, version: str = "") -> str:
        """What a directive says of its text; empty for those that say nothing."""
        if name not in _LABELS:
            return ""
        return f"{_LABELS[name][self._japanese]}{f' {version}' if version else ''}{'：' if self._japanese else ': '}"

    def visit_inline(self, node: Any) -> None:
        words = html.escape(self._places.get(node.get("place"), ""), quote=False) or self._within(node.children)
        self._put(f"<s>{words}</s>" if node.get("struck") else words)

    def visit_substitution_reference(self, node: Any) -> None:
        """What a substitution stands for; as it is written where that is defined nowhere, or by itself.

        docutils' own way to fill in substitutions ends in a KeyError where one stands in another and is defined nowhere, as
        ``|release|`` is, which Sphinx keeps in its settings.
        """
        defined, name = self.document.substitution_defs, node["refname"]
        name = name if name in defined else self.document.substitution_names.get(name.lower(), name)
        self._filled += 1
        if name not in defined or name in self._filling or self._filled > _MOST_FILLED:
            self._put(html.escape(f"|{node.astext()}|", quote=False))
        self._filling.add(name)
        made = self._within(defined[name].children)
        self._filling.discard(name)
        self._put(made)

    def visit_math(self, node: Any) -> None:
        self._put(html.escape(readable(node.astext()), quote=False))

    def visit_math_block(self, node: Any) -> None:
        label = node.get("label")
        text = "\n".join(part for part in map(readable, re.split(r"\n\s*\n", node.astext())) if part)
        text = f"{text} ({label})" if label and text else text
        self._put(f"<p>{html.escape(text, quote=False).replace(chr(10), '<br>')}</p>")

    def visit_literal(self, node: Any) -> None:
        self._put(f"<code>{self._within(node.children)}</code>")

    def visit_literal_block(self, node: Any) -> None:
        text = textwrap.dedent(self._within(node.children)).rstrip()
        self._put(
            f'<pre class="language-{html.escape(str(node.get("language") or ""))}">{text}</pre>' if text.strip() else ""
        )

    def visit_doctest_block(self, node: Any) -> None:
        self._put(f'<pre class="language-python">{html.escape(node.astext(), quote=False)}</pre>')

    def visit_line_block(self, node: Any) -> None:
        lines = (self._within(line.children) for line in node.findall(nodes.line))
        self._put(f"<p>{'<br>'.join(filter(None, lines))}</p>")

    def visit_footnote_reference(self, node: Any) -> None:
        place, before = node.get("refid"), "".join(self.body[-1:])[-1:]
        words = f"{' ' if before.isalnum() and before.isascii() else ''}[{html.escape(node.astext())}]"
        self._put(f'<a class="footnote-reference" href="#{place}">{words}</a>' if place else words)

    def visit_citation_reference(self, node: Any) -> None:
        self._put(f"[{html.escape(node.astext())}]")

    def visit_footnote(self, node: Any) -> None:
        label = " ".join(one_line(child.astext()) for child in node.children if isinstance(child, nodes.label))
        _put_before(f"[{label}] ", node)
        place = f' id="{html.escape(node["ids"][0])}"' if node["ids"] and isinstance(node, nodes.footnote) else ""
        self._put(f"<div{place}>{self._within(c for c in node.children if not isinstance(c, nodes.label))}</div>")

    visit_citation = visit_footnote

    def visit_classifier(self, node: Any) -> None:
        self._put(f" : {self._within(node.children)}")

    def visit_enumerated_list(self, node: Any) -> None:
        """Numbers as HTML has them; others, such as (c), before the words of their items."""
        kind, start = node.get("enumtype", ""), int(node.get("start", 1))
        around = node.get("prefix", ""), node.get("suffix", ".")
        if kind not in _ITEMS and around == ("", "."):
            self._put(f'<ol start="{start}">{self._within(node.children)}</ol>')
        for number, item in enumerate(node.children, start):
            _put_before(f"{around[0]}{in_form(number, _ITEMS.get(kind, 'decimal'))}{around[1]} ", item)
        self._put(f"<ul>{self._within(node.children)}</ul>")

    def visit_list_item(self, node: Any) -> None:
        self._put(f"<li>{self._within(node.children)}</li>")

    def visit_field_list(self, node: Any) -> None:
        """A line for each field that is not for Sphinx."""
        made = []
        for item in node.children:
            if item[0].astext().lower() not in _SETTINGS:
                _put_before(f"{item[0].astext()}: ", item[1])
                made.append(self._within(item[1].children))
        self._put("".join(made).replace("</p>\n<p>", "<br>").replace("</p><p>", "<br>"))

    def visit_paragraph(self, node: Any) -> None:
        self._put(f"<p>{self._within(node.children)}</p>")

    def visit_system_message(self, node: Any) -> None:
        """The text that docutils could not place: a heading out of order, a directive or a table that is written wrongly."""
        made = ""
        for child in node.children:
            text = child.astext() if isinstance(child, nodes.literal_block) else ""
            if found := _DIRECTIVE.match(text):
                if node["level"] >= _WARNING:
                    words = self._label(found[1].lower()) + textwrap.dedent(text[found.end() :]).strip()
                    made += f"<p>{html.escape(words, quote=False)}</p>".replace("\n", "<br>")
            elif text and node["level"] >= _ERROR:
                title = [line for line in text.split("\n") if line.strip() and not _UNDERLINE.fullmatch(line)]
                level = min(self.section_level + 1, _DEEPEST_HEADING)
                heads = len(title) == 1 and len(text.strip().split("\n")) in (2, 3)
                tag = f"h{level}" if heads else "pre"
                made += f"<{tag}>{html.escape(title[0] if heads else text, quote=False)}</{tag}>"
        self._put(made)


for _name in _SILENT.split():
    setattr(_Page, f"visit_{_name}", _Page._nothing)
for _name in _OPEN.split():
    setattr(_Page, f"visit_{_name}", _Page.unknown_visit)
    setattr(_Page, f"depart_{_name}", _Page.unknown_visit)


def _places(document: Any) -> Iterable[tuple[str, str]]:
    """What links without words of their own say: the titles and captions of what they name."""
    for target in document.findall(nodes.target):
        place = target.next_node(_is_place, descend=False, siblings=True, ascend=True)
        if isinstance(place, nodes.section | nodes.table | nodes.figure):
            place = next(iter(place.findall(nodes.title)), None) or next(iter(place.findall(nodes.paragraph)), None)
        elif not isinstance(place, nodes.rubric):
            continue
        text = one_line(place.astext()) if place is not None else ""
        if 0 < len(text) <= _LONGEST_NAME:
            yield from ((name, text) for name in target["names"])


def _is_place(node: Any) -> bool:
    return not isinstance(node, nodes.target | nodes.comment | nodes.system_message | nodes.Text)
