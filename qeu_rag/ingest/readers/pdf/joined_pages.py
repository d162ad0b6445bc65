"""Joins what goes on over a page break: a sentence or word cut there becomes one, past footers, footnotes and page headers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from qeu_rag.ingest.readers.pdf.layout import glued, mended
from qeu_rag.ingest.readers.pdf.lines import ENDED, ITEM, NO_SPACE, Block, Body, Line, Sheet, in_margin

_SMALL = 0.93  # of the body's font: what is smaller at a page's foot is a footnote
_LEAST_WORDS, _LEAST_WIDE = 5, 8
_FULL = 0.9
_OPEN_ENDS = frozenset(
    "a an the of to in on at by for from with within without and or nor but than as if is are was were be been not no that which"
    " who whose when where while until under over per its their his her our your this these those any each every all may must"
    " shall should will would can could has have had least most more less about into between through during after before".split()
)
_PARTICLE = re.compile(
    r"(?:[、，・はがをにでともへやのかし]|から|まで|より|って|て|ない|する|した|れる|られ|る|た|く|き|り|い|ば|ず|つ|び|さ|れ)$"
)
_NUMBER_WAITS = re.compile(r"(?:No|Nr|Fig|Figs|Eq|Sec|Art|cf|approx|ca|vs|e\.g|i\.e|Mr|Ms|Mrs|Dr|Prof)\.$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leafed:
    """The blocks of a page, and what stands between the page before and it: ``None`` for a paragraph's end."""

    blocks: tuple[Block, ...]
    glue: str | None = None


def turned_over(pages: Sequence[Sequence[Block]], sheets: Sequence[Sheet], body: Body) -> list[Leafed]:
    """The pages with each sentence that a page break cuts made whole: its end opens the next page's text.

    What stands between its parts (a footnote, a header) goes before the part above it, or after the paragraph below it.
    """
    made: list[Leafed] = []
    for blocks, sheet in zip(pages, sheets, strict=True):
        own = list(blocks)
        glue = None
        above = list(made[-1].blocks) if made else []
        last = _last(above, sheets[len(made) - 1], body) if above else -1
        first = _first(own, sheet, body) if last >= 0 else -1
        if first >= 0 and _goes_on(above[last], own[first], above):
            before, after, glue = _seam(above[last].text, own[first].text, body.words)
            above[last], own[first] = replace(above[last], text=before), replace(own[first], text=after)
            above.append(above.pop(last))
            own.insert(0, own.pop(first))
            made[-1] = Leafed(blocks=tuple(above), glue=made[-1].glue)
        made.append(Leafed(blocks=tuple(own), glue=glue))
    return made


def _last(blocks: Sequence[Block], sheet: Sheet, body: Body) -> int:
    """The last block of the page's running text; -1 where it ends with something else."""
    for i in range(len(blocks) - 1, -1, -1):
        if not _is_aside(blocks[i], sheet, body):
            return -1 if blocks[i].level or blocks[i].table or not blocks[i].lines or blocks[i].lines[-1].placed else i
    return -1


def _first(blocks: Sequence[Block], sheet: Sheet, body: Body) -> int:
    """The first block of the page's running text; -1 where it begins with something else."""
    for i, block in enumerate(blocks):
        if not _is_aside(block, sheet, body):
            return -1 if block.level or block.table or not block.lines else i
    return -1


def _is_aside(block: Block, sheet: Sheet, body: Body) -> bool:
    """Whether a block is no part of the running text: a note, a footnote, a line in the margin."""
    if block.aside:
        return True
    if block.table or not block.lines:
        return False
    small = max(line.height for line in block.lines) < _SMALL * body.height
    low = block.lines[0].top < sheet.bottom + 0.4 * (sheet.top - sheet.bottom)
    return (small and low) or (len(block.lines) < 3 and all(in_margin(line, sheet) for line in block.lines))


def _goes_on(above: Block, below: Block, page: Sequence[Block]) -> bool:
    """Whether the sentence that ``above`` ends in is not over before ``below``."""
    last, first = above.lines[-1], below.lines[0]
    text, more = above.text.rsplit("\n", 1)[-1], below.text.split("\n", 1)[0]
    if (
        not more
        or ITEM.match(more)
        or "  " in text
        or "  " in more
        or abs(last.height - first.height) > 0.2 * last.height
    ):
        return False
    if text.endswith(("\ufffe", "-")) and more[0].islower():
        return True
    if _NUMBER_WAITS.search(text) and not more[0].isspace():
        return True
    if ENDED.search(text) or not re.search(r"\w", text):
        return False
    sentence = re.split(r"[。！？]|[.!?]\s", text)[-1]
    if NO_SPACE.match(text[-1]):
        return _goes_on_wide(sentence, more, last, above, page)
    words = sentence.split()
    if more[0].islower() and len(words) > 1:
        return True
    if not words or words[-1].lower() in _OPEN_ENDS or words[-1].endswith(","):
        return len(words) > 2
    return len(words) >= _LEAST_WORDS and last.right > _edge(last, page) - (1 - _FULL) * (last.right - last.left)


def _goes_on_wide(sentence: str, more: str, last: Line, above: Block, page: Sequence[Block]) -> bool:
    """The same in a script without spaces: the line is full, or ends in what cannot end a sentence of a text with full stops."""
    if len(sentence) < _LEAST_WIDE or not re.search("[。.！？、，」]", above.text + more):
        return False
    full = last.right > _edge(last, page) - 1.5 * last.height and len(last.text) > 15
    return full or bool(_PARTICLE.search(sentence)) or NO_SPACE.match(more) is None


def _edge(last: Line, page: Sequence[Block]) -> float:
    """How far to the right the lines of a line's column go."""
    own = [line for block in page if not block.level for line in block.lines]
    return max(line.right for line in own if abs(line.left - last.left) < 3 * last.height or line is last)


def _seam(above: str, below: str, known: Counter[str]) -> tuple[str, str, str]:
    """The two texts as they join, and what goes between: a space, or nothing in a word or a script without spaces."""
    more = re.match(r"\S+", below)
    word = more[0] if more else below
    start = len(above) - len(re.split(r"\s", above)[-1])
    joined = mended(glued(above[start:], word, known), known)
    rest = joined.removesuffix(word)
    if not joined.endswith(word):
        return above, below, " "
    if rest.endswith(" "):
        return above[:start] + rest[:-1], below, " "
    return above[:start] + rest, below, ""
