"""A conversation: follow-ups become full questions, by the engine where it can, else by carrying words over."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from qeu_rag.answer.consultant import Consultant
from qeu_rag.answer.engine import Engine
from qeu_rag.answer.gate import answer_language
from qeu_rag.answer.prompt import Prompt
from qeu_rag.answer.question import MAX_QUESTION, clean_question, faithful, full_question, stands_alone
from qeu_rag.text.notation import lang_of
from qeu_rag.types import Answer

HISTORY = 3
"""So many turns are shown to an engine that rewrites a question."""

_SYSTEM = MappingProxyType(
    {
        "en": "Rewrite the last question so that it can be understood without the conversation. Keep its words. Reply with "
        "the question only.",
        "ja": "最後の質問を、会話を読まなくても分かる一つの質問に書き直してください。元の言葉は残し、質問だけを返してください。",
    }
)
_LABELS = MappingProxyType(
    {
        "en": ("Question: ", "Answer: ", "Last question: "),
        "ja": ("質問: ", "回答: ", "最後の質問: "),
    }
)
_ANSWER_SHOWN = 200
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class FullQuestion:
    """A question as it is asked of the documents, and how it came about: as typed, by the engine, or carried over."""

    text: str
    how: Literal["typed", "engine", "carried"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One question as it was typed and as it was asked, with its answer."""

    typed: str
    asked: FullQuestion
    answer: Answer


class Conversation:
    """Questions and answers that know what was said before. For one thread; ``KnowHow.conversation`` makes one."""

    def __init__(self, consultant: Consultant, *, k: int | None = None, long: bool = False) -> None:
        """``k`` and ``long`` are as in ``Consultant.ask``, for every question."""
        self._consultant = consultant
        self._k = k
        self._long = long
        self._turns: list[Turn] = []

    @property
    def turns(self) -> tuple[Turn, ...]:
        """What was said so far, in order."""
        return tuple(self._turns)

    def reset(self) -> None:
        """Forgets what was said."""
        self._turns.clear()

    def recall(self, question: str, answer: str) -> None:
        """Takes up a turn that was said elsewhere: ``question`` as it was typed, and the words of its ``answer``."""
        typed = clean_question(question)
        said = Answer(
            question=typed,
            text=answer,
            status="answered",
            reason="",
            confidence=0.0,
            citations=(),
            evidence=(),
            engine="",
        )
        self._turns.append(Turn(typed=typed, asked=self.full_question(typed), answer=said))

    def ask(self, question: str) -> Answer:
        """The whole answer; ``Answer.question`` is the full question. Raises as ``Consultant.ask``."""
        *_, answer = self.stream(question)
        if not isinstance(answer, Answer):
            raise AssertionError("a stream ends with the answer")
        return answer

    def stream(
        self, question: str, *, asked: Callable[[FullQuestion], None] = lambda full: None
    ) -> Generator[str | Answer, None, None]:
        """As ``Consultant.stream``; ``asked`` is told the full question before it is asked.

        A stream that is left early leaves no turn behind.
        """
        with self._consultant.record.failing():
            typed = clean_question(question)
            full = self.full_question(typed)
        asked(full)
        with closing(self._consultant.stream(full.text, k=self._k, long=self._long)) as stream:
            for piece in stream:
                if isinstance(piece, Answer):
                    self._turns.append(Turn(typed=typed, asked=full, answer=piece))
                yield piece

    def full_question(self, question: str) -> FullQuestion:
        """``question`` as it can be understood by itself."""
        as_typed = FullQuestion(text=question, how="typed")
        if not self._turns:
            return as_typed
        covered = self._covered(question)
        if stands_alone(question, covered=covered):
            return as_typed
        writer = self._consultant.writer
        if writer is not None and (rewritten := self._rewritten(question, writer.engine)):
            return FullQuestion(text=rewritten, how="engine")
        carried = full_question(question, [self._turns[-1].asked.text], covered=covered)
        # Carried words that lead nowhere are worse than the question as it was typed.
        if carried == question or len(carried) > MAX_QUESTION or (covered and not self._covered(carried)):
            return as_typed
        return FullQuestion(text=carried, how="carried")

    def _covered(self, question: str) -> bool:
        hits = self._consultant.search(question, self._consultant.k if self._k is None else self._k)
        return not self._consultant.judge(question, hits).reason

    def _rewritten(self, question: str, engine: Engine) -> str:
        """The engine's rewriting; empty where it has no room for the history or does not keep to what was said."""
        lang = answer_language(lang_of(question), self._consultant.lang)
        turns = self._turns[-HISTORY:]
        while turns and engine.measure(prompt := _prompt(question, turns, lang)) > engine.prompt_tokens:
            turns = turns[1:]
        if not turns:
            return ""
        rewritten = _first_line(engine.stream(prompt, None))
        history = [text for turn in turns for text in (turn.asked.text, turn.answer.text)]
        return rewritten if faithful(rewritten, question, history) else ""


def _prompt(question: str, turns: list[Turn], lang: str) -> Prompt:
    asked, answered, last = _LABELS[lang]
    lines = [f"{asked}{turn.asked.text}\n{answered}{turn.answer.text[:_ANSWER_SHOWN]}\n" for turn in turns]
    return Prompt(system=_SYSTEM[lang], user="".join(lines) + f"\n{last}{question}")


def _first_line(reply: Iterator[str]) -> str:
    """The first line with words of a reply, without a label or quotes; empty where it is too long to be a question."""
    text = ""
    try:
        for piece in reply:
            text += piece
            if len(text) > _LONGEST or "\n" in text.strip():
                break
    finally:
        close = getattr(reply, "close", None)
        if close is not None:
            close()
    line = text.strip().split("\n")[0].strip()
    for label in (label.strip() for labels in _LABELS.values() for label in labels):
        line = line.removeprefix(label).strip()
    line = line.strip('"“”「」 ')
    return line if len(line) <= _LONGEST else ""
