"""What writes the reply: local model files and servers, each behind the seam of ``chat_model.EngineModel``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qeu_rag.errors import ConfigError, ModelError
from qeu_rag.models.progress import Progress as Progress

if TYPE_CHECKING:
    from qeu_rag.models.chat_model import EngineModel
    from qeu_rag.models.gptj.gpt4all_j import GPT4All_J as GPT4All_J

_RUNS_BY = {"gguf": ("llama.cpp", "gpt4all"), "gptj": ("gptj",)}
"""The engines for each kind of file, the default one first."""


def load_model(
    *,
    engine: str,
    file: Path | None,
    base_url: str | None,
    name: str | None,
    api_key_env: str | None,
    max_tokens: int,
    temperature: float,
    context_tokens: int,
    timeout_s: float,
    cache: Path,
    models_folder: Path,
    progress: Progress,
    environ: Mapping[str, str] = os.environ,
) -> EngineModel | None:
    """The model that the settings of a profile's ``model:`` describe; None for the extractive engine, which needs none.

    ``file`` is a path, or the name of a file in ``models_folder``. ``engine`` "auto" leaves the choice to the file, or to
    ``base_url`` where there is no file. Raises ConfigError where a setting is missing, ModelError where the file cannot
    be run, or by another engine than the one named.
    """
    chosen = chosen_engine(engine, file=file, base_url=base_url)
    if chosen == "extractive":
        return None
    written: dict[str, Any] = {"max_tokens": max_tokens, "temperature": temperature, "context_tokens": context_tokens}
    if chosen == "server":
        if not base_url:
            raise ConfigError("base_url_missing")
        from qeu_rag.models.server import open_server

        return open_server(
            base_url=base_url, name=name, api_key_env=api_key_env, timeout_s=timeout_s, environ=environ, **written
        )
    if file is None:
        raise ConfigError("model_file_missing", engine=engine, folder=models_folder)
    from qeu_rag.models.store import find

    # A bare name is looked for among the models first; settings hold it as a path all the same.
    return _open_file(chosen, find(str(file), models_folder), cache=cache, progress=progress, **written)


def _open_file(engine: str, path: Path, *, cache: Path, progress: Progress, **written: Any) -> EngineModel:
    """The model in the file at ``path``, run by ``engine`` ("auto": the one for its kind)."""
    match fitting_engine(engine, path):
        case "llama.cpp":
            from qeu_rag.models.llama import LlamaModel

            return LlamaModel.open(path, **written)
        case "gpt4all":
            from qeu_rag.models.gpt4all import Gpt4AllModel

            return Gpt4AllModel.open(path, **written)
        case _:
            from qeu_rag.models.gptj.engine import open_gptj

            return open_gptj(path, cache=cache, progress=progress, **written)


def chosen_engine(engine: str, *, file: Path | None, base_url: str | None) -> str:
    """What "auto" means with these settings: "auto" where a file decides, "server", or ``engine`` itself."""
    return "server" if engine == "auto" and file is None and base_url else engine


def engine_name(engine: str, *, file: Path | None, base_url: str | None, name: str | None) -> str:
    """What will answer, in words, without opening anything: "extractive", "llama.cpp: FILE", "server: NAME at ADDRESS"."""
    chosen = chosen_engine(engine, file=file, base_url=base_url)
    if chosen == "server":
        return f"server: {name or '-'} ({base_url or '-'})"
    return chosen if chosen == "extractive" else f"{chosen}: {file.name if file else '-'}"


def fitting_engine(engine: str, path: Path) -> str:
    """The engine for the file. Raises ModelError where nothing runs it, or another engine than the one that was named."""
    from qeu_rag.models.inspect import inspect, refusal

    file = inspect(path)
    if (refused := refusal(file)) is not None:
        raise refused
    right = _RUNS_BY[file.kind]
    if engine == "auto":
        return right[0]
    if engine not in right:
        raise ModelError("engine_other", path=path, engine=engine, right=right[0])
    return engine


def __getattr__(name: str) -> object:
    # It pulls in langchain_core, which takes a while, so it comes when it is asked for.
    if name == "GPT4All_J":
        from qeu_rag.models.gptj.gpt4all_j import GPT4All_J

        return GPT4All_J
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
