"""How to be rid of a model of the models folder or the cache, whole or half made."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from qeu_rag.errors import ModelError
from qeu_rag.models.catalog import read_catalog
from qeu_rag.models.gptj.cache import UNFINISHED, being_made
from qeu_rag.models.pull import PART, being_fetched
from qeu_rag.models.store import contents, converted, models_folder, parts, there, unfinished, unknown_name

_REMOVED = ".removed-"


def remove(home: Path, name: str) -> Path:
    """Deletes a model of the folder or the cache by its name, with what was fetched of it in part; its former place.

    A program that is using it keeps what it has opened, or, on Windows, keeps it from being deleted; either way nothing is
    left in halves. Raises ModelError where there is none of that name, where it is being made or fetched, or where it cannot
    be deleted; UsageError for no name at all. Nothing outside the two is ever deleted.
    """
    path = removable(home, name)
    try:
        for doomed in (path, path.with_name(path.name + PART)):
            if doomed.is_dir() and not doomed.is_symlink():
                # Out of the way at once: whoever looks meanwhile sees all of it or nothing.
                aside = doomed.with_name(f".{doomed.name}{_REMOVED}{os.getpid()}")
                os.replace(doomed, aside)
                shutil.rmtree(aside)
            else:
                doomed.unlink(missing_ok=True)
    except OSError as error:
        raise ModelError("model_stays", path=path, detail=error.strerror or error) from error
    return path


def removable(home: Path, name: str) -> Path:
    """Which place ``remove`` would delete; the same errors."""
    folder = models_folder(home)
    entry = read_catalog().get(name)
    if entry is not None:
        place = entry.place(folder)
        if there(place) or there(place.with_name(place.name + PART)):
            if being_fetched(entry, folder):
                raise ModelError("pull_busy", name=name)
            return place
        raise ModelError("model_not_pulled", name=name)
    made = (*converted(home / "cache"), *unfinished(home / "cache"))
    here = {path.name: path for path in (*contents(folder), *parts(folder), *made)}
    for path in here.values():
        if name and name in (path.name, path.stem):
            if UNFINISHED in path.name and being_made(path):
                raise ModelError("model_being_made", path=path)
            return path
    raise unknown_name(name, here)
