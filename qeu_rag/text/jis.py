"""Decodes EUC-JP and ISO-2022-JP as Japanese programs write them: with ①, ㈱ and 髙, which the standards lack."""

from __future__ import annotations

import re

_ESCAPE = re.compile(rb"\x1b(\$\([DOPQ]|\$[@AB]|\([BJIHT])")
_PAIR = re.compile(rb"\x8e[\xa1-\xdf]|\x8f[\xa1-\xfe]{2}|[\xa1-\xfe]{2}|[\x00-\x7f]+|.", re.S)
_KANJI = re.compile(rb"[\x21-\x7e]{2}|.", re.S)
_NEC_ROWS = (13, *range(89, 93))
"""The rows of NEC's own characters and of its choice of IBM's."""


def euc(data: bytes) -> tuple[str, str] | None:
    """``data`` as EUC-JP and the codec's name; None where it is none. Signs of NEC and IBM are read as Windows writes them."""
    try:
        return data.decode("euc_jp"), "euc_jp"
    except UnicodeDecodeError:
        pass
    parts = [_of_euc(match[0]) for match in _PAIR.finditer(data)]
    if None not in parts:
        return "".join(part or "" for part in parts), "euc_jp"
    try:
        return data.decode("euc_jis_2004"), "euc_jis_2004"
    except UnicodeDecodeError:
        return None


def iso_2022_jp(data: bytes) -> str:
    """ISO-2022-JP with whatever programs put into it: rows of NEC and IBM, kana of half width, the sets of 1990 and 2004."""
    try:
        return data.decode("iso2022_jp")
    except UnicodeDecodeError:
        pass
    parts, at, state = [], 0, b"(B"
    for match in _ESCAPE.finditer(data):
        parts.append(_segment(data[at : match.start()], state))
        at, state = match.end(), match[1]
    return "".join([*parts, _segment(data[at:], state)])


def _segment(data: bytes, state: bytes) -> str:
    """The bytes between two escape sequences, the first of which was ``state``."""
    if state == b"(I":
        return bytes(byte | 0x80 if byte > 0x20 else byte for byte in data).decode("cp932", "replace")
    if not state.startswith(b"$"):
        return data.decode("ascii") if data.isascii() else data.decode("cp932", "replace")
    return "".join(_kanji(match[0], state) for match in _KANJI.finditer(data))


def _kanji(pair: bytes, state: bytes) -> str:
    if len(pair) < 2:
        return pair.decode("ascii", "replace")
    high = bytes(byte | 0x80 for byte in pair)
    if state == b"$(D":
        return (b"\x8f" + high).decode("euc_jp", "replace")
    if state == b"$A":
        return high.decode("gb2312", "replace")
    if state in (b"$(O", b"$(Q", b"$(P"):
        return (b"\x8f" * (state == b"$(P") + high).decode("euc_jis_2004", "replace")
    return _of_euc(high) or high.decode("euc_jis_2004", "replace")


def _of_euc(piece: bytes) -> str | None:
    """One character of EUC-JP, or a run of ASCII; None for what is neither in the standard nor in NEC's rows."""
    try:
        return piece.decode("euc_jp")
    except UnicodeDecodeError:
        pass
    row, column = piece[0] - 0xA0, piece[-1] - 0xA0
    if len(piece) != 2 or row not in _NEC_ROWS or not 1 <= column <= 94:
        return None
    lead = (row + 1) // 2 + (0x80 if row <= 62 else 0xC0)
    trail = column + (0x9E if row % 2 == 0 else 0x3F if column < 64 else 0x40)
    try:
        return bytes((lead, trail)).decode("cp932")
    except UnicodeDecodeError:
        return None
