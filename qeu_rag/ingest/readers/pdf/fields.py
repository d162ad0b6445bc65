"""Puts the values of a PDF form beside their labels: what was typed and chosen, and boxes that are ticked or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from qeu_rag.ingest.readers.page import one_line
from qeu_rag.ingest.readers.pdf.lines import Line
from qeu_rag.ingest.readers.pdf.notes import appearance, marks_on, read_text, rectangle, string
from qeu_rag.ingest.readers.pdf.strokes import Box
from qeu_rag.ingest.readers.pdf.text import PLACED, SPACE, Found, Letter, PageText

_HIDDEN = 2 | 32
_PASSWORD = 1 << 13
_MOST_OPTIONS = 2_000
_TICKED, _BLANK = "\u2611", "\u2610"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a form: its box, what stands in it, its name for people (may be empty), and whether it is a box to tick."""

    box: Box
    text: str
    label: str = ""
    ticked: bool | None = None


def fields_on(leaf: Any, text: PageText, form: Any) -> tuple[list[Field], int]:
    """The filled fields of a page and all its boxes to tick, and how many values are hidden; ``form`` is PDFium's, or None."""
    import pypdfium2.raw as raw

    made, hidden = [], 0
    for annotation in marks_on(leaf):
        if raw.FPDFAnnot_GetSubtype(annotation) != raw.FPDF_ANNOT_WIDGET:
            continue
        field = _field(raw, annotation, text, form)
        if field is None:
            continue
        secret = form and raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD and field.ticked is None
        if raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN or secret:
            hidden += field.ticked is None
        else:
            made.append(field)
    return made, hidden


def _field(raw: Any, annotation: Any, text: PageText, form: Any) -> Field | None:
    """The field; None of a button, and of one that nothing stands in."""
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation) if form else raw.FPDF_FORMFIELD_UNKNOWN
    box = rectangle(annotation)
    label = one_line(
        read_text(lambda *room: raw.FPDFAnnot_GetFormFieldAlternateName(form, annotation, *room)) if form else ""
    )
    if kind in {raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON}:
        ticked = bool(raw.FPDFAnnot_IsChecked(form, annotation))
        return Field(box=box, text=_TICKED if ticked else _BLANK, label=label, ticked=ticked)
    if kind in {raw.FPDF_FORMFIELD_PUSHBUTTON, raw.FPDF_FORMFIELD_SIGNATURE}:
        return None
    value = ""
    if kind in {raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX}:
        value = ", ".join(filter(None, _chosen(raw, annotation, form)))
    if not value and form:
        value = one_line(read_text(lambda *room: raw.FPDFAnnot_GetFormFieldValue(form, annotation, *room)))
    value = value or one_line(string(annotation, "V")) or one_line(appearance(annotation, text))
    return Field(box=box, text=value, label=label) if value else None


def _chosen(raw: Any, annotation: Any, form: Any) -> Iterator[str]:
    for i in range(min(raw.FPDFAnnot_GetOptionCount(form, annotation), _MOST_OPTIONS)):
        if raw.FPDFAnnot_IsOptionSelected(form, annotation, i):
            yield one_line(read_text(lambda *room, i=i: raw.FPDFAnnot_GetOptionLabel(form, annotation, i, *room)))


def filled(text: PageText, found: Sequence[Found], fields: Sequence[Field]) -> list[Found]:
    """The lines of a page with each field in the line that labels it, or on a line of its own."""
    lines = list(found)
    for field in sorted(fields, key=lambda field: (-field.box[3], field.box[0])):
        row = [i for i, one in enumerate(lines) if _in_row(one.line, field.box)]
        left = [i for i in row if lines[i].line.left < field.box[0]]
        right = [i for i in row if lines[i].line.right > field.box[2]]
        if field.ticked is None:
            at = max(left, key=lambda i: lines[i].line.left, default=-1)
        else:
            at = min(right, key=lambda i: max(0.0, lines[i].line.left - field.box[2]), default=-1)
            at = max(left, key=lambda i: lines[i].line.left, default=-1) if at < 0 else at
        if at >= 0:
            made = text.found_of(_inserted(text.letters(lines[at]), field))
            lines[at] = made or lines[at]
        elif alone := text.found_of([_placed(field, f"{field.label}: " if field.label else "")]):
            lines.insert(_place(lines, field.box), alone)
    return lines


def _in_row(line: Line, box: Box) -> bool:
    overlap = min(line.top, box[3]) - max(line.bottom, box[1])
    middle = (line.bottom + line.top) / 2
    high = box[3] - box[1] > 3 * line.height  # of a box of several lines, the label stands at its top
    return overlap > 0.4 * min(line.height, box[3] - box[1]) and (not high or middle > box[3] - 2 * line.height)


def _placed(field: Field, label: str = "") -> Letter:
    return Letter(label + field.text, PLACED, field.box, 0)


def _inserted(run: Sequence[Letter], field: Field) -> list[Letter]:
    """``run`` with the field where it stands, between spaces."""
    middle = (field.box[0] + field.box[2]) / 2
    at = next((i for i, one in enumerate(run) if one.number >= 0 and (one.ink[0] + one.ink[2]) / 2 > middle), len(run))
    before, after = list(run[:at]), list(run[at:])
    while before and before[-1].number < 0:
        before.pop()
    return [*before, *([SPACE] if before else []), _placed(field), *([SPACE] if after else []), *after]


def _place(lines: Sequence[Found], box: Box) -> int:
    """Where a line of its own goes: before the first line below it."""
    return next((i for i, one in enumerate(lines) if (one.line.bottom + one.line.top) / 2 < box[1]), len(lines))
