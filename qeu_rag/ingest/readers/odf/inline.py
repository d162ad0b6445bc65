"""Reads the inside of an OpenDocument paragraph into HTML: what is shown of its text, notes, comments, fields and formulas."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from qeu_rag.ingest.readers.asides import comment, note
from qeu_rag.ingest.readers.odf.package import DRAW, TEXT, Look, Styles, local
from qeu_rag.ingest.readers.sign.raised import lowered, raised
from qeu_rag.ingest.readers.sign.symbols import from_symbol_font

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
    """Reads paragraphs; ``shape`` gives the HTML of a drawing: what stands in the line, and what stands below it."""

    def __init__(self, styles: Styles, counts: Counter[str], shape: Callable[[Any, Look], tuple[str, str]]) -> None:
        self._styles, self._counts, self._shape = styles, counts, shape
        self._gone = ""
        self._pieces: list[str] = []
        self._below: list[str] = []
        self.in_header = False

    def read(self, paragraph: Any, look: Look) -> tuple[str, str]:
        """The HTML of a paragraph's text, and of the blocks that are anchored in it."""
        outer = self._pieces, self._below
        self._pieces, self._below = [], []
        self._gone = ""
        if any(e.get(TEXT + "is-hidden") == "true" for e in paragraph.iter(TEXT + "hidden-paragraph")):
            self._counts["hidden"] += bool("".join(paragraph.itertext()).strip())
        else:
            self._walk(paragraph, look, 0)
        made = "".join(self._pieces), "".join(self._below)
        self._pieces, self._below = outer
        return made

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
            self._pieces.append("<br>")
        elif name == "note":
            self._note(child, look)
        elif name == "annotation":
            self._pieces.append(html.escape(self.comment(child), quote=False))
        elif name == "ruby" and not look.left_out():
            self._pieces.append("<ruby>")
            self._walk(child, look, depth + 1)
            self._pieces.append("</ruby>")
        elif name == "ruby-text":
            self._pieces.append("" if look.left_out() else f"<rt>{html.escape(''.join(child.itertext()))}</rt>")
        elif name == "hidden-text":
            hidden = child.get(TEXT + "is-hidden", "true") == "true"
            self._counts["hidden"] += hidden
            if not hidden:
                self._text(child.get(TEXT + "string-value"), look)
        elif name == "math":
            self._pieces.append(mathml(child))
        elif name in SHAPES and str(child.tag).startswith(DRAW) and not (name == "a" and look.left_out()):
            within, below = self._shape(child, look)
            self._pieces.append(within)
            self._below.append(below)
        elif name == "page-number" and self.in_header:
            return
        elif name and name not in _SKIP and child.get(TEXT + "display") != "none":
            self._walk(child, look, depth + 1)

    def _text(self, text: str | None, look: Look) -> None:
        if not text:
            return
        gone = look.left_out()
        if gone:
            if text.strip():
                self._counts[gone] += gone != self._gone
                self._gone = gone
            return
        self._gone = "" if text.strip() else self._gone
        if look.font or any("\uf000" <= c <= "\uf0ff" for c in text):
            text = from_symbol_font(text, look.font)
        shown = html.escape(text, quote=False)
        if look.raised and text.strip():
            shown = f"<sup>{shown}</sup>" if look.raised > 0 else f"<sub>{shown}</sub>"
        self._pieces.append(shown)

    def _note(self, element: Any, look: Look) -> None:
        if look.left_out():
            return
        citation, body = element.find(TEXT + "note-citation"), element.find(TEXT + "note-body")
        label = "".join(citation.itertext()).strip() if citation is not None else ""
        words = " ".join(self.paragraphs(body)) if body is not None else ""
        end = element.get(TEXT + "note-class") == "endnote"
        beside = plain("".join(self._pieces))
        self._pieces.append(html.escape(note(label, words, beside, end=end), quote=False))

    def comment(self, element: Any) -> str:
        """A comment as such."""
        author = element.find("{http://purl.org/dc/elements/1.1/}creator")
        name = "".join(author.itertext()).strip()[:100] if author is not None else ""
        resolved = any(str(key).endswith("}resolved") and value == "true" for key, value in element.attrib.items())
        words = " ".join(self.paragraphs(element))
        return comment(name, words, plain("".join(self._pieces)) or words, resolved=resolved) if words else ""

    def paragraphs(self, element: Any) -> list[str]:
        """The paragraphs within an element as plain text on one line each."""
        gone, found = self._gone, []
        for paragraph in element.iter(TEXT + "p", TEXT + "h"):
            look = self._styles.look("paragraph", paragraph.get(TEXT + "style-name"), Look())
            if text := " ".join(plain(self.read(paragraph, look)[0]).split()):
                found.append(text)
        self._gone = gone
        return found


def plain(text: str) -> str:
    """The text of inline HTML as made here, with raised and lowered text as such."""
    text = re.sub(r"<(su[bp])>(.*?)</\1>", _moved, text.replace("<br>", "\n"), flags=re.S)
    text = re.sub(r"<rt>(.*?)</rt>", r"（\1）", text)
    if "<math" in text:
        text = re.sub(r"<math.*?</math>", _linear, text, flags=re.S)
    return html.unescape(re.sub(r"<[^>]*>", "", text))


def _moved(found: re.Match[str]) -> str:
    text = html.unescape(found[2])
    return html.escape(raised(text) if found[1] == "sup" else lowered(text), quote=False)


def _linear(found: re.Match[str]) -> str:
    from bs4 import BeautifulSoup

    from qeu_rag.ingest.readers.sign.mathml import linear

    math = BeautifulSoup(found[0], "lxml").find("math")
    return html.escape(linear(math), quote=False) if math is not None else ""


def mathml(element: Any, depth: int = 0) -> str:
    """A formula as MathML without prefixes, for the reader of web pages."""
    name = local(element)
    if not name or depth > 200:
        return ""
    inner = html.escape(element.text or "", quote=False)
    inner += "".join(mathml(child, depth + 1) + html.escape(child.tail or "", quote=False) for child in element)
    kept = {str(key).rpartition("}")[2]: value for key, value in element.attrib.items()}
    given = "".join(f' {key}="{html.escape(value)}"' for key, value in kept.items() if re.fullmatch(r"[a-z]+", key))
    return f"<{name}{given}>{inner}</{name}>"
