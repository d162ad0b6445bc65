"""The way from a question to an answer: search, gate, then the extractive engine or a model whose reply is checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from qeu_rag.answer import compose
from qeu_rag.answer.abstain import abstention, nearest_passages
from qeu_rag.answer.cite import REFUSED, check_citation, checked_claims
from qeu_rag.answer.dispute import DIFFER, dispute
from qeu_rag.answer.draft import Draft
from qeu_rag.answer.engine import Engine
from qeu_rag.answer.evidence import choose
from qeu_rag.answer.gate import NEAR, Gate, Terms, Verdict, answer_language
from qeu_rag.answer.guard import guarded
from qeu_rag.answer.prompt import Evidence, Prompt, build_prompt
from qeu_rag.answer.question import clean_question, parts_of
from qeu_rag.errors import UsageError
from qeu_rag.index.origin import Origin
from qeu_rag.language import say
from qeu_rag.text.notation import lang_of
from qeu_rag.types import Answer, Approval, Chunk, Citation, NearPassage, ScoredChunk, ScoredWindow

UNCHECKED = "reply_unchecked"
"""The note that a model's reply held no claim that could be checked, so that the extractive engine answered."""

_USUAL, _LONG = 3, 6
"""Windows of an answer at most, and of one that was asked to be long."""

NO_REPLY = "reply_empty"
"""The note that a model gave no words at all, so that the extractive engine answered."""


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
    def weights(self) -> dict[str, float]:
        """The question's terms with their inverse document frequencies."""
        ...

    def reading(self, analyze: Terms) -> Terms:
        """``analyze``, by which a text that says a term of the question in other words of the house has that term, too."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A question, or one of several in one, with what was found for it and what the gate says of that."""

    question: str
    hits: Hits
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultant:
    """Answers questions over one collection; without an ``engine`` the extractive one answers.

    ``gate`` gives the gate in use, and is asked after a search; ``origin`` gives the document and the file of a chunk.
    ``likely`` replaces the gate's threshold for an answer. ``evidence_tokens`` is the most that an engine is given to read beside
    instruction and question, in its own tokens. ``approved`` gives the answer that a person approved for a question, which goes
    before all others; ``stale`` says whose approved answer is not given any more; ``told`` gets every whole answer.
    """

    search: Callable[[str, int], Hits]
    analyze: Terms
    gate: Callable[[], Gate]
    origin: Callable[[Chunk], Origin | None] = lambda chunk: None
    k: int = 8
    max_chars: int = 1400
    long_chars: int = 3000
    likely: float | None = None
    engine: Engine | None = None
    evidence_tokens: int = 400
    lang: str = "en"
    approved: Callable[[str], Answer | None] = lambda question: None
    stale: Callable[[str], Approval | None] = lambda question: None
    told: Callable[[Answer], None] = lambda answer: None

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
        began = time.perf_counter()
        question = clean_question(question)
        if (approved := self.approved(question)) is not None:
            total = round(time.perf_counter() - began, 4)
            yield approved.text
            self.told(approved)
            yield replace(approved, timings={"retrieve": total, "answer": 0.0, "total": total})
            return
        looks = [self._look(part, k) for part in ((question,) if self.engine is not None else parts_of(question))]
        searched = time.perf_counter() - began
        draft = Draft(engine=self.engine.name if self.engine else compose.ENGINE)
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
        if (stale := self.stale(question)) is not None:
            draft.note("approved_stale")
        total = time.perf_counter() - began
        sure = all(look.verdict.certainty == "sure" for look in looks)
        answer = Answer(
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
            timings={"retrieve": round(searched, 4), "answer": round(total - searched, 4), "total": round(total, 4)},
            notes=tuple(word for word in draft.notes if word != REFUSED),
            stale=stale,
            nearest=nearest,
        )
        self.told(answer)
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
        if self.engine is not None:
            yield from self._written(look.question, look.hits, self.engine, draft)
        if len(draft.texts) == begun and REFUSED not in draft.notes:
            draft.engine = compose.ENGINE
            draft.numbers.clear()
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
            if not check_citation(citation):
                raise AssertionError("a unit of a chunk is verbatim in it")
            if number:
                yield draft.add("\n")
            yield draft.add(f"{piece.text} [{piece.marker}]", (citation,), piece.emphasised)

    def _written(self, question: str, hits: Hits, engine: Engine, draft: Draft) -> Iterator[str]:
        """The claims of the engine's reply that hold; a note where there is none."""
        prompt, evidence = self.fit(question, hits, engine)
        lang = answer_language(lang_of(question), self.lang)
        words = [0]
        reply = engine.stream(prompt)
        try:
            counted = _counted(guarded(reply, echoes=prompt_lines(prompt), report=draft.note), words)
            chunks = [item.chunk for item in evidence]
            draft.numbers.update({chunk.id: number for number, chunk in enumerate(chunks, start=1)})
            subject = frozenset(hits.weights)
            for claim in checked_claims(counted, chunks, self.analyze, draft.note, subject=subject):
                between = "\n" if claim.new_line else "" if lang == "ja" else " "
                yield draft.add(between + claim.text if draft.texts else claim.text, claim.citations)
        finally:
            close = getattr(reply, "close", None)
            if close is not None:
                close()
        if not draft.texts and REFUSED not in draft.notes:
            draft.note(UNCHECKED if words[0] else NO_REPLY)

    def _disputed(self, look: _Look, draft: Draft, lang: str) -> Iterator[str]:
        """A line that shows both sources where another document says otherwise than what was cited, and its note."""
        found = dispute(
            draft.citations,
            look.hits.chunks,
            look.hits.weights,
            look.hits.reading(self.analyze),
            lang,
            numbers=draft.numbers,
            said="".join(draft.texts),
            origin=self.origin,
        )
        if found is not None and all(map(check_citation, found.citations)):
            draft.note(DIFFER)
            yield draft.add(f"\n{found.text}", found.citations)

    def fit(self, question: str, hits: Hits, engine: Engine) -> tuple[Prompt, tuple[Evidence, ...]]:
        """The prompt that fits the engine's room, with its evidence.

        Raises UsageError (``question_no_room``) where instruction, question and one sentence of evidence are too long.
        """
        lang = answer_language(lang_of(question), self.lang)
        bare = engine.measure(build_prompt(question, (), lang))
        room = engine.prompt_tokens
        budget = min(self.evidence_tokens, room - bare)
        while budget > 0:
            evidence = choose(hits.windows, count_tokens=engine.count_tokens, budget=budget)
            prompt = build_prompt(question, evidence, lang)
            over = engine.measure(prompt) - room
            if evidence and over <= 0:
                return prompt, evidence
            # Tokens of a whole are seldom the sum of its parts'.
            budget -= max(over, 1) if evidence else budget
        raise UsageError("question_no_room", engine=engine.name, tokens=bare, room=room)


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


def prompt_lines(prompt: Prompt) -> list[str]:
    """The lines of a prompt that a reply would only hold as an echo: the instruction, the labels and the question."""
    lines = prompt.user.split("\n")
    return [prompt.system, lines[-1], *(line for line in lines if line.startswith("["))]


def _counted(pieces: Iterator[str], words: list[int]) -> Iterator[str]:
    for piece in pieces:
        words[0] += any(map(str.isalnum, piece))
        yield piece
