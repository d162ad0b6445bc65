"""Reads HTML: headings, paragraphs, lists, tables and code as Markdown, without the furniture of the page."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.ingest.readers.encoding import decode
from qeu_rag.ingest.readers.markdown import escape, fence, spread, table
from qeu_rag.ingest.readers.page import flat, one_line, page, sensible_title
from qeu_rag.ingest.readers.plain import encoding_notes

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]+encoding=[\"']([\w.:-]+)", re.I)
_FURNITURE = (
    "script, style, noscript, template, svg, iframe, object, nav, footer, aside, form > button, select, input, textarea, "
    "dialog, rt, rp, [hidden], [aria-hidden=true]:not(a), [role=navigation], [role=banner], [role=contentinfo], "
    "[role=search], .headerlink, .header-anchor, .anchorjs-link, .mw-editsection, .navbox, .sr-only, .noprint"
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    "address article blockquote body caption center dd details dir div dl dt fieldset figcaption figure footer form h1 h2 "
    "h3 h4 h5 h6 header hr html legend li main menu ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
_LANGUAGE = re.compile(r"^(?:language-|lang-|brush:)?([a-z][\w+#-]{0,15})$")
_NOT_LANGUAGE = frozenset(("sourcecode", "highlight", "code", "hljs", "prettyprint", "literal-block", "codehilite"))
_MAIN_SHARE = 0.4
_MAX_SPAN = 200


class HtmlReader(BaseReader):
    """An HTML page; the encoding is the one declared, if the bytes agree, else detected."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError("undecodable")."""
        data = Path(file).read_bytes()
        declared = _CHARSET.search(data[:4096])
        label = (declared[1] or declared[2]).decode("ascii", "replace") if declared else ""
        text, encoding = decode(data, label)
        title, markdown = html_to_markdown(text)
        return [page(markdown, title=title or None, notes=encoding_notes(encoding))]


def html_to_markdown(html: str) -> tuple[str, str]:
    """The title (empty if there is none) and the readable content of ``html``, as Markdown."""
    from bs4 import BeautifulSoup, Comment

    soup = BeautifulSoup(_without_declaration(html), "lxml")
    title = sensible_title(soup.title.get_text()) if soup.title else ""
    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for tag in soup.select(_FURNITURE):
        tag.decompose()
    for tag in soup.find_all(style=_HIDDEN):
        tag.decompose()
    _strip_headers(soup)
    return title, "\n\n".join(block for block in _blocks(_content(soup)) if block.strip())


def _without_declaration(html: str) -> str:
    """Without an XML declaration, whose encoding lxml would refuse in text that is decoded already."""
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", html)


def _strip_headers(soup: BeautifulSoup) -> None:
    """Removes page headers, but keeps the headings in them: many a page has its only h1 there."""
    for header in soup.find_all("header"):
        kept = [heading.extract() for heading in header.find_all(list(_HEADINGS))]
        for heading in kept:
            header.insert_before(heading)
        header.decompose()


def _content(soup: BeautifulSoup) -> Tag:
    """The main element where it holds a fair share of the text, else the body."""
    body = soup.body or soup
    mains = soup.select("main, [role=main]")
    if len(mains) == 1 and len(mains[0].get_text()) >= _MAIN_SHARE * len(body.get_text()):
        return mains[0]
    return body


def _blocks(tag: Tag) -> Iterator[str]:
    """The blocks below ``tag`` as Markdown; runs of inline content between blocks are paragraphs."""
    from bs4.element import NavigableString, Tag

    inline: list[str] = []
    for child in tag.children:
        if isinstance(child, Tag) and _is_block(child):
            yield _paragraph(inline)
            inline = []
            yield from _block(child)
        elif isinstance(child, Tag):
            inline.append(_inline(child))
        elif type(child) is NavigableString:
            inline.append(flat(child))
    yield _paragraph(inline)


def _is_block(tag: Tag) -> bool:
    """Whether ``tag`` is a block or, like a link around a whole card, holds one."""
    return tag.name in _BLOCKS or tag.find(list(_BLOCKS)) is not None


def _block(tag: Tag) -> Iterator[str]:
    name = tag.name
    if name in _HEADINGS:
        if words := one_line(_inline(tag)):
            yield f"{'#' * _HEADINGS[name]} {words}"
    elif name == "pre":
        yield fence(_preformatted(tag), _language(tag))
    elif name in {"ul", "ol", "menu", "dir"}:
        yield _list(tag)
    elif name == "dl":
        yield _definitions(tag)
    elif name == "table":
        yield from _table(tag)
    elif name == "blockquote":
        inner = "\n\n".join(block for block in _blocks(tag) if block.strip())
        yield "\n".join(f"> {line}".rstrip() for line in inner.split("\n")) if inner else ""
    elif name != "hr":
        yield from _blocks(tag)


def _paragraph(parts: list[str]) -> str:
    text = "".join(parts)
    lines = (re.sub(r"[ \t]+", " ", line).strip() for line in text.split("\n"))
    return escape("\n".join(lines).strip("\n"))


def _inline(tag: Tag) -> str:
    """The text of inline content: line breaks kept, code in backticks, other emphasis and link targets dropped."""
    from bs4.element import NavigableString, Tag

    if tag.name == "br":
        return "\n"
    if tag.name == "img":
        return ""
    inner = "".join(
        _inline(child) if isinstance(child, Tag) else flat(child)
        for child in tag.children
        if isinstance(child, Tag) or type(child) is NavigableString
    )
    if tag.name in {"code", "kbd", "tt", "samp"} and inner.strip() and "`" not in inner and "\n" not in inner:
        return f"`{inner}`"
    return inner


def _preformatted(tag: Tag) -> str:
    for br in tag.find_all("br"):
        br.replace_with("\n")
    return textwrap.dedent(tag.get_text()).rstrip()


def _language(tag: Tag) -> str:
    inner = tag.find("code")
    names = [*(tag.get("class") or ()), *((inner.get("class") or ()) if inner else ())]
    for name in names:
        if str(name).lower() not in _NOT_LANGUAGE and (match := _LANGUAGE.match(str(name))):
            return match[1]
    return ""


def _list(tag: Tag) -> str:
    """A list with its nested lists indented; blocks within an item stand below it."""
    lines = []
    start = str(tag.get("start") or "1")
    number = int(start) if start.isdecimal() else 1
    for item in tag.find_all(True, recursive=False):
        mark = "- " if tag.name != "ol" else f"{number}. "
        number += item.name == "li"
        blocks = [block for block in _blocks(item) if block.strip()] if item.name == "li" else list(_block(item))
        if blocks:
            body = "\n".join(blocks).replace("\n", "\n" + " " * len(mark))
            lines.append((mark if item.name == "li" else "  ") + body)
    return "\n".join(lines)


def _definitions(tag: Tag) -> str:
    lines = []
    for item in tag.find_all(["dt", "dd"]):
        if item.find_parent("dl") is tag:
            body = "\n".join(block for block in _blocks(item) if block.strip())
            lines.append(body if item.name == "dt" else "  " + body.replace("\n", "\n  "))
    return "\n".join(lines)


def _table(tag: Tag) -> Iterator[str]:
    """A data table as Markdown, with its caption above; a table used for layout as the blocks of its cells."""
    rows = [row for row in tag.find_all("tr") if row.find_parent("table") is tag]
    cells = [list(row.find_all(["td", "th"], recursive=False)) for row in rows]
    caption = tag.find("caption", recursive=False)
    if caption:
        yield _paragraph([_inline(caption)])
    if tag.find("table") or tag.find(list(_HEADINGS)) or max(map(len, cells), default=0) <= 1:
        for cell in (c for row in cells for c in row):
            yield from _blocks(cell)
        return
    yield table(_grid(cells))


def _grid(rows: list[list[Tag]]) -> list[list[str]]:
    """The cells' texts by row and column."""
    return spread(
        [
            (one_line(" ".join(b for b in _blocks(cell) if b.strip())), _span(cell, "rowspan"), _span(cell, "colspan"))
            for cell in row
        ]
        for row in rows
    )


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name) or "1").strip()
    return max(1, min(int(value), _MAX_SPAN)) if value.isdecimal() and value.isascii() else 1
