"""Finds the passages that a person names as the source of their own answer: by document and heading, or by copied words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Literal

from qeu_rag.index.approved import Passages, Pin
from qeu_rag.types import Chunk

NamedProblem = Literal[
    "no_citation",
    "source_unknown",
    "source_twice",
    "heading_unknown",
    "passage_wide",
    "quote_unknown",
    "quote_unplaced",
]

WIDEST = 3
"""A name that means more passages than this says too little about where the answer stands."""

_MARKER = re.compile(r"^\s*[\[［](\d{1,3})[\]］]\s*")
_PAGE = re.compile(r"(?:\bp(?:age|\.)|\bsheet|\bslide|シート|スライド)\s*(\d+)|(\d+)\s*(?:ページ|頁)")
_HEADING = re.compile(r"\A(?:#{1,6} .*\n+)+")
_LISTED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class NotNamed:
    """Why the named passage was not found; ``values`` fill the message."""

    reason: NamedProblem
    values: Mapping[str, object] = field(default_factory=dict)


def named_pins(passages: Passages, sources: str, quotes: str) -> tuple[Pin, ...] | NotNamed:
    """The passages meant by the columns "source" and "quotes" of a row, as they stand now.

    A line of ``sources`` is ``[1] Title › heading (file, p. 3)`` as qeu-rag writes it, or less: ``file › heading``,
    ``file, p. 3``, ``file``; the marker may be missing. A quote (``[1] words``) must stand there word for word, spaces aside, and
    shows which passage is meant; without one those below the heading are, ``WIDEST`` at most.
    """
    lines = [line for line in sources.splitlines() if line.strip()]
    if not lines:
        return NotNamed(reason="no_citation")
    markers = _markers(lines)
    copied = dict(_quotes(quotes, markers))
    pins: list[Pin] = []
    for marker, line in zip(markers, lines, strict=True):
        found = _pins(passages, marker, _MARKER.sub("", line), copied.pop(marker, ()))
        if isinstance(found, NotNamed):
            return found
        pins += found
    for marker in copied:
        return NotNamed(reason="quote_unplaced", values={"marker": marker})
    return tuple(pins)


def _markers(lines: Sequence[str]) -> list[int]:
    """The marker of each line; one without its own gets the next number that is free."""
    given = [int(found[1]) if (found := _MARKER.match(line)) else 0 for line in lines]
    free = (number for number in range(1, 1000) if number not in given)
    return [marker or next(free) for marker in given]


def _quotes(text: str, markers: Sequence[int]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The quotes of each marker; text before any marker belongs to the first source."""
    marker = markers[0]
    gathered: dict[int, list[str]] = {}
    for line in filter(str.strip, text.splitlines()):
        if found := _MARKER.match(line):
            marker = int(found[1])
        gathered.setdefault(marker, []).append(_MARKER.sub("", line).strip())
    yield from ((marker, tuple(quotes)) for marker, quotes in gathered.items())


def _pins(passages: Passages, marker: int, line: str, quotes: Sequence[str]) -> list[Pin] | NotNamed:
    named = _document(passages, line.strip())
    if isinstance(named, NotNamed):
        return named
    source, rest = named
    chunks = passages.of_source(source)
    meant = _under(chunks, rest)
    if not meant:
        return NotNamed(
            reason="heading_unknown", values={"source": source, "line": line, "headings": _headings(chunks, rest)}
        )
    if not quotes and len(meant) > WIDEST:
        return NotNamed(reason="passage_wide", values={"source": source, "count": len(meant)})
    if not quotes:
        return [Pin.of(chunk, marker=marker, quote=_HEADING.sub("", chunk.text) or chunk.text) for chunk in meant]
    pins = []
    for quote in quotes:
        pattern = re.compile(r"\s*".join(map(re.escape, quote.split())))
        held = ((chunk, found) for chunk in meant if (found := pattern.search(chunk.text)))
        if (first := next(held, None)) is None:
            return NotNamed(
                reason="quote_unknown",
                values={"source": source, "quote": f"{quote[:60]}…" if len(quote) > 60 else quote},
            )
        pins.append(Pin.of(first[0], marker=marker, quote=first[1].group()))
    return pins


def _document(passages: Passages, line: str) -> tuple[str, str] | NotNamed:
    """The document that ``line`` names (by its name, the end of it, or its title) and what else the line says."""
    known = passages.titles()
    flat = _flat(line)
    for names in (
        [(source, _flat(source)) for source in known],
        [(source, _flat(source.rsplit("/", 1)[-1])) for source in known],
        [(source, _flat(title)) for source, title in known.items() if title],
    ):
        held = [(source, name) for source, name in names if _within(name, flat)]
        if held:
            longest = max((name for _, name in held), key=len)
            meant = sorted({source for source, name in held if name == longest})
            if len(meant) > 1:
                return NotNamed(reason="source_twice", values={"line": line, "sources": ", ".join(meant[:_LISTED])})
            return meant[0], _without(flat, longest)
    return NotNamed(reason="source_unknown", values={"line": line})


def _under(chunks: Sequence[Chunk], rest: str) -> list[Chunk]:
    """The chunks of the page and below the heading that ``rest`` names; all where it names none, none where there are none."""
    if page := _PAGE.search(rest):
        number = int(page[1] or page[2])
        rest = rest[: page.start()] + rest[page.end() :]
        chunks = [chunk for chunk in chunks if chunk.page == number]
    title = _flat(chunks[0].title) if chunks else ""
    best: list[Chunk] = []
    most: tuple[int, int] = (0, 0)
    for chunk in chunks:
        path = [_flat(heading) for heading in chunk.headings]
        held = [heading for heading in path if heading and _within(heading, rest)]
        # The section itself before those below it; a name of more parts before one of fewer.
        rank = (sum(map(len, held)), int(bool(path) and path[-1] in held))
        left = rest
        for words in sorted((*held, title), key=len, reverse=True):
            left = _without(left, words)
        if any(map(str.isalnum, left)):
            continue
        if rank > most:
            best, most = [], rank
        if rank == most:
            best.append(chunk)
    return best


def _headings(chunks: Sequence[Chunk], rest: str) -> str:
    """The headings of a document, those most like ``rest`` first."""
    known = dict.fromkeys(chunk.headings[-1] for chunk in chunks if chunk.headings)
    likeness = SequenceMatcher(b=rest, autojunk=False)

    def unlike(heading: str) -> float:
        likeness.set_seq1(_flat(heading))
        return -likeness.ratio()

    nearest = sorted(known, key=unlike)
    return " / ".join(nearest[:_LISTED]) + (" / …" if len(nearest) > _LISTED else "")


def _within(name: str, line: str) -> bool:
    """Whether ``line`` says ``name`` and no longer word of which it is a part."""
    return bool(name) and bool(re.search(rf"(?<![a-z0-9_/.-]){re.escape(name)}(?![a-z0-9_])", line))


def _without(line: str, name: str) -> str:
    return line.replace(name, " ", 1) if name else line


def _flat(text: str) -> str:
    """As names are compared: NFKC, no case, single spaces, / in paths."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("\\", "/").split())
