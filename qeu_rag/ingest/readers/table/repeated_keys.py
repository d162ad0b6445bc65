"""Says a key again in the rows of a table that it is meant for, where its cell is left empty below it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

_LEAST_COLUMNS = 3


def with_keys_again(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The rows of a table's body, each with the key of its group in the first column.

    A cell without one stands for the key above it where the names beside it come again below another key (宿泊 and 日当 of
    国内 and of 海外), so that without the key nothing would tell these rows apart. Elsewhere it stays empty.
    """
    made = [list(row) for row in rows]
    groups: dict[str, list[str]] = {}
    key = ""
    for row in made:
        key = row[0] or key
        if len(row) < _LEAST_COLUMNS or row[0] in groups or not key or not any(row[:2]):
            return made
        groups.setdefault(key, []).extend(filter(None, row[1:2]))
    names = [name for own in groups.values() for name in own]
    apart = all(len(set(own)) == len(own) for own in groups.values())
    if not apart or len(set(names)) == len(names):
        return made
    for above, row in pairwise(made):
        row[0] = row[0] or above[0]
    return made
