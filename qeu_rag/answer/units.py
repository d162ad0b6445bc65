"""The sentences, list items and table rows of a chunk, and what each needs beside it to be understood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

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
ASKS_HOW = re.compile(
    r"\bhow (?:do|does|should|can|to|is|are|must)\b|\bsteps?\b|\bprocedure|手順|方法|やり方|進め方|流れ|求め方|書き方"
    r"|どうすれば|どうやって|どのように",
    re.I,
)
ASKS_ALL = re.compile(
    r"\bwhat are\b|\blist\b|\b(?:parts|stages|phases|conditions|chapters|types|kinds|rules)\b"
    r"|章立て|構成|内訳|種類|一覧|項目|条件|要素|段階|すべて|全部|違い",
    re.I,
)
_LEADS_OVER = re.compile(r"[:：]\s*$|次の|以下の|下記|\bas follows|\bfollowing\b|\bbelow\b", re.I)
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
_ITEM = re.compile(r"\s*(?:[-*+•・●○■□◆◇▪◦]|\(?\d{1,3}[.)．）]|[①-⑳])\s*\S")


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
    return len(bare) <= 100 and not (ROW.match(bare) or _ITEM.match(bare) or _ENDS_SENTENCE.search(bare))


def list_around(chunk: Chunk, item: Span) -> Span | None:
    """The whole numbered or bulleted list in which ``item`` stands, with the line that introduces it; None: no list."""
    spans = sentences(chunk.text)
    at = next((n for n, span in enumerate(spans) if span == item), None)
    if at is None or not _ITEM.match(item.of(chunk.text)):
        return None
    first = last = at
    while first > 0 and _ITEM.match(spans[first - 1].of(chunk.text)):
        first -= 1
    while last + 1 < len(spans) and _ITEM.match(spans[last + 1].of(chunk.text)):
        last += 1
    if first == last:
        return None
    if first > 0 and introduces(spans[first - 1].of(chunk.text)):
        first -= 1
    return Span(start=spans[first].start, end=spans[last].end)


def leads_over(text: str) -> bool:
    """Whether ``text`` announces the list or the table that comes after it."""
    return bool(_LEADS_OVER.search(text))


def list_after(chunk: Chunk, end: int) -> Span | None:
    """The list items that come right after ``end``, to the list's last; None where something else does."""
    spans = [span for span in sentences(chunk.text) if span.start >= end]
    last = 0
    while last < len(spans) and _ITEM.match(spans[last].of(chunk.text)):
        last += 1
    return Span(start=spans[0].start, end=spans[last - 1].end) if last else None


def is_item(text: str) -> bool:
    """Whether ``text`` is a list item."""
    return bool(_ITEM.match(text))


def is_caption(text: str) -> bool:
    """Whether ``text`` names what comes after it rather than says something: it has no predicate."""
    return not _PREDICATE.search(text.strip())


def goes_on(chunk: Chunk, start: int, end: int) -> bool:
    """Whether ``start`` to ``end`` stops in the middle of a list; a lone item is whole."""
    spans = sentences(chunk.text)
    inside = [span for span in spans if start <= span.start < end]
    after = next((span for span in spans if span.start >= end), None)
    return bool(after and len(inside) > 1 and all(_ITEM.match(span.of(chunk.text)) for span in (inside[-1], after)))


def key_cell(row: str) -> str:
    """The first cell of a table row, which usually names what the row is about."""
    return row.strip().strip("|").split("|")[0].strip()


def introduces(text: str) -> bool:
    """Whether ``text`` leads over to what follows, as before a list."""
    return text.rstrip().endswith((":", "："))


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
