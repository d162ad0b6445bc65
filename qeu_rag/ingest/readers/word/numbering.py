"""Works out the numbers that Word shows before numbered paragraphs, such as 1.2, (a), ① or 第3条; no file holds them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qeu_rag.ingest.readers.typeset.numerals import in_form
from qeu_rag.ingest.readers.typeset.symbols import from_symbol_font
from qeu_rag.ingest.readers.xml_elements import W, is_on, signed

if TYPE_CHECKING:
    from docx.document import Document as DocxDocument

_PLACE = re.compile(r"%([1-9])")
TELLING = frozenset("✓✔✗✘☑☒☐")
"""Bullets that say something of their item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What stands before a paragraph: its text, whether it is a mere bullet, and its depth from 0.

    The text of a bullet is empty but for one that says something, as ✓ and ✗ do.
    """

    text: str
    bullet: bool
    level: int

    @property
    def mark(self) -> str:
        """The label as a Markdown list mark: a bullet, ``1.``, or a bullet and the label where it is something else."""
        if not self.text:
            return "- "
        return f"{self.text} " if re.fullmatch(r"\d+[.)]", self.text) else f"- {self.text} "


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    form: str
    pattern: str
    start: int
    restart: int | None = None
    legal: bool = False


class Numbering:
    """The numbering definitions of one document and the running counters of its paragraphs, in reading order."""

    def __init__(self, document: DocxDocument) -> None:
        self._lists: dict[int, int] = {}
        self._levels: dict[int, dict[int, _Level]] = {}
        self._overrides: dict[int, dict[int, _Level]] = {}
        self._restarts: dict[int, dict[int, int]] = {}
        self._counts: dict[int, dict[int, int]] = {}
        relations = document.part.rels.values()
        part = next((r.target_part for r in relations if not r.is_external and r.reltype.endswith("/numbering")), None)
        if part is not None:
            self._load(part.element)

    def _load(self, root: Any) -> None:
        defined: dict[str, int] = {}
        used: dict[int, str] = {}
        for abstract in root.findall(W + "abstractNum"):
            levels = {_number(level, "ilvl"): _level(level) for level in abstract.findall(W + "lvl")}
            own = _number(abstract, "abstractNumId")
            self._levels[own] = levels
            defines, uses = abstract.find(W + "styleLink"), abstract.find(W + "numStyleLink")
            if defines is not None:
                defined[str(defines.get(W + "val"))] = own
            if uses is not None:
                used[own] = str(uses.get(W + "val"))
        for own, style in used.items():
            self._levels[own] = self._levels.get(own) or self._levels.get(defined.get(style, -1), {})
        for num in root.findall(W + "num"):
            number = _number(num, "numId")
            reference = num.find(W + "abstractNumId")
            self._lists[number] = _number(reference, "val") if reference is not None else -1
            for override in num.findall(W + "lvlOverride"):
                level, own, start = (
                    _number(override, "ilvl"),
                    override.find(W + "lvl"),
                    override.find(W + "startOverride"),
                )
                if own is not None:
                    self._overrides.setdefault(number, {})[level] = _level(own)
                if start is not None:
                    self._restarts.setdefault(number, {})[level] = _number(start, "val")

    def label(self, number: int, level: int) -> Label | None:
        """The label of the next paragraph with numbering id ``number`` at depth ``level``; None where none is shown."""
        abstract = self._lists.get(number)
        levels = {**self._levels.get(-1 if abstract is None else abstract, {}), **self._overrides.get(number, {})}
        shape = levels.get(level)
        if abstract is None or shape is None:
            return Label(text="", bullet=True, level=level) if number else None
        if shape.form == "bullet":
            return Label(text=shape.pattern if shape.pattern in TELLING else "", bullet=True, level=level)
        counts = self._counts.setdefault(abstract, {})
        restart = self._restarts.get(number, {}).pop(level, None)
        counts[level] = restart if restart is not None else counts.get(level, shape.start - 1) + 1
        for deeper in [d for d in counts if d > level and _restarts(levels.get(d), level)]:
            del counts[deeper]
        if (shape.form == "none" and "%" in shape.pattern) or not shape.pattern:
            return None

        def value(place: re.Match[str]) -> str:
            at = int(place[1]) - 1
            form = levels.get(at, shape).form
            form = "decimal" if shape.legal and form != "decimalZero" else form
            return in_form(counts.setdefault(at, levels[at].start if at in levels else 1), form)

        return Label(text=_PLACE.sub(value, shape.pattern).strip(), bullet=False, level=level)


def _restarts(deeper: _Level | None, level: int) -> bool:
    """Whether the count of a deeper level begins anew after a paragraph at ``level`` (0: never, n: after level n, from 1)."""
    after = deeper.restart if deeper is not None else None
    return after is None or (after > 0 and level < after)


def _number(element: Any, name: str) -> int:
    return signed(element.get(W + name))


def _level(element: Any) -> _Level:
    form, pattern, start, restart, legal = (
        element.find(W + name) for name in ("numFmt", "lvlText", "start", "lvlRestart", "isLgl")
    )
    kind = str(form.get(W + "val")) if form is not None else "decimal"
    words = str(pattern.get(W + "val") or "") if pattern is not None else ""
    fonts = element.find(f"{W}rPr/{W}rFonts")
    font = str(fonts.get(W + "ascii") or fonts.get(W + "hAnsi") or "") if fonts is not None else ""
    return _Level(
        form=kind,
        pattern=from_symbol_font(words, font) if kind == "bullet" else words,
        start=_number(start, "val") if start is not None else 1,
        restart=_number(restart, "val") if restart is not None else None,
        legal=is_on(legal),
    )
