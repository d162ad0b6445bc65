"""Writes and changes the members of ZIP files, as office files are."""

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path


def zipped(path: Path, members: Mapping[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def unzipped(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def change(path: Path, changes: Mapping[str, Callable[[str], str]], **added: str) -> Path:
    """Changes members of the file at ``path``, empty ones where there are none, and adds others."""
    members = unzipped(path)
    changed = {name: turn(members.get(name, b"").decode()) for name, turn in changes.items()}
    return zipped(path, {**members, **changed, **added})
