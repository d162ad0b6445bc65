"""The models folder and the cache of converted models: what is there, where a name leads, and how to be rid of it."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qeu_rag.errors import ModelError
from qeu_rag.models.catalog import CatalogEntry, read_catalog
from qeu_rag.models.fetch import Progress
from qeu_rag.models.inspect import ModelFile, inspect, refusal
from qeu_rag.models.pull import PART, no_progress, right

State = Literal["whole", "truncated", "damaged", "not_a_model", "part", "absent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """One model of the folder, the cache or the catalogue.

    ``state`` "part": its fetching has begun; "absent": it is in the catalogue only. ``size_bytes`` is what is on the disk, or of
    an absent one what would be. ``file`` is what inspect says of it, ``problem`` why it cannot write answers here (None too
    for embedding models of the catalogue). ``fits``: whether the memory that is free now holds it; None where unknown.
    """

    name: str
    path: Path
    place: Literal["folder", "cache", "catalogue"]
    state: State
    size_bytes: int
    memory_bytes: int
    fits: bool | None
    entry: CatalogEntry | None
    file: ModelFile | None
    problem: ModelError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What verifying found: ``result`` "right" (its checksums are the published ones), "unconfirmed" (whole, but there is no
    published SHA-256 to compare), or "wrong".
    """

    name: str
    path: Path
    result: Literal["right", "unconfirmed", "wrong"]


def models_folder(home: Path) -> Path:
    """Where models lie."""
    return home / "models"


def find(name_or_path: str | Path, models_folder: Path) -> Path:
    """The file or folder of a model: a catalogue name, a file in the models folder (with or without its ending), or a path.

    Raises ModelError for a name of the catalogue that is not here yet, and for an unknown name, with the nearest known one.
    """
    text = str(name_or_path)
    catalog = read_catalog()
    if (entry := catalog.get(text)) is not None:
        if _complete(entry, models_folder):
            return entry.place(models_folder)
        raise ModelError("model_not_pulled", name=text)
    here = {path.name: path for path in _contents(models_folder)}
    for name, path in here.items():
        if text in (name, path.stem) and text:
            return path
    path = _expanded(text)
    if text and _there(path):
        return path
    if isinstance(name_or_path, Path) or "/" in text or "\\" in text:
        raise ModelError("model_missing", path=path)
    known = [*catalog, *here]
    near = difflib.get_close_matches(text, known, n=1, cutoff=0.0) or [next(iter(catalog))]
    raise ModelError("model_name_unknown", name=text, near=near[0])


def entry_of(name: str) -> CatalogEntry:
    """The catalogue's entry of that name. Raises ModelError with the nearest name."""
    catalog = read_catalog()
    if name in catalog:
        return catalog[name]
    near = difflib.get_close_matches(name, list(catalog), n=1, cutoff=0.0) or [next(iter(catalog))]
    raise ModelError("model_name_unknown", name=name, near=near[0])


def stored_models(home: Path) -> list[StoredModel]:
    """What is in the models folder, then in the cache of converted models, then what the catalogue has besides."""
    free = _free_memory()
    catalog = read_catalog()
    folder = models_folder(home)
    by_place = {entry.place(folder): entry for entry in catalog.values()}
    found = [_stored(path, "folder", by_place.get(path), free) for path in _contents(folder)]
    found += [_stored(path, "cache", None, free) for path in _converted(home / "cache")]
    seen = {model.path for model in found}
    return found + [_absent(entry, folder, free) for place, entry in by_place.items() if place not in seen]


def verify(home: Path, name: str | None = None, *, progress: Progress = no_progress) -> list[Verdict]:
    """Reads the named model, or every one in the folder, to its last byte and compares it with the catalogue.

    Raises ModelError where the named one is not there, or one cannot be read.
    """
    folder = models_folder(home)
    by_place = {entry.place(folder): entry for entry in read_catalog().values()}
    paths = [find(name, folder)] if name is not None else _contents(folder)
    return [_verdict(path, by_place.get(path), folder, progress) for path in paths]


def remove(home: Path, name: str) -> Path:
    """Deletes a model of the folder or the cache by its name, with what was fetched of it in part; its former place.

    Raises ModelError where there is none of that name, or it cannot be deleted. Nothing outside the two is ever deleted.
    """
    path = removable(home, name)
    try:
        for doomed in (path, path.with_name(path.name + PART)):
            if doomed.is_dir() and not doomed.is_symlink():
                shutil.rmtree(doomed)
            else:
                doomed.unlink(missing_ok=True)
    except OSError as error:
        raise ModelError("model_stays", path=path, detail=error.strerror or error) from error
    return path


def removable(home: Path, name: str) -> Path:
    """Which place ``remove`` would delete; the same errors."""
    folder = models_folder(home)
    entry = read_catalog().get(name)
    if entry is not None:
        place = entry.place(folder)
        if _there(place) or _there(place.with_name(place.name + PART)):
            return place
        raise ModelError("model_not_pulled", name=name)
    here = {path.name: path for path in (*_contents(folder), *_parts(folder), *_converted(home / "cache"))}
    for path in here.values():
        if name and name in (path.name, path.stem):
            return path
    near = difflib.get_close_matches(name, list(here), n=1, cutoff=0.0) or ["-"]
    raise ModelError("model_name_unknown", name=name, near=near[0])


def _stored(path: Path, place: Literal["folder", "cache"], entry: CatalogEntry | None, free: int) -> StoredModel:
    file: ModelFile | None = None
    try:
        file = inspect(path)
        problem = refusal(file)
        state: State = file.state
    except ModelError as error:
        problem, state = error, "damaged"
    if entry is not None and entry.role == "embeds":
        problem = None if state == "whole" and _complete(entry, path.parent) else problem
    if entry is not None and not _complete(entry, path.parent):
        state = "truncated"
    if place == "cache" and state == "whole":
        problem = None
    memory = (file.memory_bytes if file else 0) or (entry.memory_bytes if entry else 0)
    return StoredModel(
        name=entry.name if entry else path.name,
        path=path,
        place=place,
        state=state,
        size_bytes=file.size_bytes if file else 0,
        memory_bytes=memory,
        fits=free >= memory if memory else None,
        entry=entry,
        file=file,
        problem=problem,
    )


def _absent(entry: CatalogEntry, folder: Path, free: int) -> StoredModel:
    part = entry.place(folder).with_name(entry.place(folder).name + PART)
    begun = sum(path.stat().st_size for path in (part, *part.rglob("*")) if path.is_file())
    return StoredModel(
        name=entry.name,
        path=entry.place(folder),
        place="catalogue",
        state="part" if begun else "absent",
        size_bytes=begun or entry.size,
        memory_bytes=entry.memory_bytes,
        fits=free >= entry.memory_bytes,
        entry=entry,
        file=None,
        problem=None,
    )


def _verdict(path: Path, entry: CatalogEntry | None, folder: Path, progress: Progress) -> Verdict:
    name = entry.name if entry else path.name
    if entry is None:
        whole = inspect(path).state == "whole"
        return Verdict(name=name, path=path, result="unconfirmed" if whole else "wrong")
    try:
        sound = all(
            place.is_file() and right(place, file, progress=progress)
            for file in entry.files
            for place in (entry.place_of(file, folder),)
        )
    except OSError as error:
        raise ModelError("model_unreadable", path=path, detail=error.strerror or error) from error
    return Verdict(name=name, path=path, result="wrong" if not sound else "right" if entry.confirmed else "unconfirmed")


def _complete(entry: CatalogEntry, folder: Path) -> bool:
    """Whether all files are there in their lengths."""
    places = [(entry.place_of(file, folder), file.size) for file in entry.files]
    return all(place.is_file() and place.stat().st_size == size for place, size in places)


def _contents(folder: Path) -> list[Path]:
    """The models in the folder: everything but hidden files and what is still being fetched."""
    if not folder.is_dir():
        return []
    names = sorted(folder.iterdir())
    return [path for path in names if not path.name.startswith(".") and not path.name.endswith((PART, ".lock"))]


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{PART}")) if folder.is_dir() else []


def _converted(cache: Path) -> Iterator[Path]:
    """The models that engines made in the cache: CTranslate2 folders, and folders with a repacked GPT-J file."""
    for folder in sorted(path for pattern in ("*", "*/*") for path in cache.glob(pattern) if path.is_dir()):
        if PART not in folder.name and any(folder.glob("*.bin")):
            yield folder


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no path can have
        return False


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except (RuntimeError, ValueError):  # no such user; a NUL
        return Path(text)


def _free_memory() -> int:
    import psutil

    return int(psutil.virtual_memory().available)
