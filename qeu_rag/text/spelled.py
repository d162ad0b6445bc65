"""Numbers, months and eras that a text spells in words, in Japanese and English."""

from __future__ import annotations

ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}
MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
"""Any month's name, as a pattern."""

NUMBER_WORDS = {
    word: float(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty".split()
    )
} | {"thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "ninety": 90.0, "hundred": 100.0}
KANJI_NUMBERS = {character: number for number, character in enumerate("〇一二三四五六七八九")} | {
    "十": 10,
    "百": 100,
    "千": 1000,
}


_LETTERS = str.maketrans({"İ": "i", "ı": "i"})


def lowered(word: str) -> str:
    """``word`` in lower case, with i for the Turkish İ and ı: a pattern that ignores case finds these as i, too."""
    return word.translate(_LETTERS).lower()


def kanji_number(text: str) -> float:
    """The number below ten thousand that Chinese numerals spell: 二百三十 is 230."""
    total, digit = 0, 0
    for character in text:
        value = KANJI_NUMBERS[character]
        if value < 10:
            digit = value
        else:
            total, digit = total + (digit or 1) * value, 0
    return float(total + digit)
