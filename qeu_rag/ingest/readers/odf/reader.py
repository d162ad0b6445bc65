"""Reads OpenDocument files: texts (.odt), spreadsheets (.ods) and presentations (.odp)."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.ingest.readers.markup.markdown import escape
from qeu_rag.ingest.readers.odf.inline import SHAPES
from qeu_rag.ingest.readers.odf.package import DRAW, OASIS, OFFICE, PRESENTATION, Look, OdfPackage
from qeu_rag.ingest.readers.odf.sheet import Sheets
from qeu_rag.ingest.readers.odf.text import Blocks
from qeu_rag.ingest.readers.page import FileReader, html_paragraph, one_line, page, sensible_title
from qeu_rag.ingest.readers.running_head import telling
from qeu_rag.ingest.readers.table.blocks import blocks as grid_blocks
from qeu_rag.ingest.readers.typeset.raised import left_out
from qeu_rag.ingest.readers.web.reader import read_html
from qeu_rag.ingest.readers.xml_elements import local
from qeu_rag.ingest.remark import Remark, counted

_SVG = f"{{{OASIS}svg-compatible:1.0}}"
_TOLD = (
    "hidden_slides", "hidden_sheets", "hidden_rows", "filtered_rows", "hidden_columns", "formulas", "errors", "word_deleted",
    "word_embedded", "comments_off",
)  # fmt: skip
_BAND_CM = 1.27
_UNITS = {"cm": 1.0, "mm": 0.1, "in": 2.54, "pt": 2.54 / 72, "pc": 2.54 / 6, "px": 2.54 / 96}


class OdtReader(FileReader):
    """A text as one document, below what its page headers and footers tell of it."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError: "encrypted", "damaged", "too_large"."""
        counts: Counter[str] = Counter()
        with OdfPackage(Path(file)) as package:
            blocks = Blocks(package, counts, self._way)
            body = _markdown(blocks.html(package.body("text")), counts)
            running = escape("\n".join(telling(blocks.running())))
            title = sensible_title(package.title())
        return [page("\n\n".join(filter(None, [running, body])), title=title or None, notes=_remarks(counts))]


class OdsReader(FileReader):
    """A spreadsheet, one document a sheet; hidden sheets, rows and columns are left out and told."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document a sheet. Raises ReadError: "encrypted", "damaged", "too_large"."""
        counts: Counter[str] = Counter()
        texts: list[tuple[int, str]] = []
        with OdfPackage(Path(file)) as package:
            title = sensible_title(package.title())
            for number, sheet in enumerate(
                Sheets(Blocks(package, counts, self._way)).read(package.body("spreadsheet")), 1
            ):
                if sheet is None:
                    continue
                parts = [*grid_blocks(sheet.grid), _markdown(sheet.drawings, counts) if sheet.drawings else ""]
                if text := "\n\n".join(filter(None, parts)):
                    texts.append((number, f"# {one_line(sheet.name)}\n\n{text}"))
        notes = _remarks(counts)
        return [page(text, number=number, title=title, notes=notes) for number, text in texts] or [
            page("", notes=notes)
        ]


class OdpReader(FileReader):
    """A presentation, one document a slide; hidden slides are left out and told."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document a slide. Raises ReadError: "encrypted", "damaged", "too_large"."""
        counts: Counter[str] = Counter()
        texts: list[tuple[int, str]] = []
        with OdfPackage(Path(file)) as package:
            title = sensible_title(package.title()) or None
            blocks = Blocks(package, counts, self._way)
            for number, slide in enumerate(package.body("presentation").iterfind(DRAW + "page"), 1):
                style = blocks.styles.properties(
                    "drawing-page", slide.get(DRAW + "style-name", ""), "drawing-page-properties"
                )
                if style.get("visibility") == "hidden":
                    counts["hidden_slides"] += 1
                elif text := _slide(slide, blocks, counts):
                    texts.append((number, text))
        notes = _remarks(counts)
        return [page(text, number=number, title=title, notes=notes) for number, text in texts] or [
            page("", notes=notes)
        ]


def _slide(slide: Any, blocks: Blocks, counts: Counter[str]) -> str:
    """The title, what stands on the slide from the top down, comments, and the speaker's notes."""
    shapes = [shape for shape in slide if local(shape) in SHAPES and str(shape.tag).startswith(DRAW)]
    titles = [shape for shape in shapes if shape.get(PRESENTATION + "class") == "title"]
    made = []
    for shape in titles[:1]:
        words = one_line(html.unescape(re.sub(r"<[^>]*>", " ", blocks.shape(shape, Look())[1])))
        made.append(html_paragraph(words, "h1"))
    for shape in sorted(shapes, key=_place):
        if shape not in titles[:1]:
            within, below = blocks.shape(shape, Look())
            made.append(html_paragraph(within) + below)
    remarks = [blocks.inline.comment(note) for note in slide.iterfind(OFFICE + "annotation")]
    made += map(html_paragraph, remarks)
    for notes in slide.iterfind(PRESENTATION + "notes"):
        made += [below for _, below in (blocks.shape(shape, Look()) for shape in _noted(notes))]
    return _markdown("".join(made), counts)


def _noted(notes: Any) -> Iterator[Any]:
    return (shape for shape in notes.iterfind(DRAW + "frame") if shape.get(PRESENTATION + "class") in {"notes", None})


def _place(shape: Any) -> tuple[int, float]:
    """From the top down and, at about one height, from the left; a group stands where the first of its shapes does."""
    placed = [part for part in shape.iter() if part.get(_SVG + "y") is not None]
    shown = placed[:1] if shape.get(_SVG + "y") is not None else placed
    return min(
        ((int(_length(p.get(_SVG + "y")) / _BAND_CM), _length(p.get(_SVG + "x"))) for p in shown), default=(0, 0.0)
    )


def _length(text: str | None) -> float:
    """A length in centimetres."""
    try:
        return float((text or "0cm")[:-2]) * _UNITS.get((text or "0cm")[-2:], 1.0)
    except ValueError:
        return 0.0


def _markdown(text: str, counts: Counter[str]) -> str:
    read = read_html(f"<html><body>{text}</body></html>")
    counts.update(read.left_out)
    return read.markdown


def _remarks(counts: Counter[str]) -> list[Remark]:
    return [*counted(counts, *_TOLD), *left_out(counts)]
