"""Everything that the doctor looks at, in the order in which it is told; nothing is changed, and nobody asked but our servers."""

from __future__ import annotations

import os
import platform
import shutil
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from qeu_rag.config.address import without_password
from qeu_rag.doctor import machine, packages
from qeu_rag.doctor.check import Check, run_check
from qeu_rag.embed.runners import cores
from qeu_rag.language import say

if TYPE_CHECKING:
    from qeu_rag.config.settings import Settings


def examine(
    load: Callable[[], Settings],
    language: Callable[[], str],
    environ: Mapping[str, str] = os.environ,
    *,
    available_bytes: int | None = None,
) -> tuple[Check, ...]:
    """All checks. ``load`` gives the settings or raises ConfigError; ``language`` is asked once they were tried.

    ``available_bytes``: memory to go by; None: what is free now.
    """
    found: list[Settings] = []
    early = run_check("settings", lambda: _settings(load, found, language), language())
    lang = language()
    checks = [
        *run_check("python", lambda: [_python(lang)], lang),
        *run_check("packages", lambda: [_packages(lang)], lang),
    ]
    checks += run_check("cpu", lambda: [_cpu(lang)], lang)
    checks += run_check("memory", lambda: [_memory(lang, available_bytes)], lang)
    checks += early
    for settings in found:
        checks += _of_settings(settings, environ, available_bytes, lang)
    server = _server(found[0]) if found else ""
    checks += run_check("network", lambda: [machine.check_network(environ, server=server, lang=lang)], lang)
    checks += run_check("terminal", lambda: [_terminal(lang)], lang)
    return tuple(checks)


def _settings(load: Callable[[], Settings], found: list[Settings], language: Callable[[], str]) -> Iterator[Check]:
    found.append(load())
    files = {origin for origin in found[0].origins.values() if origin.endswith((".yaml", ".yml"))}
    values = {"profile": ", ".join(sorted(files)) or "-", "collection": found[0].collection}
    yield Check(name="settings", state="ok", message=say("doctor.settings", language(), **values))


def _of_settings(
    settings: Settings, environ: Mapping[str, str], available_bytes: int | None, lang: str
) -> Iterator[Check]:
    from qeu_rag.doctor.collection import check_collection, check_embedder, check_vectors, embedder_digest
    from qeu_rag.doctor.engine import check_model

    home, digest = settings.home, ""
    place = machine.nearest_folder(home)
    folder = home / "collections" / settings.collection

    def look_at_home() -> Iterator[Check]:
        filled = (folder / "ledger.sqlite").exists()
        yield machine.check_home(home, place, writable=os.access(place, os.W_OK), filled=filled, lang=lang)
        yield machine.check_disk(place, shutil.disk_usage(place).free, lang)

    def look_at_embedder() -> Iterator[Check]:
        nonlocal digest
        digest = embedder_digest(settings.embedder)
        yield check_embedder(settings.embedder, digest, lang)

    def look_at_model() -> Iterator[Check]:
        free, disk_free = _free(available_bytes), shutil.disk_usage(place).free
        yield check_model(settings.model, home, free=free, disk_free=disk_free, environ=environ, lang=lang)

    def look_at_recognition() -> Iterator[Check]:
        from qeu_rag.ingest.readers.scan.recognise import installed

        engine = installed() if settings.ingest.ocr == "auto" else ""
        key = "scans" if engine else "scans_off" if settings.ingest.ocr == "off" else "scans_none"
        yield Check(name="scans", state="ok", message=say(f"doctor.{key}", lang, engine=engine))

    yield from run_check("home", look_at_home, lang)
    yield from run_check("model", look_at_model, lang)
    yield from run_check("embedder", look_at_embedder, lang)
    yield from run_check("scans", look_at_recognition, lang)
    dense = settings.index.dense
    yield from run_check("vectors", lambda: check_vectors(dense, lang), lang)

    def look_at_collection() -> Iterator[Check]:
        yield from check_collection(folder, settings.embedder, dense, digest or None, lang)

    yield from run_check("documents", look_at_collection, lang)


def _python(lang: str) -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    bits, system = struct.calcsize("P") * 8, f"{platform.system()} {platform.machine()}"
    return packages.check_python(version, bits, system, packages.wanted(_package()), lang)


def _packages(lang: str) -> Check:
    return packages.check_packages(packages.wanted(_package()), packages.installed, lang)


def _package() -> Path:
    return Path(__file__).resolve().parent.parent


def _cpu(lang: str) -> Check:
    return machine.check_cpu(machine.cpu_flags(), platform.machine(), cores(), lang)


def _memory(lang: str, available_bytes: int | None) -> Check:
    import psutil

    return machine.check_memory(_free(available_bytes), int(psutil.virtual_memory().total), lang)


def _free(available_bytes: int | None) -> int:
    from qeu_rag.models.memory import free_memory

    return free_memory() if available_bytes is None else available_bytes


def _server(settings: Settings) -> str:
    from qeu_rag.models import chosen_engine

    wanted = settings.model
    engine = chosen_engine(wanted.engine, file=wanted.file, base_url=wanted.base_url)
    dense = settings.index.dense
    used = [wanted.base_url] if engine == "server" else []
    used += [without_password(dense.url)] if dense.store != "chroma" and dense.url else []
    return ", ".join(filter(None, used))


def _terminal(lang: str) -> Check:
    shown = sys.stdout is not None and sys.stdout.isatty()
    return machine.check_terminal(machine.terminal_encoding(), terminal=shown, lang=lang)
