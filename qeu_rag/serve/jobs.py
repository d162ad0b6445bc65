"""Work that outlives a request: it is queued, told of as it goes on, kept on disk, and taken up again after the server's end."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qeu_rag.errors import QeuRagError, StorageError, UsageError
from qeu_rag.payload import SCHEMA_VERSION
from qeu_rag.serve.refusals import body_of

KEPT = 200
"""So many jobs are kept; the oldest that have ended go first."""

_REST = 4.0
"""While people wait for answers a job rests so many times as long as it worked since its last step: it has a fifth of the time.

A thread of lower priority would do worse: it may hold Python's lock when other programs take its core, and all threads wait.
"""
_LONGEST_REST_S = 2.0

_NOTE = "job.json"
_INSIDE = ("version", "stopped", "rest", "since")
"""What is neither kept nor shown."""


class Stopped(Exception):
    """The job is to end before it is done."""


@dataclass(slots=True, kw_only=True)
class Job:
    """One job and how far it is; docs/api.md has the fields. ``given`` is what it works on, ``version`` grows."""

    id: str
    kind: str
    collection: str
    name: str
    created: str
    given: dict[str, Any] = field(default_factory=dict)
    lang: str = "en"
    state: str = "waiting"
    stage: str = ""
    done: int = 0
    total: int = 0
    now: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    report: dict[str, Any] | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: dict[str, Any] | None = None
    file: str | None = None
    version: int = 0
    stopped: Callable[[], bool] = lambda: False
    rest: Callable[[float], None] = lambda worked: None
    since: float = 0.0

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it while this server runs."""
        return self.state in ("done", "failed", "interrupted")

    def step(
        self, stage: str, done: int, total: int, *, now: str = "", counts: Mapping[str, int] | None = None
    ) -> None:
        """Notes how far the work is, and lets questions go first. Raises Stopped where it must not go on."""
        self.stage, self.done, self.total, self.now = stage, done, total, now
        if counts is not None:
            self.counts = dict(counts)
        self.version += 1
        self.rest(time.monotonic() - self.since)
        self.since = time.monotonic()
        if self.stopped():
            raise Stopped

    def payload(self) -> dict[str, Any]:
        """The job as clients see it."""
        shown = {name: value for name, value in self.kept().items() if name not in ("given", "lang")}
        return {"schema_version": SCHEMA_VERSION, **shown}

    def kept(self) -> dict[str, Any]:
        """The job as it is kept on disk."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in _INSIDE}


Work = Callable[[Job, Path], None]


class Jobs:
    """The jobs below one folder, those of a kind one after another; safe between threads."""

    def __init__(
        self,
        folder: Path,
        work: Mapping[str, Work],
        *,
        stopping: threading.Event,
        tell: Callable[[str], None],
        asked: Callable[[], bool] = lambda: False,
    ) -> None:
        """``work`` says how a job of each kind is done, in its own folder; ``tell`` gets what went wrong unexpectedly.

        ``asked`` tells whether somebody waits for an answer, which goes before every job.
        """
        self._folder = folder
        self._work = work
        self._stopping = stopping
        self._tell = tell
        self._asked = asked
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._removed: set[str] = set()
        self._pools = {kind: ThreadPoolExecutor(1, thread_name_prefix=kind) for kind in work}

    def resume(self) -> None:
        """Takes up again what the last server left, and forgets the oldest; what cannot be read is passed over."""
        found = []
        for note in self._folder.glob(f"*/{_NOTE}"):
            with contextlib.suppress(OSError, ValueError, TypeError):
                found.append(Job(**json.loads(note.read_text(encoding="utf-8"))))
        found.sort(key=lambda job: job.created)
        for job in found[:-KEPT]:
            shutil.rmtree(self.folder_of(job), ignore_errors=True)
        for job in found[-KEPT:]:
            self._jobs[job.id] = job
            if job.state not in ("done", "failed"):
                self._submit(job)

    def add(
        self,
        kind: str,
        *,
        collection: str,
        name: str,
        lang: str,
        given: Mapping[str, Any],
        prepare: Callable[[Path], None],
    ) -> Job:
        """Queues a job; ``prepare`` puts what it needs into its folder. Raises StorageError("job_unwritten")."""
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        job = Job(
            id=secrets.token_hex(8),
            kind=kind,
            collection=collection,
            name=name,
            created=now,
            given=dict(given),
            lang=lang,
        )
        try:
            self.folder_of(job).mkdir(parents=True)
            prepare(self.folder_of(job))
            self._keep(job)
        except OSError as error:
            shutil.rmtree(self.folder_of(job), ignore_errors=True)
            raise StorageError("job_unwritten", detail=error) from error
        with self._lock:
            self._jobs[job.id] = job
        self._submit(job)
        return job

    def of(self, collection: str) -> list[Job]:
        """The jobs of a collection, newest first."""
        with self._lock:
            found = [job for job in self._jobs.values() if job.collection == collection]
        return sorted(found, key=lambda job: job.created, reverse=True)

    def find(self, key: str) -> Job:
        """The job with this id. Raises UsageError("job_unknown")."""
        job = self._jobs.get(key)
        if job is None:
            raise UsageError("job_unknown")
        return job

    def folder_of(self, job: Job) -> Path:
        """Where the files of a job are."""
        return self._folder / job.id

    def remove(self, job: Job) -> None:
        """Stops a job and forgets it with its files."""
        self._removed.add(job.id)
        with self._lock:
            self._jobs.pop(job.id, None)
        if job.state != "running":
            shutil.rmtree(self.folder_of(job), ignore_errors=True)

    def close(self) -> None:
        """Waits for what runs, which ends at its next step, and leaves the rest for the next server."""
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, job: Job) -> None:
        job.state = "waiting"
        job.stopped = lambda: self._stopping.is_set() or job.id in self._removed
        job.rest = lambda worked: self._rest(job, worked)
        self._pools[job.kind].submit(self._run, job)

    def _run(self, job: Job) -> None:
        if job.id in self._removed:
            return
        job.state, job.since = "running", time.monotonic()
        try:
            job.step(job.stage, 0, 0)
            self._work[job.kind](job, self.folder_of(job))
            job.state = "done"
        except Stopped:
            job.state = "interrupted"
        except QeuRagError as error:
            job.error = body_of(error, job.lang)["error"]
            job.state = "failed"
        except Exception as error:  # noqa: BLE001 - a job that breaks must not end the thread for the others
            self._tell(f"{job.kind} {job.id}: {type(error).__name__}: {error}")
            job.error = body_of(QeuRagError("serve_log", kind=type(error).__name__), job.lang)["error"]
            job.state = "failed"
        job.version += 1
        if job.id in self._removed:
            shutil.rmtree(self.folder_of(job), ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                self._keep(job)

    def _rest(self, job: Job, worked: float) -> None:
        """Waits while somebody is asking, for a time that goes by how long the job has ``worked`` (seconds)."""
        end = time.monotonic() + min(_REST * worked, _LONGEST_REST_S)
        while self._asked() and not job.stopped() and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.02))

    def _keep(self, job: Job) -> None:
        made = self.folder_of(job) / f"{_NOTE}.new"
        made.write_text(json.dumps(job.kept()), encoding="utf-8")
        os.replace(made, self.folder_of(job) / _NOTE)
