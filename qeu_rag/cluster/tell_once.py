"""Tells who runs a server what goes wrong: once, and again only after it went well, or when something else goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from qeu_rag.errors import QeuRagError


class Telling:
    """Lines about things that are tried again and again."""

    def __init__(self, tell: Callable[[str], None], lang: str) -> None:
        """``tell`` gets the lines."""
        self._tell = tell
        self._lang = lang
        self._told: dict[str, str] = {}

    def wrong(self, about: str, error: BaseException) -> None:
        """Tells ``error``, unless it was the last thing told about the same."""
        line = error.render(self._lang) if isinstance(error, QeuRagError) else f"{type(error).__name__}: {error}"
        if self._told.get(about) != line:
            self._told[about] = line
            self._tell(f"{about}: {line}")

    def well(self, about: str) -> None:
        """It went well: the next error is told again."""
        self._told.pop(about, None)

    @contextmanager
    def trying(self, about: str) -> Iterator[None]:
        """Tells what goes wrong inside, and lets nothing out: a thread that ended would try nothing ever after."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - see above
            self.wrong(about, error)
        else:
            self.well(about)
