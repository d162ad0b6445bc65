"""Reads the other files that a Word file takes in whole (``w:altChunk``): web pages, text and further Word files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.options import Way

_KINDS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml": ".docx",
}
_SUFFIXES = {".html": ".html", ".htm": ".html", ".xhtml": ".html", ".txt": ".txt", ".docx": ".docx"}


def taken_in(part: Any, way: Way, *, within: bool) -> str | None:
    """The Markdown of the part that is taken in; None if it cannot be read. ``within``: it is taken in by one such already."""
    from qeu_rag.ingest.readers import reader_for
    from qeu_rag.ingest.readers.word.reader import DocxReader

    name = Path(str(part.partname)).suffix.lower()
    suffix = _KINDS.get(str(part.content_type).split(";")[0].strip().lower()) or _SUFFIXES.get(name)
    if suffix is None or (within and suffix == ".docx"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"part{suffix}")
        path.write_bytes(part.blob)
        reader = DocxReader(way, within=True) if suffix == ".docx" else reader_for(suffix, way)
        try:
            return "\n\n".join(page.text for page in reader.load_data(path))
        except ReadError:
            return None
        except Exception as e:
            if isinstance(e, MemoryError):
                raise
            return None
