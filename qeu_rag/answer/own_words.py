"""A model's own words: asked for over a few facts, bound to the units that say them, and quoted where they do not hold."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from qeu_rag.answer.cite import Draft
from qeu_rag.answer.engine import Engine
from qeu_rag.answer.passage import Passage, Unit
from qeu_rag.answer.prompt import FEW, MANY, REFUSAL, SCHEMA, Prompt, build_prompt, facts
from qeu_rag.answer.reply import REFUSED, written
from qeu_rag.answer.verify import UNSUPPORTED as NOT_SAID
from qeu_rag.answer.verify import Encode, Terms, Verifier, place, says_only_yes, without_yes
from qeu_rag.embed.cross_encoder import CrossEncoder
from qeu_rag.errors import UsageError
from qeu_rag.text.sentences import sentences

UNSUPPORTED = "claim_unsupported"
"""The note that a sentence did not hold; the documents' own words stand in its place where they are near."""
UNCHECKED = "reply_unchecked"
"""The note that nothing in a reply that answers held, so that the extractive engine answered."""
NO_REPLY = "reply_empty"
"""The note that a model gave no words at all, so that the extractive engine answered."""

_USUAL, _LONG = 4, 8
"""Sentences of an answer at most, and of one that was asked to be long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A sentence of the answer and the units that it rests on; ``own``: the model's words, else the unit's."""

    text: str
    units: tuple[Unit, ...]
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Has ``engine`` write answers; ``judge``, ``encode`` and ``analyze`` are the Verifier's.

    ``tokens`` is the most that the facts may take, in the model's own tokens.
    """

    engine: Engine
    tokens: int
    judge: Callable[[], CrossEncoder]
    encode: Encode
    analyze: Terms

    def fit(
        self, question: str, passages: Sequence[Passage], lang: str, *, long: bool
    ) -> tuple[Prompt, tuple[Unit, ...]]:
        """The prompt with as many facts as fit the engine's room, and these. Raises UsageError (``question_no_room``)."""
        engine = self.engine
        chosen = facts(passages, most=MANY if long else FEW)
        while chosen:
            prompt = build_prompt(question, chosen, lang, as_json=engine.constrains_json, long=long)
            fits = engine.measure(prompt) <= engine.prompt_tokens
            if fits and (len(chosen) == 1 or sum(engine.count_tokens(unit.shown) for unit in chosen) <= self.tokens):
                return prompt, chosen
            chosen = chosen[:-1]
        bare = engine.measure(build_prompt(question, (), lang, as_json=engine.constrains_json, long=long))
        raise UsageError("question_no_room", engine=engine.name, tokens=bare, room=engine.prompt_tokens)

    def answer(
        self, question: str, passages: Sequence[Passage], lang: str, draft: Draft, *, long: bool
    ) -> Generator[Said]:
        """The sentences that hold, each as soon as it is verified; none before one that answers.

        One of the model's own answers where it rests on a unit which the search says answers, or says much of the question.
        What does not hold is replaced by the unit it seems to be about. ``draft`` gets the notes ``UNSUPPORTED``, what
        ``written`` reports, ``REFUSED`` where the model refuses, and ``UNCHECKED`` or ``NO_REPLY`` where there is no sentence;
        and how long it took.
        """
        prompt, shown = self.fit(question, passages, lang, long=long)
        verifier = Verifier(passages=passages, question=question, judge=self.judge(), encode=self.encode,
                            analyze=self.analyze)  # fmt: skip
        answering = {place(passage.ranked[0]) for passage in passages}
        held: list[Said] = []
        own = answers = words = False
        count = 0
        with closing(self._reply(prompt, draft.note)) as reply:
            for text in _whole(_pulled(reply, draft)):
                if not text:
                    draft.note(REFUSED)
                    return
                words = True
                with draft.timed("verify"):
                    found = self._checked(text, verifier, shown, draft.note)
                if found is None or any(found.units == other.units and not found.own for other in held):
                    continue
                held.append(found)
                own |= found.own
                answers |= any(place(unit) in answering for unit in found.units)
                answers |= found.own and verifier.on_subject(found.text)
                if own and answers:
                    yield from held[count:]
                    count = len(held)
                if count >= (_LONG if long else _USUAL):
                    return
        if not count:
            draft.note(UNCHECKED if words else NO_REPLY)

    def _reply(self, prompt: Prompt, report: Callable[[str], None]) -> Generator[str]:
        pieces = self.engine.stream(prompt, SCHEMA if self.engine.constrains_json else None)
        return written(pieces, refusals=tuple(REFUSAL.values()), echoes=prompt.lines, report=report)

    def _checked(
        self, text: str, verifier: Verifier, shown: Sequence[Unit], report: Callable[[str], None]
    ) -> Said | None:
        support = verifier.support(text)
        if support.fault == NOT_SAID and (bare := without_yes(text)) != text:
            text, support = bare, verifier.support(bare)
        if support.units:
            return Said(text=text, units=support.units, own=True)
        report(UNSUPPORTED)
        near = verifier.nearest(text)
        if near is None or near not in shown:
            return None
        return Said(text=near.shown, units=(near,), own=False)


def _pulled(reply: Iterator[str], draft: Draft) -> Iterator[str]:
    """The pieces of ``reply``, whose making is timed."""
    while True:
        with draft.timed("generate"):
            piece = next(reply, None)
        if piece is None:
            return
        yield piece


def _whole(reply: Iterator[str]) -> Iterator[str]:
    """The sentences of a reply, a lone yes or no with the sentence after it; "" for a refusal."""
    before = ""
    for text in reply:
        if not text:
            yield text
            continue
        for span in sentences(text):
            said = span.of(text)
            if says_only_yes(said):
                before = said.rstrip(" .。,、") + ("、" if not said.isascii() else ", ")
                continue
            yield before + said
            before = ""
