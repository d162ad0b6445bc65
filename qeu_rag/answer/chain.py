"""The consultant as a LangChain runnable, and a LangChain model as the consultant's engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.language_models import BaseLanguageModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import Runnable, RunnableGenerator
from langchain_core.runnables.utils import AddableDict

from qeu_rag.answer.consultant import Consultant, Engine
from qeu_rag.answer.prompt import Prompt
from qeu_rag.types import Answer


def engine_from(model: BaseLanguageModel[Any], *, evidence_chars: int = 3000) -> Engine:
    """An engine that streams from ``model``, any LangChain chat or text model; temperature is the model's own."""
    chain: Runnable[Any, str] = model | StrOutputParser()
    name = str(getattr(model, "model_name", None) or getattr(model, "model", None) or type(model).__name__)

    def stream(prompt: Prompt) -> Iterator[str]:
        return iter(chain.stream([("system", prompt.system), ("human", prompt.user)]))

    return Engine(name=name, stream=stream, evidence_chars=evidence_chars)


def build_chain(consultant: Consultant) -> Runnable[str | dict[str, Any], dict[str, Any]]:
    """``consultant`` as a runnable: a question (or ``{"question": …}``) in, a dictionary out.

    The result has ``question``, ``answer`` (the text with its markers), ``status``, ``reason``, ``confidence``,
    ``citations`` (list of Citation) and ``result`` (the Answer). Streaming gives ``{"answer": piece}`` dictionaries, then
    one with the rest; added together they are what ``invoke`` gives, as LangChain's own retrieval chains do.
    """

    def respond(questions: Iterator[str | dict[str, Any]]) -> Iterator[dict[str, Any]]:
        # A stream of text hands the question over in pieces, anything else whole.
        whole: Any = None
        for part in questions:
            whole = part if whole is None else whole + part
        question = whole if isinstance(whole, str) else whole["question"]
        yield AddableDict({"question": question})
        for piece in consultant.stream(question):
            if isinstance(piece, Answer):
                yield AddableDict(_rest(piece))
            else:
                yield AddableDict({"answer": piece})

    async def respond_async(questions: AsyncIterator[str | dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
        parts = iter([part async for part in questions])
        answers = respond(parts)
        # The work is done in threads, so that other tasks go on meanwhile.
        while (part := await asyncio.to_thread(next, answers, None)) is not None:
            yield part

    return RunnableGenerator(respond, respond_async, name="qeu_rag")


def _rest(answer: Answer) -> dict[str, Any]:
    return {
        "status": answer.status,
        "reason": answer.reason,
        "confidence": answer.confidence,
        "citations": list(answer.citations),
        "result": answer,
    }
