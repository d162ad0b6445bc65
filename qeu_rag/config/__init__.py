"""Settings of a run: built-in defaults < profile < ``QEU_RAG_*`` environment < flags, checked once, then immutable.

``load_settings`` costs nothing to import: pydantic comes in with the first settings that are loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qeu_rag.config.load import load_settings
from qeu_rag.config.profiles import profile_names

if TYPE_CHECKING:
    from qeu_rag.config.settings import Settings

__all__ = ["Settings", "load_settings", "profile_names"]


def __getattr__(name: str) -> object:
    # ``Settings`` is a pydantic model; reaching it through here keeps pydantic out of `qeu-rag --help`.
    if name == "Settings":
        from qeu_rag.config.settings import Settings

        return Settings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
