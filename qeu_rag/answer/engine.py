"""A generating engine as the consultant sees it: plain functions, so that answers need no LangChain."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from qeu_rag.answer.prompt import Prompt


class GenerationStopped(Exception):
    """Nobody wants the reply any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What writes replies.

    ``stream`` gives a reply in pieces, of the form of a JSON schema where one is given and ``constrains_json``; closing it ends
    the generation. ``count_tokens`` counts a text in the model's own tokens, ``measure`` a whole prompt as the model reads it.
    ``context_tokens`` is the room for prompt and reply, ``reply_tokens`` what of it is kept for the reply.
    """

    name: str
    stream: Callable[[Prompt, Mapping[str, Any] | None], Iterator[str]]
    count_tokens: Callable[[str], int]
    measure: Callable[[Prompt], int]
    context_tokens: int
    reply_tokens: int
    constrains_json: bool = False

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


def estimated_tokens(text: str) -> int:
    """About how many tokens ``text`` takes in a model of unknown vocabulary: 1.6 a CJK character, 0.35 any other."""
    wide = sum(character >= "\u0300" for character in text)
    return math.ceil(1.6 * wide + 0.35 * (len(text) - wide))
