"""The sentences, list items and table rows of a chunk, and what each needs beside it to be understood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qeu_rag.answer.items import is_item, leads_over
from qeu_rag.index.sentences import sentences
from qeu_rag.types import Chunk, Span

HEADING = re.compile(r"\s*#{1,6}\s")
ROW = re.compile(r"\s*\|")
RULE = re.compile(r"\s*\|[\s:|-]+$")
LIST_MARK = re.compile(r"^\s*(?:[-*+•・]\s+)")
ASKS_NUMBER = re.compile(
    r"how (?:many|much|long|often|soon|large|big|far|high|heavy|tall|wide|deep|thick|old|fast|hot)"
    r"|what (?:percentage|share|rate|number)|within what|when\b"
    r"|いくら|いくつ|何[点個件日人回%％割時分倍円年月週本枚]|どれ(?:くらい|ぐらい|だけ)|いつ|何パーセント|期限|上限|下限",
    re.I,
)
REFERENCES = re.compile(r"^(?:sources?|references?|bibliography|further reading|出典|参考文献|参考資料|文献)$", re.I)
ASKS_ALL = re.compile(
    r"\bwhat are\b|\blist\b|\b(?:parts|stages|phases|conditions|chapters|types|kinds|rules)\b"
    r"|章立て|構成|内訳|種類|一覧|項目|条件|要素|段階|すべて|全部",
    re.I,
)
ASKS_DIFFERENCE = re.compile(
    r"\bdifferences? between\b|\bdiffer(?:s|ent)? from\b|\bcompared? (?:to|with)\b|違い|ちがい|使い分け|相違", re.I
)
_PREDICATE = re.compile(
    r"\b(?:is|are|was|were|be|has|have|must|may|can|should|shall|will|see|do|does)\b"
    r"|(?:[うくぐすつぬぶむるただいん]|こと|もの|ます|です)。?$"
)
MISTAKES = re.compile(
    r"\b(?:mistakes?|pitfalls?|errors people make|we avoid|what not to)\b|間違い|誤り|失敗|誤解|避けること|やってはいけない",
    re.I,
)
POINTS_BACK = re.compile(
    r"(?:it|its|this|these|they|that|those|he|she|both|then)\b|その|この|それ|これ|ただし|また|なお", re.I
)
_TABLE = re.compile(r"\s*\n((?:[ \t]*\|[^\n]*(?:\n|\Z)){3,})")
_ENDS_SENTENCE = re.compile(r"[。！？!?．.:：;；」）][」』）】)\]\"'”’*_]*$")


def units(chunk: Chunk) -> Iterator[Span]:
    """The sentences, list items and table rows of ``chunk``, in order; no headings, no table header or rule."""
    spans = sentences(chunk.text)
    for span in spans:
        text = span.of(chunk.text)
        heads_table = ROW.match(text) and RULE.match(chunk.text[span.end :].lstrip("\n").split("\n", 1)[0])
        if not (HEADING.match(text) or RULE.match(text) or heads_table) or len(spans) == 1:
            yield span


def is_title(text: str) -> bool:
    """Whether a unit is a title or a running head: short, no end as a sentence has it, no list item, no table row."""
    bare = text.strip()
    return len(bare) <= 100 and not (ROW.match(bare) or is_item(bare) or _ENDS_SENTENCE.search(bare))


def is_caption(text: str) -> bool:
    """Whether ``text`` names what comes after it rather than says something: it has no predicate."""
    return not _PREDICATE.search(text.strip())


def key_cell(row: str) -> str:
    """The first cell of a table row, which usually names what the row is about."""
    return row.strip().strip("|").split("|")[0].strip()


def table_header(chunk: Chunk, row: Span) -> str:
    """The header line of the table in which ``row`` stands; empty where it has none."""
    header = chunk.header or _header_above(chunk.text, row.start)
    return header.split("\n")[0].strip()


def table_after(chunk: Chunk, end: int) -> Span | None:
    """The table that begins right after ``end``, header and all; None where something else does."""
    found = _TABLE.match(chunk.text, end)
    return Span(start=found.start(1), end=found.end(1)) if found else None


def needed(chunk: Chunk, spans: Sequence[Span], at: int) -> int | None:
    """The place in ``spans`` of the unit without which ``spans[at]`` says little; None where it stands by itself.

    That is a list's introduction for its items, and the sentence before for one that begins by pointing back.
    """
    text = spans[at].of(chunk.text)
    if at == 0 or ROW.match(text):
        return None
    if is_item(text):
        first = at
        while first > 0 and is_item(spans[first].of(chunk.text)):
            first -= 1
        return first if first < at and leads_over(spans[first].of(chunk.text)) else None
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
