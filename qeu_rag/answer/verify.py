"""Whether a sentence that a model wrote says no more than one unit of the evidence does, and which unit that is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qeu_rag.answer.passage import Unit, points_back
from qeu_rag.answer.row import wrong_cell
from qeu_rag.text.figures import figures_stand, repeats
from qeu_rag.text.modality import moods, same_moods
from qeu_rag.text.near_words import ContentWords
from qeu_rag.text.notation import lang_of
from qeu_rag.text.opposites import set_apart
from qeu_rag.text.qualifiers import conditions, crossed, qualifiers
from qeu_rag.text.values import folded, values

Terms = Callable[[str], Iterable[str]]
Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to unit vectors."""

SUBJECT = 0.4
"""The share of the question's words by which a sentence is on its subject."""
ACROSS = 0.5
"""The least cosine of a claim with a unit in another language, beside figures that agree."""
_ALIKE = 0.93
"""The least cosine of a word with one of the unit for both to say the same."""
_STRETCH = 0.65
"""The least share of a clause's words that a claim says where it draws on several clauses of a unit."""

_ENDS = r"[;；]|(?<=[a-z0-9)])\. (?=[A-Z])|。(?![)）」』])|(?<=\w), (?:and|but|though|although|while) |(?<=\w): "
_CLAUSE = re.compile(rf"(?<=[^なに][しりみきっ])、|(?<=[^たこそど][けせねべめれげえ])、|(?<=[てでがず])、|{_ENDS}")
"""Where a clause ends that could be a sentence: after a Japanese predicate, before an English "and" with a comma."""
_STRONG = re.compile(rf"(?<=[^なに][しりみき])、|(?<=[^たこそど][けせねべめれげえ])、|(?<=が)、|{_ENDS}")
_OWN_SUBJECT = re.compile(
    r"^(?:(?:and|but|though|although|while)\s+)?(?:the|an?|it|its|they|their|you|we|this|these|there|no|[A-Z]\w+)\b|[はがも](?![りる])"
)
"""A clause that says of what it speaks, so that it may rest on another unit than the one before it."""
_UNFINISHED = re.compile(r"[?？:：]$|[;；]\s*\d+[.)]?$")
_FIRST_PERSON = re.compile(r"\b(?:I|I'm|I'll|my)\b|私は|私が")
YES_OR_NO = "yes or no"
"""The fault of a claim whose leading yes or no does not hold."""
_YES = re.compile(r"^\W*(?:はい|ええ|yes)[、,。.！!\s]+", re.I)
_NO = re.compile(r"^\W*(?:いいえ|いえ|no)[、,。.！!]+\s*", re.I)
_PER = re.compile(
    r"(?:1|一)(?=(?:個|人|回|件|日|本|台|枚|km|キロ|時間|か月|年|事業年度|名)(?:あたり|当たり|につき|当り))"
)
_NO_CHARGE = re.compile(r"(?:料金|費用|お金|手数料|代金)(?:は|が)?(?:一切)?(?:かか|掛か)(?:らない|りません)")
_ASKS_WHICH = re.compile(
    r"\b(?:what|which|who|whom|whose|when|where|why|how)\b|何|誰|だれ|どこ|どの|どれ|どちら|どう|どんな|いつ|いくら|いくつ|なぜ|教え|は[？?]?$",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """The units that a claim rests on, the best first, and the first check that failed; empty where none did."""

    units: tuple[Unit, ...]
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Verifier:
    """Checks claims against ``units``, for one question. ``encode`` may be missing; then nothing rests on vectors."""

    units: Sequence[Unit]
    question: str
    analyze: Terms
    encode: Encode | None = None

    def support(self, claim: str) -> Support:
        """The unit that says ``claim``, or, clause by clause, the units of one chunk; else the fault of the likeliest."""
        if any(map(str.isalpha, claim)) and lang_of(claim) != lang_of(self.question):
            return Support(units=(), fault="language")
        said = _NO_CHARGE.sub("無料", _PER.sub("", folded(claim))).strip()
        bare = _NO.sub("", _YES.sub("", said))
        if not any(map(str.isalnum, bare)) or _same_letters(bare, self.question) or _UNFINISHED.search(bare):
            return Support(units=(), fault="nothing")
        words, figures = self._words.of(bare), values(bare)
        says_more = bool(words - self._words.near(self.question)) or not _ASKS_WHICH.search(self.question)
        if not figures and not (words and says_more):
            return Support(units=(), fault="nothing")
        fault = ""
        for unit in self._likeliest(bare):
            # A figure or a word alone answers only where the unit speaks of what is asked.
            if len(words) + len(figures) < 2 and unit not in self._asked_of:
                continue
            found = self._faults(bare, unit) or self._yes_or_no(said, bare, unit)
            if not found:
                return Support(units=(unit,))
            fault = fault or found
        return self._by_clauses(said, bare) or Support(units=(), fault=fault or "nothing")

    def nearest(self, claim: str) -> Unit | None:
        """The unit that ``claim`` seems to be about: of two words or a figure in common; None where there is none."""
        best = self._likeliest(claim)[:1]
        return best[0] if best and self._held(claim, best[0]) >= 2 else None

    def on_subject(self, claim: str) -> bool:
        """Whether ``claim`` says much of what the question asks about."""
        asked = self._words.of(self.question)
        return len(asked & self._words.near(claim)) >= SUBJECT * len(asked)

    def _by_clauses(self, said: str, bare: str) -> Support | None:
        clauses = [part for part in _parts(bare, _CLAUSE) if part]
        if len(clauses) < 2 or any(not (self._words.of(part) or values(part)) for part in clauses):
            return None
        found: list[Unit] = []
        for clause in clauses:
            near_by = [unit for unit in self.units if not found or unit.chunk.id == found[0].chunk.id]
            for unit in self._likeliest(clause, near_by):
                # What names no subject goes on about that of the clause before it.
                if found and unit is not found[-1] and not _OWN_SUBJECT.search(clause):
                    continue
                if not self._faults(clause, unit):
                    found.append(unit)
                    break
            else:
                return None
        if any(unit.is_row for unit in found) or self._yes_or_no(said, bare, found[0]):
            return None
        return Support(units=tuple(dict.fromkeys(found)))

    def _likeliest(self, claim: str, units: Sequence[Unit] | None = None) -> list[Unit]:
        """The units, those first that hold most of the claim's words and figures."""
        return sorted(self.units if units is None else units, key=lambda unit: self._held(claim, unit), reverse=True)

    def _held(self, claim: str, unit: Unit) -> int:
        """How many words and figures of the claim the unit has; a figure counts two."""
        stated = [value for text in unit.figured for value in values(text)]
        figures = sum(any(repeats(one, other) for other in stated) for one in values(claim))
        return len(self._words.of(claim) & self._words.of(_own(unit))) + 2 * figures

    def _faults(self, claim: str, unit: Unit) -> str:
        """The first check that ``claim`` does not pass beside ``unit``; empty where it passes all."""
        source = self._stretch(claim, unit)
        foreign = {lang_of(claim), lang_of(f"{unit.said} {' '.join(unit.header)}")} == {"ja", "en"}
        if not figures_stand(claim, unit.figured, limits=unit.is_row):
            return "figure"
        clauses = [part for part in _parts(claim, _STRONG) if self._words.of(part)] or [claim]
        if not all(same_moods(part, f"{unit.lead} {self._likest(part, unit)}") for part in clauses):
            return "mood"
        around = " ".join((unit.above, unit.said, *unit.header)) if unit.is_row else ""
        if _FIRST_PERSON.search(claim) and not _FIRST_PERSON.search(source):
            return "mood"
        if not qualifiers(claim) - {"hedged"} <= qualifiers(f"{source}\n{around}"):
            return "qualifier"
        if foreign:
            return "" if self._says_across(claim, unit) else "words"
        if set_apart(claim, f"{source}\n{unit.above}"):
            return "opposite"
        if self._new_words(claim, unit, source):
            return "words"
        if unit.is_row and wrong_cell(claim, unit, self.units, self.question, self._words):
            return "cell"
        if crossed(claim, source, self._words.near):
            return "order"
        return "condition" if self._unconditional(claim, source) else ""

    def _stretch(self, claim: str, unit: Unit) -> str:
        """The part of ``unit`` that the claim is about: its likest clause, and others that the claim says nearly whole."""
        words = self._words.near(claim)
        if unit.is_row:
            told = (cell for cell in unit.cells[1:] if self._words.of(cell) & words or _shares(claim, cell))
            return "; ".join((unit.cells[0], *told))
        best = self._likest(claim, unit)
        chosen = []
        for part in _parts(" ".join(unit.said.split()), _STRONG):
            own = self._words.of(part)
            nearly_whole = len(own & words) >= _STRETCH * len(own) if own else _shares(claim, part)
            if part == best or nearly_whole:
                chosen.append(part)
        return " ".join(chosen) or best

    def _likest(self, claim: str, unit: Unit) -> str:
        """The clause of ``unit`` that shares most words with ``claim``, of equals the one with fewest others."""
        if unit.is_row:
            return self._stretch(claim, unit)
        words = self._words.near(claim)
        parts = [part for part in _parts(" ".join(unit.said.split()), _STRONG) if self._words.of(part)]
        return max(
            parts,
            key=lambda part: (len(self._words.of(part) & words), -len(self._words.of(part) - words)),
            default=unit.said,
        )

    def _new_words(self, claim: str, unit: Unit, source: str) -> frozenset[str]:
        """The words of ``claim`` that neither ``source`` nor what stands above the unit says in these or other words."""
        own = "\n".join((unit.said if unit.is_row else source, *unit.header))
        if points_back(source):
            own += f"\n{unit.said}"
        known = f"{own}\n{unit.above}"
        words = self._words.of(claim)
        told = words & self._words.near(own)
        # A pronoun stands for a word or two: what is mostly said by the sentence before is not said by this one.
        named = words - told - self._words.near(known)
        if len(named) <= len(told) + len(values(claim)):
            known += f"\n{unit.before}"
        missing = {word for word in words - self._words.near(known) if not _within(word, known)}
        if not told and not any(_within(word, own) for word in words) and not values(claim):
            return words
        if missing and _ASKS_WHICH.search(self.question):
            elsewhere = self._words.near("\n".join(_own(other) for other in self.units if other is not unit))
            missing -= self._words.of(self.question) - elsewhere
        return frozenset(missing) if not missing or not self._alike(missing, known) else frozenset()

    def _alike(self, missing: Iterable[str], known: str) -> bool:
        """Whether each of the words is, by its vector, a word of ``known``: at most two."""
        wanted, others = sorted(missing), sorted(self._words.of(known))
        if self.encode is None or len(wanted) > 1 or not others:
            return False
        vectors = self.encode([*wanted, *others])
        return bool((vectors[: len(wanted)] @ vectors[len(wanted) :].T).max(axis=1).min() >= _ALIKE)

    def _says_across(self, claim: str, unit: Unit) -> bool:
        """Whether a unit in another language is nearest to the claim, and states its figures."""
        if self.encode is None or not values(claim):
            return False
        vectors = self.encode([claim, *(f"{other.above}\n{other.said}" for other in self.units)])
        alike = vectors[1:] @ vectors[0]
        return bool(alike[list(self.units).index(unit)] >= max(ACROSS, float(alike.max()) - 0.02))

    def _unconditional(self, claim: str, source: str) -> bool:
        """Whether the source sets a condition of which neither the claim nor the question says a word."""
        condition = self._words.of(conditions(source))
        return bool(condition) and not condition & self._words.near(f"{claim} {self.question}")

    def _yes_or_no(self, said: str, bare: str, unit: Unit) -> str:
        """Whether a leading yes or no goes against the source's own, or against what follows it."""
        if not (_YES.match(said) or _NO.match(said)):
            return ""
        if _ASKS_WHICH.search(self.question):
            return YES_OR_NO
        yes = bool(_YES.match(said))
        theirs = f"{unit.before}\n{unit.said}"
        if (yes and _NO.match(theirs)) or (not yes and _YES.match(unit.said)):
            return YES_OR_NO
        denied = bool(moods(bare) & {"not", "need not"})
        asked_denied = bool(moods(self.question) & {"not", "need not"})
        if yes and denied and not asked_denied:
            return YES_OR_NO
        asked = self._words.of(self.question)
        repeated = len(asked & self._words.near(bare)) >= 0.6 * len(asked)
        return YES_OR_NO if not yes and not denied and not asked_denied and repeated else ""

    @cached_property
    def _asked_of(self) -> list[Unit]:
        """The units that hold most of the question's words."""
        asked = self._words.of(self.question)
        held = [len(asked & self._words.near(f"{_own(unit)}\n{unit.before}")) for unit in self.units]
        return [unit for unit, count in zip(self.units, held, strict=True) if count == max(held)]

    @cached_property
    def _words(self) -> ContentWords:
        return ContentWords(self.analyze)


def without_yes(text: str) -> str:
    """``text`` without a leading yes or no."""
    bare = _NO.sub("", _YES.sub("", text, count=1), count=1)
    return bare[:1].upper() + bare[1:]


def says_only_yes(text: str) -> bool:
    """Whether ``text`` is nothing but a yes or a no."""
    said = f"{folded(text).strip()}. "
    return bool(_YES.fullmatch(said) or _NO.fullmatch(said))


def _own(unit: Unit) -> str:
    return f"{unit.said}\n{unit.above}"


def _parts(text: str, where: re.Pattern[str]) -> list[str]:
    cuts = [0, *(match.end() for match in where.finditer(text)), len(text)]
    return [text[a:b].strip() for a, b in pairwise(cuts) if text[a:b].strip()]


def _within(word: str, text: str) -> bool:
    """Whether a Japanese word's Chinese characters stand together in ``text``, or an English one's beginning begins a word."""
    core = "".join(re.findall(r"[一-鿿々]+", word))
    if core:
        return core in folded(text)
    return len(word) >= 5 and bool(re.search(rf"\b{re.escape(word[:5])}", folded(text), re.I))


def _same_letters(one: str, other: str) -> bool:
    return "".join(filter(str.isalnum, one.lower())) == "".join(filter(str.isalnum, folded(other).lower()))


def _shares(claim: str, cell: str) -> bool:
    return any(repeats(one, other) for one in values(claim) for other in values(cell))
