"""Checks the machine: processor, memory, the home folder and its disk, the network, language and terminal."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from pathlib import Path

from qeu_rag.doctor.check import Check
from qeu_rag.language import say

_LITTLE_MEMORY = 1_000_000_000
"""Bytes free below which reading documents in (and MiniLM's one-time export, some 700 MB) may fail."""
_LITTLE_DISK = 500_000_000
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
# IsProcessorFeaturePresent (winnt.h).
_WINDOWS_FEATURES = {"avx": 39, "avx2": 40, "avx512f": 41}


def cpu_flags() -> frozenset[str] | None:
    """The features of this processor in Linux's words; on Windows only AVX's; None where they cannot be told."""
    try:
        return frozenset(Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split())
    except OSError:
        pass
    if sys.platform == "win32":
        import ctypes

        present = ctypes.windll.kernel32.IsProcessorFeaturePresent
        return frozenset(name for name, number in _WINDOWS_FEATURES.items() if present(number))
    return None


def check_cpu(flags: frozenset[str] | None, machine: str, cores: int, lang: str) -> Check:
    """Whether the processor has what makes local models bearably fast."""
    values: dict[str, object] = {"cores": cores, "machine": machine}
    if machine.lower() not in ("x86_64", "amd64") or flags is None:
        return Check(name="cpu", state="ok", message=say("doctor.cpu_unknown", lang, **values))
    known = [name for name in ("avx", "avx2", "fma", "f16c", "avx512f", "avx512_vnni") if name in flags]
    values["features"] = ", ".join(known) or "-"
    if "avx2" in flags:
        return Check(name="cpu", state="ok", message=say("doctor.cpu", lang, **values))
    message, step = say("doctor.cpu_old", lang, **values), say("doctor.cpu_old.next", lang)
    return Check(name="cpu", state="warning", message=message, next=step)


def check_memory(free: int, total: int, lang: str) -> Check:
    """Memory in bytes; what the model needs of it is said with the model."""
    values = {"free": f"{free / 1e9:.1f}", "total": f"{total / 1e9:.1f}"}
    message = say("doctor.memory", lang, **values)
    if free >= _LITTLE_MEMORY:
        return Check(name="memory", state="ok", message=message)
    return Check(name="memory", state="warning", message=message, next=say("doctor.memory.next", lang))


def nearest_folder(home: Path) -> Path:
    """``home``, or its nearest parent that is there: where it would be made."""
    return next((path for path in (home, *home.parents) if path.exists()), home)


def check_home(home: Path, place: Path, *, writable: bool, filled: bool, lang: str) -> Check:
    """Whether data can be kept in ``home``, whose nearest existing folder is ``place``; ``filled``: a collection is there."""
    values = {"path": home}
    if not place.is_dir():
        message, step = say("doctor.home_file", lang, path=place), say("doctor.home_read_only.next", lang)
        return Check(name="home", state="problem", message=message, next=step)
    if not writable:
        message, step = say("doctor.home_read_only", lang, **values), say("doctor.home_read_only.next", lang)
        return Check(name="home", state="warning" if filled else "problem", message=message, next=step)
    if place != home:
        return Check(name="home", state="ok", message=say("doctor.home_new", lang, **values))
    return Check(name="home", state="ok", message=say("doctor.home", lang, **values))


def check_disk(place: Path, free: int, lang: str) -> Check:
    """Free bytes where the home is; what the model still needs of it is said with the model."""
    message = say("doctor.disk", lang, free=f"{free / 1e9:.1f}", path=place)
    if free >= _LITTLE_DISK:
        return Check(name="disk", state="ok", message=message)
    return Check(name="disk", state="warning", message=message, next=say("doctor.disk.next", lang))


def check_network(environ: Mapping[str, str], *, server: str, lang: str) -> Check:
    """That no network is used but for ``server`` ("": none is set). Never shows a proxy's address.

    Proxies matter to ``models pull`` and to a server outside the house, HF_HUB_OFFLINE to nobody here, as nothing is fetched
    by itself; it is shown to whoever looks for it.
    """
    message = say("doctor.network_server", lang, server=server) if server else say("doctor.network", lang)
    seen = [name for name in environ if name.lower() in _PROXIES and environ[name]]
    if seen:
        message += " " + say("doctor.network_proxy", lang, names=", ".join(sorted(seen)))
    if offline := environ.get("HF_HUB_OFFLINE"):
        message += " " + say("doctor.network_offline", lang, value=offline)
    return Check(name="network", state="ok", message=message)


def check_terminal(encoding: str, *, terminal: bool, lang: str) -> Check:
    """Whether Japanese can be shown: ``encoding`` is what the terminal is set to; output is UTF-8 whatever it is."""
    if not terminal:
        return Check(name="terminal", state="ok", message=say("doctor.pipe", lang))
    if encoding.lower().replace("-", "").replace("_", "") in ("utf8", "cp65001"):
        return Check(name="terminal", state="ok", message=say("doctor.terminal", lang, encoding=encoding))
    message = say("doctor.terminal_other", lang, encoding=encoding)
    step = say("doctor.terminal.next_windows" if platform.system() == "Windows" else "doctor.terminal.next", lang)
    return Check(name="terminal", state="warning", message=message, next=step)


def terminal_encoding() -> str:
    """The character encoding that the terminal is set to."""
    import locale

    if sys.platform == "win32":
        import ctypes

        if page := ctypes.windll.kernel32.GetConsoleOutputCP():
            return f"cp{page}"
    return locale.getencoding()
