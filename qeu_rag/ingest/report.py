"""What an ingest tells: how far it is, and what it changed in the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qeu_rag.ingest.remark import Remark


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is: ``done`` of ``total`` files (read) or chunks (embed, index)."""

    stage: Literal["read", "embed", "index"]
    done: int
    total: int
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A file that was not read, and why; ``detail`` is for people."""

    path: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What one run changed, counted in files; ``chunks`` is what the collection holds now.

    A file that was read once and cannot be read any more counts as ``removed`` and under ``failed``, unless the failure says
    nothing about its content: then what was known of it stays.
    """

    added: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: tuple[Skipped, ...] = ()
    chunks: int = 0
    embedded: int = 0
    seconds: float = 0.0
    notes: tuple[Remark, ...] = ()
