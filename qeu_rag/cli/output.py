"""Prints JSON, and writes a command's output file after a check, before the work begins, that it can be written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from qeu_rag.errors import StorageError


def print_json(value: object, *, indent: int | None = 2) -> None:
    """One JSON value on stdout; ``indent`` None: on one line."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=indent))


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
