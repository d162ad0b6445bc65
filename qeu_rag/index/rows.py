"""What the ledger's tables hold, as values; files of one name in several folders are told apart."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePath

from qeu_rag.types import Chunk, Lang, Span, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """What the last run knew of one file; ``reason`` is empty for a file that was read."""

    path: str
    root: str
    source: str
    size: int
    mtime_ns: int
    checked_ns: int
    hash: str
    reader: str
    reason: str = ""
    detail: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One name of one live document."""

    source: str
    path: str
    document_id: str
    title: str
    lang: str
    pages: int
    chunks: int
    hash: str
    ingested_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWindow:
    """A window of a kept chunk; ``id`` is the one that the dense index knows it by, ``lang`` its chunk's language."""

    id: str
    chunk_id: str
    window: Window
    lang: Lang = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A document's ``text``, and when its file was ``changed``, by the clock of this computer; None where nobody knows."""

    text: str
    changed: date | None


def window_of(row: tuple[object, ...]) -> KeptWindow:
    """A row of ``windows`` with its chunk's language."""
    chunk_id, ordinal, first, last, start, end = (str(value) for value in row[:6])
    window = Window(first=int(first), last=int(last), span=Span(start=int(start), end=int(end)), lead=str(row[6]))
    lang: Lang = str(row[7])  # type: ignore[assignment]
    return KeptWindow(id=f"{chunk_id}:{ordinal}", chunk_id=chunk_id, window=window, lang=lang)


def chunk_of(row: tuple[object, ...], names: tuple[str, ...]) -> Chunk:
    """A row of ``chunks`` with its document's title, under its live ``names``."""
    chunk_id, document_id, title, headings, text, start, end, page, lang, header = row
    source = names[0] if names else ""
    stem = Path(source.rsplit("#", 1)[-1]).stem if source else ""
    return Chunk(
        id=str(chunk_id),
        document_id=str(document_id),
        source=source,
        other_sources=names[1:],
        title=str(title) or stem,
        headings=tuple(json.loads(str(headings))),
        text=str(text),
        span=Span(start=int(str(start)), end=int(str(end))),
        page=None if page is None else int(str(page)),
        lang=str(lang),  # type: ignore[arg-type]
        header=str(header),
    )


def told_apart(names: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    """For names that several paths have, pairs of (name, path), the name with the folders before it that no other has.

    A name is the end of its path, with ``/``; an attachment adds ``#`` and its own name.
    """
    paths: defaultdict[str, set[str]] = defaultdict(set)
    for name, path in names:
        paths[name].add(path)
    made: dict[tuple[str, str], str] = {}
    for name, own in paths.items():
        if len(own) > 1:
            made |= {(name, path): f"{before}/{name}" for path, before in _before(name, own).items()}
    return made


def _before(name: str, paths: Iterable[str]) -> dict[str, str]:
    """As many of the folders before ``name`` as make the paths differ, by path."""
    depth = len(name.split("#", 1)[0].split("/"))
    above = {path: [part.strip("/\\") for part in PurePath(path.replace("\\", "/")).parts[:-depth]] for path in paths}
    for count in range(1, max(map(len, above.values()), default=0) + 1):
        made = {path: "/".join(parts[-count:]) for path, parts in above.items()}
        if len(set(made.values())) == len(made):
            return made
    return {path: "/".join(parts) for path, parts in above.items()}
