"""What writes the reply: the seam for local models and servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qeu_rag.errors import ModelError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseLanguageModel


def load_model(engine: str) -> BaseLanguageModel[Any] | None:
    """The LangChain model for a profile's ``model.engine``; None for the extractive engine, which needs none.

    Raises ModelError for an engine that this version does not bring.
    """
    if engine == "extractive":
        return None
    raise ModelError("engine_missing", engine=engine)
