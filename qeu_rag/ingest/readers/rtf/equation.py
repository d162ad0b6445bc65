"""Gathers an equation of an RTF file, which is made of the same parts as Word's, as MathML."""

from __future__ import annotations

import html
from dataclasses import dataclass, field

_TAGS = {
    "mf": "mfrac", "msSup": "msup", "msSub": "msub", "msSubSup": "msubsup", "mrad": "mroot", "mnary": "mnary", "md": "md",
    "macc": "macc", "mbar": "mbar", "mlimLow": "munder", "mlimUpp": "mover", "mm": "mtable", "mmr": "mtr",
}  # fmt: skip
_PARTS = frozenset(
    "me mnum mden msup msub mdeg mlim mfName mfunc mbox mborderBox moMath moMathPara meqArr mphant mgroupChr".split()
)
_SKIPPED = frozenset("mctrlPr mrPr".split())


@dataclass(slots=True)
class _Part:
    name: str
    children: list[str] = field(default_factory=list)
    parts: dict[str, str] = field(default_factory=dict)
    sign: str = ""
    gone: bool = False


class Equation:
    """One equation; its groups are opened and closed as those of the file are."""

    def __init__(self) -> None:
        self._open = [_Part("")]

    def open(self, name: str) -> None:
        """Names the group that was opened last."""
        self._open.append(_Part(name, gone=name in _SKIPPED or self._open[-1].gone))

    def text(self, text: str) -> None:
        """Text within the group at hand."""
        part = self._open[-1]
        if part.gone:
            return
        if part.name in {"mchr", "mbegChr", "mendChr", "mdegHide", "mpos"}:
            part.sign += text.strip()
        elif part.name in {"mr", "mt"} or part.name in _PARTS:
            part.children += [_letter(character) for character in text if not character.isspace()]

    def close(self) -> bool:
        """Ends the group at hand; whether it was the outermost."""
        if len(self._open) < 2:
            return True
        part = self._open.pop()
        above = self._open[-1]
        if part.name in {"mchr", "mbegChr", "mendChr", "mdegHide", "mpos"}:
            above.parts[part.name] = part.sign
        elif part.name.endswith("Pr"):
            above.parts |= part.parts
        elif not part.gone:
            inner = _mathml(part)
            if part.name in _PARTS and above.name in _TAGS:
                above.parts[part.name] = above.parts.get(part.name, "") + f"<mrow>{inner}</mrow>"
                above.children.append(f"<mrow>{inner}</mrow>")
            else:
                above.children.append(inner)
        return len(self._open) == 1

    def html(self) -> str:
        """The equation as MathML."""
        return f'<math xmlns="http://www.w3.org/1998/Math/MathML"><mrow>{"".join(self._open[0].children)}</mrow></math>'


def _letter(character: str) -> str:
    kind = "mn" if character.isdigit() or character == "." else "mi" if character.isalpha() else "mo"
    return f"<{kind}>{html.escape(character)}</{kind}>"


def _mathml(part: _Part) -> str:
    tag, parts = _TAGS.get(part.name), part.parts
    inner = "".join(part.children)
    base = parts.get("me", "<mrow></mrow>")
    if part.name == "mf":
        return f"<mfrac>{parts.get('mnum', '<mrow/>')}{parts.get('mden', '<mrow/>')}</mfrac>"
    if tag in {"msup", "msub"}:
        return f"<{tag}>{base}{parts.get(tag, '<mrow/>')}</{tag}>"
    if tag == "msubsup":
        return f"<msubsup>{base}{parts.get('msub', '<mrow/>')}{parts.get('msup', '<mrow/>')}</msubsup>"
    if tag == "mroot":
        hidden = parts.get("mdegHide") in {"1", "on"} or parts.get("mdeg", "<mrow></mrow>") == "<mrow></mrow>"
        return f"<msqrt>{base}</msqrt>" if hidden else f"<mroot>{base}{parts['mdeg']}</mroot>"
    if tag == "mnary":
        sign = f"<mo>{html.escape(parts.get('mchr') or '∫')}</mo>"
        return f"<munderover>{sign}{parts.get('msub', '<mrow/>')}{parts.get('msup', '<mrow/>')}</munderover>{base}"
    if tag == "md":
        first, last = parts.get("mbegChr", "("), parts.get("mendChr", ")")
        return f"<mrow><mo>{html.escape(first)}</mo>{base}<mo>{html.escape(last)}</mo></mrow>"
    if tag in {"macc", "mbar"}:
        sign = parts.get("mchr") or ("\u0302" if tag == "macc" else "\u00af")
        return f"<mover>{base}<mo>{html.escape(sign)}</mo></mover>"
    if tag in {"munder", "mover"}:
        return f"<{tag}>{base}{parts.get('mlim', '<mrow/>')}</{tag}>"
    if tag == "mtr":
        return f"<mtr><mtd>{inner}</mtd></mtr>"
    return f"<{tag}>{inner}</{tag}>" if tag else inner
