"""One collection on disk: its folder, its one writer at a time, and opening it whole, mended where it was damaged."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from qeu_rag.errors import CollectionError, StorageError
from qeu_rag.index import dense_remote
from qeu_rag.index import generation as generations
from qeu_rag.index.dense_remote import VectorServer
from qeu_rag.index.generation import Generation
from qeu_rag.index.ledger import Ledger
from qeu_rag.index.seal import dense_part, intact
from qeu_rag.language import say

Notify = Callable[[str], None]

_LOCK_WAIT_S = 900.0


class Collection:
    """The folder of one collection: ``ledger.sqlite`` (the truth), ``generation-…`` (derived), ``writer.lock``."""

    def __init__(self, folder: Path, *, notify: Notify, lang: str = "en", server: VectorServer | None = None) -> None:
        """``notify`` gets one line for each thing that the user should know, in ``lang``.

        ``server`` keeps the vectors in the folder's place: what asks it also raises StorageError where it does not answer.
        """
        self.folder = folder
        self.server = server
        self.notify = notify
        self._lang = lang

    @property
    def ledger_path(self) -> Path:
        """Where the ledger is."""
        return self.folder / "ledger.sqlite"

    def tell(self, key: str, **values: object) -> None:
        """Gives the user one line, from the catalogue."""
        self.notify(say(f"notice.{key}", self._lang, **values))

    @contextmanager
    def writer(self) -> Iterator[bool]:
        """Waits until nobody else writes, saying who does; then writing is ours. Gives whether there was one to wait for.

        Raises StorageError where the folder cannot be written, CollectionError when the other one takes over 15 minutes.
        """
        from filelock import FileLock, Timeout

        holder = self.folder / "writer.json"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock, waited = FileLock(self.folder / "writer.lock"), False
            try:
                lock.acquire(timeout=0)
            except Timeout:
                waited = True
                self.tell("waiting_for_writer", **_holder(holder))
                lock.acquire(timeout=_LOCK_WAIT_S)
        except Timeout as error:
            raise CollectionError("writer_busy", **_holder(holder)) from error
        except OSError as error:
            raise StorageError("home_read_only", path=self.folder) from error
        try:
            since = datetime.now(UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
            _try_write(holder, json.dumps({"pid": os.getpid(), "since": since}))
            yield waited
        finally:
            lock.release()

    @contextmanager
    def reading(self) -> Iterator[Ledger]:
        """The ledger, open for reading. Raises CollectionError where nothing was ever ingested to the end."""
        with Ledger(self.ledger_path) as ledger:
            if ledger.generation == 0:
                raise CollectionError("no_collection", path=self.folder)
            yield ledger

    def intact(self, ledger: Ledger) -> bool:
        """Whether the indexes of the ledger's generation are on disk, and their vectors on the server, as they were made."""
        seal = ledger.meta("seal")
        if seal is None or not intact(generations.folder_of(self.folder, ledger.generation), seal):
            return False
        part = dense_part(seal)
        if self.server is None or part is None:
            return self.server is None and part is None  # else the settings changed where vectors are kept
        return dense_remote.sound(self.server, part)

    def build_next(self, ledger: Ledger, progress: generations.Progress) -> None:
        """Builds the indexes for all that was written, makes them the generation that readers see, drops the old."""
        current = ledger.generation
        base = current if current and self.intact(ledger) else None
        seal = generations.build(self.folder, ledger, current + 1, base=base, server=self.server, progress=progress)
        ledger.publish(current + 1, seal)
        generations.sweep(self.folder, keep=current + 1)

    def repair(self, ledger: Ledger) -> None:
        """Builds the indexes of the current generation anew from the ledger, saying so."""
        if self.server is None:
            self.tell("rebuilding")
        else:
            self.tell("filling", where=self.server.where)
        seal = generations.build(self.folder, ledger, ledger.generation, base=None, server=self.server)
        ledger.reseal(seal)
        self.tell("rebuilt")

    def open(self) -> tuple[Ledger, Generation]:
        """Opens the last whole generation for reading; a damaged one is rebuilt first.

        Raises CollectionError where there is none (or the ledger itself is damaged), StorageError where a rebuild is
        needed and the folder cannot be written.
        """
        for _ in range(3):
            ledger = Ledger(self.ledger_path)
            try:
                number = ledger.generation
                if number == 0:
                    raise CollectionError("never_finished" if ledger.pending() else "no_collection", path=self.folder)
                if self.intact(ledger):
                    return ledger, generations.open_generation(
                        self.folder, number, ledger.meta("seal") or "", self.server
                    )
            except CollectionError as error:
                ledger.close()
                if error.key not in ("index_damaged", "dense_changed"):
                    raise
                self._mend(number, certainly=error.key == "index_damaged")
            except BaseException:
                ledger.close()
                raise
            else:
                ledger.close()
                self._mend(number)
        raise CollectionError("index_unstable", path=self.folder)

    def _mend(self, number: int, *, certainly: bool = False) -> None:
        """Rebuilds generation ``number`` unless another process has meanwhile mended or replaced it."""
        with Ledger(self.ledger_path) as ledger:
            # An ingest that published the next one, and dropped this one's folder, leaves nothing to mend or to wait for.
            if ledger.generation != number:
                return
        with self.writer(), Ledger(self.ledger_path, write=True) as ledger:
            if ledger.generation == number and (certainly or not self.intact(ledger)):
                self.repair(ledger)

    def set_aside(self) -> Path | None:
        """Moves a ledger that cannot be used any more out of the way (never deletes it) and says where it is now."""
        if not self.ledger_path.exists():
            return None
        aside = self.ledger_path.with_name(f"ledger.aside-{time.strftime('%Y%m%d-%H%M%S')}.sqlite")
        os.replace(self.ledger_path, aside)
        for ending in ("-wal", "-shm"):
            self.ledger_path.with_name(self.ledger_path.name + ending).unlink(missing_ok=True)
        return aside


def _holder(path: Path) -> dict[str, object]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        return {"pid": known["pid"], "since": known["since"]}
    except (OSError, ValueError, KeyError):
        return {"pid": "?", "since": "?"}


def _try_write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError("disk_full" if error.errno == 28 else "home_read_only", path=path.parent) from error
