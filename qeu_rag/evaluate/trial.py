"""Asks the questions of a gold set, one after another, and records the outcome of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qeu_rag.app import KnowHow
from qeu_rag.errors import UsageError
from qeu_rag.evaluate import answer_overlap
from qeu_rag.evaluate.dataset import Question
from qeu_rag.evaluate.gold_checks import holds
from qeu_rag.evaluate.ranking import GoldRank, distinct, rank_gold, rankings
from qeu_rag.retrieve.searcher import Sides
from qeu_rag.types import Answer, Citation

DEPTH = 100
"""Chunks of each ranking that are looked at: enough for ten documents, unless many of them come from one long one."""

LIMITS = (200, 400)
"""Characters of an answer within which an accepted answer should stand."""

_FOR_GOOD = frozenset(("no_evidence", "empty_index", "unchecked_reply", "engine_abstained"))
"""Reasons of an abstention that no threshold would change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of one question.

    ``placed`` is each side's ranking of documents, ``passages`` the rank of the first chunk that holds the gold passage
    (0: not among the first ten); both are empty where the set names none. ``answered`` and ``confidence`` are the gate's
    verdict. ``contained``, ``exact``, ``f1`` and ``cites_gold`` (a cited document is gold) are of the answer as it is without
    the gate; ``contained`` is None where no accepted answer is that short. ``cited`` and ``cited_gold`` count the citations of
    the answer that was given. ``across``: no gold document is in the question's language. ``no_gold``: it is taken as
    answerable, but the set does not say by which document, so nothing tells a right answer. ``ms`` is the time of the answer.
    """

    id: str
    question: str
    lang: str
    kind: str
    answerable: bool
    answered: bool = False
    certainty: str = ""
    confidence: float = 0.0
    across: bool = False
    unusable: bool = False
    no_gold: bool = False
    placed: Mapping[str, GoldRank] = field(default_factory=dict)
    passages: Mapping[str, int] = field(default_factory=dict)
    contained: tuple[bool | None, ...] = (None, None)
    exact: float | None = None
    f1: float | None = None
    cites_gold: bool = False
    cited: int = 0
    cited_gold: int = 0
    ms: float = 0.0

    @property
    def right(self) -> bool | None:
        """Whether it was answered from a gold document, or refused where there is no answer; None where nothing tells."""
        if self.no_gold:
            return None
        return self.answered and self.cites_gold if self.answerable else not self.answered

    @property
    def used_ranking(self) -> GoldRank | None:
        """The ranking that answers are made from."""
        return self.placed.get("ours")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How far a run is, as an ingest's ``Progress`` says it."""

    stage: str
    done: int
    total: int
    file: str = ""


class Trial:
    """Asks questions over one collection."""

    def __init__(self, know_how: KnowHow) -> None:
        """Looks once at which documents the collection holds, and which files were left out of it and why (``left_out``)."""
        self._know_how = know_how
        self._ids: dict[str, set[str]] = {}
        self._langs: dict[str, str] = {}
        # Many questions fare alike, and there may be hundreds of thousands.
        self._known_ranks: dict[tuple[tuple[str, GoldRank], ...], dict[str, GoldRank]] = {}
        listing = know_how.documents()
        self.left_out = {skipped.path: skipped.reason for skipped in listing.skipped}
        for row in listing.documents:
            self._ids.setdefault(row.source, set()).add(row.document_id)
            self._langs[row.source] = row.lang

    @property
    def names(self) -> frozenset[str]:
        """The names of the documents in the collection."""
        return frozenset(self._ids)

    def run(self, questions: Iterable[Question], total: int, progress: Callable[[Step], None]) -> Iterator[Outcome]:
        """The outcome of each question, in their order. Raises what ``KnowHow.ask`` raises, but for a question's own faults."""
        for done, question in enumerate(questions, start=1):
            if done == 1:
                self._warm_up(question)
            yield self._ask(question)
            progress(Step(stage="ask", done=done, total=total))

    def _warm_up(self, question: Question) -> None:
        """Opens indexes and models, so that no question's time pays for it."""
        try:
            self._know_how.ask(question.question)
        except UsageError:
            return

    def _ask(self, question: Question) -> Outcome:
        # A row that could not be read in has no document, so it cannot be found.
        gold = {one for name in question.gold for one in self._ids.get(name, {f"missing: {name}"})}
        spoken = {self._langs[name] for name in question.gold if name in self._langs}
        across = bool(spoken) and question.lang not in spoken
        about = {name: getattr(question, name) for name in ("id", "question", "lang", "kind", "answerable")}
        about |= {"across": across, "no_gold": question.answerable and not gold}
        try:
            answer = self._know_how.ask(question.question)
            # Rankings are of no use where nothing should be found.
            sides = self._know_how.sides(question.question, k=DEPTH) if question.answerable and gold else None
        except UsageError:
            return Outcome(**about, unusable=True)
        given = [citation.chunk.document_id in gold for citation in answer.citations]
        outcome: dict[str, Any] = {
            "answered": answer.status == "answered",
            "certainty": answer.certainty,
            "confidence": answer.confidence,
            "ms": 1000.0 * answer.timings["total"],
            "cited": len(given) if gold else 0,
            "cited_gold": sum(given),
        }
        if sides is not None:
            placed = rank_gold(rankings(sides), gold)
            outcome["placed"] = self._known_ranks.setdefault(tuple(placed.items()), placed)
            outcome["passages"] = _passages(sides, question.passage) if question.passage else {}
        if question.answerable:
            outcome |= self._words(question, answer, gold)
        return Outcome(**about, **outcome)

    def _words(self, question: Question, answer: Answer, gold: set[str]) -> dict[str, Any]:
        """How good the answer is, whatever the gate decided."""
        if answer.status == "abstained" and answer.reason not in _FOR_GOOD:
            answer = self._know_how.ask(question.question, threshold=0.0)
        text = bare(answer.text, answer.citations) if answer.status == "answered" else ""
        found: dict[str, Any] = {"cites_gold": any(c.chunk.document_id in gold for c in answer.citations)}
        if question.answers:
            found["contained"] = tuple(answer_overlap.contains(text, question.answers, limit) for limit in LIMITS)
            found["exact"] = answer_overlap.exact_match(text, question.answers, question.lang)
            found["f1"] = answer_overlap.f1(text, question.answers, question.lang)
        return found


def bare(text: str, citations: Sequence[Citation]) -> str:
    """An answer's text without the markers of its citations."""
    markers = "|".join(sorted({str(citation.marker) for citation in citations}))
    return re.sub(rf" ?\[(?:{markers})\]", "", text) if markers else text


def _passages(sides: Sides, passage: str) -> dict[str, int]:
    given = {"lexical": sides.lexical, "dense": sides.dense, "rrf": sides.rrf, "ours": sides.ours}
    ranks = {}
    for name, side in given.items():
        by_id = {scored.chunk.id: scored for scored in side}
        order = distinct(side, lambda scored: scored.chunk.id)
        ranks[name] = next((n for n, key in enumerate(order, start=1) if holds(by_id[key].chunk, passage)), 0)
    return ranks
