"""Decides whether the evidence suffices to answer, with what confidence, and what of it is near enough to be named."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from qeu_rag.answer.gate.model import METHODS, Method, Model
from qeu_rag.answer.gate.signals import Quote, Terms, coverage, has_dense, measure
from qeu_rag.index.notation import lang_of
from qeu_rag.types import Lang, ScoredChunk

THRESHOLD = 0.5
"""Below this confidence the answer abstains; the methods are fitted so that this is the best balance."""

GATE_VERSION = "7"
"""Changes whenever the signals of any evidence change: a gate that was fitted under another version says nothing."""

WORDS_SAY = 0.7
"""A chunk that holds so much of the question's idf is judged by its words, whatever the language of the first one."""

NEAR_COVERAGE = 0.3
NEAR_COSINE = 0.45
"""A passage that covers less of the question's idf than the first, and whose cosine is below the second, is not worth naming."""

_SHIPPED = "shipped.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether to answer (``reason`` empty) or why not, the confidence in 0..1, and for an abstention what was near.

    ``nearest`` are the passages worth naming, best first.
    """

    confidence: float
    reason: str = ""
    nearest: tuple[ScoredChunk, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A ``method`` fitted for each regime (see ``regime_of``).

    ``origin`` says whose: ``shipped``, or ``calibrated`` to a company's documents.
    """

    method: Method
    models: Mapping[str, Model]
    origin: Literal["shipped", "calibrated"] = "shipped"

    @property
    def name(self) -> str:
        """A gate for people: its method, and whose it is."""
        return f"{self.method} ({self.origin})"

    def model_for(self, regime: str) -> Model:
        """The model of ``regime``, else the same language's by words and vectors, else by words, else English's."""
        base = regime.partition("+")[0]
        return next(self.models[name] for name in (regime, f"{base}+dense", base, "en") if name in self.models)

    def confidence(self, regime: str, signals: Mapping[str, float]) -> float:
        """How likely evidence with ``signals``, found in ``regime``, answers its question, 0..1."""
        return round(self.model_for(regime).probability(signals), 4)

    def judge(
        self,
        question: str,
        evidence: Sequence[ScoredChunk],
        weights: Mapping[str, float],
        analyze: Terms,
        quote: Quote | None,
        *,
        threshold: float | None = None,
    ) -> Verdict:
        """Whether ``evidence``, of which ``quote`` would be quoted, suffices for the question whose terms weigh ``weights``.

        See ``THRESHOLD``.
        """
        if not evidence:
            return Verdict(confidence=0.0, reason="no_evidence")
        signals = measure(question, evidence, weights, analyze, quote)
        confidence = self.confidence(regime_of(question, evidence, signals), signals)
        if confidence >= (THRESHOLD if threshold is None else threshold):
            return Verdict(confidence=confidence)
        near = [
            scored
            for scored in evidence[:3]
            if scored.parts.get("cosine", 0.0) >= NEAR_COSINE
            or coverage(weights, frozenset(analyze(f"{scored.chunk.context}\n{scored.chunk.passage}"))) >= NEAR_COVERAGE
        ]
        return Verdict(confidence=confidence, reason="weak_evidence", nearest=tuple(near))

    def to_json(self) -> dict[str, Any]:
        """Plain values, from which ``from_json`` makes an equal gate."""
        models = {regime: model.to_json() for regime, model in self.models.items()}
        return {"version": GATE_VERSION, "method": self.method, "origin": self.origin, "models": models}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Gate:
        """The gate that was kept. Raises KeyError, TypeError or ValueError for anything else, and for another version's."""
        if kept["version"] != GATE_VERSION or kept["method"] not in METHODS:
            raise ValueError(f"a gate of version {kept['version']}")
        models = {regime: Model.from_json(model) for regime, model in kept["models"].items()}
        return cls(method=kept["method"], models=models, origin=kept["origin"])


def regime_of(question: str, evidence: Sequence[ScoredChunk], signals: Mapping[str, float]) -> str:
    """Which of a gate's models judges ``evidence`` for ``question``: ``ja`` or ``en`` (any other language too) by its words.

    ``+dense`` where the embedder knows that language, and ``+cross`` where the first chunk is in another one: there the words
    say nothing, neither for nor against it, unless a chunk (of the first three) holds most of them, perhaps by a glossary.
    """
    lang = lang_of(question)
    base = "ja" if lang == "ja" else "en"
    if not has_dense(evidence):
        return base
    first = evidence[0]
    if "cosine" in first.parts and (first.chunk.lang == "ja") != (lang == "ja") and signals["chunk"] < WORDS_SAY:
        return f"{base}+cross"
    return f"{base}+dense"


def shipped(method: Method) -> Gate:
    """The gate that comes with the program, fitted by ``benchmarks/gate.py`` on public question sets."""
    kept = json.loads(Path(__file__).with_name(_SHIPPED).read_text(encoding="utf-8"))
    return Gate.from_json({**kept, "method": method, "origin": "shipped", "models": kept["methods"][method]})


def answer_language(question_language: Lang, fallback: str) -> str:
    """The language to speak to the user in: the question's where we have a catalogue for it."""
    return question_language if question_language in ("ja", "en") else fallback
