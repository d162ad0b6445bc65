"""The sentences, list items and table rows of a chunk, and what each needs beside it to be understood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qeu_rag.index.analyze import sentences
from qeu_rag.types import Chunk, Span

HEADING = re.compile(r"\s*#{1,6}\s")
ROW = re.compile(r"\s*\|")
RULE = re.compile(r"\s*\|[\s:|-]+$")
LIST_MARK = re.compile(r"^\s*(?:[-*+•・]\s+)")
ASKS_NUMBER = re.compile(
    r"how (?:many|much|long|often|soon|large|big|far|high)|what (?:percentage|share|rate|number)|within what|when\b"
    r"|いくら|いくつ|何[点個件日人回%％割時分倍円年月週本枚]|どれ(?:くらい|ぐらい|だけ)|いつ|何パーセント|期限|上限|下限",
    re.I,
)
REFERENCES = re.compile(r"^(?:sources?|references?|bibliography|further reading|出典|参考文献|参考資料|文献)$", re.I)
POINTS_BACK = re.compile(
    r"(?:it|its|this|these|they|that|those|he|she|both|then)\b|その|この|それ|これ|ただし|また|なお", re.I
)
_ITEM = re.compile(r"\s*(?:[-*+•・●○■□◆◇▪◦]|\(?\d{1,3}[.)．）]|[①-⑳])\s*\S")


def units(chunk: Chunk) -> Iterator[Span]:
    """The sentences, list items and table rows of ``chunk``, in order; no headings, no table header or rule."""
    spans = sentences(chunk.text)
    for span in spans:
        text = span.of(chunk.text)
        heads_table = ROW.match(text) and RULE.match(chunk.text[span.end :].lstrip("\n").split("\n", 1)[0])
        if not (HEADING.match(text) or RULE.match(text) or heads_table) or len(spans) == 1:
            yield span


def introduces(text: str) -> bool:
    """Whether ``text`` leads over to what follows, as before a list."""
    return text.rstrip().endswith((":", "："))


def table_header(chunk: Chunk, row: Span) -> str:
    """The header line of the table in which ``row`` stands; empty where it has none."""
    header = chunk.header or _header_above(chunk.text, row.start)
    return header.split("\n")[0].strip()


def needed(chunk: Chunk, spans: Sequence[Span], at: int) -> int | None:
    """The place in ``spans`` of the unit without which ``spans[at]`` says little; None where it stands by itself.

    That is a list's introduction for its items, and the sentence before for one that begins by pointing back.
    """
    text = spans[at].of(chunk.text)
    if at == 0 or ROW.match(text):
        return None
    if _ITEM.match(text):
        first = at
        while first > 0 and _ITEM.match(spans[first].of(chunk.text)):
            first -= 1
        return first if first < at and introduces(spans[first].of(chunk.text)) else None
    apart = "\n\n" in chunk.text[spans[at - 1].end : spans[at].start]
    return at - 1 if POINTS_BACK.match(text) and not apart else None


def _header_above(text: str, before: int) -> str:
    lines = text[:before].rstrip("\n").split("\n")
    for at in range(len(lines) - 1, 0, -1):
        if not ROW.match(lines[at]):
            return ""
        if RULE.match(lines[at]):
            return lines[at - 1] if ROW.match(lines[at - 1]) else ""
    return ""
