"""The way from a question to an answer: search, gate, then the extractive engine or a model whose reply is checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from qeu_rag.answer import extract
from qeu_rag.answer.cite import check_citation, checked_claims
from qeu_rag.answer.gate import Terms, answer_language, judge
from qeu_rag.answer.prompt import REFUSAL, Evidence, Prompt, build_prompt
from qeu_rag.answer.question import clean_question
from qeu_rag.index.analyze import lang_of
from qeu_rag.language import say
from qeu_rag.types import Answer, Citation, ScoredChunk


class Hits(Protocol):
    """What a search gives: chunks, best first, and the weight (idf) of each term of the question."""

    @property
    def chunks(self) -> tuple[ScoredChunk, ...]:
        """The best chunks, best first."""
        ...

    @property
    def weights(self) -> dict[str, float]:
        """The question's terms with their inverse document frequencies."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A generating engine: its name for people, and a function that streams a reply to a prompt."""

    name: str
    stream: Callable[[Prompt], Iterator[str]]
    evidence_chars: int = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultant:
    """Answers questions over one collection; without an ``engine`` the extractive one answers."""

    search: Callable[[str, int], Hits]
    analyze: Terms
    k: int = 8
    max_chars: int = 400
    long_chars: int = 1200
    threshold: float | None = None
    engine: Engine | None = None
    lang: str = "en"

    def ask(self, question: str, *, k: int | None = None, long: bool = False) -> Answer:
        """The whole answer. Raises UsageError for a question that cannot be used, CollectionError without an index."""
        *_, answer = self.stream(question, k=k, long=long)
        if not isinstance(answer, Answer):
            raise AssertionError("a stream ends with the answer")
        return answer

    def stream(self, question: str, *, k: int | None = None, long: bool = False) -> Iterator[str | Answer]:
        """Pieces of the answer's text as they are known to hold, then the Answer itself; joined they are its text."""
        began = time.perf_counter()
        question = clean_question(question)
        hits = self.search(question, k or self.k)
        verdict = judge(hits.chunks, hits.weights, self.analyze, threshold=self.threshold)
        searched = time.perf_counter() - began
        texts: list[str] = []
        citations: list[Citation] = []
        reason = verdict.reason
        if not reason:
            for text, cited in self._claims(question, hits, long=long):
                texts.append(f"\n{text}" if texts else text)
                citations.extend(c for c in cited if c not in citations)
                yield texts[-1]
            reason = "" if texts else ("unchecked_reply" if self.engine else "no_evidence")
        if reason:
            texts = [self._abstention(question, hits.chunks, reason)]
            citations = []
            yield texts[0]
        total = time.perf_counter() - began
        yield Answer(
            question=question,
            text="".join(texts),
            status="abstained" if reason else "answered",
            reason=reason,
            confidence=verdict.confidence,
            citations=tuple(sorted(citations, key=lambda c: c.marker)),
            evidence=hits.chunks,
            engine=self.engine.name if self.engine else extract.ENGINE,
            timings={"retrieve": round(searched, 4), "answer": round(total - searched, 4), "total": round(total, 4)},
        )

    def _claims(self, question: str, hits: Hits, *, long: bool) -> Iterator[tuple[str, tuple[Citation, ...]]]:
        """Each checked stretch of text with its citations."""
        if self.engine is None:
            room = self.long_chars if long else self.max_chars
            for piece in extract.extract(question, hits.chunks, hits.weights, self.analyze, max_chars=room):
                citation = Citation(marker=piece.marker, chunk=piece.chunk, quote=piece.quote)
                if check_citation(citation):
                    yield piece.text, (citation,)
            return
        evidence = _whole(hits.chunks, max_chars=self.engine.evidence_chars)
        lang = answer_language(lang_of(question), self.lang)
        reply = self.engine.stream(build_prompt(question, evidence, lang))
        for claim in checked_claims(_until_refusal(reply), [item.chunk for item in evidence], self.analyze):
            yield claim.text, claim.citations

    def _abstention(self, question: str, evidence: Sequence[ScoredChunk], reason: str) -> str:
        """A kind sentence that the documents do not say, with the nearest documents where there are some."""
        lang = answer_language(lang_of(question), self.lang)
        nearest = dict.fromkeys(scored.chunk.title for scored in evidence[:3])
        if not nearest:
            return say("abstain.nothing", lang)
        key = "abstain.unchecked" if reason == "unchecked_reply" else "abstain.weak"
        return say(key, lang, nearest=say("abstain.joint", lang).join(nearest))


def _whole(chunks: Sequence[ScoredChunk], *, max_chars: int) -> tuple[Evidence, ...]:
    chosen: list[Evidence] = []
    for scored in chunks:
        if chosen and sum(len(item.text) for item in chosen) + len(scored.chunk.passage) > max_chars:
            break
        chosen.append(Evidence(chunk=scored.chunk, text=scored.chunk.passage))
    return tuple(chosen)


def _until_refusal(reply: Iterator[str]) -> Iterator[str]:
    """The reply, unless it begins as one of the agreed refusals: then nothing."""
    held = ""
    pieces = iter(reply)
    for piece in pieces:
        held += piece
        start = held.lstrip()
        if not any(refusal.startswith(start) or start.startswith(refusal) for refusal in REFUSAL.values()):
            yield held
            yield from pieces
            return
        if any(start.startswith(refusal) for refusal in REFUSAL.values()):
            return
    yield held
