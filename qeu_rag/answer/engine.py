"""A generating engine as the consultant sees it: plain functions, so that answers need no LangChain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from qeu_rag.answer.prompt import Prompt


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
