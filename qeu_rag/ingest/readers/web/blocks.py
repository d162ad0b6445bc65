"""Writes the content of an HTML page as blocks of Markdown: headings, paragraphs, lists, code and quotations."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qeu_rag.ingest.readers.markup.markdown import escape, fence
from qeu_rag.ingest.readers.page import flat, one_line
from qeu_rag.ingest.readers.typeset.numerals import in_form
from qeu_rag.ingest.readers.web.table import table_blocks
from qeu_rag.tables.columns import column_letters

if TYPE_CHECKING:
    from bs4 import Tag

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer"
    " form h1 h2 h3 h4 h5 h6 header hr html legend li main menu ol optgroup p pre search section summary table tbody td tfoot"
    " th thead tr ul".split()
)
_LANGUAGE = re.compile(r"^(?:language-|lang-|brush:)?([a-z][\w+#-]{0,15})$")
_NOT_LANGUAGE = frozenset(("sourcecode", "highlight", "code", "hljs", "prettyprint", "literal-block", "codehilite"))
_FRACTION = re.compile("(?<![⁰¹²³⁴-⁹₀-₉])([⁰¹²³⁴-⁹]+) ?[/\u2044] ?([₀-₉]+)")
_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "01234567890123456789")
_MARKUP = re.compile(r"<(?=/?[A-Za-z][\w-]*(?:\s[^<>]*)?/?>|!--)")
_JUNK = re.compile(
    r"(?:data:[\w/+.;=-]+,)?(?<![\w+/])(?=[A-Za-z0-9+/]{0,199}\d)(?=[A-Za-z0-9+/]{0,199}[A-Z])[A-Za-z0-9+/]{200,}={0,2}"
)
_NUMBER = re.compile(r"-?\d{1,6}$", re.ASCII)


def blocks(tag: Tag) -> Iterator[str]:
    """The blocks below ``tag`` as Markdown; runs of inline content between blocks are paragraphs."""
    from bs4.element import NavigableString, Tag

    inline: list[str] = []
    for child in tag.children:
        if isinstance(child, Tag) and _is_block(child):
            yield paragraph(inline)
            inline = []
            yield from _block(child)
        elif isinstance(child, Tag):
            inline.append(_inline(child))
        elif type(child) is NavigableString:
            inline.append(flat(child))
    yield paragraph(inline)


def _is_block(tag: Tag) -> bool:
    """Whether ``tag`` is a block or, like a link around a whole card, holds one."""
    return tag.name in _BLOCKS or tag.find(list(_BLOCKS)) is not None


def _block(tag: Tag) -> Iterator[str]:
    name = tag.name
    if name in _HEADINGS:
        if words := one_line(_fractions(_inline(tag))):
            yield f"{'#' * _HEADINGS[name]} {words}"
    elif name == "pre":
        yield fence(_preformatted(tag), _language(tag))
    elif name in {"ul", "ol", "menu", "dir"}:
        yield _list(tag)
    elif name == "dl":
        yield _definitions(tag)
    elif name == "table":
        yield from table_blocks(tag, blocks)
    elif name == "blockquote":
        inner = "\n\n".join(block for block in blocks(tag) if block.strip())
        yield "\n".join(f"> {line}".rstrip() for line in inner.split("\n")) if inner else ""
    elif name != "hr":
        yield from blocks(tag)


def paragraph(parts: list[str]) -> str:
    """Inline text as a paragraph, in which nothing is taken for Markdown or HTML that is the page's own text."""
    text = _JUNK.sub("", _fractions("".join(parts)))
    lines = (re.sub(r"[ \t]+", " ", line).strip() for line in text.split("\n"))
    return escape(_MARKUP.sub(r"\\<", "\n".join(lines).strip("\n")))


def _fractions(text: str) -> str:
    """``text`` with fractions of raised and lowered figures as plain ones: 1 3/4, which is no power."""

    def plain(match: re.Match[str]) -> str:
        before = text[match.start() - 1 : match.start()]
        return f"{' ' if before.isalnum() else ''}{match[1]}/{match[2]}".translate(_PLAIN)

    return _FRACTION.sub(plain, text)


def _inline(tag: Tag) -> str:
    """The text of inline content: line breaks kept, code in backticks, other emphasis and link targets dropped."""
    from bs4.element import NavigableString, Tag

    if tag.name == "br":
        return "\n"
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
    items = tag.find_all(True, recursive=False)
    down = tag.has_attr("reversed")
    start = str(tag.get("start") or "").strip()
    count = sum(item.name == "li" for item in items)
    number = int(start) if _NUMBER.match(start) else count if down else 1
    for item in items:
        value = str(item.get("value") or "").strip()
        if item.name == "li" and _NUMBER.match(value):
            number = int(value)
        mark = _mark(number, str(item.get("type") or tag.get("type") or "")) if tag.name == "ol" else "- "
        number += (-1 if down else 1) * (item.name == "li")
        found = [block for block in blocks(item) if block.strip()] if item.name == "li" else list(_block(item))
        if found:
            indent = re.match(r"- |\S+ ", mark)
            body = "\n".join(found).replace("\n", "\n" + " " * (len(indent[0]) if indent else 2))
            lines.append((mark if item.name == "li" else "  ") + body)
    return "\n".join(lines)


def _mark(number: int, kind: str) -> str:
    """An item's number; letters and Roman numbers stand in an item's text, as no number begins an item in Markdown with them."""
    if kind in ("a", "A") and 0 < number < 18_279:
        letters = column_letters(number - 1)
        return f"- {letters if kind == 'A' else letters.lower()}) "
    if kind in ("i", "I") and 0 < number < 4000:
        return f"- {in_form(number, 'upperRoman' if kind == 'I' else 'lowerRoman')}) "
    return f"{number}. " if 0 <= number < 1000 else f"- {number}) "


def _definitions(tag: Tag) -> str:
    """Terms with what they mean below them; the next term is set off where a meaning ends without a stop."""
    lines: list[str] = []
    for item in tag.find_all(["dt", "dd"]):
        if item.find_parent("dl") is not tag:
            continue
        body = "\n".join(block for block in blocks(item) if block.strip())
        if item.name == "dt" and lines and lines[-1].startswith("  ") and not re.search(r"[。.!?！？]\W*$", lines[-1]):
            lines.append("")
        lines.append(body if item.name == "dt" else "  " + body.replace("\n", "\n  "))
    return "\n".join(lines)
