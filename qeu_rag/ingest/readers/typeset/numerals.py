"""Writes the number of a list's item or a note as files ask for it: in digits, letters, kana, kanji or Roman numerals."""

from __future__ import annotations

_HIGHEST = 32_767
"""A higher number stands in digits, whatever its format."""
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_AIUEO = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"
_IROHA = "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセス"
_CYCLES = {
    "aiueo": _AIUEO, "aiueoFullWidth": _AIUEO, "iroha": _IROHA, "irohaFullWidth": _IROHA,
    "ideographTraditional": "甲乙丙丁戊己庚辛壬癸", "ideographZodiac": "子丑寅卯辰巳午未申酉戌亥",
}  # fmt: skip
"""What a list counts with, and begins anew behind the last."""
_ENCLOSED = {
    "decimalEnclosedCircle": "①", "decimalEnclosedCircleChinese": "①",
    "decimalEnclosedParen": "⑴", "decimalEnclosedFullstop": "⒈",
}  # fmt: skip
"""The first of the twenty characters of each."""
_LEGAL = "〇壱弐参四五六七八九"
_KANJI = "〇一二三四五六七八九"
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def in_form(n: int, form: str) -> str:
    """``n`` written in Word's number format ``form`` (ECMA-376 part 1, 17.18.59); in digits where the format is unknown."""
    if not 1 <= n <= _HIGHEST:
        return str(n)
    if form in {"lowerRoman", "upperRoman"}:
        roman = _roman(n)
        return roman if form == "lowerRoman" else roman.upper()
    if form in {"lowerLetter", "upperLetter"}:
        letter = chr(ord("a") + (n - 1) % 26) * ((n - 1) // 26 + 1)
        return letter if form == "lowerLetter" else letter.upper()
    if form in _CYCLES:
        return _CYCLES[form][(n - 1) % len(_CYCLES[form])]
    if form in _ENCLOSED and n <= 20:
        return chr(ord(_ENCLOSED[form]) + n - 1)
    if form in {"japaneseCounting", "chineseCounting", "chineseCountingThousand", "taiwaneseCounting"}:
        return _counting(n)
    if form in {"ideographDigital", "japaneseDigitalTenThousand"}:
        return "".join(_KANJI[int(d)] for d in str(n))
    if form in {"decimalFullWidth", "decimalFullWidth2"}:
        return str(n).translate(_WIDE)
    if form in {"japaneseLegal", "ideographLegalTraditional"} and n <= 9:
        return _LEGAL[n]
    if form == "ordinal":
        return f"{n}{'th' if n % 100 in {11, 12, 13} else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"
    return f"{n:02d}" if form == "decimalZero" else f"- {n} -" if form == "numberInDash" else str(n)


def _roman(n: int) -> str:
    text = ""
    for size, letters in _ROMAN:
        text += letters * (n // size)
        n %= size
    return text


def _counting(n: int) -> str:
    """Kanji numerals up to 9999: 12 is 十二."""
    if n > 9999:
        return str(n)
    text = ""
    for size, name in ((1000, "千"), (100, "百"), (10, "十")):
        digit, n = divmod(n, size)
        text += (_KANJI[digit] if digit > 1 else "") + name if digit else ""
    return text + (_KANJI[n] if n else "")
