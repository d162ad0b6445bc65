"""Reads Jupyter notebooks (.ipynb): the words as those of Markdown files, code as blocks of code, and what it printed."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.markup.markdown import fence
from qeu_rag.ingest.readers.markup.marked_up import said
from qeu_rag.ingest.readers.markup.plain import text_of
from qeu_rag.ingest.readers.page import one_line, page
from qeu_rag.ingest.readers.typeset.raised import left_out
from qeu_rag.ingest.remark import counted

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_LONGEST_OUTPUT = 20_000
_LANGUAGE = re.compile(r"[\w+#-]{1,20}")


class NotebookReader(BaseReader):
    """A notebook of format 3 or 4; hidden cells and pictures are left out, and told."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError: "undecodable", "empty", "damaged"."""
        text, notes = text_of(Path(file))
        try:
            book = json.loads(text)
        except (ValueError, RecursionError) as e:
            raise ReadError("damaged", " (JSON)") from e
        cells = _cells(book)
        if cells is None:
            raise ReadError("damaged", " (\u2260 IPYNB)")
        counts: Counter[str] = Counter()
        blocks = list(_shown(cells, _language(book), counts))
        notes += [*left_out(counts), *counted(counts, "pictures")]
        return [page("\n\n".join(blocks), setext=True, notes=notes)]


def _shown(cells: list[dict[str, Any]], language: str, counts: Counter[str]) -> Iterator[str]:
    for cell in cells:
        counts["hidden"] += (hidden := _is_hidden(cell))
        for block in () if hidden else _blocks(cell, language, counts):
            counts["pictures"] += block is None
            if block is not None:
                yield block


def _cells(book: Any) -> list[dict[str, Any]] | None:
    if not isinstance(book, dict):
        return None
    if isinstance(book.get("cells"), list):
        return [cell for cell in book["cells"] if isinstance(cell, dict)]
    if isinstance(book.get("worksheets"), list):  # format 3
        sheets = [sheet for sheet in book["worksheets"] if isinstance(sheet, dict)]
        return [cell for sheet in sheets for cell in _list(sheet.get("cells")) if isinstance(cell, dict)]
    return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _language(book: dict[str, Any]) -> str:
    data: Any = book.get("metadata")
    for key in ("language_info", "kernelspec"):
        info = data.get(key) if isinstance(data, dict) else None
        name = str(info.get("name" if key == "language_info" else "language") or "") if isinstance(info, dict) else ""
        if _LANGUAGE.fullmatch(name):
            return name.lower()
    return "python"


def _is_hidden(cell: dict[str, Any]) -> bool:
    data = cell.get("metadata")
    tags = _list(data.get("tags")) if isinstance(data, dict) else []
    return bool({"remove-cell", "remove_cell", "hide-cell"} & {str(tag) for tag in tags})


def _blocks(cell: dict[str, Any], language: str, counts: Counter[str]) -> Iterator[str | None]:
    """The Markdown of a cell; None for each picture. What is left out of it is counted in ``counts``."""
    kind, source = cell.get("cell_type"), _text(cell.get("source", cell.get("input")))
    if kind == "heading":
        level = cell.get("level")
        yield f"{'#' * (level if isinstance(level, int) and 1 <= level <= 6 else 1)} {one_line(source)}"
    elif kind == "code":
        if source.strip():
            yield fence(source, language)
        for output in _list(cell.get("outputs")):
            if isinstance(output, dict):
                yield from _output(output, counts)
    elif source.strip():
        yield _said(source, counts) if kind == "markdown" else fence(source)


def _output(output: dict[str, Any], counts: Counter[str]) -> Iterator[str | None]:
    kind = output.get("output_type")
    if kind == "stream":
        yield from _printed(_text(output.get("text")))
        return
    if kind in {"error", "pyerr"}:
        yield from _printed(f"{output.get('ename', '')}: {output.get('evalue', '')}")
        return
    data = output.get("data") if isinstance(output.get("data"), dict) else output
    assert isinstance(data, dict)
    rich = _said(_text(data.get("text/markdown")), counts)
    rich = rich or _table(_text(data.get("text/html", data.get("html"))), counts)
    plain = _text(data.get("text/plain", data.get("text")))
    if rich.strip():
        yield rich
    elif any(str(key).partition("/")[0] in {"image", "png", "jpeg", "svg"} for key in data):
        yield None
    elif plain.strip():
        yield from _printed(plain)


def _said(markdown: str, counts: Counter[str]) -> str:
    read = said(markdown)
    counts.update(read.left_out)
    return read.text.strip("\n")


def _table(html: str, counts: Counter[str]) -> str:
    """An HTML output as Markdown where it is a table, as those of data frames are; else empty, for the plain text says more."""
    if "<table" not in html.lower():
        return ""
    from qeu_rag.ingest.readers.web.reader import read_html

    read = read_html(html)
    counts.update(read.left_out)
    return read.markdown


def _printed(text: str) -> Iterator[str]:
    text = _COLOUR.sub("", text).rstrip()
    if len(text) > _LONGEST_OUTPUT:
        text = text[:_LONGEST_OUTPUT].rpartition("\n")[0] + "\n…"
    if text.strip():
        yield fence(text)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""
