"""Which names a scan passes over without a word: hidden ones, lock files, and what a ``.qeuignore`` file leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from qeu_rag.errors import UsageError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".qeuignore"
_SYSTEM_FILES = frozenset(("thumbs.db", "desktop.ini"))


def is_hidden_name(name: str) -> bool:
    """Whether a file or folder of this name is hidden: by a dot, as Office's lock file, or as one of the system's."""
    return name.startswith((".", "~$")) or name.lower() in _SYSTEM_FILES


def rules_of(path: Path, shown: str) -> GitIgnoreSpec:
    """The rules (gitignore syntax) in the file at ``path``, which people know as ``shown``.

    Raises UsageError("ignore_file") where it cannot be read.
    """
    from pathspec import GitIgnoreSpec

    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        return GitIgnoreSpec.from_lines(lines)
    except (OSError, ValueError) as e:
        raise UsageError("ignore_file", path=shown, detail=str(e)) from e


def is_ignored(path: PurePath, is_folder: bool, rules: Sequence[tuple[PurePath, GitIgnoreSpec]]) -> bool:
    """Whether the innermost of ``rules`` (by folder, inner ones last) that says anything of ``path`` leaves it out."""
    for folder, spec in reversed(rules):
        name = path.relative_to(folder).as_posix() + "/" * is_folder
        decision = spec.check_file(name).include
        if decision is not None:
            return decision
    return False
