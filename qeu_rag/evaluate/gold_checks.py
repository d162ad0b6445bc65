"""Finds rows of a gold set that cannot be right: passages that no document holds, unanswerable questions that name a document."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from qeu_rag.app import KnowHow
from qeu_rag.evaluate.dataset import Question
from qeu_rag.types import Chunk

_NAMED = 10


def suspicious_rows(questions: Iterable[Question], know_how: KnowHow) -> dict[str, tuple[int, ...]]:
    """The suspicious rows by kind of fault: ``contrary`` and ``lost_passages``."""
    against, held = [], []
    for one in questions:  # once, as there may be very many
        if is_contrary(one):
            against.append(one.line)
        elif one.gold and one.passage:
            held.append(one)
    return {"contrary": tuple(against), "lost_passages": _lost(held, know_how) if held else ()}


def is_contrary(question: Question) -> bool:
    """Whether it is marked as unanswerable and names a document that is there."""
    return bool(question.gold) and not question.answerable


def _lost(questions: Sequence[Question], know_how: KnowHow) -> tuple[int, ...]:
    """The rows whose passage stands in no chunk of the documents that they name, so that no search could find it there."""
    texts: dict[str, list[str]] = {name: [] for one in questions for name in one.gold}
    for chunk in know_how.chunks():
        for name in {chunk.source, *chunk.other_sources} & texts.keys():
            texts[name].append(_letters(chunk.passage))
    lost = []
    for one in questions:
        shown = [text for name in one.gold for text in texts[name]]
        # Of a document that was left out there is nothing to look in, and that is told otherwise.
        if shown and not any(_stands_in(_letters(one.passage), text) for text in shown):
            lost.append(one.line)
    return tuple(lost)


def holds(chunk: Chunk, passage: str) -> bool:
    """Whether the chunk holds the passage, or at least its first or its last half, whatever the spaces and Markdown marks."""
    return _stands_in(_letters(passage), _letters(chunk.passage))


def row_numbers(rows: Sequence[int]) -> str:
    """The first ten of the rows' numbers, for people."""
    return ", ".join(map(str, rows[:_NAMED])) + (", …" if len(rows) > _NAMED else "")


def _stands_in(wanted: str, shown: str) -> bool:
    half = len(wanted) // 2
    return bool(wanted) and (wanted[: half + 1] in shown or wanted[half:] in shown)


def _letters(text: str) -> str:
    return re.sub(r"[\s|*`\\]+", "", unicodedata.normalize("NFKC", text)).lower()
