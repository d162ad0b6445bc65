"""What writes the reply: the seam for local models and servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qeu_rag.errors import ModelError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseLanguageModel

    from qeu_rag.models.gptj.gpt4all_j import GPT4All_J as GPT4All_J


def load_model(engine: str) -> BaseLanguageModel[Any] | None:
    """The LangChain model for a profile's ``model.engine``; None for the extractive engine, which needs none.

    Raises ModelError for an engine that this version does not bring.
    """
    if engine == "extractive":
        return None
    raise ModelError("engine_missing", engine=engine)


def __getattr__(name: str) -> object:
    # It pulls in langchain_core, which takes a while, so it comes when it is asked for.
    if name == "GPT4All_J":
        from qeu_rag.models.gptj.gpt4all_j import GPT4All_J

        return GPT4All_J
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
