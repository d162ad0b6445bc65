"""Reads the files of Office 97-2003 (.doc, .xls, .ppt) by way of LibreOffice, and what only bears the name of one."""

from __future__ import annotations

import tempfile
from pathlib import Path

from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers import reader_for
from qeu_rag.ingest.readers.office import libreoffice
from qeu_rag.ingest.readers.options import Way
from qeu_rag.ingest.readers.page import FileReader
from qeu_rag.ingest.remark import Remark

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_WORD = 0x0100
_ENCRYPTED_POWERPOINT = 0xF3D1C4DF


class DocReader(FileReader):
    """A Word 97-2003 file (.doc, .dot); also RTF, Word's newer format and HTML under that name, which many programs write."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """As the newer format gives. Raises ReadError: "encrypted", "damaged", "no_libreoffice", "timeout"."""
        return _read(Path(file), ".docx", "WordDocument", "DOC", self._way)


class PptReader(FileReader):
    """A PowerPoint 97-2003 file (.ppt, .pps)."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """As the newer format gives. Raises ReadError: "encrypted", "damaged", "no_libreoffice", "timeout"."""
        return _read(Path(file), ".pptx", "PowerPoint Document", "PPT", self._way)


class XlsReader(FileReader):
    """An Excel 97-2003 file (.xls), by LibreOffice with its drawings and charts; else its cells alone."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document a sheet. Raises ReadError: "encrypted", "damaged"."""
        from qeu_rag.ingest.readers.sheet.workbook_97 import XlsReader as Cells

        with Path(file).open("rb") as opened:
            ole = opened.read(8) == _OLE
        cells = Cells(self._way).load_data(file)
        if not ole or libreoffice.program() is None:
            return cells
        try:
            return _by_libreoffice(Path(file), ".xlsx", self._way)
        except ReadError:
            return cells


def _read(file: Path, suffix: str, stream: str, kind: str, way: Way) -> list[LlamaDocument]:
    with file.open("rb") as opened:
        head = opened.read(512)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"PK"):
        return reader_for(suffix, way).load_data(file)
    if kind == "DOC" and start.startswith(b"{\\rtf"):
        return reader_for(".rtf", way).load_data(file)
    if kind == "DOC" and start.startswith((b"<html", b"<!doctype html", b"<?xml")) and b"<html" in start:
        return reader_for(".html").load_data(file)
    if not head.startswith(_OLE):
        raise ReadError("damaged", f" (\u2260 {kind})")
    _check(file, stream, kind)
    return _by_libreoffice(file, suffix, way)


def _check(file: Path, stream: str, kind: str) -> None:
    """Raises ReadError("encrypted") for a file with a password, ReadError("damaged") for one that holds something else."""
    import olefile

    try:
        with olefile.OleFileIO(str(file)) as ole:
            if ole.exists("EncryptedPackage") or ole.exists("EncryptedSummary"):
                raise ReadError("encrypted")
            if not ole.exists(stream):
                raise ReadError("damaged", f" (\u2260 {kind})")
            if kind == "DOC":
                flags = ole.openstream(stream).read(12)[10:12]
                locked = bool(int.from_bytes(flags, "little") & _ENCRYPTED_WORD)
            else:
                user = ole.openstream("Current User").read(16) if ole.exists("Current User") else b""
                locked = int.from_bytes(user[12:16], "little") == _ENCRYPTED_POWERPOINT
    except (OSError, ValueError, IndexError, TypeError, AttributeError) as e:
        raise ReadError("damaged", " (OLE)") from e
    if locked:
        raise ReadError("encrypted")


def _by_libreoffice(file: Path, suffix: str, way: Way) -> list[LlamaDocument]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = libreoffice.converted(file, suffix, Path(folder))
        pages = reader_for(suffix, way).load_data(path)
    if pages:
        pages[0].metadata["notes"] = [*pages[0].metadata["notes"], Remark(key="converted")]
    return pages
