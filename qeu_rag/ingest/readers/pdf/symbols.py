"""What letters of symbol fonts in PDF files show, and which letters a font gives no meaning."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterable
from typing import Any

from qeu_rag.ingest.readers.pdf.text import Found, PageText
from qeu_rag.ingest.readers.typeset.symbols import from_symbol_font, is_symbol_font

_SUBSET = re.compile(r"^[A-Z]{6}\+")
_STYLE = re.compile(r"(?:-Regular|MT|,.*)$")
_TEX = {
    "cmsy": dict(zip(b"\x00\x01\x02\x03\x04\x06\x07\x30\x36\x37\x68\x69\x6b", "−·×∗÷±∓′\u0338\u200b⟨⟩‖", strict=True)),
    "cmex": {
        **dict(zip(b"\x00\x01\x08\x09\x10\x11\x12\x13\x20\x21", "(){}()()()", strict=True)),
        **dict(zip(b"\x50\x51\x52\x53\x54\x58\x59\x5a\x5b\x5c", "∑∏∫⋃⋂∑∏∫⋃⋂", strict=True)),
        **dict.fromkeys(range(0x70, 0x77), "√"),
        **dict.fromkeys([0x0C, 0x0D, *range(0x30, 0x43), *range(0x78, 0x7E)], "\u200b"),  # parts of tall brackets
    },
    "msam": {0x03: "□", 0x04: "□"},
}
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd]")
_BRACKETS = {0xF8EB + i: c for i, c in enumerate("⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪⎮⎞⎟⎠⎤⎥⎦⎫⎬⎭")}
_NOT = "\u0338"


def symbol_font(name: str) -> str:
    """The font by the name that ``shown`` knows; empty for one of ordinary letters."""
    plain = _STYLE.sub("", _SUBSET.sub("", name))
    spaced = re.sub(r"(?<=[a-z])(?=\d$)", " ", plain).replace("-", " ")
    if is_symbol_font(spaced):
        return spaced
    tex = plain[:4].lower()
    return tex if tex in _TEX else ""


def shown(char: str, font: str, *, unnamed: bool) -> str:
    """What a letter of a symbol font shows; ``unnamed``: whether the font does not say so itself."""
    if font in _TEX:
        return _TEX[font].get(ord(char), char) if unnamed and len(char) == 1 else char
    # A letter beyond Latin-1 and the private range is what the file itself says of it.
    as_it_is = len(char) == 1 and char >= "\u0100" and not "\uf000" <= char < "\uf100"
    return char if as_it_is and not unnamed else from_symbol_font(char, font)


def told(text: str) -> str:
    """``text`` with parts of tall brackets, which fonts have in the private range, and strokes over the sign they strike."""
    if _NOT in text:
        text = re.sub(rf"{_NOT}\s*(\S)", rf"\1{_NOT}", text)
    return text.translate(_BRACKETS)


def has_unnamed(text: PageText, found: Iterable[Found]) -> bool:
    """Whether a page has letters of which the font does not say what they are, by the ends of its lines."""
    for one in found:
        if _PRIVATE.search(told(one.text)) or "\ufffd" in one.text:
            return True
        if one.run is None and any(map(text.is_unnamed, text.reach(one))):
            return True
    return False


def font_name(raw: Any, item: Any) -> str:
    """The name of the font of a stretch of text."""
    font = raw.FPDFTextObj_GetFont(item)
    room = ctypes.create_string_buffer(128)
    size = (
        raw.FPDFFont_GetBaseFontName(font, ctypes.cast(room, ctypes.POINTER(ctypes.c_char)), len(room)) if font else 0
    )
    return room.raw[: max(0, min(size, len(room)) - 1)].decode("latin-1")
