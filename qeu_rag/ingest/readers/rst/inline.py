"""The running text of docutils' nodes: links, roles and footnotes as their words, mathematics as a reader writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from docutils import nodes

from qeu_rag.ingest.readers.markup.tex import readable
from qeu_rag.ingest.readers.page import flat, one_line

_SILENT = (nodes.image, nodes.raw, nodes.system_message)
_LONGEST_NAME = 120
_LONGEST_SUBSTITUTE = 10_000
"""A substitution that grows beyond this, by others in it, is left as it is written."""


@dataclass(slots=True, kw_only=True)
class Words:
    """Tells the text of inline nodes of ``document``.

    docutils' own way to fill in substitutions ends in a KeyError where one stands in another and is defined nowhere, as
    ``|release|`` is, which Sphinx keeps in its settings.
    """

    document: Any
    _places: dict[str, str] = field(default_factory=dict)
    _filled: dict[str, str] = field(default_factory=dict)

    def with_places(self) -> Words:
        """These words, also of links that have none of their own: the titles and captions of what they name."""
        found: dict[str, str] = {}
        for target in self.document.findall(nodes.target):
            place = target.next_node(_is_place, descend=False, siblings=True, ascend=True)
            if isinstance(place, nodes.section | nodes.table | nodes.figure):
                place = next(iter(place.findall(nodes.title)), None) or next(iter(place.findall(nodes.paragraph)), None)
            elif not isinstance(place, nodes.rubric):
                continue
            text = one_line(self.of(place.children)) if place is not None else ""
            if 0 < len(text) <= _LONGEST_NAME:
                found.update(dict.fromkeys(target["names"], text))
        return Words(document=self.document, _places=found)

    def of(self, found: Iterable[Any]) -> str:
        """The text of inline nodes on one line."""
        return flat(self.lines(found)).strip()

    def lines(self, found: Iterable[Any]) -> str:
        """The text of inline nodes with its line ends."""
        text = ""
        for node in found:
            text += self._said(node, text)
        return text

    def _said(self, node: Any, before: str) -> str:
        if isinstance(node, nodes.Text):
            return str(node.astext())
        if isinstance(node, _SILENT):
            return ""
        if isinstance(node, nodes.math):
            return readable(node.astext())
        if isinstance(node, nodes.substitution_reference):
            return self._substitute(node)
        inner = self.lines(node.children)
        if isinstance(node, nodes.literal):
            return f"`{inner}`" if inner.strip() and "`" not in inner else inner
        if isinstance(node, nodes.superscript):
            return _raised(inner)
        if isinstance(node, nodes.subscript):
            # A figure lowered after a figure is no digit of the number.
            return f"_{inner}" if before[-1:].isdigit() else inner
        if isinstance(node, nodes.footnote_reference | nodes.citation_reference):
            return f" [{inner}]" if before[-1:].isalnum() else f"[{inner}]"
        return self._places.get(node["place"], inner) if node.get("place") else inner

    def _substitute(self, reference: Any) -> str:
        """What a substitution stands for; as it is written where that is defined nowhere, or by itself."""
        defined = self.document.substitution_defs
        name = reference["refname"]
        name = name if name in defined else self.document.substitution_names.get(name.lower(), name)
        if name not in self._filled:
            self._filled[name] = written = f"|{reference.astext()}|"
            text = self.lines(defined[name].children) if name in defined else written
            self._filled[name] = text if len(text) <= _LONGEST_SUBSTITUTE else written
        return self._filled[name]


def _is_place(node: Any) -> bool:
    return not isinstance(node, nodes.target | nodes.comment | nodes.system_message | nodes.Text)


def _raised(text: str) -> str:
    """A raised text; letters in a row, as of 1st, are none of a formula."""
    if re.fullmatch(r"[^\W\d_]{2,}", text):
        return text
    return f"^{text}" if re.fullmatch(r"\w?|\d+", text) else f"^({text})"
