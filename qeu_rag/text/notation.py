"""Which language a text is in, and its characters and spellings in one form."""

from __future__ import annotations

import re
import unicodedata

from qeu_rag.types import Lang

KANA = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
JAPANESE_RUN = re.compile(f"[{KANA}{HAN}]+")
_KANA_CHAR = re.compile(f"[{KANA}]")
_HAN_CHAR = re.compile(f"[{HAN}]")
_LATIN_CHAR = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a]")
_POWER = re.compile("(?<=[0-9\uff10-\uff19])[\u207a\u207b\u2212]?[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_HYPHEN = re.compile("[\u00ad\u2010-\u2015\u2212\ufe58]")
_KATAKANA = "\u30a1-\u30fa\u30fc"
_MINUS_AS_LONG_VOWEL = re.compile(f"(?<=[{_KATAKANA}])-(?=[{_KATAKANA}]|$|[^\\w\\s-])")
LAST_LONG_VOWEL = re.compile(f"(?<=[{_KATAKANA}]{{3}})ー+(?![{_KATAKANA}])")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


def without_surrogates(text: str) -> str:
    """``text`` with the halves of a character that arrived apart joined, and a space for each that has no other half.

    No file, tokenizer or search index takes half a character.
    """
    if not _SURROGATE.search(text):
        return text
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return _SURROGATE.sub(" ", joined)


def lang_of(text: str) -> Lang:
    """The language of ``text``: "ja" for Japanese, "en" for any text in Latin letters, "other" for the rest.

    A Japanese character weighs as much as two Latin letters. Chinese characters without any kana are Japanese where they
    are few and all in JIS X 0208, as in 就業規則; else they are taken for Chinese ("other").
    """
    kana = len(_KANA_CHAR.findall(text))
    han = len(_HAN_CHAR.findall(text))
    latin = len(_LATIN_CHAR.findall(text))
    others = sum(map(str.isalpha, text)) - kana - han - latin
    japanese = 2 * (kana + han)
    if japanese and japanese >= max(latin, others):
        return "ja" if (kana * 50 >= han and kana) or (not kana and _short_japanese_han(text, han)) else "other"
    return "en" if latin and latin >= others else "other"


def _short_japanese_han(text: str, count: int) -> bool:
    if count > 100:
        return False
    try:
        "".join(_HAN_CHAR.findall(text)).encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


def is_japanese(text: str) -> bool:
    """Whether ``text`` has a Japanese character."""
    return bool(JAPANESE_RUN.search(text))


def normalise(text: str) -> str:
    """``text`` with its notation folded so that spellings of one word compare equal; idempotent on its own output.

    NFKC and lower case; one hyphen, one wave dash; サーバー and サーバ alike (the long vowel that ends a katakana word of
    four characters or more is dropped); no thousands commas; lone surrogates become spaces.
    """
    return LAST_LONG_VOWEL.sub("", fold(text).lower())


def fold(text: str) -> str:
    """``normalise`` without the two steps that Sudachi and the acronyms need undone: lower case and long vowels.

    A raised number after a digit is a power, so that 10⁶ and 10^6 are alike and neither is 106.
    """
    powers = _POWER.sub(lambda found: "^" + found[0], without_surrogates(text))
    folded = unicodedata.normalize("NFKC", powers)
    folded = _HYPHEN.sub("-", folded).replace("\u301c", "~")
    return _THOUSANDS.sub("", _MINUS_AS_LONG_VOWEL.sub("ー", folded))
