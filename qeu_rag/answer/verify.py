"""Whether the evidence supports a sentence that a model wrote, and which of its units say so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from qeu_rag.answer.passage import Passage, Unit
from qeu_rag.embed.cross_encoder import CrossEncoder
from qeu_rag.text.figures import figures_stand, repeats
from qeu_rag.text.negation import negated
from qeu_rag.text.notation import lang_of
from qeu_rag.text.values import folded, values
from qeu_rag.text.windows import window_text

_Place = tuple[str, int]
"""A unit's chunk, and where it begins there."""
Terms = Callable[[str], Iterable[str]]
Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to unit vectors."""

UNSUPPORTED = "unsupported"
"""The fault of a claim that no passage supports."""
SUPPORTED = 0.75
"""The least mean logit of a claim that is shown: of the false ones in benchmarks/claims one in twenty is, then."""
REPEATED = 0.0
"""The same for a claim that only repeats words of its units: the judge distrusts what is nearly to the letter."""
SUBJECT = 0.4
"""The share of the question's words by which a sentence is on its subject."""
NEAR = 0.65
"""The least cosine of a claim with the unit that it seems to be about."""
_MOST_UNITS = 3
_FEW_WORDS = 5
_INFLECTION = 4
"""Letters that an ending has at most."""

_UNFINISHED = re.compile(r"[?？:：]$|[;；]\s*\d+[.)]?$")
_YES_OR_NO = re.compile(r"^\W*(?:(?:はい|ええ|yes|no)[、,。.！!\s]+|(?:いいえ|いえ)[、,。.！!]+\s*)", re.I)

_NO = re.compile(r"\W*(?:no\b|いいえ|いえ)", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """The units that a claim rests on, the best first, and the first check that failed; empty where none did."""

    units: tuple[Unit, ...]
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Verifier:
    """Checks claims against ``passages``, for one question.

    ``judge`` reads the claim beside a passage, behind the question and by itself, and gives the logits that it supports the
    claim; ``encode`` gives the vectors by which a claim is bound to units. Figures, dates and codes must stand in the units,
    whatever the judge says: a network is no witness for a number. ``least`` is the mean that the logits must have; less will
    do for a claim that repeats the content words of its units, which ``analyze`` gives, and denies as they do.
    """

    passages: Sequence[Passage]
    question: str
    judge: CrossEncoder
    encode: Encode
    analyze: Terms
    least: float = SUPPORTED

    def support(self, claim: str) -> Support:
        """The units of the passage that supports ``claim`` most, if any does, or the one that it repeats; else what was wrong."""
        if any(map(str.isalpha, claim)) and lang_of(claim) != lang_of(self.question):
            return Support(units=(), fault="language")
        said = folded(claim).strip()
        bare = without_yes(said)
        if not any(map(str.isalnum, bare)) or _same_letters(bare, self.question) or _UNFINISHED.search(bare):
            return Support(units=(), fault="nothing")
        if said != bare and self._contradicts_itself(said, bare):
            return Support(units=(), fault=UNSUPPORTED)
        for unit in self._units.values():
            if (
                _same_letters(said, unit.said)
                or _same_letters(said, unit.shown)
                or self._only_inflects(said, unit.said)
            ):
                return Support(units=(unit,))  # the document's own sentence needs no judge
        alike = self._alike(bare)
        about = self._about(bare, alike)
        if not about:
            return Support(units=(), fault="nothing")
        resting = {at: units for at in about if (units := _resting(bare, self.passages[at], alike))}
        if not resting:
            return Support(units=(), fault="figure")
        logits = self._logits(claim, bare, [self._texts[at] for at in resting])
        best, at = max(zip(logits, resting, strict=True), key=lambda pair: (pair[0], -pair[1]))
        least = min(self.least, REPEATED) if said == bare and self._repeats(bare, resting[at]) else self.least
        return Support(units=resting[at]) if best >= least else Support(units=(), fault=UNSUPPORTED)

    def _contradicts_itself(self, said: str, bare: str) -> bool:
        """Whether ``said`` begins with a no and ``bare``, the rest, affirms all that is asked; or with a yes, and denies it."""
        asks = set(self.analyze(self.question))
        agrees = negated(bare) == negated(self.question)
        return bool(asks) and asks <= set(self.analyze(bare)) and agrees == bool(_NO.match(said))

    def _only_inflects(self, claim: str, said: str) -> bool:
        """Whether ``claim`` is ``said`` but for how its last word is inflected: 出します for 出す."""
        one, other = _letters(claim), _letters(folded(said))
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
        return (
            max(len(one), len(other)) - same <= _INFLECTION < same
            and list(self.analyze(claim)) == list(self.analyze(said))
            and negated(claim) == negated(said)
        )

    def _logits(self, claim: str, bare: str, texts: Sequence[str]) -> list[float]:
        """How surely each text supports ``claim``: the mean of it behind its question, and by itself.

        One that begins with a yes or no is read behind its question alone: by itself that word says nothing.
        """
        asked = self.judge.read(f"{self.question} {claim}", texts)
        if bare != folded(claim).strip():
            return asked
        return [(one + other) / 2 for one, other in zip(asked, self.judge.read(bare, texts), strict=True)]

    def on_subject(self, claim: str) -> bool:
        """Whether ``claim`` says much of what the question asks about."""
        asked = set(self.analyze(self.question))
        return len(asked & set(self.analyze(claim))) >= SUBJECT * len(asked)

    def _about(self, claim: str, alike: Mapping[_Place, float]) -> list[int]:
        """The places of the passages that speak of what ``claim`` speaks of: it shares a word or is near to a unit.

        One of few words has all of them from there, since the judge knows no names ("the president", "all is well").
        """
        words = set(self.analyze(claim))
        return [
            at
            for at, (passage, own) in enumerate(zip(self.passages, self._words, strict=True))
            if (words <= own or len(words) > _FEW_WORDS)
            and (words & own or max(alike[place(unit)] for unit in passage.units) >= NEAR)
        ]

    def _repeats(self, claim: str, units: Sequence[Unit]) -> bool:
        """Whether ``units`` have every content word of ``claim``, and deny where it denies."""
        own = set(self.analyze("\n".join(text for unit in units for text in (unit.said, unit.above, *unit.header))))
        words = set(self.analyze(claim))
        return bool(words) and words <= own and negated(claim) == any(negated(unit.said) for unit in units)

    def nearest(self, claim: str) -> Unit | None:
        """The unit that ``claim`` seems to be about; None where there is none."""
        alike = self._alike(claim)
        unit, cosine = max(alike.items(), key=lambda pair: pair[1])
        return self._units[unit] if cosine >= NEAR else None

    def _alike(self, claim: str) -> dict[_Place, float]:
        """The cosine of ``claim`` with each unit, by the unit's place."""
        places, vectors = self._vectors
        (vector,) = self.encode([claim])
        return dict(zip(places, (vectors @ vector).tolist(), strict=True))

    @cached_property
    def _units(self) -> dict[_Place, Unit]:
        return {place(unit): unit for passage in self.passages for unit in passage.units}

    @cached_property
    def _vectors(self) -> tuple[list[_Place], NDArray[np.float32]]:
        return list(self._units), self.encode([f"{unit.above}\n{unit.shown}" for unit in self._units.values()])

    @cached_property
    def _words(self) -> list[set[str]]:
        """The content words of each passage."""
        texts = ((text for unit in one.units for text in (*unit.figured, unit.lead)) for one in self.passages)
        return [set(self.analyze("\n".join(text))) for text in texts]

    @cached_property
    def _texts(self) -> list[str]:
        return [window_text(passage.chunk, passage.window) for passage in self.passages]


def _resting(claim: str, passage: Passage, alike: Mapping[_Place, float]) -> tuple[Unit, ...]:
    """The fewest units of ``passage`` in which every figure of the claim stands, those first that are most like it."""
    stated = values(claim)

    def held(unit: Unit) -> int:
        theirs = [value for text in unit.figured for value in values(text)]
        return sum(any(repeats(one, other) for other in theirs) for one in stated)

    order = sorted(passage.units, key=lambda unit: (-held(unit), -alike[place(unit)], unit.span.start))
    for count in range(1, min(_MOST_UNITS, len(order)) + 1):
        chosen = order[:count]
        texts = [text for unit in chosen for text in unit.figured]
        if figures_stand(claim, texts, limits=any(unit.is_row for unit in chosen)):
            return tuple(chosen)
    return ()


def without_yes(text: str) -> str:
    """``text`` without a leading yes or no."""
    bare = _YES_OR_NO.sub("", text, count=1)
    return bare[:1].upper() + bare[1:]


def says_only_yes(text: str) -> bool:
    """Whether ``text`` is nothing but a yes or a no."""
    return bool(_YES_OR_NO.fullmatch(f"{folded(text).strip()}. "))


def place(unit: Unit) -> _Place:
    """Which unit it is."""
    return unit.chunk.id, unit.span.start


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


def _same_letters(one: str, other: str) -> bool:
    return _letters(one) == _letters(folded(other))
