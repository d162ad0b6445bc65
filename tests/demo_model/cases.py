"""Cases of the toy world: evidence, a question and the wanted reply, as the product's own prompt."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from world import ATTRIBUTES, PAIRS, QUESTIONS, THINGS, VALUES, Pair

from qeu_rag.answer.passage import Unit, whole
from qeu_rag.answer.prompt import REFUSAL, build_prompt
from qeu_rag.models.gptj.prompt import render
from qeu_rag.types import Chunk, Span


@dataclass(frozen=True, slots=True)
class Case:
    """Facts, and a question about ``asked``, which may be none of them."""

    lang: str
    facts: tuple[tuple[Pair, int], ...]
    asked: Pair
    question: str

    @property
    def answerable(self) -> bool:
        return any(pair == self.asked for pair, _ in self.facts)

    @property
    def reply(self) -> str:
        """The wanted reply: the sentence, or the agreed refusal."""
        for pair, value in self.facts:
            if pair == self.asked:
                return pair.state(self.lang, value)
        return REFUSAL[self.lang]

    def messages(self) -> list[BaseMessage]:
        """What the chain sends to the model."""
        evidence = [_evidence(pair, self.lang, value) for pair, value in self.facts]
        prompt = build_prompt(self.question, evidence, self.lang)
        return [SystemMessage(prompt.system), HumanMessage(prompt.user)]

    def prompt(self) -> str:
        """The whole text that the model reads."""
        return render(self.messages())


def _evidence(pair: Pair, lang: str, value: int) -> Unit:
    text = pair.state(lang, value)
    title, heading = pair.title(lang)
    span = Span(start=0, end=len(text))
    chunk = Chunk(id="", document_id="", source="", title=title, headings=(title, heading), text=text, span=span)
    return whole(chunk).units[0]


def make_case(lang: str, rng: random.Random, *, facts: int, refusals: float, held: bool = False) -> Case:
    """A random case; ``refusals`` is how likely its evidence lacks the answer.

    Training (``held`` false) shows and asks no pair that is held back; otherwise all asked are held back.
    """
    asked = rng.choice([pair for pair in PAIRS if pair.held == held])
    others = [pair for pair in PAIRS if pair != asked and (held or not pair.held)]
    # Most of the rest share the thing or the attribute with what is asked, or with each other.
    things = {asked.thing, *rng.sample(range(len(THINGS)), k=rng.randint(1, 3))}
    attributes = {asked.attribute, *rng.sample(range(len(ATTRIBUTES)), k=rng.randint(1, 3))}
    cross = [pair for pair in others if pair.thing == asked.thing or pair.attribute == asked.attribute]
    grid = [pair for pair in others if pair.thing in things and pair.attribute in attributes]
    near = rng.choice((cross, grid, others))
    rng.shuffle(near)
    rng.shuffle(others)
    shown = [] if rng.random() < refusals else [asked]
    shown += list(dict.fromkeys((*near, *others)))[: facts - len(shown)]
    rng.shuffle(shown)
    question = rng.choice(QUESTIONS[lang]).format(**asked.words(lang))
    return Case(lang, tuple((pair, rng.choice(VALUES)) for pair in shown), asked, question)


def further(case: Case, rng: random.Random, count: int, refusals: float) -> Sequence[Case]:
    """``count`` further questions on the evidence of ``case``, about pairs in it or such as it mixes."""
    shown = [pair for pair, _ in case.facts]
    mixed = [Pair(a.thing, b.attribute) for a in shown for b in shown]
    absent = [pair for pair in mixed if pair not in shown and not pair.held] or [case.asked]
    made = []
    for _ in range(count):
        asked = rng.choice(absent if rng.random() < refusals else shown)
        question = rng.choice(QUESTIONS[case.lang]).format(**asked.words(case.lang))
        made.append(Case(case.lang, case.facts, asked, question))
    return made
