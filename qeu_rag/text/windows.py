"""The windows of a chunk: stretches of a few whole units, overlapping, each short enough to be read at a glance.

A window is what is embedded, ranked and shown; what is cited is its exact span in the document.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qeu_rag.text.markup import plain
from qeu_rag.text.units import HEADING, ROW, cells, introduction, leads_over, table_header, units
from qeu_rag.types import Chunk, Span, Window

ROOM = 180
"""The most that a window holds (see ``size_of``), unless one unit alone is longer: 180 Japanese or 450 other characters."""

_HEADINGS = 2
_WIDE = re.compile(r"[^\x00-\u02ff]")


def size_of(text: str) -> int:
    """The size of ``text`` in units that hold for both languages: a Japanese character is 1, any other 0.4."""
    wide = len(_WIDE.findall(text))
    return wide + round(0.4 * (len(text) - wide))


def windows(chunk: Chunk) -> tuple[Window, ...]:
    """The windows of ``chunk`` in order; together they hold every unit. Prose overlaps by a sentence, rows do not.

    What leads over to the next unit is never the last of a window where there is room for one more.
    """
    spans = units(chunk)
    sizes = [size_of(span.of(chunk.text)) + 1 for span in spans]
    rows = [bool(ROW.match(span.of(chunk.text))) for span in spans]
    leading = [leads_over(span.of(chunk.text)) for span in spans]
    found: list[Window] = []
    start = 0
    while start < len(spans):
        end, used = start, 0
        while end < len(spans) and (end == start or used + sizes[end] <= ROOM or (leading[end - 1] and used <= ROOM)):
            used += sizes[end]
            end += 1
        found.append(_window(chunk, spans, start, end - 1))
        if end == len(spans):
            break
        step_back = not rows[end] and end - 1 > start and sizes[end - 1] < ROOM // 2
        start = end - 1 if step_back else end
    return tuple(found)


def _window(chunk: Chunk, spans: list[Span], first: int, last: int) -> Window:
    lead = ""
    if ROW.match(spans[first].of(chunk.text)):
        lead = table_header(chunk, spans[first])
    elif (intro := introduction(chunk, spans, first)) is not None:
        lead = spans[intro].of(chunk.text)
    return Window(first=first, last=last, span=Span(start=spans[first].start, end=spans[last].end), lead=lead)


def heading_path(chunk: Chunk) -> str:
    """The last two of the title and the headings, which say what a window of ``chunk`` is about."""
    path = list(dict.fromkeys(part for part in (chunk.title, *chunk.headings) if part))
    return " › ".join(path[-_HEADINGS:])


def window_text(chunk: Chunk, window: Window) -> str:
    """What is embedded of ``window``: its heading path, what it needs above it, and its units without marks."""
    lines = [heading_path(chunk), *window_lines(chunk, window)]
    return "\n".join(" ".join(line.split()) for line in lines if line.strip())


def window_lines(chunk: Chunk, window: Window) -> list[str]:
    """The lines of ``window`` as people read them, its lead first; table rows as their cells, parted by bars."""
    return [line for part in (window.lead, window.span.of(chunk.text)) for line in readable(part)]


def readable(text: str) -> list[str]:
    """The lines of ``text`` as people read them: no marks, no headings, no rules; table rows as their cells, parted by bars."""
    lines = []
    for line in text.split("\n"):
        if HEADING.match(line) or not any(map(str.isalnum, line)):
            continue
        bare = " | ".join(cells(line)) if ROW.match(line) else line
        lines.append(plain(bare).rstrip())
    return lines


def unit_texts(chunk: Chunk, places: Sequence[int]) -> list[str]:
    """What each unit at ``places`` of ``chunk`` says by itself, below its nearest heading, as it is compared with a question."""
    heading = chunk.headings[-1] if chunk.headings else chunk.title
    spans = units(chunk)
    said = [" ".join(" ".join(readable(spans[at].of(chunk.text))).split()) for at in places]
    return [f"{heading}\n{text}" if heading else text for text in said]
