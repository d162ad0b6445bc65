"""Reads reStructuredText, as of Sphinx handbooks: parsed by docutils, which opens no other file for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.ingest.readers.markup.plain import encoding_notes
from qeu_rag.ingest.readers.page import clean, page, sensible_title
from qeu_rag.ingest.readers.typeset.raised import left_out
from qeu_rag.ingest.readers.web.reader import HtmlText, read_html
from qeu_rag.text.encoding import decode

_NEVER = 6
"""Above every level of docutils' messages: none is printed, none ends the parse."""


class RstReader(BaseReader):
    """A reStructuredText file with the directives and roles of Sphinx, as one page."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError("undecodable")."""
        text, encoding = decode(Path(file).read_bytes())
        read = read_rst(text)
        return [
            page(read.markdown, title=read.title or None, notes=(*encoding_notes(encoding), *left_out(read.left_out)))
        ]


def read_rst(rst: str) -> HtmlText:
    """The title that ``rst`` gives itself by a directive (empty if by none), and its readable content, as Markdown."""
    from qeu_rag.ingest.readers.rst.text import to_html

    document = _parsed(clean(rst))
    return replace(read_html(to_html(document)), title=sensible_title(document.get("title")))


def _parsed(text: str) -> Any:
    """docutils' tree of ``text``, with its footnotes numbered."""
    from docutils.frontend import get_default_settings
    from docutils.parsers.rst import Parser
    from docutils.transforms.references import Footnotes
    from docutils.utils import new_document
    from docutils.writers.html5_polyglot import Writer

    from qeu_rag.ingest.readers.rst.directives import register_directives
    from qeu_rag.ingest.readers.rst.roles import register_roles

    settings = get_default_settings(Parser, Writer)
    settings.file_insertion_enabled = settings.raw_enabled = False
    settings.report_level = settings.halt_level = _NEVER
    settings.syntax_highlight = "none"
    settings.line_length_limit = len(text)
    document = new_document("", settings)
    register_roles(text)
    register_directives(text, document)
    Parser().parse(text, document)
    Footnotes(document).apply()
    return document
