"""Reads one page of a PDF: its lines as they read, its tables, its notes and form values, and what of it was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from qeu_rag.ingest.readers.pdf.breaks import Leaf
from qeu_rag.ingest.readers.pdf.columns import by_column
from qeu_rag.ingest.readers.pdf.drawn import CrowdedError, rules
from qeu_rag.ingest.readers.pdf.fields import fields_on, filled
from qeu_rag.ingest.readers.pdf.lines import Sheet
from qeu_rag.ingest.readers.pdf.marks import marked
from qeu_rag.ingest.readers.pdf.notes import notes_on
from qeu_rag.ingest.readers.pdf.objects import Objects
from qeu_rag.ingest.readers.pdf.strokes import Rules
from qeu_rag.ingest.readers.pdf.symbols import has_unnamed
from qeu_rag.ingest.readers.pdf.table import tabled
from qeu_rag.ingest.readers.pdf.text import PageText
from qeu_rag.ingest.readers.pdf.text_style import Looks, looks
from qeu_rag.ingest.readers.pdf.upright import levelled

NOTHING = Leaf(sheet=Sheet(lines=(), bottom=0, top=0))


def read_leaf(document: Any, index: int, is_hidden: Callable[[Any], bool]) -> Leaf:
    """The page at ``index``, nothing of one that cannot be loaded; ``is_hidden`` says of an object if its layer is off."""
    import pypdfium2

    try:
        leaf = document[index]
    except pypdfium2.PdfiumError:
        return NOTHING
    turned = leaf.get_rotation()
    try:
        objects = Objects(leaf, is_hidden)
        looked = looks(objects)
        leaf.set_rotation(90 * looked.quarter)  # PDFium puts lines in order as they stand on the page
        text_page = leaf.get_textpage()
        try:
            return _read(leaf, PageText(text_page), document.formenv, looked, objects)
        finally:
            text_page.close()
    except pypdfium2.PdfiumError:
        return NOTHING
    finally:
        leaf.set_rotation(turned)
        leaf.close()


def _read(leaf: Any, text: PageText, form: Any, looked: Looks, objects: Objects) -> Leaf:
    _, bottom, _, top = leaf.get_bbox()
    try:
        drawn, crowded = rules(objects), False
    except CrowdedError:
        drawn, crowded = Rules(across=(), down=()), True
    notes = notes_on(leaf, text)
    found, left = marked(text, list(text.lines()), looked, drawn.across, notes.struck)
    found = by_column(text, found, looked, drawn)
    fields, hidden = fields_on(leaf, text, form.raw if form else None)
    if fields:
        found = filled(text, found, fields)
    left += Counter(hidden=hidden + notes.hidden)
    made = tabled(
        drawn,
        [one.line for one in found],
        lambda i: text.letters(found[i]),
        text.line_of,
        -looked.quarter % 4,
    )
    sheet = Sheet(lines=tuple(levelled(made.lines)), bottom=bottom, top=top)
    unnamed = has_unnamed(text, found)
    return Leaf(sheet=sheet, tables=made.tables, crowded=crowded, unnamed=unnamed, left=left, notes=notes)
