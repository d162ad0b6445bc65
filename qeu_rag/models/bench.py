"""How fast a model reads prompts and writes replies on this machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import islice

from langchain_core.messages import HumanMessage

from qeu_rag.errors import ModelError
from qeu_rag.models.chat_model import EngineModel

_SENTENCE = (
    "Measure before you decide, and write down how it was measured, when, and by whom. 測ってから決め、記録を残す。 "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Tokens a second for the prompt and the reply, and the numbers of tokens that were measured.

    ``start_s``: seconds until the model was loaded and had answered once.
    """

    model: str
    start_s: float
    prompt_tokens: int
    prompt_per_s: float
    reply_tokens: int
    reply_per_s: float

    def seconds(self, *, prompt_tokens: int, reply_tokens: int) -> float:
        """The time that such an answer will take, once the model is loaded."""
        return prompt_tokens / self.prompt_per_s + reply_tokens / self.reply_per_s


def measure(model: EngineModel, *, prompt_tokens: int = 300, reply_tokens: int = 32) -> Speed:
    """Has ``model`` read about ``prompt_tokens`` and write ``reply_tokens`` at most, after a short reply as a warm-up.

    The prompt shrinks to what the model's context allows, and for a model that ends its reply at once (a tiny one does so on
    one processor and not on another). Raises ModelError("bench_short") for one that writes less than two pieces to the
    shortest prompt, and whatever the engine raises.
    """
    began = time.perf_counter()
    _timed(model, "Say something.", 2)
    start_s = time.perf_counter() - began
    room = model.context_tokens - max(model.max_tokens, reply_tokens) - 16
    text = _of_length(model, max(16, min(prompt_tokens, room)))
    began = time.perf_counter()
    times, reply = _timed(model, text, reply_tokens)
    while _too_short(times) and len(text) > len(_SENTENCE):
        text = text[: -len(_SENTENCE)]
        began = time.perf_counter()
        times, reply = _timed(model, text, reply_tokens)
    if _too_short(times):
        raise ModelError("bench_short", model=model.model_name)
    # A piece may be made of several tokens, where a character is.
    made = max(len(times), model.count_tokens(reply) - model.count_tokens(""))
    reply_per_s = (made - 1) / (times[-1] - times[0])
    read = model.get_num_tokens_from_messages([HumanMessage(text)])
    first_s = times[0] - began
    return Speed(
        model=model.model_name,
        start_s=start_s,
        prompt_tokens=read,
        prompt_per_s=read / max(first_s - 1 / reply_per_s, first_s / 100),
        reply_tokens=made,
        reply_per_s=reply_per_s,
    )


def _too_short(times: list[float]) -> bool:
    return len(times) < 2 or times[-1] == times[0]


def _timed(model: EngineModel, text: str, most: int) -> tuple[list[float], str]:
    """When each piece of the reply to ``text`` came, and the reply; it is left after ``most`` pieces."""
    times: list[float] = []
    reply = ""
    pieces = model.pieces([HumanMessage(text)])
    try:
        for piece in islice(pieces, most):
            times.append(time.perf_counter())
            reply += piece
    finally:
        getattr(pieces, "close", lambda: None)()
    return times, reply


def _of_length(model: EngineModel, tokens: int) -> str:
    """A text whose prompt takes at most ``tokens``, and nearly so many."""

    def fits(times: int) -> bool:
        return model.get_num_tokens_from_messages([HumanMessage(_SENTENCE * times)]) <= tokens

    low, high = 1, 2
    while fits(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return _SENTENCE * low
