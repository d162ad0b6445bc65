"""Writes docutils' tree of a reStructuredText file as Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from docutils import nodes

from qeu_rag.ingest.readers.markup.markdown import escape, fence, spread, table
from qeu_rag.ingest.readers.markup.tex import readable
from qeu_rag.ingest.readers.page import one_line
from qeu_rag.ingest.readers.rst.inline import Words
from qeu_rag.ingest.readers.word.numbering import in_form
from qeu_rag.text.notation import lang_of

_LABELS = {
    "attention": ("Attention", "注意"),
    "caution": ("Caution", "注意"),
    "danger": ("Danger", "危険"),
    "error": ("Error", "エラー"),
    "hint": ("Hint", "ヒント"),
    "important": ("Important", "重要"),
    "note": ("Note", "注"),
    "tip": ("Tip", "ヒント"),
    "warning": ("Warning", "警告"),
    "seealso": ("See also", "参照"),
    "todo": ("To do", "未了"),
    "versionadded": ("Added in version", "追加された版"),
    "versionchanged": ("Changed in version", "変更された版"),
    "versionremoved": ("Removed in version", "削除された版"),
    "deprecated": ("Deprecated since version", "非推奨になった版"),
}
"""What a directive says of its text by its name, in English and Japanese."""
_SETTINGS = frozenset("orphan tocdepth nocomments nosearch no-search".split())
"""Fields by which Sphinx is told what to do with a page."""
_SILENT = frozenset(
    "comment target substitution_definition pending meta decoration transition image label title".split()
)
_ITEMS = {
    "arabic": "decimal",
    "loweralpha": "lowerLetter",
    "upperalpha": "upperLetter",
    "lowerroman": "lowerRoman",
    "upperroman": "upperRoman",
}
_DEEPEST_HEADING = 6
_UNDERLINE = re.compile(r"([!-/:-@[-`{-~])\1*\s*")
_DIRECTIVE = re.compile(r"\s*\.\. +(?:\|[^|]*\| +)?(\S+?) ?::(?:[ \n]|$)")
_WARNING, _ERROR = 2, 3
"""Levels of docutils' messages: with an error text is left out of the tree, with a warning only that of a directive is."""


def to_markdown(document: Any) -> str:
    """The readable content of docutils' ``document``."""
    writer = _Writer(japanese=lang_of(document.astext()) == "ja", words=Words(document=document).with_places())
    return _below(writer.blocks(document, 0))


def _below(blocks: Iterable[str]) -> str:
    return "\n\n".join(block for block in blocks if block.strip())


def _indented(blocks: Iterable[str], mark: str) -> str:
    """Blocks in lines below each other, behind a mark or set in by as much; empty where there is no text."""
    body = "\n".join(block for block in blocks if block.strip())
    return mark + body.replace("\n", "\n" + " " * len(mark)) if body else ""


def _opened(opening: str, blocks: Iterable[str]) -> Iterator[str]:
    """Blocks with words before the first, which stand alone where it is no paragraph."""
    found = [block for block in blocks if block.strip()]
    if found and not re.match(r"#{1,6} |```|\||[-*+] ", found[0]):
        found[0] = opening + found[0]
    elif opening:
        found.insert(0, opening.strip() if found else opening.rstrip(" :："))
    yield from found


@dataclass(slots=True, kw_only=True)
class _Writer:
    """Writes nodes as blocks."""

    japanese: bool
    words: Words

    def blocks(self, node: Any, level: int) -> Iterator[str]:
        """The blocks below ``node``, which stands below ``level`` headings."""
        inline: list[Any] = []
        for child in node.children:
            if isinstance(child, nodes.Text | nodes.Inline):
                inline.append(child)
                continue
            yield self._paragraph(inline)
            inline = []
            if type(child).__name__ not in _SILENT:
                yield from self._block(child, level)
        yield self._paragraph(inline)

    def _block(self, node: Any, level: int) -> Iterator[str]:
        """A block; what is none of those known here is the blocks below it."""
        write = getattr(self, f"_write_{type(node).__name__}", self.blocks)
        yield from write(node, level)

    def _paragraph(self, inline: Iterable[Any]) -> str:
        return escape(self.words.of(inline))

    def _headed(self, title: Any, level: int) -> str:
        text = one_line(self.words.of(title.children))
        return f"{'#' * min(level, _DEEPEST_HEADING)} {text}" if text else ""

    def _write_section(self, node: Any, level: int) -> Iterator[str]:
        yield self._headed(node[0], level + 1)
        yield from self.blocks(node, level + 1)

    def _write_rubric(self, node: Any, level: int) -> Iterator[str]:
        yield self._headed(node, level + 1)

    def _write_container(self, node: Any, level: int) -> Iterator[str]:
        name = node.get("label")
        if not name:
            yield from (node["markdown"],) if node.get("markdown") else self.blocks(node, level)
            return
        yield from _opened(self._label(name, node.get("version")), self.blocks(node, level))

    def _label(self, name: str, version: str = "") -> str:
        """What a directive says of its text; empty for those that say nothing."""
        if name not in _LABELS:
            return ""
        label = _LABELS[name][self.japanese]
        return f"{label}{f' {version}' if version else ''}{'：' if self.japanese else ': '}"

    def _write_footnote(self, node: Any, level: int) -> Iterator[str]:
        label = " ".join(one_line(child.astext()) for child in node.children if isinstance(child, nodes.label))
        yield from _opened(f"[{label}] ", self.blocks(node, level))

    _write_citation = _write_footnote

    def _write_attribution(self, node: Any, level: int) -> Iterator[str]:
        yield f"— {self._paragraph(node.children)}"

    def _write_math_block(self, node: Any, level: int) -> Iterator[str]:
        label = node.get("label")
        text = "\n".join(part for part in map(readable, re.split(r"\n\s*\n", node.astext())) if part)
        yield escape(f"{text} ({label})" if label and text else text)

    def _write_literal_block(self, node: Any, level: int) -> Iterator[str]:
        text = self.words.lines(node.children)
        yield fence(textwrap.dedent(text).rstrip(), str(node.get("language") or "")) if text.strip() else ""

    def _write_doctest_block(self, node: Any, level: int) -> Iterator[str]:
        yield fence(node.astext(), "python")

    def _write_line_block(self, node: Any, level: int) -> Iterator[str]:
        yield "\n".join(self._lines(node, ""))

    def _lines(self, node: Any, indent: str) -> Iterator[str]:
        for child in node.children:
            if isinstance(child, nodes.line_block):
                yield from self._lines(child, indent + "  ")
            elif text := self._paragraph(child.children):
                yield indent + text

    def _write_bullet_list(self, node: Any, level: int) -> Iterator[str]:
        yield "\n".join(filter(None, (_indented(self.blocks(item, level), "- ") for item in node.children)))

    def _write_enumerated_list(self, node: Any, level: int) -> Iterator[str]:
        form = _ITEMS.get(node.get("enumtype", ""), "decimal")
        items = []
        for number, item in enumerate(node.children, start=int(node.get("start", 1))):
            mark = f"{node.get('prefix', '')}{in_form(number, form)}{node.get('suffix', '.')} "
            items.append(_indented(self.blocks(item, level), mark))
        yield "\n".join(filter(None, items))

    def _write_definition_list(self, node: Any, level: int) -> Iterator[str]:
        for item in node.children:
            said = [child for child in item.children if isinstance(child, nodes.term | nodes.classifier)]
            term = " : ".join(self._paragraph(child.children) for child in said)
            below = (block for child in item.children if child not in said for block in self._block(child, level))
            yield "\n".join(filter(None, (term, _indented(below, "  "))))

    def _write_field_list(self, node: Any, level: int) -> Iterator[str]:
        kept = [item for item in node.children if item[0].astext().lower() not in _SETTINGS]
        fields = (_opened(f"{self._paragraph(item[0].children)}: ", self.blocks(item[1], level)) for item in kept)
        yield "\n".join(_indented(found, "") for found in fields)

    def _write_option_list(self, node: Any, level: int) -> Iterator[str]:
        items = []
        for item in node.children:
            options = ("".join(part.astext() for part in option) for option in item[0])
            items.append(_indented((", ".join(options), *self.blocks(item[1], level)), ""))
        yield "\n".join(items)

    def _write_table(self, node: Any, level: int) -> Iterator[str]:
        """A table with its caption above; one in a single column or around another as the blocks of its cells."""
        for title in node.children:
            if isinstance(title, nodes.title):
                yield self._paragraph(title.children)
        rows = [[cell for cell in row.children if isinstance(cell, nodes.entry)] for row in _rows(node)]
        if max(map(len, rows), default=0) <= 1 or any(any(c.findall(nodes.table)) for row in rows for c in row):
            for cell in (c for row in rows for c in row):
                yield from self.blocks(cell, level)
            return
        yield table(
            spread(
                [
                    (one_line(" ".join(self.blocks(c, level))), c.get("morerows", 0) + 1, c.get("morecols", 0) + 1)
                    for c in row
                ]
                for row in rows
            )
        )

    def _write_system_message(self, node: Any, level: int) -> Iterator[str]:
        """The text that docutils could not place: a heading out of order, a directive or a table that is written wrongly."""
        for child in node.children:
            if not isinstance(child, nodes.literal_block):
                continue
            text = child.astext()
            if found := _DIRECTIVE.match(text):
                if node["level"] >= _WARNING:
                    text = escape(textwrap.dedent(text[found.end() :]).strip())
                    yield from _opened(self._label(found[1].lower()), (text,))
            elif node["level"] >= _ERROR:
                title = [line for line in text.split("\n") if line.strip() and not _UNDERLINE.fullmatch(line)]
                heads = len(title) == 1 and len(text.strip().split("\n")) in (2, 3)
                yield f"{'#' * min(level + 1, _DEEPEST_HEADING)} {one_line(title[0])}" if heads else fence(text)


def _rows(found: Any) -> list[Any]:
    """The rows of a table, without those of tables in it."""
    groups = (group for group in found.children if isinstance(group, nodes.tgroup))
    parts = (part for group in groups for part in group.children if isinstance(part, nodes.thead | nodes.tbody))
    return [row for part in parts for row in part.children]
