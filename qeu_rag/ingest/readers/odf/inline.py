"""Reads the inside of an OpenDocument paragraph: what is shown of its text, notes, comments, fields and formulas."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from qeu_rag.ingest.readers.notes_and_comments import comment
from qeu_rag.ingest.readers.odf.package import DRAW, TEXT, Look, Styles
from qeu_rag.ingest.readers.options import Way
from qeu_rag.ingest.readers.page import html_paragraph
from qeu_rag.ingest.readers.typeset.runs import Line, Note, Run, with_notes, without_notes
from qeu_rag.ingest.readers.typeset.symbols import from_symbol_font
from qeu_rag.ingest.readers.xml_elements import local

_SKIP = frozenset(
    "script change change-start change-end annotation-end bookmark bookmark-start bookmark-end reference-mark "
    "reference-mark-start reference-mark-end toc-mark toc-mark-start toc-mark-end alphabetical-index-mark user-index-mark "
    "alphabetical-index-mark-start alphabetical-index-mark-end soft-page-break event-listeners desc tracked-changes".split()
)
SHAPES = frozenset(
    "frame custom-shape rect ellipse circle polygon polyline path line connector measure caption "
    "regular-polygon g a control".split()
)
_DEEPEST = 60


class Inline:
    """Reads paragraphs; ``shape`` reads a drawing: the text that stands in the line, and the HTML of what stands below it."""

    def __init__(
        self, styles: Styles, counts: Counter[str], way: Way, shape: Callable[[Any, Look], tuple[str, str]]
    ) -> None:
        self._styles, self._counts, self._way, self._shape = styles, counts, way, shape
        self._line, self._below = Line(counts), list[str]()
        self._readings: set[tuple[str, str]] = set()
        self.in_header = False

    def read(self, paragraph: Any, look: Look, *, heading: bool = False) -> tuple[str, str]:
        """The text of a paragraph with its notes, and the HTML of the blocks that are anchored in it."""
        outer = self._line, self._below
        self._line, self._below = Line(self._counts), []
        if any(e.get(TEXT + "is-hidden") == "true" for e in paragraph.iter(TEXT + "hidden-paragraph")):
            self._line.leave_out("hidden", "".join(paragraph.itertext()))
        else:
            self._walk(paragraph, look, 0)
        text, notes = with_notes(self._line.runs, heading=heading)
        below = "".join([*map(html_paragraph, notes), *self._below])
        self._line, self._below = outer
        return text, below

    def _walk(self, element: Any, look: Look, depth: int) -> None:
        if depth > _DEEPEST:
            self._text("".join(element.itertext()), look)
            return
        self._text(element.text, look)
        for child in element:
            self._child(child, look, depth)
            self._text(child.tail, look)

    def _child(self, child: Any, look: Look, depth: int) -> None:
        name = local(child)
        if name == "span":
            self._walk(child, self._styles.look("text", child.get(TEXT + "style-name"), look), depth + 1)
        elif name == "s":
            self._text(" ", look)
        elif name == "tab":
            self._text("\t", look)
        elif name == "line-break":
            self._line.add("\n")
        elif name == "note":
            self._note(child, look)
        elif name == "annotation":
            self._line.add(self.comment(child))
        elif name == "ruby-text":
            self._reading(child, look)
        elif name == "hidden-text":
            hidden = child.get(TEXT + "is-hidden", "true") == "true"
            self._counts["hidden"] += hidden
            if not hidden:
                self._text(child.get(TEXT + "string-value"), look)
        elif name == "math":
            self._line.add(formula(child))
        elif name in SHAPES and str(child.tag).startswith(DRAW) and not (name == "a" and look.left_out()):
            within, below = self._shape(child, look)
            self._line.add(within)
            self._below.append(below)
        elif name == "page-number" and self.in_header:
            return
        elif name and name not in _SKIP and child.get(TEXT + "display") != "none":
            self._walk(child, look, depth + 1)

    def _text(self, text: str | None, look: Look) -> None:
        if not text:
            return
        if gone := look.left_out():
            self._line.leave_out(gone, text)
            return
        if look.font or any("\uf000" <= c <= "\uf0ff" for c in text):
            text = from_symbol_font(text, look.font)
        self._line.add(text, "" if not look.raised else "raised" if look.raised > 0 else "lowered")

    def _reading(self, element: Any, look: Look) -> None:
        """A reading in brackets behind its characters, at their first place."""
        base, reading = element.getparent().xpath("string(*[1])"), "".join(element.itertext())
        if not look.left_out() and reading.strip() and (base, reading) not in self._readings:
            self._readings.add((base, reading))
            self._line.add(f"（{reading}）")

    def _note(self, element: Any, look: Look) -> None:
        if look.left_out():
            return
        citation, body = element.find(TEXT + "note-citation"), element.find(TEXT + "note-body")
        label = "".join(citation.itertext()).strip() if citation is not None else ""
        words = " ".join(self.paragraphs(body)) if body is not None else ""
        self._line.runs.append(Run("", note=Note(label, words, element.get(TEXT + "note-class") == "endnote")))

    def comment(self, element: Any) -> str:
        """A comment as such; empty where comments are only counted."""
        author = element.find("{http://purl.org/dc/elements/1.1/}creator")
        name = "".join(author.itertext()).strip()[:100] if author is not None else ""
        resolved = any(str(key).endswith("}resolved") and value == "true" for key, value in element.attrib.items())
        if not self._way.comments:
            self._counts["comments_off"] += any("".join(p.itertext()).strip() for p in element.iter(TEXT + "p"))
            return ""
        words = " ".join(self.paragraphs(element))
        return comment(name, words, without_notes(self._line.runs) or words, resolved=resolved) if words else ""

    def paragraphs(self, element: Any) -> list[str]:
        """The paragraphs within an element as plain text on one line each."""
        found = []
        for paragraph in element.iter(TEXT + "p", TEXT + "h"):
            look = self._styles.look("paragraph", paragraph.get(TEXT + "style-name"), Look())
            if text := " ".join(self.read(paragraph, look)[0].split()):
                found.append(text)
        return found


def formula(element: Any) -> str:
    """A formula as a line of text."""
    from bs4 import BeautifulSoup

    from qeu_rag.ingest.readers.typeset.mathml import linear

    math = BeautifulSoup(_mathml(element), "lxml").find("math")
    return linear(math) if math is not None else ""


def _mathml(element: Any, depth: int = 0) -> str:
    """A formula as MathML without prefixes."""
    name = local(element)
    if not name or depth > 200:
        return ""
    inner = html.escape(element.text or "", quote=False)
    inner += "".join(_mathml(child, depth + 1) + html.escape(child.tail or "", quote=False) for child in element)
    kept = {str(key).rpartition("}")[2]: value for key, value in element.attrib.items()}
    given = "".join(f' {key}="{html.escape(value)}"' for key, value in kept.items() if re.fullmatch(r"[a-z]+", key))
    return f"<{name}{given}>{inner}</{name}>"
