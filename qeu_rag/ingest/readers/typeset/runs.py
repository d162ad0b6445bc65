"""Joins the runs of a paragraph in any format: raised and lowered ones by what stands around, notes beside their sentence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from qeu_rag.ingest.readers.notes_and_comments import LONGEST_IN_TEXT, note, note_below
from qeu_rag.ingest.readers.typeset.raised import lowered, raised
from qeu_rag.text.notation import is_japanese

_LEAST_OFFSET = 3
"""Half-points by which text must stand above or below the rest to be read as raised or lowered."""
_LONGEST = 24
_LONGEST_OFFSET = 8
_ORDINAL = re.compile(r"(?:st|nd|rd|th)", re.I)
_TRADE = {"tm": "™", "sm": "℠", "(r)": "®", "(c)": "©"}
_NOTE_MARK = re.compile(r"[（(]?[※＊*†‡注註#＃].*|.*[※†‡]", re.S)
_END = re.compile(r"(?:[。．！？!?]|\.(?!\.))[」』】）)\]\"'”’]*\s*$")


@dataclass(frozen=True, slots=True)
class Note:
    """A note at its place: its label and text (empty where it was told before), and whether it is an endnote."""

    label: str
    text: str
    end: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of one look ("raised" or "lowered", or half-points above its line), or, with ``note``, the place of a note."""

    text: str
    shift: str = ""
    offset: int = 0
    note: Note | None = None


@dataclass(slots=True)
class Line:
    """Gathers the runs of a paragraph; ``counts`` has how many stretches of it do not count, and why."""

    counts: Counter[str]
    runs: list[Run] = field(default_factory=list)
    _gone: str = ""

    def add(self, text: str, shift: str = "", offset: int = 0) -> None:
        """Text that is read."""
        if text:
            self.runs.append(Run(text, shift, offset))
            if not text.isspace():
                self._gone = ""

    def leave_out(self, why: str, text: str) -> None:
        """Text that is not; stretches that follow each other for one reason are one."""
        if text.strip():
            self.counts[why] += why != self._gone
            self._gone = why


def with_notes(runs: Sequence[Run], *, heading: bool = False) -> tuple[str, list[str]]:
    """The text with its notes, and the notes that stand below it: long ones, and all of a ``heading``."""
    if not any(run.note for run in runs):
        return joined(runs), []
    plain = without_notes(runs)
    below: list[str] = []

    def told(found: Note) -> str:
        text = found.text
        if text and (heading or len(text) > LONGEST_IN_TEXT):
            below.append(note_below(found.label, text, plain, end=found.end))
            text = ""
        return note(found.label, text, plain, end=found.end) if text or not heading else ""

    return joined(runs, told), below


def without_notes(runs: Sequence[Run]) -> str:
    """The text of ``runs`` alone."""
    return joined([run for run in runs if not run.note])


def joined(runs: Sequence[Run], told: Callable[[Note], str] = lambda note: "") -> str:
    """The text of ``runs``; ``told`` gives a note's text in brackets, which goes before the mark that ends its sentence."""
    if not any(run.shift or run.offset or run.note for run in runs):
        return "".join(run.text for run in runs)
    keyed = zip(_shifts(runs), runs, strict=True)
    groups = [
        (shift, found, "".join(run.text for _, run in group))
        for (shift, found), group in groupby(keyed, key=lambda each: (each[0], each[1].note))
    ]
    text = ""
    for place, (shift, found, words) in enumerate(groups):
        after = "".join(words for _, _, words in groups[place + 1 : place + 3])
        text = _beside(text, told(found), after) if found else text + _moved(words, shift, text, after)
    return text


def _shifts(runs: Sequence[Run]) -> list[str]:
    """For each run whether it stands raised or lowered against the rest of its paragraph."""
    visible = [run for run in runs if run.text.strip()]
    offsets = {run.offset for run in visible}
    level = 0 if 0 in offsets or len(offsets) != 1 else next(iter(offsets))
    all_moved = {run.shift for run in visible} in ({"raised"}, {"lowered"})
    return ["" if all_moved else run.shift or _by_offset(run, level) for run in runs]


def _by_offset(run: Run, level: int) -> str:
    height = run.offset - level
    if abs(height) < _LEAST_OFFSET or len(run.text) > _LONGEST_OFFSET or is_japanese(run.text):
        return ""
    return "raised" if height > 0 else "lowered"


def _moved(text: str, shift: str, before: str, after: str) -> str:
    bare = text.strip()
    if not shift or not bare or len(bare) > _LONGEST or is_japanese(bare):
        return text
    if shift == "lowered":
        return lowered(text)
    if (_ORDINAL.fullmatch(bare) and before[-1:].isdigit()) or bare in "º°′″'\"’”" or _NOTE_MARK.fullmatch(bare):
        return text
    if bare.lower() in _TRADE:
        return text.replace(bare, _TRADE[bare.lower()])
    if bare in {"o", "○", "〇"} and (after[:1] in "CFcf" or before[-1:].isdigit()):
        return text.replace(bare, "°")
    return raised(text)


def _beside(text: str, note: str, after: str) -> str:
    """``text`` with ``note`` at its end, but before the mark that ends its last sentence."""
    if not note:
        return text
    end = _END.search(text)
    wide = note.startswith("（")
    if end and not wide and after.strip() and (not after[0].isspace() or after.lstrip()[0].islower()):
        end = None  # an abbreviation
    place = end.start() if end else len(text.rstrip())
    gap = "" if wide or not text[:place].strip() else " "
    return text[:place].rstrip(" \t") + gap + note + text[place:]
