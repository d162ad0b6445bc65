"""What is made once from a model file and kept in the cache: whole or not there, whatever happens while it is made."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from filelock import FileLock, Timeout

from qeu_rag.errors import ModelError
from qeu_rag.models.progress import Progress, no_progress

UNFINISHED = ".part-"
"""Between the name of what is being made and the process that makes it."""
REPACKED = "model.bin"
"""The only file, but for its origin, in the folder of a repacked model."""
_ORIGIN = "origin.json"
_PIECE = 1 << 24
_DISK_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


def make_once(
    cache: Path,
    name: str,
    *,
    size: int,
    make: Callable[[Path], None],
    source: Path,
    progress: Progress = no_progress,
) -> Path:
    """The folder ``name`` of ``cache``, filled by ``make`` (which gets an empty folder) unless it is there already.

    It is made aside and renamed when all of it is on the disk, so that whoever sees it sees it whole. Of several processes
    one makes it and the others wait. What a killed process left half made is removed by the next. ``size``: about how many
    bytes it will take. Raises ModelError "gptj_no_space" when the disk is full or will be, "gptj_cache" for other trouble.
    """
    made = cache / name
    if made.is_dir():
        return made
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _lock(_lock_path(made), progress):
            if not made.is_dir():
                _sweep(cache, made)
                _make(made, size=size, make=make, source=source)
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise _no_space(made, size, source) from error
        raise ModelError("gptj_cache", path=cache, detail=error.strerror or error) from error
    return made


def _make(made: Path, *, size: int, make: Callable[[Path], None], source: Path) -> None:
    if shutil.disk_usage(made.parent).free < size:
        raise _no_space(made, size, source)
    part = made.with_name(f"{made.name}{UNFINISHED}{os.getpid()}")
    try:
        part.mkdir()
        make(part)
        (part / _ORIGIN).write_text(json.dumps({"file": str(source.absolute())}), encoding="utf-8")
        for path in part.iterdir():
            _flush(path)
        os.replace(part, made)
        _flush(made.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def origin(made: Path) -> str:
    """The name of the file that the folder ``made`` was made from; "" where it does not say, as older ones do not."""
    try:
        return Path(json.loads((made / _ORIGIN).read_text(encoding="utf-8"))["file"]).name
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def being_made(part: Path) -> bool:
    """Whether a process is at work on the unfinished folder ``part``, rather than one that was killed having left it."""
    try:
        with FileLock(_lock_path(_owner(part))).acquire(timeout=0):
            return False
    except Timeout:
        return True


def _owner(part: Path) -> Path:
    return part.with_name(part.name.partition(UNFINISHED)[0])


def _lock_path(made: Path) -> Path:
    return made.with_name(f"{made.name}.lock")


def _lock(path: Path, progress: Progress) -> AbstractContextManager[object]:
    lock = FileLock(path)
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        progress("wait", 0, 0)
        return lock.acquire()


def _sweep(cache: Path, made: Path) -> None:
    """Removes what dead processes left: a part belongs to whoever holds its lock, and ``made``'s is ours."""
    for part in cache.glob(f"*{UNFINISHED}*"):
        owner = _owner(part)
        if owner == made:
            shutil.rmtree(part, ignore_errors=True)
            continue
        try:
            with FileLock(_lock_path(owner)).acquire(timeout=0):
                shutil.rmtree(part, ignore_errors=True)
        except Timeout:
            continue  # somebody is at it


def _no_space(made: Path, size: int, source: Path) -> ModelError:
    free = shutil.disk_usage(made.parent).free
    return ModelError(
        "gptj_no_space", path=source, folder=made.parent, need=f"{size / 1e9:.2f}", free=f"{free / 1e9:.2f}"
    )


def _flush(path: Path) -> None:
    """Has the file or folder on the disk before anybody relies on it; folders cannot be flushed on Windows."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def content_key(path: Path, cache: Path, *, progress: Progress = no_progress) -> str:
    """The first 32 hexadecimal digits of the file's SHA-256, remembered in ``cache`` by its size and times.

    Raises ModelError("model_unreadable") when it cannot be read.
    """
    try:
        state = _state(path)
        note = _note_of(path, cache)
        if (known := _noted(note, state)) is not None:
            return known
        digest = hashlib.sha256()
        done = 0
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                done += len(piece)
                progress("verify", done, state[0])
    except OSError as error:
        raise ModelError("model_unreadable", path=path, detail=error.strerror or error) from error
    key = digest.hexdigest()[:32]
    _keep(note, json.dumps({"state": state, "key": key}))
    return key


def is_made(path: Path, cache: Path, form: str) -> bool:
    """Whether what ``form`` names was made of the model file at ``path`` already, as far as the notes in ``cache`` tell."""
    try:
        key = _noted(_note_of(path, cache), _state(path))
        return key is not None and (cache / f"{key}-{form}").is_dir()
    except OSError:
        return False


def _note_of(path: Path, cache: Path) -> Path:
    return cache / f"{hashlib.sha256(str(path.absolute()).encode('utf-8', 'surrogatepass')).hexdigest()[:24]}.sha256"


def _state(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ino]


def _noted(note: Path, state: list[int]) -> str | None:
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
        return str(known["key"]) if known["state"] == state else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no note, or none that can be read: hash again


def _keep(note: Path, text: str) -> None:
    """Keeps what only saves time: where it cannot be kept, nothing is lost."""
    aside = note.with_name(f"{note.name}.{os.getpid()}")
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text, encoding="utf-8")
        os.replace(aside, note)
    except OSError:
        return
