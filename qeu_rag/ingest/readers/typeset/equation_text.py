"""Puts brackets, powers, indices and accents around the parts of an equation that is written on one line."""

from __future__ import annotations

import re
import unicodedata

_ATOM = re.compile(r"[-+−±]?\d+(?:[.,]\d+)*%?|[^\W\d_]['′]*|[^\W_]\u0302?|\S[\u0300-\u036f\u20d0-\u20dc]*")
_WORDS = re.compile("[\u3005-\u30ff\u4e00-\u9fff]+")
MARKS = {
    "\u0302": ("\u0302", "hat"), "^": ("\u0302", "hat"), "\u02c6": ("\u0302", "hat"), "\u0303": ("\u0303", "tilde"),
    "~": ("\u0303", "tilde"), "\u02dc": ("\u0303", "tilde"), "\u0304": ("\u0304", "bar"), "\u0305": ("\u0304", "bar"),
    "\u00af": ("\u0304", "bar"), "\u203e": ("\u0304", "bar"), "-": ("\u0304", "bar"), "\u0333": ("\u0333", "underline"),
    "\u033f": ("\u033f", "bar"), "\u0332": ("\u0332", "underline"), "\u0307": ("\u0307", "dot"), "\u0308": ("\u0308", "ddot"),
    "\u20db": ("\u20db", "dddot"), "\u20d7": ("\u20d7", "vec"), "\u2192": ("\u20d7", "vec"), "\u030c": ("\u030c", "check"),
    "\u0306": ("\u0306", "breve"), "\u0300": ("\u0300", "grave"), "\u0301": ("\u0301", "acute"),
    "\u20d6": ("\u20d6", "vec"), "\u20d1": ("\u20d1", "vec"),
}  # fmt: skip
"""Accents and bars: the combining mark that each becomes over one letter, and its name over several."""


def simple(text: str) -> bool:
    """Whether ``text`` is one letter or number, which needs no brackets."""
    return bool(_ATOM.fullmatch(text))


def bracketed(text: str) -> bool:
    """Whether one pair of brackets holds all of ``text``."""
    if text[:1] not in "([{" or text[-1:] not in ")]}" or len(text) < 2:
        return False
    depth = 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if not depth:
            return place == len(text) - 1
    return False


def is_sum(text: str) -> bool:
    """Whether ``text`` has an operator outside brackets."""
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if not depth and (character.isspace() or character in "+-−±/=<>≤≥×·⋅*"):
            return True
    return False


def factor(text: str) -> str:
    """``text`` as it stands above or below a fraction bar or below a root."""
    bare = simple(text) or _WORDS.fullmatch(text) or bracketed(text) or re.fullmatch(r"\w\W?[_^][\w.]|\|[^|]*\|", text)
    return text if bare else f"({text})"


def base(text: str) -> str:
    """``text`` as it stands before an index or a power."""
    whole = (
        simple(text) or bracketed(text) or text.isalnum() or re.fullmatch(r"\w+[\u0300-\u036f]*|\|[^|]*\||\w+_\w", text)
    )
    return text if whole or not text else f"({text})"


def script(sign: str, text: str) -> str:
    """An index (``_``) or a power (``^``); empty for none."""
    if not text:
        return ""
    return sign + text if simple(text) else f"{sign}{{{text}}}"


def accented(text: str, mark: str) -> str:
    """``text`` below (or above) an accent or a bar: one letter with a combining mark, else ``bar(x+y)``."""
    combining, name = MARKS.get(mark, (mark if unicodedata.combining(mark[:1] or " ") else "", mark))
    if combining and len(unicodedata.normalize("NFC", text)) == 1:
        return text + combining
    return f"{name}({text})" if name else text
