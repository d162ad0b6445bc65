"""How files are to be read, where a user may choose: whether comments count, and whether scans are recognised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _go_on() -> None:
    """Before a page that takes seconds, where nobody waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """``comments``: whether comments in files are read, each as such; else they are counted. ``recognise``: whether scans are
    read by text recognition where it is installed; ``step`` is then called before each page, as pages take seconds.
    """

    comments: bool = False
    recognise: bool = False
    step: Callable[[], None] = _go_on


PLAIN = Way()
"""Without comments and without text recognition."""
