"""Writes Word's equations (Office MathML) as readable text on one line: η=-10 log(1/n ∑_{i=1}^n y_i^2)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from qeu_rag.ingest.readers.typeset.equation_text import MARKS, accented, base, bracketed, factor, is_sum, script
from qeu_rag.ingest.readers.typeset.raised import raised
from qeu_rag.ingest.readers.xml_elements import M, W

_GONE = frozenset(W + name for name in ("del", "moveFrom", "rPr", "pPr", "instrText", "delText", "delInstrText"))
_BREAKS = {W + "tab": " ", W + "br": "\n", W + "cr": "\n"}
_STYLED = re.compile("[\U0001d400-\U0001d7ff]")
_APPLIED = re.compile("(?<=\\w)\u2061(?=\\w)")
_INVISIBLE = dict.fromkeys(range(0x2061, 0x2065))
_SIGNS = "∑∏∐∫∬∭∮√∛∜⋃⋂⋁⋀"


def linear(element: Any, shown: Callable[[Any], str | None] = lambda run: None) -> str:
    """The equation ``element`` (``m:oMath`` or ``m:oMathPara``) on one line; a line each of several, and of broken ones.

    ``shown`` is asked of each run: its text where that is not as it stands, empty for one that is left out.
    """
    text = _APPLIED.sub(" ", _Linear(shown).sequence(element)).translate(_INVISIBLE)
    lines = text.split("\n")
    return "\n".join(line for line in (re.sub(r"[^\S\n]+", " ", line).strip() for line in lines) if line)


class _Linear:
    def __init__(self, shown: Callable[[Any], str | None]) -> None:
        self._shown = shown

    def sequence(self, parent: Any) -> str:
        """What stands in ``parent``, one after the other, with a space where two things would read as one."""
        text, loose = "", ""
        for part, own in self._parts(parent):
            if not part:
                continue
            meets = text[-1:].isalnum() or text[-1:] in _SIGNS + ")]}" or unicodedata.combining(text[-1:] or " ")
            starts = part[0].isalnum() or part[0] in _SIGNS
            text += (" " if text and ("r" in loose or "l" in own) and meets and starts else "") + part
            loose = own
        return text

    def _parts(self, parent: Any) -> Iterator[tuple[str, str]]:
        """The text of each child, and the sides ("l", "r") on which it must not touch letters."""
        for child in parent:
            tag = child.tag
            if not isinstance(tag, str) or tag in _GONE:
                continue
            if tag in _BREAKS:
                yield _BREAKS[tag], ""
            elif tag == M + "r" or tag == W + "r":
                yield self._run(child), ""
            elif tag == M + "oMath" and parent.tag == M + "oMathPara":
                yield "\n" + self.sequence(child) + "\n", ""
            elif tag.startswith(M):
                name = tag.removeprefix(M)
                if child.find(f"{M}{name}Pr/{M}ctrlPr/{W}del") is not None:
                    yield from self._parts(child)  # only its frame was deleted
                elif name in _STRUCTURES:
                    yield _STRUCTURES[name](self, child), _SIDES.get(name, "")
                elif not name.endswith("Pr"):
                    yield from self._parts(child)
            else:
                yield from self._parts(child)

    def _run(self, run: Any) -> str:
        own = self._shown(run)
        if own is not None:
            return own
        text = "".join(
            "\n" if t.tag in (W + "br", W + "cr") else t.text or ""
            for t in run
            if t.tag in (M + "t", W + "t", *_BREAKS)
        )
        return _STYLED.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)

    def _inner(self, element: Any, name: str) -> str:
        part = element.find(M + name)
        return self.sequence(part).strip() if part is not None else ""

    def fraction(self, element: Any) -> str:
        top, bottom = self._inner(element, "num"), self._inner(element, "den")
        if _value(element, "fPr", "type") == "noBar":
            return f"{top} choose {bottom}" if top and bottom else top + bottom
        return f"{factor(top)}/{factor(bottom)}"

    def scripts(self, element: Any) -> str:
        lower, upper = self._inner(element, "sub"), self._inner(element, "sup")
        return base(self._inner(element, "e")) + script("_", lower) + script("^", upper)

    def before(self, element: Any) -> str:
        lower, upper = self._inner(element, "sub"), self._inner(element, "sup")
        return script("_", lower) + script("^", upper) + self._inner(element, "e")

    def root(self, element: Any) -> str:
        degree, inner = self._inner(element, "deg"), self._inner(element, "e")
        if _value(element, "radPr", "degHide") in {"1", "on", "true", ""}:
            degree = ""
        root = raised(degree) if degree else ""
        return f"{root}√{factor(inner)}" if not root.startswith("^") else f"root[{degree}]({inner})"

    def sum(self, element: Any) -> str:
        sign = _value(element, "naryPr", "chr")
        lower, upper = self._inner(element, "sub"), self._inner(element, "sup")
        head = ("∫" if sign is None else sign) + script("_", lower) + script("^", upper)
        inner = self._inner(element, "e")
        return f"{head} {inner}" if inner else head

    def function(self, element: Any) -> str:
        name, inner = self._inner(element, "fName").strip("\u2061"), self._inner(element, "e")
        if not name or not inner or bracketed(inner):
            return name + inner
        return f"{name}({inner})" if name.isalpha() and is_sum(inner) else f"{name} {inner}"

    def brackets(self, element: Any) -> str:
        opening, closing, between = (_value(element, "dPr", name) for name in ("begChr", "endChr", "sepChr"))
        parts = [self.sequence(part).strip() for part in element.findall(M + "e")]
        inner = ("|" if between is None else between).join(parts)
        return ("(" if opening is None else opening) + inner + (")" if closing is None else closing)

    def accent(self, element: Any) -> str:
        mark = _value(element, "accPr", "chr")
        return accented(self._inner(element, "e"), "\u0302" if mark is None else mark)

    def bar(self, element: Any) -> str:
        above = _value(element, "barPr", "pos") == "top"
        return accented(self._inner(element, "e"), "\u0304" if above else "\u0332")

    def group(self, element: Any) -> str:
        mark = _value(element, "groupChrPr", "chr")
        inner = self._inner(element, "e")
        return accented(inner, mark) if mark in MARKS or mark in {"→", "⃗"} else inner

    def limit_below(self, element: Any) -> str:
        return self._inner(element, "e") + script("_", self._inner(element, "lim"))

    def limit_above(self, element: Any) -> str:
        return self._inner(element, "e") + script("^", self._inner(element, "lim"))

    def matrix(self, element: Any) -> str:
        rows = [", ".join(self.sequence(e).strip() for e in row.findall(M + "e")) for row in element.findall(M + "mr")]
        return f"[{'; '.join(rows)}]"

    def lines(self, element: Any) -> str:
        lines = [self.sequence(e).replace("&", "").strip() for e in element.findall(M + "e")]
        return "; ".join(line for line in lines if line)

    def phantom(self, element: Any) -> str:
        return "" if _value(element, "phantPr", "show") in {"0", "off", "false"} else self._inner(element, "e")

    def border(self, element: Any) -> str:
        struck = any(
            _value(element, "borderBoxPr", f"strike{way}") in {"1", "on", "true", ""}
            for way in ("H", "V", "BLTR", "TLBR")
        )
        return f"cancel({self._inner(element, 'e')})" if struck else self._inner(element, "e")

    def box(self, element: Any) -> str:
        return self._inner(element, "e")


_STRUCTURES: dict[str, Callable[[_Linear, Any], str]] = {
    **dict.fromkeys(("sSup", "sSub", "sSubSup"), _Linear.scripts), "sPre": _Linear.before, "f": _Linear.fraction,
    "rad": _Linear.root, "nary": _Linear.sum, "func": _Linear.function, "d": _Linear.brackets, "acc": _Linear.accent,
    "bar": _Linear.bar, "groupChr": _Linear.group, "limLow": _Linear.limit_below, "limUpp": _Linear.limit_above,
    "m": _Linear.matrix, "eqArr": _Linear.lines, "phant": _Linear.phantom, "borderBox": _Linear.border, "box": _Linear.box,
}  # fmt: skip


_SIDES = {
    **dict.fromkeys(("f", "nary", "func", "limLow", "limUpp", "sPre"), "lr"),
    **dict.fromkeys(("sSup", "sSub", "sSubSup", "rad"), "r"),
}
"""The sides on which a structure must not touch letters: not 2 beside 1/3, not x^2 beside y."""


def _value(element: Any, properties: str, name: str) -> str | None:
    """The value of a property; None where it is not given, empty where it is given without a value."""
    found = element.find(f"{M}{properties}/{M}{name}")
    return None if found is None else str(found.get(M + "val") or "")
