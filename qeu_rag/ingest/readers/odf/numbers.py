"""Works out the numbers that an OpenDocument file shows before items of lists and before headings; no file holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qeu_rag.ingest.readers.odf.package import STYLE, TEXT, Styles
from qeu_rag.ingest.readers.typeset.numerals import in_form
from qeu_rag.ingest.readers.xml_elements import local, whole

_FORMS = {
    "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman", "①": "decimalEnclosedCircle",
    "一": "japaneseCounting", "ア": "aiueoFullWidth", "ｱ": "aiueo", "イ": "irohaFullWidth", "ｲ": "iroha",
    "１": "decimalFullWidth",
}  # fmt: skip
_DEEPEST = 10


@dataclass(slots=True)
class Numbers:
    """The running numbers of one document: of each style of lists, and of headings."""

    styles: Styles
    _lists: dict[str, dict[int, int]] = field(default_factory=dict)
    _headings: dict[int, int] = field(default_factory=dict)

    def begin_list(self, style: str, level: int, *, goes_on: bool) -> None:
        """A list of this style begins at ``level``, from 1; its numbers begin anew unless it ``goes_on`` with one before."""
        counters = self._lists.setdefault(style, {})
        if not goes_on:
            for deeper in [key for key in counters if key >= level]:
                del counters[deeper]

    def item(self, style: str, level: int, start: str | None) -> str | None:
        """The label of the next item; None for a bullet."""
        form = self._level(self.styles.lists.get(style), level)
        if form is None or local(form) != "list-level-style-number":
            return None
        return _next(
            self._lists.setdefault(style, {}),
            form,
            level,
            start,
            lambda at: self._level(self.styles.lists.get(style), at),
        )

    def heading(self, level: int, start: str | None) -> str:
        """The number of the next heading of this level; empty where headings have none."""
        outline = self.styles.outline
        form = self._level(outline, level)
        if form is None:
            return ""
        return _next(self._headings, form, level, start, lambda at: self._level(outline, at))

    def _level(self, style: Any | None, level: int) -> Any | None:
        wanted = str(min(level, _DEEPEST))
        return next((e for e in style if e.get(TEXT + "level") == wanted), None) if style is not None else None


def _next(counters: dict[int, int], form: Any, level: int, start: str | None, form_at: Any) -> str:
    first = whole(start, -1)
    begin = whole(form.get(TEXT + "start-value")) or 1
    counters[level] = first if first >= 0 else counters.get(level, begin - 1) + 1
    for deeper in [key for key in counters if key > level]:
        del counters[deeper]
    if not form.get(STYLE + "num-format"):
        return ""
    shown = whole(form.get(TEXT + "display-levels")) or 1
    parts = []
    for at in range(max(1, level - shown + 1), level + 1):
        other = form if at == level else form_at(at)
        kind = other.get(STYLE + "num-format", "") if other is not None else ""
        if kind:
            parts.append(in_form(counters.get(at, 1), _FORMS.get(kind[0], "decimal")))
    return f"{form.get(STYLE + 'num-prefix', '')}{'.'.join(parts)}{form.get(STYLE + 'num-suffix', '')}"
