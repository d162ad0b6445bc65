"""Writes a command's output file, and checks before the work begins that it can be written."""

from __future__ import annotations

import os
from pathlib import Path

from qeu_rag.errors import StorageError


def check_place(path: Path) -> None:
    """Raises StorageError(``save_failed``) where ``path`` surely cannot be written, before minutes go into it."""
    folder = path.absolute().parent
    if not folder.is_dir() or path.is_dir():
        raise StorageError("save_failed", path=path, detail=os.strerror(2 if not folder.is_dir() else 21))
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise StorageError("save_failed", path=path, detail=os.strerror(13))


def write_page(path: Path, text: str) -> None:
    """Writes ``text`` as UTF-8. Raises StorageError(``save_failed``)."""
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StorageError("save_failed", path=path, detail=error.strerror or error) from error
