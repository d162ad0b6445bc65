"""Writes a tree of data as text that a person can read: records with the same keys as a table, all else as ``path: value``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from qeu_rag.ingest.readers.data.tree import Leaf, Tree
from qeu_rag.ingest.readers.markup.markdown import escape, table
from qeu_rag.ingest.readers.page import one_line

_MAX_COLUMNS = 60
_COMMON = 0.5
_LONGEST_CELL = 1_000
_LONGEST_LIST = 200


def markdown_of(tree: Tree) -> str:
    """``tree`` as Markdown."""
    blocks: list[str] = []
    lines: list[str] = []
    for is_block, text in _told(tree, ""):
        if is_block:
            blocks += ["\n".join(lines)] * bool(lines)
            lines = []
            blocks.append(text)
        else:
            lines.append(text)
    return "\n\n".join([*blocks, "\n".join(lines)] if lines else blocks)


def _told(tree: Tree, path: str) -> Iterator[tuple[bool, str]]:
    """Lines, and blocks that stand alone (True)."""
    if isinstance(tree, str):
        yield from ((False, escape(line)) for line in getattr(tree, "above", ()))
        if path or tree:
            yield from _line(tree, path)
    elif not tree:
        if path:
            yield False, escape(f"{path}: {'{}' if isinstance(tree, dict) else '[]'}")
    elif isinstance(tree, dict):
        for key, value in tree.items():
            yield from _told(value, f"{path}.{one_line(str(key))}" if path else one_line(str(key)))
    elif (rows := _as_table(tree)) is not None:
        yield from ((False, escape(line)) for line in _comments(tree))
        if path:
            yield True, escape(f"{path}:")
        yield True, table(rows)
    elif all(isinstance(item, str) for item in tree):
        yield from ((False, escape(line)) for line in _comments(tree))
        if sum(map(len, tree)) <= _LONGEST_LIST and not any("\n" in item for item in tree) and path:
            yield False, escape(f"{path}: {_joined(tree)}")
        else:
            if path:
                yield False, escape(f"{path}:")
            yield from ((False, "- " + item.strip().replace("\n", "\n  ")) for item in tree)
    else:
        for number, item in enumerate(tree):
            yield from _told(item, f"{path}[{number}]")


def _line(text: str, path: str) -> Iterator[tuple[bool, str]]:
    if "\n" in text.strip():
        yield True, escape(f"{path}:\n{text.strip()}" if path else text.strip())
    else:
        yield False, escape(f"{path}: {text}" if path else text)


def _joined(items: list[Any]) -> str:
    return ("、" if any(not str(item).isascii() for item in items) else ", ").join(map(str, items))


def _comments(tree: Tree) -> Iterator[str]:
    """The comment lines in ``tree``, for where its values stand in a table."""
    if isinstance(tree, str):
        yield from getattr(tree, "above", ())
        return
    for item in tree.values() if isinstance(tree, dict) else tree:
        yield from _comments(item)


def _as_table(items: list[Any]) -> list[list[str]] | None:
    """The rows of a table, its header first, if ``items`` are records (or rows) of much the same keys."""
    if len(items) < 2:
        return None
    if all(isinstance(item, list) for item in items):
        plain = all(isinstance(value, str) for item in items for value in item)
        return [list(map(str, item)) for item in items] if plain and len(items[0]) > 1 else None
    if not all(isinstance(item, dict) for item in items):
        return None
    flat = [_flat(item) for item in items]
    records = [record for record in flat if record is not None]
    if len(records) < len(items):
        return None
    counts = Counter(key for record in records for key in record)
    shared = sum(counts.values()) / (max(1, len(counts)) * len(records))
    if not counts or len(counts) > _MAX_COLUMNS or shared < _COMMON:
        return None
    return [list(counts), *([record.get(key, "") for key in counts] for record in records)]


def _flat(record: dict[str, Any], prefix: str = "", depth: int = 0) -> dict[str, str] | None:
    """A record with the keys of records in it joined by dots; None for one that holds more than cells can show."""
    made: dict[str, str] = {}
    for key, value in record.items():
        name = f"{prefix}{one_line(str(key))}"
        if isinstance(value, dict):
            inner = _flat(value, f"{name}.", depth + 1) if depth < 3 else None
            if inner is None:
                return None
            made.update(inner)
        elif isinstance(value, list):
            if not all(isinstance(item, str) for item in value):
                return None
            made[name] = _joined(value)
        else:
            made[name] = str(value)
        if len(made.get(name, "")) > _LONGEST_CELL:
            return None
    return made


def records_of(text_rows: list[Tree]) -> Tree:
    """Lines of JSON as one tree: a list of records, or the one that there is."""
    return text_rows if len(text_rows) != 1 else text_rows[0] or Leaf("")
