"""The way from a question to an answer: search, gate, then the extractive engine or a model whose reply is checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from typing import Protocol

from qeu_rag.answer import compose
from qeu_rag.answer.abstain import abstention, nearest_passages
from qeu_rag.answer.approved import ApprovedAnswers
from qeu_rag.answer.cite import Draft, check_citation
from qeu_rag.answer.dispute import DIFFER, dispute
from qeu_rag.answer.gate import NEAR, Gate, Terms, Verdict, answer_language
from qeu_rag.answer.own_words import UNCHECKED, Writer
from qeu_rag.answer.question import clean_question, parts_of
from qeu_rag.answer.reply import REFUSED
from qeu_rag.index.rows import Origin
from qeu_rag.language import say
from qeu_rag.text.notation import lang_of
from qeu_rag.types import Answer, Chunk, Citation, NearPassage, ScoredChunk, ScoredWindow

_USUAL, _LONG = 3, 6
"""Windows of an answer at most, and of one that was asked to be long."""

_READ = {False: (0.05, 4), True: (0.0, 8)}
"""The least odds beside the best one's, and the number, of the windows that give a model its facts; more for a long answer."""


class Hits(Protocol):
    """What a search gives: windows, best first, and the weight (idf) of each term of the question."""

    @property
    def windows(self) -> tuple[ScoredWindow, ...]:
        """The best windows, best first."""
        ...

    @property
    def chunks(self) -> tuple[ScoredChunk, ...]:
        """Their chunks, best first, each once."""
        ...

    @property
    def read_s(self) -> float:
        """Seconds that reading the best window took."""
        ...

    @property
    def weights(self) -> dict[str, float]:
        """The question's terms with their inverse document frequencies."""
        ...

    def reading(self, analyze: Terms) -> Terms:
        """``analyze``, by which a text that says a term of the question in other words of the house has that term, too."""
        ...


class Recorder(Protocol):
    """What keeps account of questions."""

    def answered(self, answer: Answer) -> None:
        """Gets every whole answer."""
        ...

    def failing(self) -> AbstractContextManager[None]:
        """Every question is answered within it, so that it meets the errors."""
        ...


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """Keeps no account: for questions that are no reader's."""

    def answered(self, answer: Answer) -> None:
        """Keeps nothing."""

    def failing(self) -> AbstractContextManager[None]:
        """Lets errors pass."""
        return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A question, or one of several in one, with what was found for it and what the gate says of that."""

    question: str
    hits: Hits
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultant:
    """Answers questions over one collection; without a ``writer`` the extractive engine answers.

    ``gate`` gives the gate in use, and is asked after a search; ``origin`` gives the document and the file of a chunk.
    ``likely`` replaces the gate's threshold for an answer. What a person ``approved`` goes before all other answers.
    """

    search: Callable[[str, int], Hits]
    analyze: Terms
    gate: Callable[[], Gate]
    approved: ApprovedAnswers
    record: Recorder = NotRecorded()
    origin: Callable[[Chunk], Origin | None] = lambda chunk: None
    k: int = 8
    max_chars: int = 1400
    long_chars: int = 3000
    likely: float | None = None
    writer: Writer | None = None
    lang: str = "en"

    def ask(self, question: str, *, k: int | None = None, long: bool = False) -> Answer:
        """The whole answer. Raises UsageError for a question that cannot be used, CollectionError without an index."""
        *_, answer = self.stream(question, k=k, long=long)
        if not isinstance(answer, Answer):
            raise AssertionError("a stream ends with the answer")
        return answer

    def stream(self, question: str, *, k: int | None = None, long: bool = False) -> Generator[str | Answer, None, None]:
        """Pieces of the answer's text as they are known to hold, then the Answer itself; joined they are its text.

        Raises as ``ask`` does; also ModelError where the engine fails, UsageError where the question leaves it no room.
        """
        with self.record.failing():
            yield from self._stream(question, k, long=long)

    def _stream(self, question: str, k: int | None, *, long: bool) -> Iterator[str | Answer]:
        began = time.perf_counter()
        question = clean_question(question)
        if (approved := self.approved.answer(question)) is not None:
            yield approved.text
            self.record.answered(approved)
            yield replace(approved, timings=_timings(began, time.perf_counter() - began))
            return
        looks = [self._look(part, k) for part in ((question,) if self.writer is not None else parts_of(question))]
        searched = time.perf_counter() - began
        draft = Draft(engine=self.writer.engine.name if self.writer else compose.ENGINE)
        lang = answer_language(lang_of(question), self.lang)
        given = [look for look in looks if not look.verdict.reason]
        for look in looks if given else ():
            yield from self._part(look, draft, lang, long=long, several=len(looks) > 1)
        reason = "" if draft.citations else _reason(draft, looks)
        nearest: tuple[NearPassage, ...] = ()
        if reason:
            draft.texts.clear()
            nearest = _near(looks)
            yield draft.add(abstention(reason, nearest, lang))
        if (stale := self.approved.stale(question)) is not None:
            draft.note("approved_stale")
        timings = _timings(began, searched, read=sum(look.hits.read_s for look in looks), **draft.seconds)
        answer = replace(_answer(question, draft, looks, reason), timings=timings, stale=stale, nearest=nearest)
        self.record.answered(answer)
        yield answer

    def _look(self, question: str, k: int | None) -> _Look:
        hits = self.search(question, self.k if k is None else k)
        return _Look(question=question, hits=hits, verdict=self.judge(question, hits))

    def judge(self, question: str, hits: Hits) -> Verdict:
        """What the gate says of ``hits`` for ``question``."""
        return self.gate().judge(question, hits.windows, likely=self.likely)

    def _part(self, look: _Look, draft: Draft, lang: str, *, long: bool, several: bool) -> Iterator[str]:
        """The answer to one question: the engine's words that hold, or else the documents' own, and who says otherwise.

        Of ``several`` questions in one each is named, and where the documents do not answer one, that is said.
        """
        if several:
            yield draft.add(f"{chr(10) if draft.texts else ''}{say('answer.part', lang, question=look.question)}\n")
        if look.verdict.reason:
            yield draft.add(abstention(look.verdict.reason, _near([look]), lang))
            return
        begun = len(draft.texts)
        if self.writer is not None:
            yield from self._written(look, self.writer, draft, lang, long=long)
        if len(draft.texts) == begun and REFUSED not in draft.notes:
            draft.engine = compose.ENGINE
            yield from self._extracted(look, draft, lang, long=long)
        if draft.citations:
            yield from self._disputed(look, draft, lang)

    def _extracted(self, look: _Look, draft: Draft, lang: str, *, long: bool) -> Iterator[str]:
        """The documents' own words, after what says that they only probably answer."""
        room = self.long_chars if long else self.max_chars
        certainty = look.verdict.certainty
        if certainty == "likely":
            yield draft.add(say("answer.likely", lang) + "\n")
        pieces = compose.compose(
            look.hits.windows,
            certainty="long" if long else certainty,
            max_chars=room,
            most=_LONG if long else _USUAL,
            marker=draft.next_marker(),
        )
        for number, piece in enumerate(pieces):
            citation = Citation(marker=piece.marker, chunk=piece.chunk, quote=piece.quote, span=piece.span)
            if number:
                yield draft.add("\n")
            yield draft.add(f"{piece.text} [{piece.marker}]", (citation,), piece.emphasised)

    def _written(self, look: _Look, writer: Writer, draft: Draft, lang: str, *, long: bool) -> Iterator[str]:
        """The sentences of the engine's reply that hold, and quotes for those that do not; a note where there is none."""
        least, most = _READ[long]
        passages = compose.passages(look.hits.windows, least=least, most=most)
        begun = len(draft.texts)
        with closing(writer.answer(look.question, passages, lang, draft, long=long)) as said:
            for one in said:
                cited: list[Citation] = []
                for unit in one.units:
                    cited.append(draft.cite(unit))
                    draft.citations.extend(citation for citation in cited if citation not in draft.citations)
                between = "" if len(draft.texts) == begun or lang == "ja" else " "
                markers = "".join(f"[{citation.marker}]" for citation in cited)
                yield draft.add(f"{between}{one.text} {markers}", cited)

    def _disputed(self, look: _Look, draft: Draft, lang: str) -> Iterator[str]:
        """A line that shows both sources where another document says otherwise than what was cited, and its note."""
        found = dispute(
            draft.citations,
            look.hits.chunks,
            look.hits.weights,
            look.hits.reading(self.analyze),
            lang,
            said="".join(draft.texts),
            origin=self.origin,
        )
        if found is not None and all(map(check_citation, found.citations)):
            draft.note(DIFFER)
            yield draft.add(f"\n{found.text}", found.citations)


def _answer(question: str, draft: Draft, looks: Sequence[_Look], reason: str) -> Answer:
    """What ``draft`` holds as an answer, or as an abstention for ``reason``."""
    given = [look for look in looks if not look.verdict.reason]
    sure = all(look.verdict.certainty == "sure" for look in looks)
    return Answer(
        question=question,
        text="".join(draft.texts),
        status="abstained" if reason else "answered",
        reason=reason,
        confidence=min(look.verdict.confidence for look in given or looks),
        certainty="" if reason else "sure" if sure else "likely",
        citations=tuple(sorted(draft.citations, key=lambda c: c.marker)),
        highlights=() if reason else tuple(draft.highlights),
        evidence=_evidence(looks),
        engine=draft.engine,
        notes=tuple(word for word in draft.notes if word != REFUSED),
    )


def _timings(began: float, searched: float, **parts: float) -> dict[str, float]:
    """The seconds since ``began``: those up to the end of the search, those after it, and of ``parts`` of either."""
    total = time.perf_counter() - began
    known = {"retrieve": searched, **parts, "answer": total - searched, "total": total}
    return {stage: round(seconds, 4) for stage, seconds in known.items()}


def _reason(draft: Draft, looks: Sequence[_Look]) -> str:
    """Why there is no answer: nothing was found, nothing was near enough, or nothing of the engine's reply was shown."""
    if all(look.verdict.reason for look in looks):
        return looks[0].verdict.reason
    if REFUSED in draft.notes:
        return "engine_abstained"
    return "unchecked_reply" if UNCHECKED in draft.notes else "no_evidence"


def _near(looks: Sequence[_Look]) -> tuple[NearPassage, ...]:
    """The passages worth naming where there is no answer, of the likeliest of the questions."""
    best = max(looks, key=lambda look: look.verdict.confidence)
    return nearest_passages(best.hits.windows) if best.verdict.confidence >= NEAR else ()


def _evidence(looks: Sequence[_Look]) -> tuple[ScoredChunk, ...]:
    """What was found for all questions, those of the first before those of the next, each chunk once."""
    found: dict[str, ScoredChunk] = {}
    for look in looks:
        for scored in look.hits.chunks:
            found.setdefault(scored.chunk.id, scored)
    return tuple(replace(scored, rank=rank) for rank, scored in enumerate(found.values(), start=1))
