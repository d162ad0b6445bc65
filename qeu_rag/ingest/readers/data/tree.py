"""Parses JSON and YAML into plain trees whose values stay as they were written: 1.10 is not 1.1, and no repeated key is lost."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from qeu_rag.errors import ReadError

_MAX_NODES = 300_000
_MAX_DEPTH = 100


class Leaf(str):
    """A value as it is written; ``above`` are the comment lines that stand before it."""

    __slots__ = ("above",)
    above: tuple[str, ...]

    def __new__(cls, text: str, above: tuple[str, ...] = ()) -> Leaf:
        """A leaf with this text."""
        made = super().__new__(cls, text)
        made.above = above
        return made


Tree = dict[str, Any] | list[Any] | str
"""A mapping, a list, or a value as it is written."""


def json_tree(text: str) -> Tree:
    """Raises ValueError or RecursionError for what is no JSON."""
    literal = Leaf
    return _named(
        json.loads(text, parse_float=literal, parse_int=literal, parse_constant=literal, object_pairs_hook=_mapping)
    )


def _named(value: Any) -> Tree:
    """``value`` with true, false and null by their names."""
    if isinstance(value, dict):
        return {key: _named(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_named(item) for item in value]
    if value is None or isinstance(value, bool):
        return Leaf({None: "null", True: "true", False: "false"}[value])
    return Leaf(str(value))


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A mapping in which a key that comes again is numbered."""
    made: dict[str, Any] = {}
    for key, value in pairs:
        name, number = key, 1
        while name in made:
            number += 1
            name = f"{key} ({number})"
        made[name] = value
    return made


def yaml_trees(text: str) -> list[Tree]:
    """The documents of a YAML file. Raises ValueError for what is no YAML, ReadError("too_large") for what grows without end."""
    import yaml

    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        nodes = list(yaml.compose_all(text.replace("\t", "    "), Loader=loader))
    except yaml.YAMLError as e:
        raise ValueError(str(e)) from e
    comments = _Comments(text, [node for node in nodes if node is not None])
    made = [_Builder(comments).tree(node, 0) for node in nodes if node is not None]
    if rest := comments.rest():
        made.append(Leaf("", rest))
    return made


class _Builder:
    """Makes a tree of YAML's nodes, which may stand for each other so often that there would be no end of them."""

    def __init__(self, comments: _Comments) -> None:
        self._comments = comments
        self._made = 0

    def tree(self, node: Any, depth: int) -> Tree:
        self._made += 1
        if self._made > _MAX_NODES or depth > _MAX_DEPTH:
            raise ReadError("too_large", " (YAML)")
        if node.id == "mapping":
            pairs: list[tuple[str, Any]] = []
            merged: list[Any] = []
            for key, value in node.value:
                if key.id == "scalar" and key.value == "<<" and not key.style:
                    merged += value.value if value.id == "sequence" else [value]
                    continue
                above = self._comments.above(key.start_mark.line)
                name = key.value if key.id == "scalar" else _flow(self.tree(key, depth + 1))
                pairs.append((name, _with_above(self.tree(value, depth + 1), above)))
            own = _mapping(pairs)
            for other in merged:
                tree = self.tree(other, depth + 1)
                if isinstance(tree, dict):
                    own = {**tree, **own}
            return own
        if node.id == "sequence":
            return [
                _with_above(self.tree(item, depth + 1), self._comments.above(item.start_mark.line))
                for item in node.value
            ]
        beside = self._comments.beside(node)
        return Leaf(f"{node.value.rstrip()} # {beside}".strip() if beside else node.value.rstrip())


def _with_above(tree: Tree, above: tuple[str, ...]) -> Tree:
    """``tree`` with comment lines before the first of its values."""
    if not above:
        return tree
    if isinstance(tree, str):
        return Leaf(tree, above + getattr(tree, "above", ()))
    if isinstance(tree, dict):
        key = next(iter(tree), None)
        return tree if key is None else {**tree, key: _with_above(tree[key], above)}
    return [_with_above(tree[0], above), *tree[1:]] if tree else tree


def _flow(tree: Tree) -> str:
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key}: {_flow(value)}" for key, value in tree.items()) + "}"
    return ", ".join(map(_flow, tree)) if isinstance(tree, list) else str(tree)


class _Comments:
    """The comments of a YAML file by their lines; each is given out once."""

    def __init__(self, text: str, nodes: list[Any]) -> None:
        lines = text.splitlines()
        last = _last_columns(nodes)
        covered = {row for first, end in _blocks(nodes) for row in range(first + 1, end)}
        self._alone = {
            row: line.strip().lstrip("#").strip()
            for row, line in enumerate(lines)
            if line.lstrip().startswith("#") and row not in covered
        }
        self._rows = sorted(self._alone)
        self._next = 0
        self._beside: dict[int, str] = {}
        for row, column in last.items():
            tail = lines[row][column:] if row < len(lines) else ""
            if found := re.match(r"[\s,\]}:]*\s#+\s*(.*\S)", tail):
                self._beside[row] = found[1]

    def above(self, row: int) -> tuple[str, ...]:
        """The comment lines before ``row`` that were not given out yet."""
        end = bisect_left(self._rows, row)
        if end <= self._next:
            return ()
        found = self._rows[self._next : end]
        self._next = end
        return tuple(text for at in found if (text := self._alone[at]))

    def beside(self, node: Any) -> str:
        """The comment behind a value on the line where it begins or ends."""
        block = node.style in {"|", ">"}
        return self._beside.pop(node.start_mark.line if block else node.end_mark.line, "")

    def rest(self) -> tuple[str, ...]:
        """All comments that were not given out."""
        return (*self._beside.values(), *self.above(1 << 60))


def _scalars(nodes: list[Any]) -> Iterator[Any]:
    seen: set[int] = set()
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.id == "mapping":
            pending += [part for pair in node.value for part in pair]
        elif node.id == "sequence":
            pending += node.value
        else:
            yield node


def _last_columns(nodes: list[Any]) -> dict[int, int]:
    """Where on each line the last value or key ends."""
    last: dict[int, int] = {}
    for node in _scalars(nodes):
        mark = node.start_mark if node.style in {"|", ">"} else node.end_mark
        column = mark.column + (2 if node.style in {"|", ">"} else 0)
        last[mark.line] = max(last.get(mark.line, 0), column)
    return last


def _blocks(nodes: list[Any]) -> Iterator[tuple[int, int]]:
    """First and last line of each value on several lines, in which ``#`` begins no comment."""
    for node in _scalars(nodes):
        if node.style in {"|", ">", '"', "'"} and node.end_mark.line > node.start_mark.line:
            yield node.start_mark.line, node.end_mark.line
