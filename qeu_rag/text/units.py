"""The sentences, list items and table rows of a chunk, and what stands above each that it needs to be understood."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qeu_rag.text.sentences import sentences
from qeu_rag.types import Chunk, Span

HEADING = re.compile(r"\s*#{1,6}\s")
ROW = re.compile(r"\s*\|")
RULE = re.compile(r"\s*\|[\s:|-]+$")
LIST_MARK = re.compile(r"^\s*(?:[-*+•・]\s+)")
_ITEM = re.compile(r"\s*(?:[-*+]\s+\S|[•・●○■□◆◇▪◦①-⑳]\s*\S|\(?\d{1,3}[.)．）](?!\d))")
_BAR = re.compile(r"(?<!\\)\|")
_LEADS_OVER = re.compile(r"[:：?？]\W*$|(?:次の|以下の?|下記の?|as follows|the following)[^。.]{0,40}[。.]?\s*$", re.I)


def units(chunk: Chunk) -> list[Span]:
    """The sentences, list items and table rows of ``chunk``, in order; no headings, no table header or rule.

    A chunk of nothing else has its headings, so that no chunk is without a unit unless it has no letter or digit.
    """
    spans = sentences(chunk.text)
    kept = []
    for span in spans:
        text = span.of(chunk.text)
        heads_table = ROW.match(text) and RULE.match(chunk.text[span.end :].lstrip("\n").split("\n", 1)[0])
        if not (HEADING.match(text) or RULE.match(text) or heads_table):
            kept.append(span)
    return kept or spans


def is_item(text: str) -> bool:
    """Whether ``text`` is a list item."""
    return bool(_ITEM.match(text))


def leads_over(text: str) -> bool:
    """Whether ``text`` announces what comes after it, as the introduction of a list does, or asks what that answers."""
    return bool(_LEADS_OVER.search(text))


def key_cell(row: str) -> str:
    """The first cell of a table row, which usually names what the row is about."""
    return cells(row)[0]


def cells(row: str) -> list[str]:
    """The cells of a table row, each trimmed; a bar after a backslash is part of a cell, and stands there without it."""
    return [cell.strip().replace("\\|", "|") for cell in _BAR.split(row.strip().removeprefix("|").removesuffix("|"))]


def table_header(chunk: Chunk, row: Span) -> str:
    """The header line of the table in which ``row`` stands; empty where it has none."""
    header = _header_above(chunk.text, row.start) or chunk.header
    return header.split("\n")[0].strip()


def introduction(chunk: Chunk, spans: Sequence[Span], at: int) -> int | None:
    """The place in ``spans``, units of ``chunk``, of what leads over to the list in which ``spans[at]`` stands; None: nothing."""
    if at == 0 or not is_item(spans[at].of(chunk.text)):
        return None
    first = at
    while first > 0 and is_item(spans[first].of(chunk.text)):
        first -= 1
    return first if leads_over(spans[first].of(chunk.text)) else None


def _header_above(text: str, before: int) -> str:
    lines = text[:before].rstrip("\n").split("\n")
    for at in range(len(lines) - 1, 0, -1):
        if not ROW.match(lines[at]):
            return ""
        if RULE.match(lines[at]):
            return lines[at - 1] if ROW.match(lines[at - 1]) else ""
    return ""
