"""A generating engine as the consultant sees it: plain functions, so that answers need no LangChain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from qeu_rag.answer.prompt import Prompt


class GenerationStopped(Exception):
    """Nobody wants the reply any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A generating engine, as plain functions, so that answers need no LangChain.

    ``stream`` gives a reply in pieces; closing it ends the generation. ``count_tokens`` counts a text in the model's own
    tokens, ``measure`` a whole prompt as the model reads it. ``context_tokens`` is the room for prompt and reply,
    ``reply_tokens`` what of it is kept for the reply.
    """

    name: str
    stream: Callable[[Prompt], Iterator[str]]
    count_tokens: Callable[[str], int]
    measure: Callable[[Prompt], int]
    context_tokens: int
    reply_tokens: int

    @property
    def prompt_tokens(self) -> int:
        """The room for a prompt, in tokens."""
        return self.context_tokens - self.reply_tokens

    def until(self, stopped: Callable[[], bool]) -> Engine:
        """This engine, whose replies break off with GenerationStopped at the first piece after ``stopped`` says so."""

        def stream(*asked: Any) -> Iterator[str]:
            reply = self.stream(*asked)
            try:
                for piece in reply:
                    if stopped():
                        raise GenerationStopped
                    yield piece
            finally:
                getattr(reply, "close", lambda: None)()

        return replace(self, stream=stream)
