"""A folder for one replica among those of its machine, and the end of those whose replica is gone."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from qeu_rag.errors import StorageError

if TYPE_CHECKING:
    from filelock import BaseFileLock


class OwnFolder:
    """``replica-…`` below ``local``, held as long as this process lives; encoder files are shared by all in ``local/cache``."""

    def __init__(self, local: Path, models: Path) -> None:
        """``models`` is the home's folder of model files. Raises StorageError where nothing can be written there."""
        self.name = f"replica-{secrets.token_hex(6)}"
        self.path = local / self.name
        try:
            local.mkdir(parents=True, exist_ok=True, mode=0o700)
            _sweep(local)
            self._lock = _held(self.path)
            self.path.mkdir()
            (local / "cache").mkdir(exist_ok=True)
            os.symlink((local / "cache").absolute(), self.path / "cache")
            os.symlink(models.absolute(), self.path / "models")
        except OSError as error:
            raise StorageError("home_read_only", path=local) from error

    def drop(self) -> None:
        """Gives it back."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()
        _beside(self.path).unlink(missing_ok=True)


def _sweep(local: Path) -> None:
    """Takes away what replicas that were killed left."""
    from filelock import FileLock, Timeout

    for note in local.glob("replica-*.lock"):
        try:
            with FileLock(note, timeout=0):
                shutil.rmtree(note.with_suffix(""), ignore_errors=True)
                note.unlink(missing_ok=True)
        except Timeout:
            continue


def _held(path: Path) -> BaseFileLock:
    from filelock import FileLock

    lock = FileLock(_beside(path), timeout=0)
    lock.acquire()
    return lock


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".lock")
