"""Tells files of one name in several folders apart, by as much of their paths as that takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import PurePath


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
