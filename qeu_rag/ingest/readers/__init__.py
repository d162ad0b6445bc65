"""One LlamaIndex reader per kind of file: each gives one LlamaIndex document per page, slide, sheet or mail part."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from qeu_rag.ingest.readers.options import PLAIN, Way

if TYPE_CHECKING:
    from llama_index.core.readers.base import BaseReader

READERS: Mapping[str, str] = MappingProxyType(
    {
        ".md": "markup.plain:MarkdownReader",
        ".markdown": "markup.plain:MarkdownReader",
        ".rst": "rst.reader:RstReader",
        ".rest": "rst.reader:RstReader",
        ".txt": "markup.plain:TextReader",
        ".text": "markup.plain:TextReader",
        ".log": "markup.plain:TextReader",
        ".html": "web.reader:HtmlReader",
        ".htm": "web.reader:HtmlReader",
        ".pdf": "pdf.reader:PdfReader",
        ".docx": "word.reader:DocxReader",
        ".pptx": "slide.reader:PptxReader",
        ".xlsx": "sheet.reader:XlsxReader",
        ".xlsm": "sheet.reader:XlsxReader",
        ".xls": "office.office97:XlsReader",
        ".doc": "office.office97:DocReader",
        ".dot": "office.office97:DocReader",
        ".ppt": "office.office97:PptReader",
        ".pps": "office.office97:PptReader",
        ".csv": "table.delimited:DelimitedReader",
        ".tsv": "table.delimited:DelimitedReader",
        ".eml": "mail.reader:MailReader",
        ".msg": "mail.outlook:MsgReader",
        ".odt": "odf.reader:OdtReader",
        ".ott": "odf.reader:OdtReader",
        ".ods": "odf.reader:OdsReader",
        ".ots": "odf.reader:OdsReader",
        ".odp": "odf.reader:OdpReader",
        ".otp": "odf.reader:OdpReader",
        ".epub": "epub:EpubReader",
        ".rtf": "rtf.reader:RtfReader",
        ".zip": "zipped:ZipReader",
        ".json": "data.reader:JsonReader",
        ".jsonl": "data.reader:JsonLinesReader",
        ".ndjson": "data.reader:JsonLinesReader",
        ".yaml": "data.reader:YamlReader",
        ".yml": "data.reader:YamlReader",
        ".ipynb": "data.notebook:NotebookReader",
        ".vtt": "data.captions:CaptionReader",
        ".srt": "data.captions:CaptionReader",
    }
)
"""File suffix -> ``module:class`` within this package; a reader's libraries are imported when its first file comes."""

PICTURES = frozenset((".png", ".jpg", ".jpeg", ".tif", ".tiff"))
"""The suffixes of pictures, which are documents only where text recognition is installed."""


def reader_for(suffix: str, way: Way = PLAIN) -> BaseReader:
    """A reader for the lower-case ``suffix``. Raises KeyError for a suffix that is not in ``READERS`` or ``PICTURES``."""
    from qeu_rag.ingest.readers.page import FileReader

    module, name = ("scan.pictures:PictureReader" if suffix in PICTURES else READERS[suffix]).split(":")
    kind = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    reader: BaseReader = kind(way) if issubclass(kind, FileReader) else kind()
    return reader
