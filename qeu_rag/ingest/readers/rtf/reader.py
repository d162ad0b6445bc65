"""Reads RTF files as the web page that says the same."""

from __future__ import annotations

from pathlib import Path

from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.markup.markdown import escape
from qeu_rag.ingest.readers.page import FileReader, page, sensible_title
from qeu_rag.ingest.readers.rtf.text import Reading, RtfText
from qeu_rag.ingest.readers.rtf.tokens import tokens
from qeu_rag.ingest.readers.running_head import telling
from qeu_rag.ingest.readers.typeset.raised import left_out
from qeu_rag.ingest.readers.web.reader import read_html
from qeu_rag.ingest.remark import counted


class RtfReader(FileReader):
    """An RTF file as one document, below what its page headers and footers tell of it."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError("damaged")."""
        rtf = read_rtf(Path(file).read_bytes(), comments=self._way.comments)
        read = read_html(rtf.html)
        counts = rtf.left_out + read.left_out
        text = "\n\n".join(filter(None, [escape("\n".join(telling(rtf.running))), read.markdown]))
        notes = [*left_out(counts), *counted(counts, "word_deleted", "comments_off")]
        return [page(text, title=sensible_title(rtf.title) or None, notes=notes)]


def read_rtf(data: bytes, *, comments: bool = False) -> RtfText:
    """``comments``: whether they are read; else they are counted. Raises ReadError("damaged") for what is no RTF."""
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{\\rtf"):
        raise ReadError("damaged", " (\u2260 RTF)")
    reading = Reading(comments=comments)
    for token in tokens(data.lstrip(b"\xef\xbb\xbf \t\r\n")):
        reading.take(token)
    return reading.done()
