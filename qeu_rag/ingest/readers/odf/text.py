"""Reads the blocks of an OpenDocument file into HTML: headings, paragraphs, lists, tables, sections, text boxes, charts."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from qeu_rag.ingest.readers.odf.chart import titles_and_tables
from qeu_rag.ingest.readers.odf.inline import SHAPES, Inline, formula
from qeu_rag.ingest.readers.odf.numbers import Numbers
from qeu_rag.ingest.readers.odf.package import DRAW, PRESENTATION, STYLE, TABLE, TEXT, Look, OdfPackage, Styles
from qeu_rag.ingest.readers.options import Way
from qeu_rag.ingest.readers.page import TITLE_STYLE, html_paragraph
from qeu_rag.ingest.readers.xml_elements import local, whole

_FORM = "{urn:oasis:names:tc:opendocument:xmlns:form:1.0}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_SKIP = frozenset(
    "table-of-content illustration-index table-index object-index user-index alphabetical-index sequence-decls variable-decls "
    "user-field-decls forms soft-page-break dde-connection-decls alphabetical-index-auto-mark-file notes page-thumbnail "
    "table-source title shapes named-expressions".split()
)
_THROUGH = frozenset("index-body bibliography numbered-paragraph text-box object list-item text index-title".split())
_SMALL = frozenset(("footer", "date-time", "page-number", "header"))
_CODE = re.compile(r"^(?:preformatted|source.*code|code)", re.I)
_DECIMAL = re.compile(r"(\d{1,6})[.．]$")
_MOST_ROWS = 1_000
_MOST_SPANNED = 1_000
_DEEPEST = 40


class Blocks:
    """Reads blocks of one file; what was left out is counted."""

    def __init__(self, package: OdfPackage, counts: Counter[str], way: Way) -> None:
        self._package, self.counts = package, counts
        self.styles = Styles(package)
        self.inline = Inline(self.styles, counts, way, self.shape)
        self._numbers = Numbers(self.styles)
        self._controls = {e.get(_FORM + "id", ""): e for e in package.content.iter() if str(e.tag).startswith(_FORM)}
        self._depth = 0

    def html(self, element: Any, look: Look = Look()) -> str:  # noqa: B008 - frozen
        """The blocks within ``element``."""
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                return html_paragraph(" ".join(element.itertext()))
            return "".join(self._block(child, look) for child in element).replace("</pre><pre>", "\n")
        finally:
            self._depth -= 1

    def _block(self, element: Any, look: Look) -> str:
        name = local(element)
        if name in {"p", "h"}:
            return self._paragraph(element, look, "")
        if name == "list":
            return self._list(element, look, 1, "")
        if name == "table" and str(element.tag).startswith(TABLE):
            return self.table(element, look)
        if name == "section":
            hidden = element.get(TEXT + "display") == "none" or element.get(TEXT + "is-hidden") == "true"
            if hidden:
                self.counts["hidden"] += bool("".join(element.itertext()).strip())
            return "" if hidden else self.html(element, look)
        if name == "tracked-changes":
            self.counts["word_deleted"] += sum(1 for _ in element.iter(TEXT + "deletion"))
            return ""
        if name in SHAPES and str(element.tag).startswith(DRAW):
            within, below = self.shape(element, look)
            return html_paragraph(within) + below
        return self.html(element, look) if name in _THROUGH and name not in _SKIP else ""

    def _paragraph(self, element: Any, look: Look, label: str) -> str:
        name = element.get(TEXT + "style-name", "")
        own = self.styles.look("paragraph", name, look)
        level = whole(element.get(TEXT + "outline-level"), 1) if local(element) == "h" else 0
        if level and not label and element.get(TEXT + "is-list-header") != "true":
            label = self._numbers.heading(level, element.get(TEXT + "start-value"))
        text, below = self.inline.read(element, own, heading=level > 0)
        if not text.strip():
            return below
        names = [
            s.get(STYLE + "display-name") or s.get(STYLE + "name", "") for s in self.styles.chain("paragraph", name)
        ]
        text = f"{label} {text}" if label else text
        if level or any(map(TITLE_STYLE.match, names)):
            return html_paragraph(text, f"h{min(level or 1, 6)}") + below
        if any(map(_CODE.match, names)):
            return f"<pre>{html.escape(text, quote=False)}</pre>{below}"
        return html_paragraph(text) + below

    def _list(self, element: Any, look: Look, level: int, style: str) -> str:
        style = element.get(TEXT + "style-name") or style
        goes_on = element.get(TEXT + "continue-numbering") == "true" or element.get(TEXT + "continue-list") is not None
        self._numbers.begin_list(style, level, goes_on=goes_on)
        items: list[str] = []
        labels: list[str] = []
        before = ""
        for item in element:
            if local(item) not in {"list-item", "list-header"}:
                continue
            label = None
            if local(item) == "list-item" and any(local(child) != "list" for child in item):
                label = self._numbers.item(style, level, item.get(TEXT + "start-value"))
            parts = []
            for child in item:
                if local(child) == "list" and level < _DEEPEST:
                    parts.append(self._list(child, look, level + 1, style))
                elif local(child) in {"p", "h"} and not parts:
                    parts.append(self._paragraph(child, look, "\x00" if label else ""))
                else:
                    parts.append(self._block(child, look))
            text = "".join(parts)
            if text and all(local(child) == "list" for child in item):  # a list set further in
                if items:
                    items[-1] += text
                else:
                    before += text
            elif text:
                items.append(text)
                labels.append(label or "")
        return before + _list_html(items, labels)

    def table(self, element: Any, look: Look) -> str:
        """A table as HTML, its name apart."""
        look = self.styles.look("table", element.get(TABLE + "style-name"), look)
        rows = "".join(self._row(row, look, header=header) for row, header in rows_of(element))
        return f"<table>{rows}</table>" if rows else ""

    def _row(self, row: Any, look: Look, *, header: bool) -> str:
        look = self.styles.look("table-row", row.get(TABLE + "style-name"), look)
        cells = []
        for cell in row:
            if local(cell) != "table-cell":
                continue
            own = self.styles.look("table-cell", cell.get(TABLE + "style-name"), look)
            inner = self.html(cell, own)
            down = whole(cell.get(TABLE + "number-rows-spanned"), 1)
            across = whole(cell.get(TABLE + "number-columns-spanned"), 1)
            kind = "th" if header else "td"
            made = (
                f'<{kind} rowspan="{min(down, _MOST_SPANNED)}" colspan="{min(across, _MOST_SPANNED)}">{inner}</{kind}>'
            )
            times = whole(cell.get(TABLE + "number-columns-repeated"), 1)
            cells += [made] * min(times, 200)
        times = min(whole(row.get(TABLE + "number-rows-repeated"), 1), _MOST_ROWS)
        return f"<tr>{''.join(cells)}</tr>" * times if cells else ""

    def shape(self, element: Any, look: Look) -> tuple[str, str]:
        """What a drawing says: the text that stands in the line, and the HTML of the blocks below it."""
        name = local(element)
        if element.get(PRESENTATION + "placeholder") == "true" or element.get(PRESENTATION + "class") in _SMALL:
            return "", ""
        if name == "control":
            return self._control(element), ""
        if name in {"g", "a"}:
            made = [self.shape(child, look) for child in element if local(child) in SHAPES]
            return "".join(within for within, _ in made), "".join(below for _, below in made)
        own = self.styles.look("graphic", element.get(DRAW + "style-name"), look)
        within = below = ""
        for child in element:
            kind = local(child)
            if kind == "object":
                inner, block = self._object(child, look)
                within, below = within + inner, below + block
            elif kind == "object-ole":
                self.counts["word_embedded"] += 1
            elif kind == "table":
                below += self.table(child, own)
            elif kind == "text-box":
                below += self.html(child, own)
            elif kind in {"p", "h", "list"}:
                below += self._block(child, own)
        return within, below

    def _object(self, element: Any, look: Look) -> tuple[str, str]:
        """A formula or a chart, kept in a part of its own or within the drawing."""
        root: Any = next((child for child in element if local(child) in {"math", "document"}), None)
        if root is None:
            path = element.get(_HREF, "").removeprefix("./").strip("/")
            root = self._package.tree(f"{path}/content.xml") if path else None
        if root is None:
            self.counts["word_embedded"] += 1
            return "", ""
        if local(root) == "math":
            return formula(root), ""
        titles, tables = titles_and_tables(root)
        return "", "".join([*map(html_paragraph, titles), *(self.table(table, Look()) for table in tables)])

    def _control(self, element: Any) -> str:
        """A field of a form as it is filled in."""
        control = self._controls.get(element.get(DRAW + "control", ""))
        if control is None:
            return ""
        label, kind = control.get(_FORM + "label", ""), local(control)
        if kind in {"checkbox", "radio"}:
            state = control.get(_FORM + "current-state") or control.get(_FORM + "current-selected") or ""
            label = ("☑ " if state in {"checked", "true"} else "☐ ") + label
        else:
            label = control.get(_FORM + "current-value") or control.get(_FORM + "value") or label
        return str(label)

    def running(self) -> list[str]:
        """The lines of page headers and footers."""
        found: list[str] = []
        pages = self._package.styles.iter(STYLE + "master-page") if self._package.styles is not None else ()
        self.inline.in_header = True
        for page in pages:
            for part in page:
                if local(part).startswith(("header", "footer")) and part.get(STYLE + "display") != "false":
                    found += self.inline.paragraphs(part)
        self.inline.in_header = False
        return found


def rows_of(table: Any, *, header: bool = False) -> Iterator[tuple[Any, bool]]:
    """The rows of a table in order, and whether each is one of its header rows; groups are entered."""
    for child in table:
        name = local(child)
        if name == "table-row":
            yield child, header
        elif name in {"table-header-rows", "table-rows", "table-row-group"}:
            yield from rows_of(child, header=header or name == "table-header-rows")


def _list_html(items: list[str], labels: list[str]) -> str:
    numbers = [int(found[1]) if (found := _DECIMAL.match(label)) else -1 for label in labels]
    if not items:
        return ""
    if numbers[0] >= 0 and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        inner = "".join(f"<li>{item.replace(chr(0) + ' ', '', 1)}</li>" for item in items)
        return f'<ol start="{numbers[0]}">{inner}</ol>'
    named = (
        item.replace("\x00", html.escape(label, quote=False), 1) for item, label in zip(items, labels, strict=True)
    )
    return f"<ul>{''.join(f'<li>{item}</li>' for item in named)}</ul>"
