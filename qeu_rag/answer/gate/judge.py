"""Decides how far the evidence answers a question: surely, likely, or not at all, with one calibrated probability."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from qeu_rag.answer.exact import asks_for_empty_cell
from qeu_rag.answer.gate.model import METHODS, Method, Model
from qeu_rag.answer.gate.signals import measure
from qeu_rag.index.embedder_claim import FINGERPRINT
from qeu_rag.index.ledger import Ledger
from qeu_rag.types import Certainty, Lang, ScoredWindow

SURE = 0.6
"""From this probability on that the best window answers, it is given as the answer."""

LIKELY = 0.2
"""From this probability on the best windows are given as what probably answers; below, the documents do not say."""

GATE_VERSION = "11"
"""Changes whenever the signals of any evidence change: a gate that was fitted under another version says nothing."""

NEAR = 0.05
"""Below this probability nothing is worth naming as near."""

_SHIPPED = "shipped.json"
_META = "gate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether to answer (``reason`` empty) and how certainly, or why not; ``confidence`` is the probability, 0..1."""

    confidence: float
    certainty: Certainty = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A fitted ``model``, and the probabilities from which an answer is ``sure`` and from which it is ``likely``.

    ``origin`` says whose: ``shipped``, or ``calibrated`` to a company's documents.
    """

    model: Model
    sure: float = SURE
    likely: float = LIKELY
    origin: Literal["shipped", "calibrated"] = "shipped"

    @property
    def method(self) -> Method:
        """How the signals are weighed."""
        return self.model.method

    @property
    def name(self) -> str:
        """A gate for people: its method, and whose it is."""
        return f"{self.method} ({self.origin})"

    def with_thresholds(self, *, sure: float | None, likely: float | None) -> Gate:
        """The same gate with other thresholds; None leaves its own. What is sure is never less than what is likely."""
        low = self.likely if likely is None else likely
        return replace(self, sure=max(low, self.sure if sure is None else sure), likely=low)

    def confidence(self, signals: Mapping[str, float]) -> float:
        """How likely evidence with ``signals`` answers its question, 0..1."""
        return round(self.model.probability(signals), 4)

    def judge(
        self,
        question: str,
        windows: Sequence[ScoredWindow],
        *,
        likely: float | None = None,
    ) -> Verdict:
        """How far ``windows``, best first, answer the question.

        ``likely`` replaces the gate's own threshold; at 0 whatever was found is an answer, but for a cell that is empty.
        """
        if not windows:
            return Verdict(confidence=0.0, reason="no_evidence")
        confidence = self.confidence(measure(question, windows))
        if asks_for_empty_cell(question, windows[0]):
            return Verdict(confidence=confidence, reason="weak_evidence")
        if confidence >= self.sure:
            return Verdict(confidence=confidence, certainty="sure")
        if confidence >= (self.likely if likely is None else likely):
            return Verdict(confidence=confidence, certainty="likely")
        return Verdict(confidence=confidence, reason="weak_evidence")

    def to_json(self) -> dict[str, Any]:
        """Plain values, from which ``from_json`` makes an equal gate."""
        kept = {"version": GATE_VERSION, "origin": self.origin, "sure": self.sure, "likely": self.likely}
        return {**kept, "model": self.model.to_json()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Gate:
        """The gate that was kept. Raises KeyError, TypeError or ValueError for anything else, and for another version's."""
        if kept["version"] != GATE_VERSION or kept["model"]["method"] not in METHODS:
            raise ValueError(f"a gate of version {kept['version']}")
        thresholds = {"sure": float(kept["sure"]), "likely": float(kept["likely"])}
        return cls(model=Model.from_json(kept["model"]), origin=kept["origin"], **thresholds)


def shipped(method: Method) -> Gate:
    """The gate that comes with the program, fitted by ``benchmarks/gate.py`` on questions as people ask them."""
    kept = json.loads(Path(__file__).with_name(_SHIPPED).read_text(encoding="utf-8"))
    return Gate.from_json({"version": kept["version"], "origin": "shipped", **kept["gates"][method]})


def answer_language(question_language: Lang, fallback: str) -> str:
    """The language to speak to the user in: the question's where we have a catalogue for it."""
    return question_language if question_language in ("ja", "en") else fallback


def kept_gate(ledger: Ledger) -> Gate | None:
    """The gate that ``keep_gate`` kept; None where there is none.

    Raises ValueError for one of another embedder, or that another version of the program kept.
    """
    kept = json.loads(ledger.meta(_META) or "null")
    if kept is None:
        return None
    try:
        if kept["embedder"] == ledger.meta(FINGERPRINT):
            return Gate.from_json(kept)
    except (KeyError, TypeError) as error:
        raise ValueError("no gate of this version") from error
    raise ValueError("a gate of another embedder")


def keep_gate(ledger: Ledger, gate: Gate | None) -> None:
    """Keeps ``gate`` for the embedder that the collection has now; None: none."""
    kept = None if gate is None else {**gate.to_json(), "embedder": ledger.meta(FINGERPRINT)}
    ledger.set_meta(_META, json.dumps(kept, ensure_ascii=False))
