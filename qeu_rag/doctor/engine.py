"""Checks the model that writes replies: whether it is whole, runs here, and fits this machine's memory and disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from qeu_rag.doctor.check import Check
from qeu_rag.errors import ConfigError, ModelError
from qeu_rag.language import say

_SERVER_S = 5.0
"""How long the doctor waits for a server."""

if TYPE_CHECKING:
    from qeu_rag.config.settings import ModelSettings
    from qeu_rag.models.ggml_file import GptjFile
    from qeu_rag.models.gptj.plan import Plan
    from qeu_rag.models.model_file import ModelFile


def check_model(
    wanted: ModelSettings, home: Path, *, free: int, disk_free: int, environ: Mapping[str, str], lang: str
) -> Check:
    """The model of the settings, without loading it; of servers, only one on this computer is contacted.

    Raises what opening it would raise.

    ``free`` is memory, ``disk_free`` the disk's room for the home folder, in bytes.
    """
    from qeu_rag.models import chosen_engine

    engine = chosen_engine(wanted.engine, file=wanted.file, base_url=wanted.base_url)
    if engine == "extractive":
        return Check(name="model", state="ok", message=say("doctor.extractive", lang), next=_recommended(free, lang))
    if engine == "server":
        return _server(wanted, environ, lang)
    if wanted.file is None:
        raise ConfigError("model_file_missing", engine=wanted.engine, folder=home / "models")
    from qeu_rag.models import fitting_engine
    from qeu_rag.models.inspect import inspect
    from qeu_rag.models.store import find

    path = find(str(wanted.file), home / "models")
    file = inspect(path, context_tokens=wanted.context_tokens)
    fitting = fitting_engine(engine, path)
    if fitting == "gptj":
        return _gptj(file, home / "cache", wanted.context_tokens, free=free, disk_free=disk_free, lang=lang)
    return _gguf(file, fitting, wanted.context_tokens, free=free, lang=lang)


def _recommended(free: int, lang: str) -> str:
    """Which model of the catalogue would fit; "" for none."""
    from qeu_rag.models.catalog import best_fitting

    entry = best_fitting(free)
    if entry is None:
        return ""
    need = f"{entry.memory_bytes / 1e9:.1f}"
    return say("doctor.extractive.next", lang, name=entry.name, title=entry.title, need=need)


def _server(wanted: ModelSettings, environ: Mapping[str, str], lang: str) -> Check:
    if not wanted.base_url:
        raise ConfigError("base_url_missing")
    from qeu_rag.models.server import listed_models
    from qeu_rag.models.server_address import checked_key, on_this_computer

    key = checked_key(wanted.base_url, wanted.api_key_env, environ)
    values = {"name": wanted.name or "-", "base_url": wanted.base_url}
    if not on_this_computer(wanted.base_url):
        step = say("doctor.server.next", lang)
        return Check(name="model", state="warning", message=say("doctor.server", lang, **values), next=step)
    names = listed_models(wanted.base_url, key, timeout_s=min(wanted.timeout_s, _SERVER_S))
    if not wanted.name and len(names) != 1:
        raise ConfigError("server_name", base_url=wanted.base_url, names=", ".join(names) or "-")
    values["name"] = wanted.name or names[0]
    if wanted.name and not {wanted.name, f"{wanted.name}:latest"} & {*names}:
        # A warning only: llama.cpp answers to every name.
        message = say("error.server_model", lang, base_url=wanted.base_url, model=wanted.name)
        step = say("next.server_model", lang, names=", ".join(names) or "-")
        return Check(name="model", state="warning", message=message, next=step)
    return Check(name="model", state="ok", message=say("doctor.server_up", lang, **values))


def _gguf(file: ModelFile, engine: str, context_tokens: int, *, free: int, lang: str) -> Check:
    memory = file.memory_bytes
    if engine == "llama.cpp":
        from qeu_rag.models.llama_load import memory_when_loaded

        memory = memory_when_loaded(
            file.path, context_tokens=min(context_tokens, file.context_tokens or context_tokens)
        )
    need, have = (f"{size / 1e9:.1f}" for size in (memory, free))
    if memory > free:
        raise ModelError("engine_memory", model=file.path.name, need=need, free=have)
    facts = {"path": file.path, "engine": engine, "architecture": file.architecture, "quantisation": file.quantisation}
    return Check(name="model", state="ok", message=say("doctor.gguf", lang, need=need, free=have, **facts))


def _gptj(file: ModelFile, cache: Path, context_tokens: int, *, free: int, disk_free: int, lang: str) -> Check:
    from qeu_rag.models.ggml_file import read_gptj, read_vocabulary
    from qeu_rag.models.gptj.plan import plan
    from qeu_rag.models.gptj.vocabulary import Vocabulary

    read = read_gptj(file.path)
    Vocabulary(read_vocabulary(read), name=str(file.path))  # raises for one that cannot write every text
    chosen = plan(read, free, context_tokens=context_tokens)
    message = f"{say('doctor.gptj', lang, path=file.path, quantisation=file.quantisation)} {chosen.reason(lang)}"
    if chosen.runtime == "none":
        step = say(f"next.{chosen.reason_key.replace('.', '_')}", lang)
        return Check(name="model", state="problem", message=message, next=step)
    if (room := room_needed(read, chosen, cache / "gptj")) == 0:
        return Check(name="model", state="ok", message=message)
    if room > disk_free:
        need, have = (f"{size / 1e9:.2f}" for size in (room, disk_free))
        raise ModelError("gptj_no_space", path=file.path, folder=cache / "gptj", need=need, free=have)
    return Check(
        name="model", state="ok", message=message, next=say("doctor.gptj.next", lang, room=f"{room / 1e9:.2f}")
    )


def room_needed(file: GptjFile, chosen: Plan, cache: Path) -> int:
    """The bytes of disk that preparing ``file`` for its runtime will take; 0 where that was done before."""
    from qeu_rag.models.gptj import convert, repack
    from qeu_rag.models.gptj.cache import is_made
    from qeu_rag.models.memory import int8_size, q4_size

    int8 = chosen.runtime == "ctranslate2"
    form, size = (convert.FORM, int8_size(file)) if int8 else (repack.FORM, q4_size(file))
    return 0 if is_made(file.path, cache, form) else size
