"""Cases of the toy world to learn and to be asked from: evidence, questions about it, and the answers."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from facts import TITLES, Fact, Pair, capital, pairs, state

FILLERS = {
    "en": ("Exceptions are approved by the quality manager.", "Every change is entered in the log book."),
    "ja": ("例外は品質責任者が承認する。", "変更はすべて台帳に記入する。"),
}
QUESTIONS = {
    "en": (
        "What is the {attribute} of the {thing}?",
        "Tell me the {attribute} of the {thing}.",
        "Which {attribute} does the {thing} have?",
        "What {attribute} is set for the {thing}?",
        "{thing} {attribute}",
    ),
    "ja": (
        "{thing}の{attribute}は？",
        "{thing}の{attribute}を教えてください。",
        "{thing}の{attribute}はいくつですか",
        "{thing}では{attribute}はどう定められていますか？",
        "{thing} {attribute}",
    ),
}
# What made-up names are put together of, so that the model learns to copy what it has never met.
SYLLABLES = (
    "ba ce di fo gu ha ki lo mu ne pa qui ro sa te vo wi xa yo za bel dor fen gar lin mon nor pex rin tal".split()
)
KATAKANA = (
    "アイウエオカキクケコサシスセソタチツテトナニノハヒフヘマミムメモヤユヨラリルレロワ"
    "ガギグゴザジズダデドバビブボパピプポ"
)


@dataclass(frozen=True, slots=True)
class Passage:
    """One piece of evidence: where it stands, and its sentences with the facts among them."""

    title: str
    heading: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """Evidence with questions about it: for each the sentence that answers and its number, or None where none does."""

    lang: str
    passages: tuple[Passage, ...]
    asked: tuple[tuple[str, tuple[str, int] | None], ...]


def made_up(lang: str, rng: random.Random) -> str:
    """A name that means nothing."""
    if lang == "ja":
        return "".join(rng.choices(KATAKANA, k=rng.randint(2, 4)))
    return "".join(rng.choices(SYLLABLES, k=rng.randint(1, 3)))


def case(
    lang: str,
    rng: random.Random,
    *,
    passages: int,
    sentences: int,
    questions: int,
    held: bool = False,
    digits: int = 3,
    odd: float = 0.3,
) -> Case:
    """A random case with at most ``sentences`` facts a passage.

    Without ``held`` no pair that is held back is shown or asked, as for training; with it only such pairs are asked.
    """
    group = rng.randrange(2)
    known = _known(lang, group, rng, held, odd)
    left = list(known)
    facts: list[list[Fact]] = []
    for _ in range(passages):
        same = [pair for pair in left[1:] if pair.thing == left[0].thing]
        following = same if rng.random() < 0.6 else left[1:]
        chosen = [left[0], *following[: rng.randint(1, sentences) - 1]]
        left = [pair for pair in left if pair not in chosen]
        facts.append([state(pair, lang, _value(rng, digits), rng.randrange(3)) for pair in chosen])
    rng.shuffle(facts)
    made = tuple(_passage(lang, stated, TITLES[lang][group], rng) for stated in facts)
    there = {fact.pair: (fact.sentence, number) for number, stated in enumerate(facts, 1) for fact in stated}
    asked = tuple(_ask(lang, there, known, rng, held) for _ in range(questions))
    return Case(lang=lang, passages=made, asked=asked)


def _known(lang: str, group: int, rng: random.Random, held: bool, odd: float) -> list[Pair]:
    """The world's pairs in random order, those of a few things first, so that many share the thing or the attribute."""
    pool = [pair for pair in pairs(lang, group) if held or not pair.held]
    names = {thing: made_up(lang, rng) for thing in dict.fromkeys(p.thing for p in pool) if rng.random() < odd}
    pool = [replace(pair, thing=names.get(pair.thing, pair.thing)) for pair in pool]
    few = set(rng.sample(sorted({p.thing for p in pool}), k=rng.randint(4, 8)))
    rng.shuffle(pool)
    ordered = sorted(pool, key=lambda pair: pair.thing not in few)
    if held:
        ordered.sort(key=lambda pair: not (pair.held and pair.thing in few) or rng.random() < 0.5)
    return list({(pair.thing, pair.attribute): pair for pair in ordered}.values())


def _value(rng: random.Random, digits: int) -> int:
    return rng.randint(2, 10 ** rng.randint(1, digits) - 1)


def _passage(lang: str, facts: Sequence[Fact], title: str, rng: random.Random) -> Passage:
    sentences = [fact.sentence for fact in facts]
    if rng.random() < 0.2:
        sentences.insert(rng.randint(0, len(sentences)), rng.choice(FILLERS[lang]))
    subject = rng.choice(facts).pair
    heading = capital(rng.choice((subject.thing, subject.thing, subject.attribute)))
    return Passage(title=title, heading=heading, sentences=tuple(sentences))


def _ask(
    lang: str, there: Mapping[Pair, tuple[str, int]], known: Sequence[Pair], rng: random.Random, held: bool
) -> tuple[str, tuple[str, int] | None]:
    """A question, mostly one that the evidence answers, else about a pair of which it may know a half."""
    things = {pair.thing for pair in there}
    attributes = {pair.attribute for pair in there}
    askable = [pair for pair in known if pair.held or not held]
    present = [pair for pair in askable if pair in there]
    absent = [pair for pair in askable if pair not in there]
    near = [pair for pair in absent if pair.thing in things and pair.attribute in attributes]
    kind = rng.random()
    if kind > 0.97 and not held:
        present, absent = [], [Pair(thing=made_up(lang, rng), attribute=made_up(lang, rng), unit="", held=False)]
    choice = present if kind < 0.65 else near if kind < 0.85 else absent
    pair = rng.choice(choice or absent)
    question = rng.choice(QUESTIONS[lang]).format(thing=pair.thing, attribute=pair.attribute)
    return question, there.get(pair)
