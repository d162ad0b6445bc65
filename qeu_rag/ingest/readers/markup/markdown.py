"""Writes and reads the Markdown that documents are kept in: tables, escapes, and headings with their exact spans."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qeu_rag.types import Heading, Span

_BLOCK_START = re.compile(r"^([ \t]*)(?=#{1,6}(?:\s|$)|```|~~~|\|)", re.M)
_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})(.*)$")
_ATX = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*)$")
_CLOSING = re.compile(r"(?:^|(?<=[ \t]))#+$")
_LONGEST_HEADING = 500
_UNDERLINE = re.compile(r"^ {0,3}(=+|-{2,})[ \t]*$")
_NO_PARAGRAPH = re.compile(r"^(?: {4}|\t|\s*(?:[|>#*+-]|\d+[.)]\s|$))")
_INLINE = (
    (re.compile(r"\s*\{#[^}]*\}\s*$"), ""),
    (re.compile(r"<[^<>]*>"), ""),
    (re.compile(r"!\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])"), r"\1"),
    (re.compile(r"(\*\*|__|``?)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<!\w)([*_])(?=\S)(.+?)(?<=\S)\1(?!\w)"), r"\2"),
    (re.compile(r"\\([!-/:-@\[-`{-~])"), r"\1"),
)


def escape(text: str) -> str:
    """``text`` with a backslash before whatever would start a heading, a code fence or a table at the start of a line."""
    return _BLOCK_START.sub(r"\1\\", text)


def cell(text: str) -> str:
    """``text`` fit for a table cell: one line, ``|`` escaped."""
    return " ".join(text.split()).replace("|", "\\|")


def table(rows: Sequence[Sequence[str]], *, headless: bool = False) -> str:
    """A Markdown table whose first row is the header, unless it is ``headless`` and has an empty one; short rows are filled
    up, empty rows and columns left out."""
    width = max((len(row) for row in rows), default=0)
    filled = [[cell(c) for c in row] + [""] * (width - len(row)) for row in rows]
    filled = [row for row in filled if any(row)]
    kept = [i for i in range(width) if any(row[i] for row in filled)]
    lines = ["| " + " | ".join(row[i] for i in kept) + " |" for row in filled]
    if not lines:
        return ""
    if headless:
        lines.insert(0, "|" + "  |" * len(kept))
    return "\n".join([lines[0], "|" + " --- |" * len(kept), *lines[1:]])


def fence(code: str, language: str = "") -> str:
    """``code`` as a fenced block whose fence is longer than any in the code."""
    longest = max((len(run) for run in re.findall(r"`{3,}", code)), default=2)
    mark = "`" * (longest + 1)
    return f"{mark}{language}\n{code.strip(chr(10))}\n{mark}"


def plain_words(text: str) -> str:
    """The words of a heading without emphasis, links, tags, attribute blocks and escapes."""
    text = text[:_LONGEST_HEADING]  # what follows takes time squared in the length
    for pattern, replacement in _INLINE:
        text = pattern.sub(replacement, text)
    return " ".join(text.split())


def headings(text: str, *, setext: bool = False) -> tuple[Heading, ...]:
    """The headings of a Markdown ``text`` in order, each with the span of its line (with its underline, if ``setext``).

    Lines inside code fences are none; a fence that is never closed reaches to the end (CommonMark 0.31, sections 4.2 to
    4.5, except that a setext heading is one line here).
    """
    found = []
    before = ""
    lines = list(_open_lines(text))
    for number, (start, line) in enumerate(lines):
        if match := _ATX.match(line):
            found.append((len(match[1]), _CLOSING.sub("", match[2].rstrip()), start, start + len(line)))
        elif setext and number and (under := _UNDERLINE.match(line)) and not _NO_PARAGRAPH.match(lines[number - 1][1]):
            above, title = lines[number - 1]
            if above + len(title) + 1 == start and not before.strip():
                found.append((1 if under[1][0] == "=" else 2, title, above, start + len(line)))
        before = "" if number == 0 or _ATX.match(lines[number - 1][1]) else lines[number - 1][1]
    return tuple(
        Heading(level=level, text=words, span=Span(start=start, end=end))
        for level, raw, start, end in found
        if (words := plain_words(raw))
    )


def _open_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines outside code fences, each with its place in ``text``."""
    start, closing = 0, ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if closing:
            if mark and mark[1].startswith(closing) and not mark[2].strip():
                closing = ""
        elif mark and not (mark[1][0] == "`" and "`" in mark[2]):
            closing = mark[1]
        else:
            yield start, line
        start += len(line) + 1
