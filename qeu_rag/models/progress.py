"""How work on a model's file tells how far it has come."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called as (stage, done, total), done of total bytes (0 of 0: not known); stage "fetch", "copy", "verify", "wait", "convert"
or "repack"."""


def no_progress(stage: str, done: int, total: int) -> None:
    """Tells nobody."""
