"""Joins the pieces of a Word paragraph into text: raised and lowered ones by what stands around them, notes beside theirs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from qeu_rag.ingest.readers.sign.raised import lowered, raised
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
class Piece:
    """A stretch of one look, or, with ``note`` (kind, label, element), the place of a note."""

    text: str
    shift: str = ""
    offset: int = 0
    note: tuple[str, str, Any] | None = None


def joined(pieces: Sequence[Piece], told: Callable[[tuple[str, str, Any]], str] = lambda note: "") -> str:
    """The text of ``pieces``; ``told`` gives a note's text in brackets, which goes before the mark that ends its sentence."""
    if not any(piece.shift or piece.offset or piece.note for piece in pieces):
        return "".join(piece.text for piece in pieces)
    shifts = _shifts(pieces)
    groups = [
        (shift, note, "".join(piece.text for piece, *_ in group))
        for (shift, note), group in (
            (key, list(group))
            for key, group in groupby(zip(pieces, shifts, strict=True), key=lambda each: (each[1], each[0].note))
        )
    ]
    text = ""
    for place, (shift, note, words) in enumerate(groups):
        after = "".join(words for _, _, words in groups[place + 1 : place + 3])
        if note is not None:
            text = _beside(text, told(note), after)
        else:
            text += _moved(words, shift, text, after)
    return text


def _shifts(pieces: Sequence[Piece]) -> list[str]:
    """For each piece whether it stands raised or lowered against the rest of its paragraph."""
    visible = [piece for piece in pieces if piece.text.strip()]
    offsets = {piece.offset for piece in visible}
    level = 0 if 0 in offsets or len(offsets) != 1 else next(iter(offsets))
    all_moved = {piece.shift for piece in visible} in ({"raised"}, {"lowered"})
    return ["" if all_moved else piece.shift or _by_offset(piece, level) for piece in pieces]


def _by_offset(piece: Piece, level: int) -> str:
    height = piece.offset - level
    if abs(height) < _LEAST_OFFSET or len(piece.text) > _LONGEST_OFFSET or is_japanese(piece.text):
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
