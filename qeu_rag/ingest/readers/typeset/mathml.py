"""Writes MathML as a line of plain text that a person can read: a fraction as ``(a+b)/2``, a power as ``x²``, a mean as ``x̄``."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qeu_rag.ingest.readers.markup.tex import readable
from qeu_rag.ingest.readers.typeset.raised import lowered, raised

if TYPE_CHECKING:
    from bs4 import Tag

_DEEPEST = 80
_SKIPPED = frozenset(("annotation", "annotation-xml", "mphantom", "none", "mprescripts", "maligngroup", "malignmark"))
_BIG = frozenset("∑∏∐∫∬∭∮⋃⋂⋁⋀⨁⨂")
_INVISIBLE = {"\u2061": "", "\u2062": "", "\u2063": ",", "\u2064": " "}
_OVER = {
    **dict.fromkeys("\u00af\u02c9\u0304\u0305\u203e\u2015\u2014\u2013\u2212\u23af_-", ("\u0304", "overline")),
    **dict.fromkeys("^\u02c6\u0302", ("\u0302", "widehat")),
    **dict.fromkeys("~\u02dc\u0303\u223c", ("\u0303", "widetilde")),
    **dict.fromkeys("\u2192\u20d7\u27f6", ("\u20d7", "vector")),
    **dict.fromkeys("\u02d9.\u0307", ("\u0307", "dot")),
    **dict.fromkeys("\u00a8\u0308", ("\u0308", "ddot")),
}
_BRACES = frozenset("\u23de\u23df\u23b4\u23b5\u0332_\u203e\u0333")
_OPENING, _CLOSING = frozenset("([{⟨⌈⌊‖"), frozenset(")]}⟩⌉⌋,;.")
_SIGNS = frozenset("+-−±∓×÷*/·⋅:!%")
_LOWERED_WORD = re.compile(r"[_^]\w$|[_^]\([^()]*\)$")
_ONE = re.compile(
    r"-?\d+(?:[.,]\d+)*|[^\W\d]|\w+\([^()]*\)|\([^()]*\)|\[[^\[\]]*\]|[^\W\d](?:[₀-₉]+|_\w|_\([^()]*\))|\W?"
)


def linear(math: Tag, left_out: Counter[str] | None = None) -> str:
    """``math`` as one line; its TeX annotation where it says nothing else. Parts that are struck out are counted as left out."""
    reading = _Reading(left_out=Counter() if left_out is None else left_out)
    text = " ".join(unicodedata.normalize("NFC", reading.row(math, 0)).split())
    if text:
        return text
    for note in math.find_all(["annotation", "script"]):
        if "tex" in str(note.get("encoding") or note.get("type") or "").lower():
            return " ".join(readable(note.get_text()).split())
    return " ".join(str(math.get("alttext") or "").split())


@dataclass(slots=True, kw_only=True)
class _Reading:
    """Tells the elements of one formula."""

    left_out: Counter[str] = field(default_factory=Counter)

    def row(self, tag: Tag, depth: int) -> str:
        """The children of ``tag`` one after the other."""
        if depth > _DEEPEST:
            return tag.get_text(" ")
        children = _children(tag)
        if _name(tag) == "semantics":
            children = children[:1]
        out = ""
        for at, child in enumerate(children):
            following = children[at + 1] if at + 1 < len(children) else None
            out = _joined(out, self._told(child, depth, before=out, following=following), child)
        return out

    def _told(self, tag: Tag, depth: int, *, before: str, following: Tag | None) -> str:
        name = _name(tag)
        if name == "mo":
            return _operator(tag.get_text().strip(), before)
        if name == "mfrac":
            text = self._fraction(tag, depth)
            return f"({text})" if following is not None and _is_factor(following) else text
        return self.said(tag, depth)

    def said(self, tag: Tag, depth: int) -> str:
        """One element."""
        name = _name(tag)
        if name in _SKIPPED or depth > _DEEPEST:
            return "" if name in _SKIPPED else tag.get_text(" ")
        if name in ("mi", "mn", "mo", "ms", "mtext"):
            return "".join(_INVISIBLE.get(c, c) for c in re.sub(r"\s+", " ", tag.get_text()).strip("\n\t "))
        method = {
            "mfrac": self._fraction, "msqrt": self._root, "mroot": self._root, "msup": self._scripts, "msub": self._scripts,
            "msubsup": self._scripts, "munder": self._stacked, "mover": self._stacked, "munderover": self._stacked,
            "mtable": self._table, "mfenced": self._fenced, "menclose": self._enclosed, "mmultiscripts": self._many,
            "maction": self._action,
        }.get(name)  # fmt: skip
        if name == "mspace":
            return " "
        return method(tag, depth + 1) if method else self.row(tag, depth + 1)

    def _parts(self, tag: Tag, depth: int) -> list[str]:
        return [self.said(child, depth).strip() for child in _children(tag)]

    def _fraction(self, tag: Tag, depth: int) -> str:
        above, below = (*self._parts(tag, depth), "", "")[:2]
        if re.match(r"0(?:\D|$)", str(tag.get("linethickness") or "")):
            return f"({above} choose {below})"
        return f"{_one(above)}/{_one(below)}"

    def _root(self, tag: Tag, depth: int) -> str:
        if _name(tag) == "mroot":
            inner, root = (*self._parts(tag, depth), "", "")[:2]
            return f"√{_one(inner)}" if root == "2" else f"{_bracketed(inner)}^(1/{root})"
        return f"√{_one(self.row(tag, depth).strip())}"

    def _scripts(self, tag: Tag, depth: int) -> str:
        base, *scripts = self._parts(tag, depth) or [""]
        low, high = {"msub": (scripts[:1], []), "msup": ([], scripts[:1])}.get(_name(tag), (scripts[:1], scripts[1:2]))
        if base in _BIG or (base.isalpha() and len(base) > 2 and low):
            return _limits(base, "".join(low), "".join(high))
        return f"{_one(base)}{lowered(''.join(low))}{_power(''.join(high))}"

    def _stacked(self, tag: Tag, depth: int) -> str:
        base, *marks = self._parts(tag, depth) or [""]
        name, mark = _name(tag), "".join(marks[:1])
        if name == "munderover":
            return _limits(base, mark, "".join(marks[1:2]))
        if name == "mover" and mark in _OVER:
            sign, word = _OVER[mark]
            bare = [c for c in unicodedata.normalize("NFD", base) if not unicodedata.combining(c)]
            return base + sign if len(bare) == 1 else f"{word}({base})"
        if mark in _BRACES:
            return base
        return _limits(base, mark, "") if name == "munder" else _limits(base, "", mark)

    def _table(self, tag: Tag, depth: int) -> str:
        rows = []
        for row in (child for child in _children(tag) if _name(child) in ("mtr", "mlabeledtr")):
            cells = [(cell, self.row(cell, depth).strip()) for cell in _children(row)]
            label = f" {_bracketed(cells.pop(0)[1])}" if _name(row) == "mlabeledtr" and cells else ""
            equation = any(re.match(r"[=<>≤≥≈≡∝→⇒⇔]", text) for _, text in cells[1:])
            rows.append(("" if equation else ", ").join(text for _, text in cells if text or not equation) + label)
        text = "; ".join(rows)
        before, after = tag.find_previous_sibling(), tag.find_next_sibling()
        fenced = any(side is not None and _name(side) == "mo" and side.get_text().strip() for side in (before, after))
        aligned = fenced or any("=" in row for row in rows) or _name(tag.parent) == "mfenced" if tag.parent else fenced
        return text if aligned else f"[{text}]"

    def _fenced(self, tag: Tag, depth: int) -> str:
        marks = str(tag.get("separators", ",")).replace(" ", "")
        parts, out = self._parts(tag, depth), ""
        for at, part in enumerate(parts):
            out += (f"{marks[min(at, len(marks)) - 1]} " if marks and at else "") + part
        return f"{tag.get('open', '(')}{out}{tag.get('close', ')')}"

    def _enclosed(self, tag: Tag, depth: int) -> str:
        notation, inner = str(tag.get("notation") or "longdiv").split(), self.row(tag, depth)
        if any("strike" in word for word in notation):
            self.left_out["struck"] += 1
            return ""
        return f"√{_one(inner)}" if "radical" in notation else f"overline({inner})" if notation == ["top"] else inner

    def _many(self, tag: Tag, depth: int) -> str:
        children = _children(tag)
        split = next((at for at, child in enumerate(children) if _name(child) == "mprescripts"), len(children))
        told = [self.said(child, depth).strip() for child in children]
        after, before = told[1:split], told[split + 1 :]
        lead = "".join(raised(high) + lowered(low) for low, high in zip(before[::2], before[1::2], strict=False))
        tail = "".join(lowered(low) + _power(high) for low, high in zip(after[::2], after[1::2], strict=False))
        return lead + (_one(told[0]) if told else "") + tail

    def _action(self, tag: Tag, depth: int) -> str:
        """The child that is shown: the one chosen, else the first."""
        children, chosen = _children(tag), str(tag.get("selection") or "1")
        place = int(chosen) - 1 if chosen.isascii() and chosen.isdecimal() else 0
        return self.said(children[place if 0 <= place < len(children) else 0], depth) if children else ""


def _children(tag: Tag) -> list[Tag]:
    return tag.find_all(True, recursive=False)


def _name(tag: Tag | None) -> str:
    return tag.name.rpartition(":")[2].lower() if tag is not None else ""


def _is_factor(tag: Tag) -> bool:
    """Whether what follows a fraction would be read as part of what it is divided by."""
    if _name(tag) in ("mo", "mtext", "mspace"):
        return tag.get_text().strip() in {*_OPENING, "\u2062", "\u2061", *_BIG}
    return _name(tag) not in _SKIPPED


def _operator(sign: str, before: str) -> str:
    """An operator; one that compares is set off, a sign stands close."""
    told = "".join(_INVISIBLE.get(c, c) for c in sign)
    if not told or told in _OPENING | _CLOSING | _SIGNS | _BIG or told in "|∥′″'":
        return f"{told} " if told in (",", ";") else told
    alone = len(told) == 1 and unicodedata.category(told) in {"Sm", "So"} and told not in "∂∇¬∀∃√∞"
    return f" {told} " if (alone or told.isalpha()) and before.strip() else told


def _joined(out: str, text: str, tag: Tag) -> str:
    """``text`` after ``out``, set off where the two would be read as one word or number."""
    if not text or not out or out[-1].isspace() or text[0].isspace():
        return out + text
    name, last, first = _name(tag), out[-1], text[0]
    if name == "mo":
        return f"{out} {text}" if text in _BIG and (last.isalnum() or last in ")²³") else out + text
    word = bool(re.match(r"[^\W\d_]{2}", text))
    numbers = last.isdigit() and first.isdigit()
    after_word = bool(re.search(r"[^\W\d_]{2,}$", out)) and (first.isalnum() or first in "√∑∫")
    after_script = bool(_LOWERED_WORD.search(out)) and (first.isalnum() or first in "([√")
    fraction = name == "mfrac" and (last.isalnum() or last in ")")
    after_fraction = name != "mo" and bool(re.search(r"/(?:\w+|\([^()]*\))$", out)) and first.isalnum()
    close = not (numbers or after_word or after_script or fraction or after_fraction or (word and last.isalnum()))
    return out + text if close else f"{out} {text}"


def _limits(base: str, low: str, high: str) -> str:
    """A sum, a limit and the like with what stands below and above it."""
    below = f"_{_short(low)}" if low else ""
    return f"{base}{below}{f'^{_short(high)}' if high else ''} "


def _short(text: str) -> str:
    text = re.sub(r" ([=→]) ", r"\1", text)
    return text if len(text) == 1 or text.isdigit() else _bracketed(text)


def _power(text: str) -> str:
    """A power; ° for the ring that stands for degrees."""
    return "°" if text in ("∘", "○", "°", "o") else raised(text)


def _bracketed(text: str) -> str:
    return text if re.fullmatch(r"\([^()]*\)", text) else f"({text})"


def _one(text: str) -> str:
    """``text`` in brackets unless it is one thing: a number, a letter with its marks, a word, or in brackets already."""
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return text if _ONE.fullmatch(bare) or all(c >= "\u3040" for c in bare) else f"({text})"
