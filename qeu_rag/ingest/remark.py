"""What a user should know of how a file was read, as a key of the catalogues with values, told in either language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qeu_rag.errors import ReadError
from qeu_rag.language import say

_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A remark on a file: ``remark.<key>`` in the catalogues, filled with ``values``; ``source`` names the file, if known.

    Of a ReadError among the values stands what happened and what to do; whole numbers in a tuple are rows or pages (by the
    value's name), of which the first ten are named and the others counted. ``str()`` is English.
    """

    key: str
    values: Mapping[str, str | int | tuple[int, ...] | ReadError] = field(default_factory=dict)
    source: str = ""

    def __str__(self) -> str:
        return self.render("en")

    def render(self, lang: str) -> str:
        """The remark in ``lang`` ("en" or "ja"), with the file's name before it."""
        told = say(f"remark.{self.key}", lang, **{name: _told(name, v, lang) for name, v in self.values.items()})
        return f"{self.source}: {told}" if self.source else told


def counted(counts: Mapping[str, int], *kinds: str, prefix: str = "") -> tuple[Remark, ...]:
    """A remark for each of the ``kinds`` that was counted, by the key that it has behind ``prefix``."""
    return tuple(Remark(key=prefix + kind, values={"count": n}) for kind in kinds if (n := counts.get(kind, 0)))


def _told(name: str, value: str | int | tuple[int, ...] | ReadError, lang: str) -> object:
    if isinstance(value, ReadError):
        return value.render(lang)
    if not isinstance(value, tuple):
        return value
    named = say("remark.joint", lang).join(map(str, value[:_NAMED]))
    many = "more" if len(value) > _NAMED else "many" if len(value) > 1 else "one"
    return say(f"remark.{name}.{many}", lang, named=named, more=len(value) - _NAMED)
