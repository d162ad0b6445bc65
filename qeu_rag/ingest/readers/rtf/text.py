"""Reads RTF into HTML that says the same: what is raised, struck out or hidden, lists, tables, notes, text boxes, equations."""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass, field, replace

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.notes_and_comments import comment
from qeu_rag.ingest.readers.rtf.equation import Equation
from qeu_rag.ingest.readers.rtf.story import Story
from qeu_rag.ingest.readers.rtf.tables import Tables
from qeu_rag.ingest.readers.rtf.text_style import Look
from qeu_rag.ingest.readers.rtf.tokens import (
    IN_TABLES,
    SIGNS,
    SKIPPED,
    STORIES,
    THROUGH,
    Characters,
    Token,
    codec_of_page,
)
from qeu_rag.ingest.readers.typeset.runs import Line, Note, Run, without_notes
from qeu_rag.ingest.readers.typeset.symbols import from_symbol_font, is_symbol_font

_DEEPEST = 2_000
_ASIDE = frozenset(("listtext", "pntext", "atnauthor"))
"""Destinations whose words are kept until what they belong to is written."""


@dataclass(slots=True)
class RtfText:
    """What an RTF file says, as HTML, with how much was left out of each kind; ``running`` are its page headers and footers."""

    html: str
    left_out: Counter[str]
    title: str = ""
    running: list[str] = field(default_factory=list)


class Reading:
    """Walks through the tokens of one file. Raises ReadError("damaged") for groups without end."""

    def __init__(self, *, comments: bool) -> None:
        self._comments = comments
        self._look = Look()
        self._stack: list[tuple[Look, Story | None, Equation | None]] = []
        self._tables = Tables()
        self._counts: Counter[str] = Counter()
        self._codec = "cp1252"
        self._default_font = -1
        self._body = Story(line=Line(self._counts))
        self._story = self._body
        self._equation: Equation | None = None
        self._characters = Characters()
        self._fresh = False
        self._starred = False
        self._words: dict[str, list[str]] = {}
        self._notes = 0
        self._running: list[str] = []

    def take(self, token: Token) -> None:
        """Takes the next token."""
        if token.kind == "bytes":
            self._fresh = False
            self._characters.add(token.data)
            return
        self._flush()
        if token.kind == "open":
            self._open()
        elif token.kind == "close":
            self._close()
        elif token.kind == "word" and token.name not in {"u", "par", "cell", "row"} and self._characters.skips_one():
            return
        elif token.kind == "sign":
            self._sign(token.name)
        else:
            self._word(token.name, token.number)

    def done(self) -> RtfText:
        """What was read, also where the file was cut off."""
        self._flush()
        while self._stack:
            self._close()
        body = self._body.html()
        joined = body.replace("</ul><ul>", "")
        title = self._tables.title
        return RtfText(joined, self._counts, title.strip(), self._running)

    def _open(self) -> None:
        if len(self._stack) >= _DEEPEST:
            raise ReadError("damaged", " (RTF)")
        self._stack.append((replace(self._look), None, None))
        self._fresh, self._starred = True, False
        self._characters.skip = 0
        if self._look.place == "upr":
            self._look.place = "skip"

    def _close(self) -> None:
        self._characters.skip = 0
        if not self._stack:
            return
        ended, (before, story, equation) = self._look.place, self._stack.pop()
        if ended == "stylesheet":
            self._tables.end_style()
        if ended in {"listtext", "pntext"} and before.place not in _ASIDE:
            self._story.label = "".join(self._words.pop(ended, ())).strip()
        if equation is not None or (self._equation is not None and story is None):
            self._close_equation(equation)
        if story is not None:
            self._close_story(ended, story)
        self._look = before
        self._fresh = self._starred = False

    def _close_story(self, kind: str, outer: Story) -> None:
        inner, self._story = self._story.html(), outer
        if kind == "footnote":
            words = " ".join(_plain(inner).split())
            label = str(self._notes)
            if own := re.match(r"(\S{1,4}) (?=\S)", words) if words.startswith(label) else None:
                words = words[own.end() :]
            outer.line.runs.append(Run("", note=Note(label, words)))
        elif kind == "annotation":
            author = "".join(self._words.pop("atnauthor", ())).strip()
            words = " ".join(_plain(inner).split())
            if words and not self._comments:
                self._counts["comments_off"] += 1
            elif words:
                outer.line.add(comment(author, words, without_notes(outer.line.runs) or words))
        elif kind in {"shptxt", "dptxbxtext"}:
            self._story.blocks.append(inner)
        else:
            self._running += _plain(inner.replace("</p>", "\n").replace("</td>", "\t")).split("\n")

    def _close_equation(self, outer: Equation | None) -> None:
        assert self._equation is not None or outer is None
        if self._equation is not None and self._equation.close():
            self._story.line.add(self._equation.line())
            self._equation = None

    def _sign(self, name: str) -> None:
        if name == "*":
            self._starred = self._fresh
        elif name in {"\r\n", "\n", "\r"}:
            self._word("par", None)
        elif name in SIGNS:
            self._text(SIGNS[name])
            self._fresh = False

    def _word(self, name: str, number: int | None) -> None:
        fresh, starred, self._fresh, self._starred = self._fresh, self._starred, False, False
        look = self._look
        if fresh and self._destination(name, starred):
            return
        if name == "u":
            self._text(self._characters.unicode(number or 0, look.skipped))
            return
        if look.place in IN_TABLES:
            self._tables.word(look, name, number)
            return
        if name == "ansicpg" and number:
            self._codec = codec_of_page(number)
        elif name in {"mac", "pc", "pca"}:
            self._codec = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}[name]
        elif name == "deff":
            self._default_font = look.font = number if number is not None else -1
        elif look.apply(name, number):
            if name == "plain":
                look.font = self._default_font
        elif look.place != "skip" and self._equation is None:
            self._layout(name, number)

    def _destination(self, name: str, starred: bool) -> bool:
        """Whether ``name``, the first word of a group, says where the group's text goes."""
        look = self._look
        if name == "ud":
            look.place = next(
                (old.place for old, _, _ in reversed(self._stack) if old.place not in {"upr", "skip"}), ""
            )
            return True
        if look.place == "skip":
            return True
        if self._equation is not None or (name in {"moMath", "moMathPara"} and not look.place):
            if self._equation is None:
                self._equation = Equation()
                self._stack[-1] = (*self._stack[-1][:2], self._equation)
            self._equation.open(name)
            return name not in {"mr"}
        if name in SKIPPED:
            look.place = "skip"
        elif name in IN_TABLES or name in {*_ASIDE, "upr"}:
            look.place = name
            self._words.setdefault(name, [])
        elif name in STORIES:
            self._stack[-1] = (self._stack[-1][0], self._story, None)
            unread = name == "annotation" and not self._comments
            self._story = Story(line=Line(Counter() if unread else self._counts))
            self._look = Look(place=name, font=self._default_font, skipped=look.skipped)
            self._notes += name == "footnote"
        elif starred and look.place == "stylesheet":
            return False
        elif starred and name not in THROUGH:
            look.place = "skip"
        else:
            return name in THROUGH and name not in {"object", "shp"}
        return True

    def _layout(self, name: str, number: int | None) -> None:
        """Words that say where text stands."""
        if name == "line":
            self._story.line.add("\n")
        elif name == "s" and number is not None:
            self._story.level = self._tables.headings.get(number, 0)
        elif name == "chftn":
            self._story.line.add("" if self._look.place != "footnote" else f"{self._notes} ")
        elif name in SIGNS:
            self._text(SIGNS[name])
        else:
            self._story.apply(name, number)

    def _flush(self) -> None:
        """Takes the bytes that were held back, as a character may stand in several."""
        codec = self._tables.codecs.get(self._look.font, "") or self._codec
        if (text := self._characters.flush(codec)) and self._look.place != "skip":
            self._text(text)

    def _text(self, text: str) -> None:
        look = self._look
        if look.place in {"skip", "upr", "info"}:
            return
        if look.place in IN_TABLES:
            self._tables.text(look, text)
            return
        font = self._tables.names.get(look.font, "")
        if is_symbol_font(font) or any("\uf000" <= c <= "\uf0ff" for c in text):
            text = from_symbol_font(text, font)
        if look.place in _ASIDE:
            self._words.setdefault(look.place, []).append(text)
        elif self._equation is not None:
            self._equation.text(text)
        else:
            self._shown(text)

    def _shown(self, text: str) -> None:
        line = self._story.line
        if gone := self._look.left_out(self._tables.colours, backed=self._story.depth > 0):
            line.leave_out(gone, text)
        else:
            line.add(text, {1: "raised", -1: "lowered"}.get(self._look.raised, ""))


def _plain(text: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", " ", text))
