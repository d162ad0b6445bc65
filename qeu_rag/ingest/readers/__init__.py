"""One LlamaIndex reader per kind of file: each gives one LlamaIndex document per page, slide, sheet or mail part."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llama_index.core.readers.base import BaseReader

READERS: Mapping[str, str] = MappingProxyType(
    {
        ".md": "plain:MarkdownReader",
        ".markdown": "plain:MarkdownReader",
        ".rst": "rst:RstReader",
        ".rest": "rst:RstReader",
        ".txt": "plain:TextReader",
        ".text": "plain:TextReader",
        ".log": "plain:TextReader",
        ".html": "web:HtmlReader",
        ".htm": "web:HtmlReader",
        ".pdf": "pdf:PdfReader",
        ".docx": "word:DocxReader",
        ".pptx": "slides:PptxReader",
        ".xlsx": "workbook:XlsxReader",
        ".xlsm": "workbook:XlsxReader",
        ".xls": "office97:XlsReader",
        ".doc": "office97:DocReader",
        ".dot": "office97:DocReader",
        ".ppt": "office97:PptReader",
        ".pps": "office97:PptReader",
        ".csv": "delimited:DelimitedReader",
        ".tsv": "delimited:DelimitedReader",
        ".eml": "mail:MailReader",
        ".msg": "outlook:MsgReader",
        ".odt": "odf:OdtReader",
        ".ott": "odf:OdtReader",
        ".ods": "odf:OdsReader",
        ".ots": "odf:OdsReader",
        ".odp": "odf:OdpReader",
        ".otp": "odf:OdpReader",
        ".epub": "epub:EpubReader",
        ".rtf": "rtf:RtfReader",
        ".zip": "zipped:ZipReader",
        ".json": "data:JsonReader",
        ".jsonl": "data:JsonLinesReader",
        ".ndjson": "data:JsonLinesReader",
        ".yaml": "data:YamlReader",
        ".yml": "data:YamlReader",
        ".ipynb": "notebook:NotebookReader",
        ".vtt": "captions:CaptionReader",
        ".srt": "captions:CaptionReader",
    }
)
"""File suffix -> ``module:class`` within this package; a reader's libraries are imported when its first file comes."""

PICTURES = frozenset((".png", ".jpg", ".jpeg", ".tif", ".tiff"))
"""The suffixes of pictures, which are documents only where text recognition is installed."""


def reader_for(suffix: str) -> BaseReader:
    """A reader for the lower-case ``suffix``. Raises KeyError for a suffix that is not in ``READERS`` or ``PICTURES``."""
    module, name = ("pictures:PictureReader" if suffix in PICTURES else READERS[suffix]).split(":")
    reader: BaseReader = getattr(importlib.import_module(f"{__name__}.{module}"), name)()
    return reader
