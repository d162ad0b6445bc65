"""Asks again the rows of an answered list whose passages have changed, and says which answers changed with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from qeu_rag.app import KnowHow
from qeu_rag.errors import CollectionError, QeuRagError, StorageError
from qeu_rag.faq.cells import LONGEST_CELL, TOP
from qeu_rag.faq.read.answers import AnsweredRow
from qeu_rag.index.approved import Passages
from qeu_rag.index.ledger import Ledger
from qeu_rag.language import likely_line
from qeu_rag.types import Answer

State = Literal["same", "again", "changed", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRow:
    """A row and what became of it.

    ``same``: what it rests on is as it was, so it was not asked again. ``again``: asked again, with the same answer.
    ``changed``: the answer is another one. ``failed``: it could not be asked (``error``). ``gone`` are the markers of cited
    passages that are no more; ``after`` is the new answer where it was asked again.
    """

    row: AnsweredRow
    state: State
    gone: tuple[int, ...] = ()
    after: Answer | None = None
    error: QeuRagError | None = None


def check(
    know_how: KnowHow, rows: Iterable[AnsweredRow], *, progress: Callable[[CheckedRow], None] = lambda row: None
) -> tuple[CheckedRow, ...]:
    """Checks each row, in order; ``progress`` is called with each result.

    A row is asked again when a passage that it cites is not as it was, or when the first passages found for its question are
    others. A row that the list itself marks as an error has no answer to compare and is passed over. A row whose question
    cannot be used is ``failed`` and stops nothing; raises what ``KnowHow.search`` raises of the collection.
    """
    done = []
    for row in rows:
        if row.failed:
            continue
        done.append(_checked(know_how, row))
        progress(done[-1])
    return tuple(done)


def _checked(know_how: KnowHow, row: AnsweredRow) -> CheckedRow:
    try:
        gone = _gone(know_how, row)
        found = know_how.search(row.question)[:TOP]
        if not gone and tuple(scored.chunk.passage_hash for scored in found) == row.evidence:
            return CheckedRow(row=row, state="same")
        after = know_how.ask(row.question)
    except (CollectionError, StorageError):
        raise
    except QeuRagError as error:
        return CheckedRow(row=row, state="failed", error=error)
    # The passages that an abstention names as near may change without its being another answer.
    texts = [text.partition("\n")[0] if after.status == "abstained" else text for text in (row.answer, after.text)]
    state: State = "again" if _same(texts[0], texts[1]) else "changed"
    return CheckedRow(row=row, state=state, gone=gone, after=after)


def _gone(know_how: KnowHow, row: AnsweredRow) -> tuple[int, ...]:
    with Ledger(know_how.collection.ledger_path) as ledger, ledger.snapshot():
        passages = Passages(ledger)
        return tuple(
            dict.fromkeys(
                cited.marker
                for cited in row.citations
                if passages.find(cited.passage_hash, source=cited.source, document_id=cited.document_id) is None
            )
        )


def _same(before: str, after: str) -> bool:
    """Whether two answers have the same characters, blanks and control characters aside; a full cell holds only a beginning.

    That it is only probably one is no part of an answer: one that was approved has lost that line.
    """
    bare = (text.strip().removeprefix(likely_line(text.strip())) for text in (before, after))
    one, other = (re.sub(r"[\s\x00-\x1f\x7f]+", "", text) for text in bare)
    return one == other or (len(before) >= LONGEST_CELL - 100 and other.startswith(one[: LONGEST_CELL // 2]))
