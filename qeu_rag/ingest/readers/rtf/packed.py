"""Unpacks the RTF that Outlook keeps in its messages (MS-OXRTFCP), and the HTML that it wraps in RTF (MS-OXRTFEX)."""

from __future__ import annotations

import html
import struct

from qeu_rag.ingest.readers.rtf.tokens import Characters, codec_of, codec_of_page, tokens

_START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
"""What every packed text may refer to without holding it."""
_PACKED, _PLAIN = b"LZFu", b"MELA"
_WINDOW = 4096
_MOST = 64 << 20
_SIGNS = {"par": "\n", "line": "\n", "tab": "\t", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
          "bullet": "•", "endash": "–", "emdash": "—"}  # fmt: skip
_SKIP = frozenset(("fonttbl", "colortbl", "stylesheet", "info", "pict", "listtable", "listoverridetable", "mhtmltag"))


def unpacked(data: bytes) -> bytes:
    """The RTF in a packed stream, as far as it goes. Raises ValueError for what is none."""
    if len(data) < 16:
        raise ValueError("short")
    size, kind = struct.unpack("<I", data[4:8])[0], data[8:12]
    if kind == _PLAIN:
        return data[16 : 16 + size]
    if kind != _PACKED:
        raise ValueError("kind")
    window = bytearray(_START.ljust(_WINDOW, b"\0"))
    write, at, made = len(_START), 16, bytearray()
    while at < len(data) and len(made) < min(size, _MOST):
        flags, at = data[at], at + 1
        for bit in range(8):
            if at >= len(data):
                break
            if flags >> bit & 1:
                if at + 1 >= len(data):
                    return bytes(made)
                token, at = data[at] << 8 | data[at + 1], at + 2
                offset, length = token >> 4, (token & 15) + 2
                if offset == write % _WINDOW:
                    return bytes(made[:size])
                taken = []
                for i in range(length):
                    byte = window[(offset + i) % _WINDOW]
                    taken.append(byte)
                    window[write % _WINDOW] = byte
                    write += 1
                made += bytes(taken)
            else:
                made.append(data[at])
                window[write % _WINDOW] = data[at]
                write, at = write + 1, at + 1
    return bytes(made[:size])


def wrapped_html(rtf: bytes) -> str:
    """The HTML that an RTF text was made from; empty if it was made from none."""
    if b"\\fromhtml1" not in rtf[:4096]:
        return ""
    reading = _Unwrapping()
    for token in tokens(rtf):
        if token.kind == "bytes":
            reading.characters.add(token.data)
        else:
            reading.flush()
            reading.word(token.kind, token.name, token.number)
    reading.flush()
    return "".join(reading.pieces)


class _Unwrapping:
    """Keeps what stands in HTML's tags and between them, and drops what was written for readers of RTF."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._stack: list[tuple[str, bool, int]] = []
        self._place, self._rtf_only, self._font = "", False, -1
        self._codecs: dict[int, str] = {}
        self._codec = "cp1252"
        self.characters = Characters()

    def flush(self) -> None:
        self._text(self.characters.flush(self._codecs.get(self._font, "") or self._codec))

    def word(self, kind: str, name: str, number: int | None) -> None:
        if kind == "open":
            self._stack.append((self._place, self._rtf_only, self._font))
            self.characters.skip = 0
        elif kind == "close":
            if self._stack:
                self._place, self._rtf_only, self._font = self._stack.pop()
            self.characters.skip = 0
        elif kind == "sign":
            if name in "{}\\~_":
                self._text({"~": "\u00a0", "_": "-"}.get(name, name))
        elif name == "htmltag":
            self._place = "tag"
        elif name in _SKIP:
            self._place = name
        elif name == "htmlrtf":
            self._rtf_only = number is None or number != 0
        elif name == "ansicpg" and number:
            self._codec = codec_of_page(number)
        elif name == "f" and number is not None:
            self._font = number
        elif name == "fcharset" and self._place == "fonttbl":
            self._codecs[self._font] = codec_of(number or 0)
        elif name == "u":
            self._text(self.characters.unicode(number or 0, 1))
        elif name in _SIGNS:
            self._text(_SIGNS[name])

    def _text(self, text: str) -> None:
        if self._rtf_only or self._place not in {"", "tag"}:
            return
        self.pieces.append(text if self._place == "tag" else html.escape(text, quote=False))
