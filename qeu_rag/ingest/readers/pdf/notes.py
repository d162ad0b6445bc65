"""Reads what was put on a PDF page after it was printed: typed notes, comments, stamps, strike-out marks, attached files."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from qeu_rag.ingest.readers.page import one_line
from qeu_rag.ingest.readers.pdf.lines import Block
from qeu_rag.ingest.readers.pdf.strokes import Box
from qeu_rag.ingest.readers.pdf.text import PageText
from qeu_rag.language import say
from qeu_rag.text.notation import lang_of

_MOST = 2_000  # annotations read on one page
_MOST_QUADS = 200
_LONGEST = 20_000  # characters of one
_HIDDEN = 2 | 32
_STAMPS = {"#draft": "DRAFT", "#sbdraft": "DRAFT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note on a page: its box and its text with the word that says so."""

    box: Box
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """The notes of a page, the boxes of its strike-out marks, the names of files pinned to it, and how much is hidden."""

    notes: tuple[Note, ...] = ()
    struck: tuple[Box, ...] = ()
    files: tuple[str, ...] = ()
    hidden: int = 0


def notes_on(leaf: Any, text: PageText) -> Notes:
    """What is put on a page, but for form fields and links."""
    import pypdfium2.raw as raw

    if not raw.FPDFPage_GetAnnotCount(leaf):
        return Notes()
    written = _by_kind(raw)
    notes: list[Note] = []
    struck: list[Box] = []
    files: list[str] = []
    hidden = 0
    for annotation in marks_on(leaf):
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        if kind == raw.FPDF_ANNOT_FILEATTACHMENT:
            files.append(one_line(string(annotation, "Contents")) or "?")
        if kind not in written or raw.FPDFAnnot_HasKey(annotation, b"StateModel"):
            continue
        words = one_line(string(annotation, "Contents"))
        if not words and kind in {raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_STAMP}:
            words = one_line(appearance(annotation, text)) or _stamp(annotation)
        if raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN:
            hidden += bool(words)
            continue
        if kind == raw.FPDF_ANNOT_STRIKEOUT:
            struck += _quads(raw, annotation)
        if any(map(str.isalnum, words)):
            lang = "ja" if lang_of(words) == "ja" else "en"
            notes.append(Note(box=rectangle(annotation), text=say("read.note", lang, text=words)))
    return Notes(notes=tuple(notes), struck=tuple(struck[:_MOST]), files=tuple(files), hidden=hidden)


def with_notes(blocks: Sequence[Block], notes: Sequence[Note]) -> list[Block]:
    """The blocks of a page with each note after the block that it stands beside."""
    after: list[list[Block]] = [[] for _ in (*blocks, None)]
    for note in sorted(notes, key=lambda note: (-note.box[3], note.box[0])):
        places = [(_distance(block, note.box), i) for i, block in enumerate(blocks) if block.lines]
        i = min(places)[1] if places else len(blocks)
        after[i].append(Block(text=note.text, aside=True))
    made = [one for block, own in zip(blocks, after, strict=False) for one in (block, *own)]
    return [*made, *after[-1]]


def attached(document: Any) -> list[str]:
    """The names of the files that are attached to a document."""
    import pypdfium2.raw as raw

    names = []
    for i in range(min(raw.FPDFDoc_GetAttachmentCount(document), _MOST)):
        file = raw.FPDFDoc_GetAttachment(document, i)
        names.append(one_line(read_text(lambda *room, file=file: raw.FPDFAttachment_GetName(file, *room))) or "?")
    return names


def marks_on(leaf: Any) -> Iterator[Any]:
    """The annotations of a page, each open while it is looked at."""
    import pypdfium2.raw as raw

    for i in range(min(raw.FPDFPage_GetAnnotCount(leaf), _MOST)):
        if annotation := raw.FPDFPage_GetAnnot(leaf, i):
            try:
                yield annotation
            finally:
                raw.FPDFPage_CloseAnnot(annotation)


def string(annotation: Any, key: str) -> str:
    """A text in the annotation's dictionary; empty where there is none."""
    import pypdfium2.raw as raw

    return read_text(lambda *room: raw.FPDFAnnot_GetStringValue(annotation, key.encode(), *room))


def appearance(annotation: Any, text: PageText) -> str:
    """The words that an annotation draws."""
    import pypdfium2.raw as raw

    words = []
    for i in range(min(raw.FPDFAnnot_GetObjectCount(annotation), _MOST)):
        item = raw.FPDFAnnot_GetObject(annotation, i)
        if item and raw.FPDFPageObj_GetType(item) == raw.FPDF_PAGEOBJ_TEXT:
            words.append(read_text(lambda *room, item=item: raw.FPDFTextObj_GetText(item, text.handle, *room)))
    return " ".join(words)


def rectangle(annotation: Any) -> Box:
    """Where an annotation stands on its page."""
    import pypdfium2.raw as raw

    rect = raw.FS_RECTF()
    raw.FPDFAnnot_GetRect(annotation, ctypes.byref(rect))
    low, high = sorted((rect.bottom, rect.top))
    left, right = sorted((rect.left, rect.right))
    return (left, low, right, high)


def _by_kind(raw: Any) -> set[int]:
    return {
        getattr(raw, f"FPDF_ANNOT_{name}")
        for name in (
            "TEXT", "FREETEXT", "LINE", "SQUARE", "CIRCLE", "POLYGON", "POLYLINE", "HIGHLIGHT", "UNDERLINE", "SQUIGGLY",
            "STRIKEOUT", "STAMP", "CARET", "INK", "WATERMARK", "REDACT",
        )
    }  # fmt: skip


def _stamp(annotation: Any) -> str:
    """The words of a standard stamp by its name, such as Approved."""
    name = string(annotation, "Name").removeprefix("SB")
    words = "".join(f" {c}" if c.isupper() else c for c in name).strip()
    return _STAMPS.get(name.lower(), words)


def _quads(raw: Any, annotation: Any) -> Iterator[Box]:
    quad = raw.FS_QUADPOINTSF()
    for i in range(min(raw.FPDFAnnot_CountAttachmentPoints(annotation), _MOST_QUADS)):
        if raw.FPDFAnnot_GetAttachmentPoints(annotation, i, quad):
            xs, ys = (quad.x1, quad.x2, quad.x3, quad.x4), (quad.y1, quad.y2, quad.y3, quad.y4)
            yield (min(xs), min(ys), max(xs), max(ys))


def _distance(block: Block, box: Box) -> tuple[float, float]:
    """How far a note stands from a block: upwards or downwards first, then sideways."""
    top, bottom = max(line.top for line in block.lines), min(line.bottom for line in block.lines)
    left, right = min(line.left for line in block.lines), max(line.right for line in block.lines)
    middle = (box[1] + box[3]) / 2
    return max(0.0, bottom - middle, middle - top), max(0.0, left - box[2], box[0] - right)


def read_text(get: Callable[..., int]) -> str:
    """A text that PDFium writes as UTF-16 into room of the length that it asks for."""
    size = get(None, 0)
    if not 2 < size <= 2 * _LONGEST:
        return ""
    room = ctypes.create_string_buffer(size)
    with contextlib.suppress(ctypes.ArgumentError):
        get(ctypes.cast(room, ctypes.POINTER(ctypes.c_ushort)), size)
    return room.raw[:size].decode("utf-16-le", "replace").rstrip("\0")
