"""Where the sentences of a text begin and end: Japanese, English or mixed Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qeu_rag.text.notation import is_japanese
from qeu_rag.types import Span

_OWN_LINE = re.compile(r"[ \t]*(?:#{1,6}[ \t]|\||```|~~~|(?:[-*_][ \t]*){3,}$|=+[ \t]*$|-+[ \t]*$)")
_LIST_ITEM = re.compile(r"[ \t]*(?:[-*+•・●○■□◆◇▪◦]|\(?\d{1,3}[.)．）]|[①-⑳])(?:[ \t\u3000]+|(?<=[・●○■□◆◇①-⑳]))(?=\S)")
_QUOTE_MARK = re.compile(r"[ \t]*>[ \t]?")
_FENCE = re.compile(r"[ \t]*(```|~~~)")
_ASIDE = (
    r"（(?:文末)?注(?:[^（）]|（[^（）]{0,200}）){1,600}）|\((?:end)?note [^\s()]{1,8}: (?:[^()]|\([^()]{0,200}\)){1,600}\)"
    r"|【コメント(?:[^【】]|【[^【】]{0,200}】){1,600}】|\[Comment(?:[^\[\]]|\[[^\[\]]{0,200}\]){1,600}\]"
)
"""What readers set off from the text (``ingest.readers.notes_and_comments``): a note stays with its sentence, a comment whole."""
_PAIR = re.compile(_ASIDE + r"|「[^「」]{1,200}」|『[^『』]{1,200}』|（[^（）]{1,200}）|【[^【】]{1,200}】")
_END = re.compile(r"[。！？!?．.]+[」』）】)\]\"'”’*_]*")
_GOES_ON = re.compile(r"[とっはがをにでものへやか、，,。！？)）」』】]")
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof sr jr st vs cf e.g i.e eg ie approx dept est fig figs eq eqs sec ch vol ed eds inc ltd co corp "
    "al p pp ca jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun no nos ext tel rev ver".split()
)
_LONG = 200
"""A list item or an unpunctuated run of lines up to this many characters stays whole."""


def sentences(text: str) -> list[Span]:
    """The sentences of Japanese, English or mixed Markdown, in order: trimmed, never overlapping.

    Every letter and digit of ``text`` stands in exactly one span. A heading, a table row, a line of code and a list item
    (up to 200 characters) is a unit of its own; a paragraph's wrapped lines are read together. Decimals, abbreviations,
    initials and Japanese quotations inside a sentence do not end it.
    """
    spans: list[Span] = []
    for start, end, kind in _units(text):
        if kind == "line" or (kind == "item" and end - start <= _LONG):
            _keep(text, start, end, spans)
            continue
        last = start
        for cut in _cuts(text, start, end):
            if kind == "item" and last == start and not _has_words(text[start:cut]):
                continue  # the number of a list item ends no sentence
            _keep_short(text, last, cut, spans)
            last = cut
        _keep_short(text, last, end, spans)
    return spans


def _has_words(text: str) -> bool:
    bare = text.rstrip()
    mark = _LIST_ITEM.match(f"{bare} x")
    return mark is None or mark.end() <= len(bare)


def _keep(text: str, start: int, end: int, spans: list[Span]) -> None:
    piece = text[start:end]
    if any(map(str.isalnum, piece)):
        stripped = piece.lstrip()
        start += len(piece) - len(stripped)
        spans.append(Span(start=start, end=start + len(stripped.rstrip())))


def _keep_short(text: str, start: int, end: int, spans: list[Span]) -> None:
    """Keeps one sentence, or each of its lines where it is too long to be one."""
    if end - start <= 2 * _LONG:
        _keep(text, start, end, spans)
        return
    for line in text[start:end].splitlines(keepends=True):
        _keep(text, start, start + len(line), spans)
        start += len(line)


def _units(text: str) -> Iterator[tuple[int, int, str]]:
    """The blocks of Markdown text: start, end and "line" (never cut), "item" or "paragraph"."""
    start, at, kind, fenced = 0, 0, "", False
    for line in text.splitlines(keepends=True):
        fence = bool(_FENCE.match(line))
        bare = line[m.end() :] if (m := _QUOTE_MARK.match(line)) else line
        alone = fenced or fence or bool(_OWN_LINE.match(bare))
        item = not alone and bool(_LIST_ITEM.match(bare))
        if kind and (alone or item or not bare.strip()):
            yield start, at, kind
            kind = ""
        if alone:
            yield at, at + len(line), "line"
        elif bare.strip() and not kind:
            start, kind = at, "item" if item else "paragraph"
        at += len(line)
        if kind and (line.rstrip("\r\n").endswith(("  ", "<br>", "<br/>"))):
            yield start, at, kind
            kind = ""
        fenced ^= fence
    if kind:
        yield start, at, kind


def _cuts(text: str, start: int, end: int) -> Iterator[int]:
    """Where the sentences of ``text[start:end]`` end, but the last."""
    quoted = [(m.start(), m.end()) for m in _PAIR.finditer(text, start, end)]
    for match in _END.finditer(text, start, end):
        at = match.end()
        inside = next((pair for pair in quoted if pair[0] < match.start() < pair[1]), None)
        if inside and at < inside[1]:
            continue
        if at < end and _is_end(text, match.start(), match.group(), at, start):
            yield at


def _is_end(text: str, mark: int, group: str, at: int, start: int) -> bool:
    """Whether the marks ``group`` at ``mark``, before character ``at``, end a sentence that began after ``start``."""
    after = text[at]
    japanese = group[0] in "。！？" or (mark > start and is_japanese(text[mark - 1]))
    if group[0] == "．" or (japanese and group[0] == "."):
        return not (after.isalnum() and text[mark - 1 : mark].isdigit())
    if japanese:
        return not (group[-1] in "」』）】)" and _GOES_ON.match(after))
    if not after.isspace():
        return False
    following = text[at:].lstrip()[:1] if after.isspace() else after
    if following.islower() or not following:
        return False
    word = re.split(r"[\s(\[\"'“‘]", text[max(start, mark - 20) : mark])[-1].lower()
    return group[0] != "." or not (word in _ABBREVIATIONS or re.fullmatch(r"(?:\w\.)*[a-z]", word) or not word)
