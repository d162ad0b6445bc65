"""Prints JSON, and writes a command's output file after a check, before the work begins, that it can be written."""

from __future__ import annotations

import contextlib
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


def check_whole(path: Path, *, key: str) -> None:
    """Passes where ``write_whole`` can write ``path``, and leaves no trace. Raises StorageError(``key``)."""
    try:
        if path.exists():
            path.open("ab").close()
        if path.is_file() or not path.exists():
            probe = _temporary(path.resolve())
            probe.touch()
            probe.unlink()
    except OSError as error:
        raise StorageError(key, path=path, detail=error) from error


def write_whole(path: Path, text: str, *, key: str) -> None:
    """Writes ``text`` whole, or leaves the file of before as it was. Raises StorageError(``key``)."""
    place = path.resolve()  # of a link the file that it leads to
    aside = _temporary(place)
    try:
        if place.exists() and not place.is_file():  # /dev/stdout: nothing of before could be lost
            place.write_text(text, encoding="utf-8", errors="replace")
        else:
            aside.write_text(text, encoding="utf-8", errors="replace")
            os.replace(aside, place)
    except OSError as error:
        raise StorageError(key, path=path, detail=error) from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")
