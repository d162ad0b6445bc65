"""Whether a sentence that a model wrote says no more than one unit of the evidence does, and which unit that is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qeu_rag.answer.passage import Unit, points_back
from qeu_rag.text.modality import moods, moods_agree
from qeu_rag.text.near_words import LIGHT, near
from qeu_rag.text.notation import lang_of
from qeu_rag.text.opposites import set_apart
from qeu_rag.text.qualifiers import conditions, crossed, qualifiers
from qeu_rag.text.values import Value, folded, repeats, values

Terms = Callable[[str], Iterable[str]]
Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to unit vectors."""

ACROSS = 0.5
"""The least cosine of a claim with a unit in another language, beside figures that agree."""
_ALIKE = 0.93
"""The least cosine of a word with one of the unit for both to say the same."""
_STRETCH = 0.65
"""The least share of a clause's words that a claim says where it draws on several clauses of a unit."""

_CLAUSE = re.compile(
    r"(?<=[^なに][しりみきっ])、|(?<=[てでがず])、|[;；]|。(?![)）」』])|(?<=\w), (?:and|but|though|although|while) |(?<=\w): "
)
"""Where a clause ends that could be a sentence: after a Japanese predicate, before an English "and" with a comma."""
_STRONG = re.compile(
    r"(?<=[^なに][しりみき])、|(?<=が)、|[;；]|。(?![)）」』])|(?<=\w), (?:and|but|though|although|while) |(?<=\w): "
)
_OWN_SUBJECT = re.compile(
    r"^(?:(?:and|but|though|although|while)\s+)?(?:the|an?|it|its|they|their|you|we|this|these|there|no|[A-Z]\w+)\b|[はがも](?![りる])"
)
"""A clause that says of what it speaks, so that it may rest on another unit than the one before it."""
_EDGE_BEFORE = re.compile(
    r"\b(?:(?P<start>from|since|starting|after)|(?P<end>by|until|till|through|before))(?: the)?\s*$", re.I
)
_EDGE_AFTER = re.compile(r"\s*(?:末日?|頃|前|後)?(?:(?P<start>から|以降|以後|より)|(?P<end>まで|以前))")
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
        if lang_of(claim) != lang_of(self.question):
            return Support(units=(), fault="language")
        said = _NO_CHARGE.sub("無料", _PER.sub("", folded(claim))).strip()
        bare = _NO.sub("", _YES.sub("", said))
        if not any(map(str.isalnum, bare)) or _same_letters(bare, self.question) or bare.endswith(("?", "？")):
            return Support(units=(), fault="nothing")
        fault = ""
        for unit in self._likeliest(bare):
            found = self._faults(bare, unit) or self._yes_or_no(said, bare, unit)
            if not found:
                return Support(units=(unit,))
            fault = fault or found
        return self._by_clauses(said, bare) or Support(units=(), fault=fault or "nothing")

    def nearest(self, claim: str) -> Unit | None:
        """The unit that ``claim`` seems to be about: of two words or a figure in common; None where there is none."""
        best = self._likeliest(claim)[:1]
        return best[0] if best and self._held(claim, best[0]) >= 2 else None

    def _by_clauses(self, said: str, bare: str) -> Support | None:
        clauses = [part for part in _parts(bare, _CLAUSE) if part]
        if len(clauses) < 2 or any(not (self._words(part) or values(part)) for part in clauses):
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
        stated = [value for text in _texts(unit) for value in values(text)]
        figures = sum(any(repeats(one, other) for other in stated) for one in values(claim))
        return len(self._words(claim) & self._words(_own(unit))) + 2 * figures

    def _faults(self, claim: str, unit: Unit) -> str:
        """The first check that ``claim`` does not pass beside ``unit``; empty where it passes all."""
        source = self._stretch(claim, unit)
        foreign = lang_of(claim) != lang_of(unit.said)
        if not _figures_stand(claim, unit):
            return "figure"
        clauses = [part for part in _parts(claim, _STRONG) if self._words(part)]
        if not all(
            moods_agree(moods(part), moods(f"{unit.lead} {self._likest(part, unit)}")) for part in (clauses or [claim])
        ):
            return "mood"
        around = " ".join((unit.above, unit.said, *unit.header)) if unit.is_row else ""
        if not _qualified_alike(claim, f"{source}\n{around}"):
            return "qualifier"
        if foreign:
            return "" if self._says_across(claim, unit) else "words"
        if set_apart(claim, f"{source}\n{unit.above}"):
            return "opposite"
        if self._new_words(claim, unit, source):
            return "words"
        if unit.is_row and self._wrong_cell(claim, unit):
            return "cell"
        if crossed(claim, source, self._near_words):
            return "order"
        return "condition" if self._unconditional(claim, source) else ""

    def _stretch(self, claim: str, unit: Unit) -> str:
        """The part of ``unit`` that the claim is about: its likest clause, and others that the claim says nearly whole."""
        words = self._near_words(claim)
        if unit.is_row:
            told = [
                cell for at, cell in enumerate(unit.cells) if not at or self._words(cell) & words or _share(claim, cell)
            ]
            return "; ".join(told)
        best = self._likest(claim, unit)
        parts = [part for part in _parts(" ".join(unit.said.split()), _STRONG) if self._words(part)]
        shares = [len(self._words(part) & words) / len(self._words(part)) for part in parts]
        return (
            " ".join(part for part, share in zip(parts, shares, strict=True) if part == best or share >= _STRETCH)
            or best
        )

    def _likest(self, claim: str, unit: Unit) -> str:
        """The clause of ``unit`` that shares most words with ``claim``, of equals the one with fewest others."""
        if unit.is_row:
            return self._stretch(claim, unit)
        words = self._near_words(claim)
        parts = [part for part in _parts(" ".join(unit.said.split()), _STRONG) if self._words(part)]
        return max(
            parts, key=lambda part: (len(self._words(part) & words), -len(self._words(part) - words)), default=unit.said
        )

    def _new_words(self, claim: str, unit: Unit, source: str) -> frozenset[str]:
        """The words of ``claim`` that neither ``source`` nor what stands above the unit says in these or other words."""
        known = "\n".join((unit.said if unit.is_row else source, unit.above, unit.before, *unit.header))
        if points_back(source):
            known += f"\n{unit.said}"
        words = self._words(claim)
        missing = {word for word in words - self._near_words(known) if not _within(word, known)}
        if missing and _ASKS_WHICH.search(self.question):
            elsewhere = self._near_words("\n".join(_own(other) for other in self.units if other is not unit))
            missing -= self._words(self.question) - elsewhere
        return frozenset(missing) if not missing or not self._alike(missing, known) else frozenset()

    def _alike(self, missing: Iterable[str], known: str) -> bool:
        """Whether each of the words is, by its vector, a word of ``known``: at most two."""
        wanted, others = sorted(missing), sorted(self._words(known))
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

    def _wrong_cell(self, claim: str, unit: Unit) -> bool:
        """Whether the claim gives a cell of the row for another column's, or never says which row it speaks of."""
        named = self._columns(claim, unit)
        places = {at: place for at in range(1, len(unit.cells)) if (place := self._told_at(claim, unit, at)) >= 0}
        told = list(places)
        if named and told and not set(told) & set(named):
            return True
        heads = {at: _place(claim, unit.header[at]) for at in named}
        if len(named) > 1 and set(named) == set(told):
            return sorted(heads, key=heads.__getitem__) != sorted(places, key=places.__getitem__)
        if len(set(told)) > 1 and len(named) == 1 and not set(named) & set(told[-1:] + told[:1]):
            return True
        names = self._words(unit.cells[0]) or frozenset((folded(unit.cells[0]).lower(),))
        key = self._near_words(claim) & names or folded(unit.cells[0]).lower() in folded(claim).lower()
        rows = [other for other in self.units if other.is_row and other.header == unit.header]
        own = f"{unit.said}\n{' '.join(unit.header)}"
        if any(_says(claim, other.cells[0]) and not _says(own, other.cells[0]) for other in rows):
            return True
        return not key and len(rows) > 1 and self._row_asked(rows) is not unit

    def _columns(self, claim: str, unit: Unit) -> list[int]:
        """The columns but the first that the claim names by words that no other header has."""
        heads = [frozenset(self.analyze(re.sub(r"[(（][^)）]*[)）]", "", head))) for head in unit.header]
        words = frozenset(self.analyze(claim))
        found = []
        for at, head in enumerate(heads):
            own = head - frozenset().union(*(other for n, other in enumerate(heads) if n != at))
            if at and ((own and own <= words) or _says(claim, unit.header[at])):
                found.append(at)
        return [at for at in found if not any(at != n and unit.header[at] in unit.header[n] for n in found)]

    def _told_at(self, claim: str, unit: Unit, at: int) -> int:
        """Where the claim says what this cell alone of the row says; -1 where it does not."""
        cell = unit.cells[at]
        if stated := values(cell):
            same = [
                one
                for one in values(claim)
                for other in stated
                if repeats(one, other) or one.number == other.number != 0
            ]
            return same[0].start if same else -1
        if _says(claim, cell) and sum(_says(other, cell) for other in unit.cells) == 1:
            return _place(claim, cell)
        words = self._words(cell) - self._words(" ".join((*unit.header, *unit.cells[:at], *unit.cells[at + 1 :])))
        return _place(claim, cell) if words and words <= self._near_words(claim) else -1

    def _row_asked(self, rows: Sequence[Unit]) -> Unit:
        asked = self._near_words(self.question)
        return max(rows, key=lambda row: len(self._words(" ".join(row.cells)) & asked))

    def _unconditional(self, claim: str, source: str) -> bool:
        """Whether the source sets a condition of which neither the claim nor the question says a word."""
        condition = self._words(conditions(source))
        return bool(condition) and not condition & self._near_words(f"{claim} {self.question}")

    def _yes_or_no(self, said: str, bare: str, unit: Unit) -> str:
        """Whether a leading yes or no goes against the source's own, or against what follows it."""
        if not (_YES.match(said) or _NO.match(said)):
            return ""
        yes = bool(_YES.match(said))
        theirs = f"{unit.before}\n{unit.said}"
        if (yes and _NO.match(theirs)) or (not yes and _YES.match(unit.said)):
            return "yes or no"
        denied = bool(moods(bare) & {"not", "need not"})
        asked_denied = bool(moods(self.question) & {"not", "need not"})
        if yes and denied and not asked_denied:
            return "yes or no"
        asked = self._words(self.question)
        repeated = len(asked & self._near_words(bare)) >= 0.6 * len(asked)
        return "yes or no" if not yes and not denied and not asked_denied and repeated else ""

    @cached_property
    def _read(self) -> Callable[[str], frozenset[str]]:
        @lru_cache(maxsize=512)
        def read(text: str) -> frozenset[str]:
            words = (term[2:] for term in self.analyze(_without_figures(text)) if term.startswith("w:"))
            return frozenset(word for word in words if word not in LIGHT and not word.isdigit())

        return read

    def _words(self, text: str) -> frozenset[str]:
        return self._read(text)

    def _near_words(self, text: str) -> frozenset[str]:
        return frozenset().union(*map(near, self._words(text)))


def says_only_yes(text: str) -> bool:
    """Whether ``text`` is nothing but a yes or a no."""
    said = f"{folded(text).strip()}. "
    return bool(_YES.fullmatch(said) or _NO.fullmatch(said))


def _own(unit: Unit) -> str:
    return f"{unit.said}\n{unit.above}"


def _parts(text: str, where: re.Pattern[str]) -> list[str]:
    cuts = [0, *(match.end() for match in where.finditer(text)), len(text)]
    return [text[a:b].strip() for a, b in pairwise(cuts) if text[a:b].strip()]


def _without_figures(text: str) -> str:
    plain = folded(text)
    for value in reversed(values(plain)):
        plain = f"{plain[: value.start]} {plain[value.end :]}"
    return plain


def _figures_stand(claim: str, unit: Unit) -> bool:
    """Whether every figure and code of ``claim`` stands in ``unit``, or in what stands above it."""
    stated = [(value, text) for text in _texts(unit) for value in values(text)]
    known = folded(f"{unit.said}\n{unit.above}\n{' '.join(unit.header)}")
    rest = folded(claim)
    for value in reversed(values(claim)):
        edge = _edge(claim, value)
        if not _is_article(value) and not any(
            repeats(value, other) and (not edge or _edge(text, other) in ("", edge)) for other, text in stated
        ):
            return False
        rest = f"{rest[: value.start]} {rest[value.end :]}"
    numbers = re.findall(r"\d+(?:[.,]\d+)*", rest)
    return all(re.search(rf"(?<![\d.,]){re.escape(number)}(?![\d]|[.,]\d)", known) for number in numbers)


def _edge(text: str, value: Value) -> str:
    """Whether ``value`` is where something starts or ends, by the word beside it."""
    plain = folded(text)
    found = _EDGE_AFTER.match(plain, value.end) or _EDGE_BEFORE.search(plain[max(0, value.start - 16) : value.start])
    return str(found.lastgroup) if found else {"most": "end", "least": "start"}.get(value.bound, "")


def _says(text: str, words: str) -> bool:
    """Whether ``text`` holds ``words`` (a cell's) as they stand, no part of a longer word or number."""
    wanted = folded(words).strip().lower()
    return bool(wanted) and bool(re.search(rf"(?<![a-z0-9]){re.escape(wanted)}(?![a-z0-9])", folded(text).lower()))


def _share(claim: str, cell: str) -> bool:
    return any(repeats(one, other) for one in values(claim) for other in values(cell))


def _is_article(value: Value) -> bool:
    return value.measure.startswith("counted") and value.words.lower().startswith("one ")


def _texts(unit: Unit) -> list[str]:
    """The texts whose figures a unit states; a bare number in a cell has the unit that its column's header names."""
    found = [unit.said, unit.above, *unit.header]
    for name, cell in zip(unit.header, unit.cells, strict=False):
        if (named := re.search(r"[(（]([^)）]*)[)）]", name)) and re.fullmatch(r"-?[\d.,]+", cell.strip()):
            found.append(f"{cell} {re.split(r'[/／]| per ', named[1])[0]}")
    return found


def _qualified_alike(claim: str, source: str) -> bool:
    return qualifiers(claim) - {"hedged"} <= qualifiers(source)


def _within(word: str, text: str) -> bool:
    """Whether a Japanese word's Chinese characters stand together in ``text``, or an English one's beginning begins a word."""
    core = "".join(re.findall(r"[一-鿿々]+", word))
    if core:
        return core in folded(text)
    return len(word) >= 5 and bool(re.search(rf"\b{re.escape(word[:5])}", folded(text), re.I))


def _same_letters(one: str, other: str) -> bool:
    return "".join(filter(str.isalnum, one.lower())) == "".join(filter(str.isalnum, folded(other).lower()))


def _place(claim: str, text: str) -> int:
    """About where ``claim`` says ``text``: of its first figure or word that is found there."""
    plain = folded(claim).lower()
    for part in re.findall(r"[\d.,]+|[^\W\d]{2,}", folded(text).lower()):
        if (at := plain.find(part)) >= 0:
            return at
    return len(plain)
