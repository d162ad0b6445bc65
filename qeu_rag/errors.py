"""Every error that qeu_rag raises on purpose: what happened, where, and what to do next, with its exit code."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import ClassVar

from qeu_rag.language import CATALOGUES, say


class QeuRagError(Exception):
    """Base of all errors raised on purpose.

    ``key`` names a message of the catalogues (``error.<key>``: what happened; ``next.<key>``: what to do);
    ``values`` fill its placeholders; of an error among them stands what happened, in the same language. ``str()`` is English;
    ``render(lang)`` is the user's language.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, key: str, /, **values: object) -> None:
        self.key = key
        self.values = values
        super().__init__(self.render("en"))

    def __reduce__(self) -> tuple[object, ...]:
        """Errors of other processes come back pickled."""
        return _again, (type(self), self.key, self.values)

    def render(self, lang: str) -> str:
        """What happened and what to do next, in ``lang`` ("en" or "ja")."""
        happened, what_next = self.happened(lang), say(f"next.{self.key}", lang, **self._readable_values(lang))
        # No space between Japanese sentences, nor at the beginning of a line.
        return f"{happened}{'' if happened.endswith(('。', chr(10))) else ' '}{what_next}".strip()

    def happened(self, lang: str) -> str:
        """What happened, without the next step: for lists that tell the next step once, or tell another one."""
        return say(f"error.{self.key}", lang, **self._readable_values(lang))

    def _readable_values(self, lang: str) -> dict[str, object]:
        return {name: _readable(value, lang) for name, value in self.values.items()}


def _again(kind: type[QeuRagError], key: str, values: dict[str, object]) -> QeuRagError:
    return kind(key, **values)


class UsageError(QeuRagError):
    """The question, path or option that the caller gave cannot be used."""

    exit_code = 2


class ConfigError(QeuRagError):
    """A profile, environment variable, option or home folder is wrong."""

    exit_code = 3


class ModelError(QeuRagError):
    """A model file, embedder or engine cannot be used."""

    exit_code = 3


class CollectionError(QeuRagError):
    """The collection is missing, damaged beyond repair, made by another embedder, or of a newer version."""

    exit_code = 4


class NetworkNeeded(QeuRagError):
    """Going on would need the network, and nobody asked for it."""

    exit_code = 5


class BatchFailed(QeuRagError):
    """A batch ended with failed rows."""

    exit_code = 6


class StorageError(QeuRagError):
    """The disk is full or cannot be read or written."""

    exit_code = 1


class ClusterError(QeuRagError):
    """The cluster that was to do the work cannot be reached, was lost, or cannot do it."""

    exit_code = 1


class ReadError(QeuRagError):
    """One file cannot be read; it is reported by name and reason and never stops the others.

    ``reason`` is one of ``encrypted``, ``no_text``, ``unknown_type``, ``damaged``, ``too_large``, ``undecodable``,
    ``timeout``, ``memory``, ``unreadable`` (permission), ``empty``, ``nested`` (archives in archives), ``no_libreoffice``,
    ``worker_lost`` (with the machine that read it), ``not_fetched`` (from its store).
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"read_{reason}", detail=detail)

    def _readable_values(self, lang: str) -> dict[str, object]:
        """The detail in brackets, translated where the catalogue has words for it."""
        word = self.detail.strip().removeprefix("(").removesuffix(")")
        system = next((f"os.{name}" for number, name in errno.errorcode.items() if os.strerror(number) == word), "")
        known = [key for key in (f"detail.{word}", system) if key in CATALOGUES["en"]]
        shown = say(known[0], lang) if known else word
        return {"detail": say("detail.bracketed", lang, detail=shown) if word else ""}

    def __reduce__(self) -> tuple[Callable[..., QeuRagError], tuple[object, ...]]:
        """Readers work in processes of their own: what they raise or remark comes back pickled."""
        return type(self), (self.reason, self.detail)


def _readable(value: object, lang: str) -> object:
    """A placeholder's value as readable text: an error becomes what happened, in ``lang`` where the catalogue knows it."""
    if isinstance(value, QeuRagError):
        return value.happened(lang).rstrip(".。")
    if isinstance(value, OSError):
        # Windows: another program holds the file (ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION).
        held = getattr(value, "winerror", None) in (32, 33)
        key = "os.EBUSY" if held else f"os.{errno.errorcode.get(value.errno or 0, '')}"
        return say(key, lang) if key in CATALOGUES["en"] else value.strerror or type(value).__name__
    return value
