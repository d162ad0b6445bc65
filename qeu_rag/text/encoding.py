"""Guesses the character encoding of a text file: UTF-8, UTF-16, the Japanese encodings, and Latin-1 for western text."""

from __future__ import annotations

import codecs
import contextlib
import re
import unicodedata

from qeu_rag.errors import ReadError
from qeu_rag.text.jis import euc, iso_2022_jp

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {"euc_jp": "euc-jp", "euc_jis_2004": "euc-jp", "iso2022_jp": "iso-2022-jp", "cp1252": "latin-1"}
_ALIASES = {
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "windows-31j", "ms932"), "cp932"),
    **dict.fromkeys(("iso-8859-1", "latin-1", "latin1", "us-ascii", "ascii"), "cp1252"),
    **dict.fromkeys(("euc-jp", "x-euc-jp", "eucjp"), "euc_jp"),
    **dict.fromkeys(("iso-2022-jp", "csiso2022jp", "iso-2022-jp-ms"), "iso2022_jp"),
}
_MISNAMED = frozenset(("cp932", "euc_jp", "euc_jis_2004", "gb2312", "gbk", "big5", "euc_kr"))
"""Encodings of which the bytes of UTF-8 may be text as well, though no likely one."""
_KANA_AND_MARKS = re.compile("[\u3000-\u30ff\uff01-\uff5e]")
_KANA = re.compile("[\u3041-\u30fa]")
_SPACED = re.compile("(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")
_STOP = re.compile(r"[\u4e00-\u9fff][.,](?=\s|$)")
_FEW = 20
_CHINESE = frozenset(("gb2312", "gbk", "gb18030", "hz"))
_ASIAN = _CHINESE | {"big5", "big5hkscs", "cp950", "euc_kr", "cp949", "johab"}
"""Chinese and Korean, whose bytes may be kanji in Japanese encodings, but hardly ever kana."""
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_WESTERN_SIGNS = "“”‘’–—•…€\xa0¡£§©«®°±·»¿×¹²³µ¼½¾÷"
_SIGNS = frozenset((0x81, 0x87))
"""The first bytes of ○, ×, ※ and of ①, ㎜ in Shift JIS, which stand alone in the cells of tables; no western letters."""
_SIGN_IN_WORD = re.compile("[A-Za-z][¡£§©«®°±»¿×¹²³¼½¾÷][a-z]")
_SAMPLE = 200_000

PATCHED = "utf-8 (with errors)"
"""The name of the encoding of UTF-8 with bytes that are none: these are replaced by U+FFFD."""


def decode(data: bytes, declared: str = "") -> tuple[str, str]:
    """The text of ``data`` and the name of its encoding; ``declared`` (from a header or a ``meta`` tag) is tried first.

    Raises ReadError("undecodable") for binary data and for bytes that no known encoding explains.
    """
    text, name = _decode(data, declared)
    if len(_CONTROL.findall(text)) * 50 > len(text):
        raise ReadError("undecodable", " (binary)")
    return text.removeprefix("\ufeff"), _NAMES.get(name, name).replace("-sig", "")


def _decode(data: bytes, declared: str) -> tuple[str, str]:
    for bom, name in _BOMS:
        if data.startswith(bom):
            return data.decode(name, "replace"), name
    if b"\x1b$" in data[:_SAMPLE] and max(data) < 0x80:
        return iso_2022_jp(data), "iso-2022-jp"
    if declared and (text := _declared(data, declared.strip().strip("\"'").lower())):
        return text
    if b"\x00" in data[:_SAMPLE]:
        return _utf_16(data)
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    found = _japanese(data)
    if found and not _is_without_kana(found[0][:_SAMPLE]):
        return found
    return (
        (found and _foreign(data, _ASIAN))
        or found
        or _patched_utf_8(data)
        or _western(data)
        or _foreign(data)
        or _utf_16(data)
    )


def _is_without_kana(text: str) -> bool:
    """Whether ``text`` has sentences but no kana, as Chinese and Korean seem to have when they are read as Japanese."""
    if _KANA.search(text) or sum(not c.isascii() for c in text) < _FEW:
        return False
    return bool(re.search("[。，；？！]", text)) or bool(_STOP.search(text) and _SPACED.search(text))


def _foreign(data: bytes, only: frozenset[str] = frozenset()) -> tuple[str, str] | None:
    """What charset-normalizer finds, of the encodings in ``only`` if any, where it finds the language, too."""
    from charset_normalizer import from_bytes

    if len(data) < 2 * _FEW:
        return None
    best = from_bytes(data[:_SAMPLE]).best()
    if best is None or (only and best.encoding not in only) or best.language == "Unknown":
        return None
    name = "gb18030" if best.encoding in _CHINESE else best.encoding
    return data.decode(name, "replace"), name


def _declared(data: bytes, label: str) -> tuple[str, str] | None:
    name = _ALIASES.get(label, label)
    if name.startswith(("utf-16", "utf-32")) and data[:1] < b"\x80" and b"\x00" not in data[:_SAMPLE]:
        return None
    try:
        text = data.decode(name)
    except (UnicodeError, LookupError, ValueError):
        return euc(data) if name == "euc_jp" else None
    if name in _MISNAMED and _is_utf_8_in_truth(data, text):
        return None
    if name == "cp1252" and not text.isascii():
        return None  # The web declares Latin-1 for everything: the bytes decide.
    return text, "utf-8" if name == "cp1252" else name


def _is_utf_8_in_truth(data: bytes, text: str) -> bool:
    """Whether what was declared as ``text``'s encoding is wrong: the bytes are UTF-8, and likelier Japanese as such."""
    try:
        other = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not other.isascii() and _likely(other[:_SAMPLE]) > _likely(text[:_SAMPLE])


def _utf_16(data: bytes) -> tuple[str, str]:
    """UTF-16 without a byte order mark, by whichever byte order gives letters."""
    best = ("", "", 0.0)
    for name in ("utf-16-le", "utf-16-be"):
        text = data[: len(data) // 2 * 2].decode(name, "replace")
        good = sum((c.isascii() and (c.isprintable() or c in "\r\n\t")) or bool(_KANA_AND_MARKS.match(c)) for c in text)
        kanji = sum("\u4e00" <= c <= "\u9fff" for c in text)
        share = (good + kanji * (good > len(text) / 5)) / max(1, len(text))
        if share > best[2]:
            best = (text, name, share)
    if best[2] < 0.8:
        raise ReadError("undecodable", " (binary)" if b"\x00" in data else "")
    return best[0], best[1]


def _japanese(data: bytes) -> tuple[str, str] | None:
    """The Japanese encoding that gives the likelier text, if either gives likely text at all."""
    found = []
    with contextlib.suppress(UnicodeDecodeError):
        found.append((data.decode("cp932"), "cp932"))
    if as_euc := euc(data):
        found.append(as_euc)
    scored = sorted(((_likely(text[:_SAMPLE]), text, name) for text, name in found), key=lambda s: -s[0])
    if not scored or scored[0][0] < 0.5:
        return None
    return scored[0][1], scored[0][2]


def _likely(text: str) -> float:
    """How much the characters beyond ASCII look like Japanese: 1 kana and common kanji, below 0 chance hits."""
    points, total = 0.0, 0
    for i, char in enumerate(text):
        if char.isascii():
            continue
        total += 1
        alone = text[i - 1 : i].isalpha() and text[i - 1 : i].isascii() and text[i + 1 : i + 2].isascii()
        points += -0.5 if alone and not _KANA_AND_MARKS.match(char) else _weight(char)
    return points / max(1, total)


def _weight(char: str) -> float:
    if _KANA_AND_MARKS.match(char):
        return 1.0
    if "\u4e00" <= char <= "\u9fff":
        try:  # The first level of JIS X 0208, the kanji in daily use, ends at row 47.
            return 0.9 if char.encode("euc_jp")[0] <= 0xCF else 0.1
        except UnicodeEncodeError:
            return 0.1
    if "\uff61" <= char <= "\uff9f":
        return 0.55
    if unicodedata.category(char) in {"Cc", "Co", "Cn"}:
        return -1.0
    return 0.6 if char.encode("cp932", "replace")[0] in _SIGNS else 0.1


def _patched_utf_8(data: bytes) -> tuple[str, str] | None:
    """UTF-8 with a few bad bytes, as in a log that was cut or written by two programs."""
    text = data.decode("utf-8", "replace")
    beyond = sum(not c.isascii() for c in text)
    bad = text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
    return (text, PATCHED) if beyond - bad >= 4 * bad else None


def _western(data: bytes) -> tuple[str, str] | None:
    """Windows Latin-1, if the bytes beyond ASCII are few and are letters or common signs."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    beyond = [c for c in text if not c.isascii()]
    good = sum(c.isalpha() or c in _WESTERN_SIGNS for c in beyond)
    if len(beyond) * 3 > len(text) or good < 0.9 * len(beyond) or _CONTROL.search(text):
        return None
    return None if _SIGN_IN_WORD.search(text) else (text, "cp1252")
