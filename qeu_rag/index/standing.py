"""Which words of a question stand nowhere in a collection, in none of their forms, and which stand there but never together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

from qeu_rag.index.analyze import Analyzer
from qeu_rag.index.glossary import Concept
from qeu_rag.index.notation import HAN, KANA, is_japanese
from qeu_rag.index.word_forms import alike, beginnings, family

Way = frozenset[tuple[str, str]]
"""What a chunk must hold whole to say a word in one way: (field, term) pairs of the lexical index."""

_NOUN = re.compile(f"[{HAN}]{{2,}}|[ァ-ヺー]{{2,}}")
"""What of a Japanese question is named: a single kanji stands in too many words."""
_OTHER_WORD = re.compile(rf"\d[\d.,]*|(?![{KANA}{HAN}])[^\W\d_](?:(?![{KANA}{HAN}])[^\W_]|['\u2019-](?=\w))*")
_KATAKANA = re.compile("[ァ-ヺー]{2}")
_ENDING = re.compile(rf"(?<=[{HAN}])[者性的化語人員業課室券証機](?![{HAN}ァ-ヺー\d])")
_NAMED = 3
"""Words that are named at most; of those that stand in the documents the five weightiest are tried together."""
_TRIED = 5
_PART = 3
"""Letters at least of each of two words that one may be made of: stop and watch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Words as the question has them: ``missing`` in every document, or ``apart``, each in some but all in no one passage."""

    missing: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()


class Side(Protocol):
    """An open lexical index."""

    def holding(self, words: Sequence[Sequence[Way]]) -> int:
        """How many chunks hold every word in one of its ways."""
        ...

    def vocabulary(self, beginning: str) -> list[str]:
        """The words of all chunks that begin so, plural endings left out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """A word of the question: where it stands there, how much it tells, what surely is a form of it, and what may be one."""

    said: str
    start: int
    end: int
    worth: float
    sure: tuple[Way, ...]
    perhaps: tuple[Way, ...]


def standing(
    question: str, worth: Callable[[str], float], side: Side, analyzer: Analyzer, concepts: Sequence[Concept] = ()
) -> Standing:
    """What of ``question`` stands nowhere, or nowhere together; ``worth`` of a term (``w:`` before it) is 0 for one not to name.

    A word is missing only where none of its forms, parts, spellings or synonyms (``concepts``, the glossary's) may stand in
    any chunk; it counts as standing only where one surely does. What is neither is not named.
    """
    text = analyzer.sequence(question)[0]
    words = sorted(_words(question, worth, side, analyzer, concepts), key=lambda word: (-word.worth, word.start))
    missing = [word for word in words if not side.holding([word.perhaps])]
    if missing:
        return Standing(missing=tuple(_joined(text, missing)[:_NAMED]))
    known = list({word.said: word for word in words if side.holding([word.sure])}.values())[:_TRIED]
    for size in range(2, len(known) + 1):
        for some in combinations(known, size):
            if not side.holding([word.perhaps for word in some]):
                return Standing(apart=tuple(word.said for word in sorted(some, key=lambda word: word.start)))
    return Standing()


def _joined(text: str, words: Iterable[_Word]) -> list[str]:
    """What the words say, the parts of one compound as one; the weightiest first.

    What lacks a part stands nowhere either, and reads better: 創業者 for 創業, パートタイマー for タイマー.
    """
    groups: list[list[_Word]] = []
    for word in sorted(words, key=lambda word: word.start):
        if groups and groups[-1][-1].end == word.start and is_japanese(groups[-1][-1].said) and is_japanese(word.said):
            groups[-1].append(word)
        else:
            groups.append([word])
    groups.sort(key=lambda group: (-max(word.worth for word in group), group[0].start))
    return list(dict.fromkeys(_whole(text, group[0].start, group[-1].end) for group in groups))


def _whole(text: str, start: int, end: int) -> str:
    if not is_japanese(text[start:end]):
        return text[start:end]
    while start and _KATAKANA.match(text[start - 1 : start + 1]):
        start -= 1
    while _KATAKANA.match(text[end - 1 : end + 1]):
        end += 1
    return text[start:end] + (ending[0] if (ending := _ENDING.match(text, end)) else "")


def _words(
    question: str, worth: Callable[[str], float], side: Side, analyzer: Analyzer, concepts: Sequence[Concept]
) -> Iterator[_Word]:
    text, sequence = analyzer.sequence(question)
    nouns = [(start, end, form) for form, start, end in sequence if _NOUN.fullmatch(text[start:end])]
    others = [(found.start(), found.end(), "") for found in _OTHER_WORD.finditer(text)]
    for start, end, form in (*nouns, *others):
        said = text[start:end]
        stems = analyzer.word_terms(said)
        value = max((worth(f"w:{term}") for term in {form, *stems} if term), default=0.0)
        if value > 0:
            sure = {*_forms(said, form, stems, analyzer), *_synonyms(said, concepts, analyzer)}
            perhaps = sure | set(_parts(said) if form else _derived(said, stems, side))
        if value > 0 and perhaps:
            yield _Word(said=said, start=start, end=end, worth=value, sure=_sorted(sure), perhaps=_sorted(perhaps))


def _forms(said: str, form: str, stems: Sequence[str], analyzer: Analyzer) -> Iterator[Way]:
    """The word by its stems or normalised form, letter by letter, as a part of a compound, and in its irregular forms."""
    if stems:
        yield frozenset(("word", term) for term in stems)
    if form:
        yield frozenset((("word", form),))
    if pairs := [term for term in analyzer.bigram_terms(said) if len(term) > 1 or not form]:
        yield frozenset(("bigram", term) for term in pairs)
    if len(stems) > 1 and not form:
        yield frozenset((("bigram", "".join(filter(str.isalnum, said.lower()))),))
    for other in sorted(family(said.lower())):
        yield frozenset(("word", term) for term in analyzer.word_terms(other))


def _synonyms(said: str, concepts: Sequence[Concept], analyzer: Analyzer) -> Iterator[Way]:
    for concept in concepts:
        if said in concept.said:
            yield from (frozenset(("word", term) for term in analyzer.word_terms(other)) for other in concept.others)


def _parts(said: str) -> Iterator[Way]:
    """The first and the last two characters of a longer word in kanji."""
    if len(said) > 2 and not re.search("[ァ-ヺ]", said):
        yield from (frozenset((("bigram", pair),)) for pair in (said[:2], said[-2:]))


def _derived(said: str, stems: Sequence[str], side: Side) -> Iterator[Way]:
    """Words with the same root, the parts of one with a hyphen, and the two words that a longer one may be made of."""
    if len(stems) > 1:
        yield from (frozenset((("word", stem),)) for stem in stems)
    word = re.split("['\u2019]", said.lower())[0]
    if len(stems) != 1 or not word.isalpha():
        return
    known = (found for beginning in beginnings(word) for found in side.vocabulary(beginning))
    yield from (frozenset((("bigram", found),)) for found in known if alike(word, found))
    for at in range(_PART, len(word) - _PART + 1):
        yield frozenset((("bigram", word[:at]), ("bigram", word[at:])))


def _sorted(ways: Iterable[Way]) -> tuple[Way, ...]:
    return tuple(sorted(filter(None, ways), key=sorted))
