"""Works out the numbers that Word shows before numbered paragraphs, such as 1.2, (a), ① or 第3条; no file holds them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qeu_rag.ingest.readers.elements import W, is_on, signed
from qeu_rag.ingest.readers.sign.symbols import from_symbol_font

if TYPE_CHECKING:
    from docx.document import Document as DocxDocument

_PLACE = re.compile(r"%([1-9])")
_AIUEO = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"
_IROHA = "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセス"
_HIGHEST = 32_767
"""A higher number stands in digits, whatever its format."""
TELLING = frozenset("✓✔✗✘☑☒☐")
"""Bullets that say something of their item."""
_CYCLES = {"ideographTraditional": "甲乙丙丁戊己庚辛壬癸", "ideographZodiac": "子丑寅卯辰巳午未申酉戌亥"}
_ENCLOSED = {"decimalEnclosedParen": 0x2474, "decimalEnclosedFullstop": 0x2488}
_LEGAL = "〇壱弐参四五六七八九"
_KANJI = "〇一二三四五六七八九"
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What stands before a paragraph: its text, whether it is a mere bullet, and its depth from 0.

    The text of a bullet is empty but for one that says something, as ✓ and ✗ do.
    """

    text: str
    bullet: bool
    level: int

    @property
    def mark(self) -> str:
        """The label as a Markdown list mark: a bullet, ``1.``, or a bullet and the label where it is something else."""
        if not self.text:
            return "- "
        return f"{self.text} " if re.fullmatch(r"\d+[.)]", self.text) else f"- {self.text} "


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    form: str
    pattern: str
    start: int
    restart: int | None = None
    legal: bool = False


class Numbering:
    """The numbering definitions of one document and the running counters of its paragraphs, in reading order."""

    def __init__(self, document: DocxDocument) -> None:
        self._lists: dict[int, int] = {}
        self._levels: dict[int, dict[int, _Level]] = {}
        self._overrides: dict[int, dict[int, _Level]] = {}
        self._restarts: dict[int, dict[int, int]] = {}
        self._counts: dict[int, dict[int, int]] = {}
        relations = document.part.rels.values()
        part = next((r.target_part for r in relations if not r.is_external and r.reltype.endswith("/numbering")), None)
        if part is not None:
            self._load(part.element)

    def _load(self, root: Any) -> None:
        defined: dict[str, int] = {}
        used: dict[int, str] = {}
        for abstract in root.findall(W + "abstractNum"):
            levels = {_number(level, "ilvl"): _level(level) for level in abstract.findall(W + "lvl")}
            own = _number(abstract, "abstractNumId")
            self._levels[own] = levels
            defines, uses = abstract.find(W + "styleLink"), abstract.find(W + "numStyleLink")
            if defines is not None:
                defined[str(defines.get(W + "val"))] = own
            if uses is not None:
                used[own] = str(uses.get(W + "val"))
        for own, style in used.items():
            self._levels[own] = self._levels.get(own) or self._levels.get(defined.get(style, -1), {})
        for num in root.findall(W + "num"):
            number = _number(num, "numId")
            reference = num.find(W + "abstractNumId")
            self._lists[number] = _number(reference, "val") if reference is not None else -1
            for override in num.findall(W + "lvlOverride"):
                level, own, start = (
                    _number(override, "ilvl"),
                    override.find(W + "lvl"),
                    override.find(W + "startOverride"),
                )
                if own is not None:
                    self._overrides.setdefault(number, {})[level] = _level(own)
                if start is not None:
                    self._restarts.setdefault(number, {})[level] = _number(start, "val")

    def label(self, number: int, level: int) -> Label | None:
        """The label of the next paragraph with numbering id ``number`` at depth ``level``; None where none is shown."""
        abstract = self._lists.get(number)
        levels = {**self._levels.get(-1 if abstract is None else abstract, {}), **self._overrides.get(number, {})}
        shape = levels.get(level)
        if abstract is None or shape is None:
            return Label(text="", bullet=True, level=level) if number else None
        if shape.form == "bullet":
            return Label(text=shape.pattern if shape.pattern in TELLING else "", bullet=True, level=level)
        counts = self._counts.setdefault(abstract, {})
        restart = self._restarts.get(number, {}).pop(level, None)
        counts[level] = restart if restart is not None else counts.get(level, shape.start - 1) + 1
        for deeper in [d for d in counts if d > level and _restarts(levels.get(d), level)]:
            del counts[deeper]
        if (shape.form == "none" and "%" in shape.pattern) or not shape.pattern:
            return None

        def value(place: re.Match[str]) -> str:
            at = int(place[1]) - 1
            form = levels.get(at, shape).form
            form = "decimal" if shape.legal and form != "decimalZero" else form
            return in_form(counts.setdefault(at, levels[at].start if at in levels else 1), form)

        return Label(text=_PLACE.sub(value, shape.pattern).strip(), bullet=False, level=level)


def _restarts(deeper: _Level | None, level: int) -> bool:
    """Whether the count of a deeper level begins anew after a paragraph at ``level`` (0: never, n: after level n, from 1)."""
    after = deeper.restart if deeper is not None else None
    return after is None or (after > 0 and level < after)


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
    if form in {"decimalEnclosedCircle", "decimalEnclosedCircleChinese"} and n <= 20:
        return chr(0x2460 + n - 1)
    if form in {"aiueo", "aiueoFullWidth"}:
        return _AIUEO[(n - 1) % len(_AIUEO)]
    if form in {"iroha", "irohaFullWidth"}:
        return _IROHA[(n - 1) % len(_IROHA)]
    if form in {"japaneseCounting", "chineseCounting", "chineseCountingThousand", "taiwaneseCounting"}:
        return _counting(n)
    if form in {"ideographDigital", "japaneseDigitalTenThousand"}:
        return "".join(_KANJI[int(d)] for d in str(n))
    if form in {"decimalFullWidth", "decimalFullWidth2"}:
        return str(n).translate(_WIDE)
    if form in _ENCLOSED and n <= 20:
        return chr(_ENCLOSED[form] + n - 1)
    if form in _CYCLES:
        return _CYCLES[form][(n - 1) % len(_CYCLES[form])]
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


def _number(element: Any, name: str) -> int:
    return signed(element.get(W + name))


def _level(element: Any) -> _Level:
    form, pattern, start, restart, legal = (
        element.find(W + name) for name in ("numFmt", "lvlText", "start", "lvlRestart", "isLgl")
    )
    kind = str(form.get(W + "val")) if form is not None else "decimal"
    words = str(pattern.get(W + "val") or "") if pattern is not None else ""
    fonts = element.find(f"{W}rPr/{W}rFonts")
    font = str(fonts.get(W + "ascii") or fonts.get(W + "hAnsi") or "") if fonts is not None else ""
    return _Level(
        form=kind,
        pattern=from_symbol_font(words, font) if kind == "bullet" else words,
        start=_number(start, "val") if start is not None else 1,
        restart=_number(restart, "val") if restart is not None else None,
        legal=is_on(legal),
    )
