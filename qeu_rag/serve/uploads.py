"""Files that came over the network: their names made safe, and each put into its collection's folder whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import IO

from qeu_rag.errors import StorageError, UsageError

_REFUSED = frozenset('<>:"|?*#%')
"""What file systems refuse, and # and %, which stand for something else in names of attachments and in addresses."""
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})
_LONGEST = 180


def folder_of(home: Path, collection: str) -> Path:
    """Where the uploads of a collection are kept."""
    return home / "uploads" / collection


def clean_name(given: str) -> str:
    """The last part of ``given`` as a name that any file system takes, visible and in no other folder.

    Raises UsageError("upload_name") where nothing is left of it.
    """
    last = unicodedata.normalize("NFC", given).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in last if c.isprintable() and c not in _REFUSED).strip(" .").lstrip("~$. ")
    suffix = PurePosixPath(name).suffix
    stem = name[: len(name) - len(suffix)]
    while len((stem + suffix).encode()) > _LONGEST and stem:
        stem = stem[:-1]
    if not stem or len(suffix) > 20:
        raise UsageError("upload_name", name=given[:100].encode("utf-8", "replace").decode())
    return f"_{stem}{suffix}" if stem.split(".")[0].lower() in _DEVICES else stem + suffix


def store(folder: Path, files: Iterable[tuple[str, IO[bytes]]]) -> list[str]:
    """Puts each file into ``folder`` and gives their names there; one of the same name as before replaces it.

    Two of one name in ``files`` stay two. Raises UsageError("upload_name"), StorageError("upload_unwritten").
    """
    taken: list[str] = []
    named = [(_apart(clean_name(given), taken), content) for given, content in files]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in named:
            # A name with a dot before it is passed over by an ingest that runs meanwhile.
            made = folder / f".{secrets.token_hex(8)}"
            try:
                with made.open("xb") as file:
                    shutil.copyfileobj(content, file)
                os.replace(made, folder / name)
            finally:
                made.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError("upload_unwritten", detail=error) from error
    return taken


def _apart(name: str, taken: list[str]) -> str:
    path, number, shown = PurePosixPath(name), 1, name
    while shown.casefold() in {one.casefold() for one in taken}:
        number += 1
        shown = f"{path.stem} ({number}){path.suffix}"
    taken.append(shown)
    return shown
