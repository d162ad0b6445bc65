"""Cuts RTF into its control words, groups and characters, which stand in the code page of their font; names its destinations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

_TOKEN = re.compile(
    rb"\\(?:([a-zA-Z]{1,32})(-?\d{1,10})? ?|'([0-9a-fA-F]{2})|([^a-zA-Z']|\r\n))|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\"
)
_CHARSETS = {
    0: "cp1252", 1: "", 2: "symbol", 77: "mac_roman", 78: "cp932", 128: "cp932", 129: "cp949", 130: "johab", 134: "cp936",
    136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251",
    222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_CODE_PAGES = {65001: "utf-8", 10000: "mac_roman", 10001: "shift_jis", 1361: "johab"}
SKIPPED = frozenset(
    "pict objdata fldinst datafield themedata colorschememapping latentstyles listtable listoverridetable rsidtbl generator "
    "xmlnstbl revtbl nonshppict shprslt sp sn sv bkmkstart bkmkend xe tc filetbl atnid atnref atrfstart atrfend "
    "atndate atnparent atntime atnicn private wgrffmtfilter ftnsep ftnsepc ftncn aftnsep aftnsepc aftncn nonesttables htmltag "
    "mmathPict mmathPr background pnseclvl objclass objname keywords author operator company comment doccomm subject category "
    "manager hlinkbase mhtmltag userprops docvar template passwordhash protusertbl fchars lchars".split()
)
IN_TABLES = frozenset(("fonttbl", "colortbl", "stylesheet", "info", "title"))
STORIES = frozenset(
    "annotation footnote header headerl headerr headerf footer footerl footerr footerf shptxt dptxbxtext".split()
)
THROUGH = frozenset("shpinst do ud nesttableprops moMath moMathPara fldrslt field result object shp".split())
SIGNS = {
    "tab": "\t", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“",
    "rdblquote": "”", "emspace": "\u2003", "enspace": "\u2002", "qmspace": "\u2005", "~": "\u00a0", "_": "-", "\t": "\t",
    "{": "{", "}": "}", "\\": "\\",
}  # fmt: skip


class Token(NamedTuple):
    """``kind``: "open", "close", "word" (with ``name`` and ``number``), "bytes" (with ``data``) or "sign" (with ``name``)."""

    kind: str
    name: str = ""
    number: int | None = None
    data: bytes = b""


def tokens(data: bytes) -> Iterator[Token]:
    """The tokens of ``data`` in order; binary data within it is passed over."""
    at = 0
    while found := _TOKEN.match(data, at):
        at = found.end()
        if found[1]:
            number = int(found[2]) if found[2] else None
            name = found[1].decode("ascii")
            if name == "bin":
                at += max(0, number or 0)
            else:
                yield Token("word", name, number)
        elif found[3]:
            yield Token("bytes", data=bytes.fromhex(found[3].decode("ascii")))
        elif found[4]:
            yield Token("sign", found[4].decode("latin-1"))
        elif found[5]:
            yield Token("open" if found[5] == b"{" else "close")
        elif found[6]:
            yield Token("bytes", data=found[6])


def codec_of(charset: int) -> str:
    """The codec of a font's ``\\fcharset``; empty for the document's own, "symbol" for fonts of signs."""
    return _CHARSETS.get(charset, "")


def codec_of_page(number: int) -> str:
    """The codec of a code page."""
    name = _CODE_PAGES.get(number, f"cp{number}")
    try:
        "".encode(name)
    except LookupError:
        return "cp1252"
    return name


@dataclass(slots=True)
class Characters:
    """``skip``: how many of the next characters stand in for one that was given by its number, and are passed over."""

    skip: int = 0
    _held: bytes = b""
    _high: str = ""

    def add(self, data: bytes) -> None:
        """Bytes of text, which may end within a character."""
        cut = min(self.skip, len(data))
        self.skip -= cut
        self._held += data[cut:]

    def flush(self, codec: str) -> str:
        """The text of the bytes that were added since."""
        if not self._held:
            return ""
        data, self._held = self._held, b""
        return data.decode("latin-1" if codec == "symbol" else codec, "replace")

    def skips_one(self) -> bool:
        """Whether what comes stands in for a character, as control words may, too."""
        if self.skip <= 0:
            return False
        self.skip -= 1
        return True

    def unicode(self, number: int, skipped: int) -> str:
        """The character with this number, for which ``skipped`` characters stand in; the first half of a pair is held back."""
        code = number % 65536
        self.skip = max(0, skipped)
        if 0xD800 <= code < 0xDC00:
            self._high = chr(code)
            return ""
        text = (self._high + chr(code)).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        self._high = ""
        return text
