"""The consultant as a LangChain runnable, and a LangChain model as the consultant's engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from langchain_core.language_models import BaseChatModel, BaseLanguageModel
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import Runnable, RunnableGenerator
from langchain_core.runnables.utils import AddableDict

from qeu_rag.answer.consultant import Consultant
from qeu_rag.answer.engine import Engine, estimated_tokens
from qeu_rag.answer.prompt import Prompt
from qeu_rag.models.chat_model import EngineModel
from qeu_rag.types import Answer

_TEMPLATE_TOKENS = 30
"""What a chat model's own template may add."""


def engine_from(model: BaseLanguageModel[Any], *, context_tokens: int = 2048, reply_tokens: int = 256) -> Engine:
    """An engine that streams from ``model``: one of ours, or any LangChain chat or text model.

    Ours say their room and count their own tokens. Of others nothing is known, so ``context_tokens`` and ``reply_tokens``
    are believed, and tokens are estimated by characters, rather too many than too few (``estimated_tokens``). Temperature
    is the model's own. At most half of the room is kept for the reply.
    """
    if isinstance(model, EngineModel):
        return Engine(
            name=model.model_name,
            # Straight from the engine, so that closing the stream reaches the generation.
            stream=lambda prompt, schema: model.pieces(_messages(prompt), response_format=_form(schema)),
            count_tokens=model.count_tokens,
            measure=lambda prompt: model.get_num_tokens_from_messages(_messages(prompt)),
            context_tokens=model.context_tokens,
            reply_tokens=min(model.max_tokens, model.context_tokens // 2),
            constrains_json=bool(getattr(model, "constrains_json", False)),
        )
    chain: Runnable[Any, str] = model | StrOutputParser()
    is_chat = isinstance(model, BaseChatModel)
    return Engine(
        name=str(getattr(model, "model_name", None) or getattr(model, "model", None) or type(model).__name__),
        stream=lambda prompt, schema: chain.stream(
            _messages(prompt) if is_chat else f"{prompt.system}\n\n{prompt.user}\n"
        ),
        count_tokens=estimated_tokens,
        measure=lambda prompt: estimated_tokens(prompt.system + prompt.user) + _TEMPLATE_TOKENS,
        context_tokens=context_tokens,
        reply_tokens=min(reply_tokens, context_tokens // 2),
    )


def _form(schema: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if schema is None:
        return None
    return {"type": "json_schema", "json_schema": {"name": "reply", "schema": dict(schema)}}


def _messages(prompt: Prompt) -> list[BaseMessage]:
    return [SystemMessage(prompt.system), HumanMessage(prompt.user)]


def build_chain(consultant: Consultant) -> Runnable[str | dict[str, Any], dict[str, Any]]:
    """``consultant`` as a runnable: a question (or ``{"question": …}``) in, a dictionary out.

    The result has ``question``, ``answer`` (the text with its markers), ``status``, ``reason``, ``certainty`` ("sure",
    "likely", or "" for an abstention), ``confidence``, ``highlights`` (list of Span in the answer: what answers),
    ``citations`` (list of Citation), ``nearest`` (list of NearPassage, for an abstention) and ``result`` (the Answer).
    Streaming gives ``{"answer": piece}`` dictionaries, then one with the rest; added together they are what ``invoke``
    gives, as LangChain's own retrieval chains do.
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
        "certainty": answer.certainty,
        "confidence": answer.confidence,
        "highlights": list(answer.highlights),
        "citations": list(answer.citations),
        "nearest": list(answer.nearest),
        "result": answer,
    }
