"""What the characters of symbol fonts (Symbol, Wingdings, Webdings) show, as characters that any font and any search knows."""

from __future__ import annotations

import re
from itertools import chain

_SYMBOL = dict(
    chain(
        enumerate(
            " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼", 0x20
        ),
        enumerate(
            "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊⟨®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪\uf8ff⟩∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭",
            0xA0,
        ),
    )
)
_WINGDINGS = dict(
    chain(
        enumerate("✏✂✁👓🔔📖🕯☎✆✉🖃📪📫📬📭📁📂📄🗏🗐🗄⌛🖮🖰🖲🖳🖴🖫🖬✇✍🖎✌👌👍👎☜☞☝☟🖐☺😐☹💣☠🏳🏱✈☼💧❄", 0x21),
        enumerate("♈♉♊♋♌♍♎♏♐♑♒♓", 0x5E),
        enumerate("&●❍■□□❑❒⬧⧫◆❖⬥⌧⮹⌘", 0x6B),
        enumerate("⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿", 0x80),
        enumerate("·•▪○◯◯◉◎○▪☐▴✦★✶✴✹✵", 0x9E),
        enumerate("🕐🕑🕒🕓🕔🕕🕖🕗🕘🕙🕚🕛", 0xB7),
        zip((0x20, 0x7D, 0x7E, 0xB1, 0xB5, 0xB6, 0xD5, 0xD6, 0xD8, 0xDC), " “”⌖✪✰⌫⌦➢➲", strict=True),
        enumerate("←→↑↓↖↗↙↘←→↑↓↖↗↙↘⇦⇨⇧⇩⬄⇳⬁⬀⬃⬂▭▫✗✓☒☑", 0xDF),
    )
)
_WINGDINGS_2 = dict(
    chain(
        enumerate("✗✓☒☑☒☒⊗⊗", 0x4F),
        enumerate("⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿", 0x69),
        {
            0x20: " ",
            0x97: "●",
            0x98: "●",
            0x99: "○",
            0x9A: "○",
            0xA0: "■",
            0xA1: "■",
            0xA2: "■",
            0xA3: "☐",
            0x2A: "☐",
        }.items(),
    )
)
_WINGDINGS_3 = dict(
    chain(enumerate("←→↑↓↖↗↙↘", 0x21), enumerate("▲▼△▽◀▶◁▷", 0x70), {0x20: " ", 0x7D: "▶", 0x7C: "◀"}.items())
)
_WEBDINGS = {
    0x20: " ", 0x33: "◀", 0x34: "▶", 0x35: "▲", 0x36: "▼", 0x61: "✔", 0x63: "□", 0x67: "■", 0x6E: "●", 0x72: "✗",
}  # fmt: skip
_ANY = {0xA8: "☐", 0xB7: "•", 0xD8: "➢", 0xFC: "✓", 0xFE: "☑"}
_FONTS = {
    "symbol": _SYMBOL,
    "wingdings": _WINGDINGS,
    "wingdings 2": _WINGDINGS_2,
    "wingdings 3": _WINGDINGS_3,
    "webdings": _WEBDINGS,
}
_PRIVATE = range(0xF000, 0xF100)
_PRIVATE_ONE = re.compile("[\uf000-\uf0ff]")


def is_symbol_font(font: str) -> bool:
    """Whether the letters of ``font`` show as symbols."""
    return font.strip().lower() in _FONTS


def from_symbol_font(text: str, font: str) -> str:
    """``text`` as it shows in ``font``: of a symbol font every character, of another those of the private range of symbols.

    A character without a known picture stays in the private range; a letter of a symbol font goes there.
    """
    known = _FONTS.get(font.strip().lower())
    if known is None:
        return _PRIVATE_ONE.sub(lambda found: _ANY.get(ord(found[0]) - 0xF000, found[0]), text)
    return "".join(_shown(c, known) for c in text)


def _shown(character: str, known: dict[int, str]) -> str:
    code = ord(character)
    place = code - 0xF000 if code in _PRIVATE else code
    if place > 0xFF or place < 0x20:
        return character
    return known.get(place) or chr(0xF000 + place)
