"""Reads the inside of a Word paragraph: what is shown of its runs, with raised text, symbols, equations, notes and comments."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from qeu_rag.ingest.readers.page import one_line
from qeu_rag.ingest.readers.typeset.equation import linear
from qeu_rag.ingest.readers.typeset.runs import Line, Note, Run, without_notes
from qeu_rag.ingest.readers.typeset.symbols import from_symbol_font
from qeu_rag.ingest.readers.word.notes import ENDNOTE, FOOTNOTE, Notes
from qeu_rag.ingest.readers.word.text_style import WHITE, Look, Looks
from qeu_rag.ingest.readers.xml_elements import W14, M, W, is_on

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_SYMBOL_EX = "{http://schemas.microsoft.com/office/word/2015/wordml/symex}symEx"
_BREAKS = {W + "tab": "\t", W + "br": "\n", W + "cr": "\n", W + "noBreakHyphen": "-", W + "ptab": "\t"}
_DELETED = frozenset((W + "del", W + "moveFrom"))
_DRAWN = frozenset((W + "drawing", W + "pict", W + "object"))
_SKIPPED = frozenset(
    W + name
    for name in ("rPr", "pPr", "instrText", "delText", "delInstrText", "rt", "rubyPr", "sdtPr", "sdtEndPr", "fldChar")
)
_NOTES = {W + "footnoteReference": FOOTNOTE, W + "endnoteReference": ENDNOTE}
_CONTENT = frozenset(W + name for name in ("t", "sym", "delText", "footnoteReference", "endnoteReference")) | {M + "t"}
_HEX = re.compile(r"[0-9A-Fa-f]{1,6}")


@dataclass(slots=True)
class Paragraph:
    """What a paragraph holds: its runs in order, the drawings anchored in it, and the ids of the comments on it."""

    runs: list[Run] = field(default_factory=list)
    drawings: list[Any] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    def __add__(self, other: Paragraph) -> Paragraph:
        return Paragraph(self.runs + other.runs, self.drawings + other.drawings, self.comments + other.comments)

    def __bool__(self) -> bool:
        return any(run.text.strip() or run.note for run in self.runs)

    @property
    def text(self) -> str:
        """The text without its notes."""
        return without_notes(self.runs)


class Inline:
    """Reads paragraphs of one document; ``counts`` says how many stretches were left out, and why."""

    def __init__(self, looks: Looks, notes: Notes, counts: Counter[str]) -> None:
        self.looks, self.notes, self.counts = looks, notes, counts
        self._told: set[Any] = set()

    def paragraph(self, element: Any, ground: str) -> Paragraph:
        """What the paragraph ``element`` shows on a page that is ``ground`` behind it."""
        walk = _Walk(self, element.find(W + "pPr"), ground)
        walk.inside(element)
        return Paragraph(walk.line.runs, walk.drawings, walk.comments)

    def words(self, element: Any) -> str:
        """The text of a note or a comment on one line; empty where it was told before."""
        if element in self._told:
            return ""
        self._told.add(element)
        return one_line(" ".join(self.paragraph(p, WHITE).text for p in element.iter(W + "p")))


class _Walk:
    """The walk through one paragraph."""

    def __init__(self, inline: Inline, properties: Any, ground: str) -> None:
        self._inline, self._looks = inline, inline.looks
        self._style, self._ground = self._looks.style_of(properties), self._looks.ground(properties, ground)
        self._plain = self._looks.of(None, self._style, self._ground)
        self.line = Line(inline.counts)
        self.drawings: list[Any] = []
        self.comments: list[str] = []

    def inside(self, parent: Any) -> None:
        for child in parent:
            tag = child.tag
            if not isinstance(tag, str) or tag in _SKIPPED:
                continue
            if tag == W + "r":
                self._run(child)
            elif tag in _DELETED:
                self._deleted(child)
            elif tag == W + "sdt":
                self._control(child)
            elif tag in (M + "oMath", M + "oMathPara"):
                self._add(linear(child, self._equation_run), self._plain)
            elif tag == _MC + "AlternateContent":
                self._alternate(child, self._plain, self.inside)
            else:
                self.inside(child)

    def _run(self, run: Any) -> None:
        look = self._look(run)
        if look.gone:
            self._count(look.gone, run)
            if look.gone != "hidden":
                self.drawings += [child for child in run.iter(*_DRAWN) if _outermost(child, run)]
            return
        self._content(run, look)

    def _look(self, run: Any) -> Look:
        properties = run.find(W + "rPr")
        return self._plain if properties is None else self._looks.of(properties, self._style, self._ground)

    def _content(self, parent: Any, look: Look) -> None:
        own_mark = False
        for child in parent:
            tag = child.tag
            if not isinstance(tag, str) or tag in _SKIPPED:
                continue
            if tag in _BREAKS:
                self._add(_BREAKS[tag], look)
            elif tag == W + "t":
                if not own_mark:
                    self._add(_as_shown(child.text or "", look), look)
                own_mark = False
            elif tag == W + "sym":
                self._symbol(child.get(W + "char"), str(child.get(W + "font") or look.font), look)
            elif tag == _SYMBOL_EX:
                name = tag.removesuffix("symEx")
                self._symbol(child.get(name + "char"), str(child.get(name + "font") or ""), look)
            elif tag in _NOTES:
                own_mark = self._note(child, _NOTES[tag], parent)
            elif tag == W + "commentReference":
                self.comments.append(str(child.get(W + "id")))
            elif tag in _DRAWN:
                self.drawings.append(child)
            elif tag == _MC + "AlternateContent":
                self._alternate(child, look, lambda chosen: self._content(chosen, look))
            elif tag == W + "ruby":
                base = child.find(W + "rubyBase")
                self._inline.counts["ruby"] += any((t.text or "").strip() for t in child.iterfind(f"{W}rt//{W}t"))
                if base is not None:
                    self.inside(base)
            elif tag == W + "r":
                self._run(child)
            elif tag in _DELETED:
                self._deleted(child)
            else:
                self._content(child, look)

    def _alternate(self, element: Any, look: Look, read: Any) -> None:
        """Of a thing and its stand-ins for older programs only the first that shows something."""
        for chosen in element:
            before = len(self.line.runs), len(self.drawings)
            if isinstance(chosen.tag, str):
                read(chosen)
            if before != (len(self.line.runs), len(self.drawings)):
                return

    def _control(self, control: Any) -> None:
        """A content control: a check box as it stands, of others what they hold."""
        box = control.find(f"{W}sdtPr/{W14}checkbox")
        if box is not None:
            state = box.find(W14 + "checked")
            checked = state is not None and str(state.get(W14 + "val", "1")) not in {"0", "false", "off"}
            self._add("☑" if checked else "☐", self._plain)
            return
        content = control.find(W + "sdtContent")
        if content is not None:
            self.inside(content)

    def _note(self, reference: Any, kind: str, run: Any) -> bool:
        """Puts a note's place on the line; whether the text after it is the note's own mark."""
        note = self._inline.notes.note(kind, reference.get(W + "id"))
        own = reference.get(W + "customMarkFollows")
        custom = own is not None and own not in {"0", "false", "off"}
        mark = "".join(t.text or "" for t in run.findall(W + "t")).strip() if custom else ""
        label = mark or self._inline.notes.number(kind)
        if note is not None:
            self.line.runs.append(Run("", note=Note(label, self._inline.words(note), kind == ENDNOTE)))
        return bool(mark) and note is not None

    def _symbol(self, code: str | None, font: str, look: Look) -> None:
        if code and _HEX.fullmatch(code) and 31 < int(code, 16) < 0x110000:
            self._add(from_symbol_font(chr(int(code, 16)), font), look)

    def _add(self, text: str, look: Look) -> None:
        self.line.add(text, look.shift, look.offset)

    def _equation_run(self, run: Any) -> str | None:
        look = self._look(run)
        if look.gone:
            self._count(look.gone, run)
            return ""
        return None

    def _deleted(self, element: Any) -> None:
        if element.tag == W + "del":
            self._count("deleted", element)

    def _count(self, why: str, element: Any) -> None:
        """Counts a stretch that is left out, once for runs that follow each other."""
        held = (c.text or "" if c.tag in (W + "t", W + "delText", M + "t") else "*" for c in element.iter(*_CONTENT))
        self.line.leave_out(why, "".join(held))


def _as_shown(text: str, look: Look) -> str:
    if look.font or not text.isascii():
        text = from_symbol_font(text, look.font)
    return text.upper() if look.caps else text


def _outermost(element: Any, run: Any) -> bool:
    """Whether no other drawing holds ``element`` within ``run``, and it is no stand-in for older programs."""
    for above in element.iterancestors():
        if above is run:
            return True
        if above.tag in _DRAWN or above.tag == _MC + "Fallback":
            return False
    return True


def mark_is(paragraph: Any, *names: str) -> bool:
    """Whether the mark at the end of ``paragraph`` has one of these properties, as ``del`` of one that was deleted."""
    properties = paragraph.find(f"{W}pPr/{W}rPr")
    return properties is not None and any(is_on(properties.find(W + name)) for name in names)
