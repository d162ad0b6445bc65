"""The models folder and the cache of converted models: what is there, whether it is right, and where a name leads."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qeu_rag.errors import ModelError, UsageError
from qeu_rag.models.catalog import CatalogEntry, read_catalog
from qeu_rag.models.gptj.cache import REPACKED, UNFINISHED, origin
from qeu_rag.models.inspect import ModelFile, inspect, refusal
from qeu_rag.models.memory import free_memory
from qeu_rag.models.progress import Progress, no_progress
from qeu_rag.models.pull import PART, right

State = Literal["whole", "truncated", "damaged", "not_a_model", "part", "absent"]
_ALIKE = 0.6
"""Names less alike than this (difflib's ratio) are not worth asking whether they were meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """One model of the folder, the cache or the catalogue.

    ``state`` "part": its fetching, or in the cache its making, has begun; "absent": it is in the catalogue only. ``size_bytes``
    is what is on the disk, or of an absent one what would be. ``source`` is the name of the file that one in the cache was
    made from. ``file`` is what inspect says of it, ``problem`` why it cannot write answers here (None too for embedding
    models of the catalogue). ``fits``: whether the memory that is free now holds it; None where unknown.
    """

    name: str
    path: Path
    place: Literal["folder", "cache", "catalogue"]
    state: State
    size_bytes: int
    memory_bytes: int = 0
    fits: bool | None = None
    entry: CatalogEntry | None = None
    file: ModelFile | None = None
    problem: ModelError | None = None
    source: str = ""


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

    Raises ModelError for a name of the catalogue that is not here yet, and for an unknown name, with the nearest known one;
    UsageError for no name at all.
    """
    text = str(name_or_path)
    catalog = read_catalog()
    if (entry := catalog.get(text)) is not None:
        if _complete(entry, models_folder):
            return entry.place(models_folder)
        raise ModelError("model_not_pulled", name=text)
    here = {path.name: path for path in contents(models_folder)}
    for name, path in here.items():
        if text in (name, path.stem) and text:
            return path
    path = _expanded(text)
    if text and there(path):
        return path
    if isinstance(name_or_path, Path) or "/" in text or "\\" in text:
        raise ModelError("model_missing", path=path)
    raise unknown_name(text, (*catalog, *here))


def entry_of(name: str) -> CatalogEntry:
    """The catalogue's entry of that name. Raises ModelError with the nearest name, UsageError for no name at all."""
    catalog = read_catalog()
    if name in catalog:
        return catalog[name]
    raise unknown_name(name, catalog)


def unknown_name(name: str, known: Iterable[str]) -> ModelError | UsageError:
    """The error for a name that is none, with the nearest of ``known`` where one is alike; endings count for nothing."""
    if not name.strip():
        return UsageError("model_unnamed")
    bare = {one.removesuffix(".gguf").removesuffix(".bin"): one for one in known}
    wanted = name.removesuffix(".gguf").removesuffix(".bin")
    near = difflib.get_close_matches(wanted, list(bare), n=1, cutoff=_ALIKE)
    return (
        ModelError("model_name_unknown", name=name, near=bare[near[0]])
        if near
        else ModelError("model_name_far", name=name)
    )


def stored_models(home: Path) -> list[StoredModel]:
    """What is in the models folder, then in the cache of converted models, then what the catalogue has besides."""
    free = free_memory()
    catalog = read_catalog()
    folder = models_folder(home)
    by_place = {entry.place(folder): entry for entry in catalog.values()}
    found = [_stored(path, "folder", by_place.get(path), free) for path in contents(folder)]
    found += [_stored(path, "cache", None, free) for path in converted(home / "cache")]
    found += [_half_made(path) for path in unfinished(home / "cache")]
    seen = {model.path for model in found}
    return found + [_absent(entry, folder, free) for place, entry in by_place.items() if place not in seen]


def verify(home: Path, name: str | None = None, *, progress: Progress = no_progress) -> list[Verdict]:
    """Reads the named model, or every one in the folder, to its last byte and compares it with the catalogue.

    Raises ModelError where the named one is not there, or one cannot be read.
    """
    folder = models_folder(home)
    by_place = {entry.place(folder): entry for entry in read_catalog().values()}
    paths = [find(name, folder)] if name is not None else contents(folder)
    return [_verdict(path, by_place.get(path), folder, progress) for path in paths]


def _stored(path: Path, place: Literal["folder", "cache"], entry: CatalogEntry | None, free: int) -> StoredModel:
    file: ModelFile | None = None
    try:
        file = inspect(path / REPACKED if place == "cache" and not (path / "vocabulary.json").exists() else path)
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
        source=origin(path) if place == "cache" else "",
    )


def _half_made(path: Path) -> StoredModel:
    """What a killed conversion left, or what one makes now."""
    return StoredModel(name=path.name, path=path, place="cache", state="part", size_bytes=_size(path))


def _size(folder: Path) -> int:
    """The bytes in a folder that somebody may be at work in."""
    try:
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    except OSError:
        return 0


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
    )


def _verdict(path: Path, entry: CatalogEntry | None, folder: Path, progress: Progress) -> Verdict:
    name = entry.name if entry else path.name
    if entry is None:
        whole = _loads(inspect(path))
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


def _loads(file: ModelFile) -> bool:
    """Whether the file is whole; of a GGUF, whose last tensor only llama.cpp can measure, whether that loads it."""
    if file.state == "whole" and file.engine == "llama.cpp":
        from qeu_rag.models.llama_load import memory_when_loaded

        try:
            memory_when_loaded(file.path, context_tokens=256)
        except ModelError:
            return False
    return file.state == "whole"


def _complete(entry: CatalogEntry, folder: Path) -> bool:
    """Whether all files are there in their lengths."""
    places = [(entry.place_of(file, folder), file.size) for file in entry.files]
    return all(place.is_file() and place.stat().st_size == size for place, size in places)


def contents(folder: Path) -> list[Path]:
    """The models in the folder: everything but hidden files and what is still being fetched."""
    if not folder.is_dir():
        return []
    names = sorted(folder.iterdir())
    return [path for path in names if not path.name.startswith(".") and not path.name.endswith((PART, ".lock"))]


def parts(folder: Path) -> list[Path]:
    """What is being fetched into the folder, or was and is not whole."""
    return sorted(folder.glob(f"*{PART}")) if folder.is_dir() else []


def converted(cache: Path) -> Iterator[Path]:
    """The models that engines made in the cache: CTranslate2 folders, and folders with a repacked GPT-J file."""
    for folder in _made(cache):
        if UNFINISHED not in folder.name and any(folder.glob("*.bin")):
            yield folder


def unfinished(cache: Path) -> Iterator[Path]:
    """The folders of conversions that are under way or were killed."""
    return (folder for folder in _made(cache) if UNFINISHED in folder.name)


def _made(cache: Path) -> list[Path]:
    folders = (path for pattern in ("*", "*/*") for path in cache.glob(pattern) if path.is_dir())
    return sorted(folder for folder in folders if not folder.name.startswith("."))


def there(path: Path) -> bool:
    """Whether there is anything at ``path``, be it a path at all or not."""
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no path can have
        return False


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except (RuntimeError, ValueError):  # no such user; a NUL
        return Path(text)
