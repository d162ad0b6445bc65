"""Reads electronic books (.epub): their chapters in reading order, each as the web page that it is."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.page import one_line, page
from qeu_rag.ingest.readers.typeset.raised import left_out
from qeu_rag.ingest.readers.web.reader import HtmlText, markdown_of, parsed
from qeu_rag.ingest.remark import Remark
from qeu_rag.tables.office_file import check_ooxml
from qeu_rag.text.encoding import decode

_CONTAINER = "META-INF/container.xml"
_CHAPTERS = frozenset(("application/xhtml+xml", "text/html", "application/xml"))
_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#rc")
_MAX_CHAPTERS = 5_000
_MAX_CHAPTER = 64 << 20


class EpubReader(BaseReader):
    """An EPUB 2 or 3 as one document; its table of contents and what its reading order leaves out are not read."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """The book. Raises ReadError: "encrypted" (also by a copy protection), "damaged", "too_large"."""
        check_ooxml(Path(file), _CONTAINER)
        with zipfile.ZipFile(file) as archive:
            names = {name.lower(): name for name in archive.namelist()}
            root_path = _package_path(archive, names)
            package = _tree(archive.read(root_path))
            locked = _locked(archive, names)
            chapters, missing = [], 0
            for path in _reading_order(package, posixpath.dirname(root_path)):
                if path.lower() in locked:
                    raise ReadError("encrypted")
                chapter = _chapter(archive, names.get(path.lower()), names)
                missing += chapter is None
                chapters += [chapter] if chapter else []
        counts: Counter[str] = sum((chapter.left_out for chapter in chapters), Counter())
        notes = [*left_out(counts)]
        notes += [Remark(key="chapters", values={"count": missing})] if missing else []
        pages = [page(chapter.markdown, title=_title(package), notes=notes) for chapter in chapters]
        return pages or [page("", notes=notes)]


def _package_path(archive: zipfile.ZipFile, names: dict[str, str]) -> str:
    """The name of the part that tells the book's chapters."""
    if (container := names.get(_CONTAINER.lower())) is not None:
        for element in _tree(archive.read(container)).iter("{*}rootfile"):
            path = unquote(element.get("full-path", "")).lstrip("/")
            if path.lower() in names:
                return names[path.lower()]
    found = next((name for low, name in names.items() if low.endswith(".opf")), None)
    if found is None:
        raise ReadError("damaged", " (\u2260 EPUB)")
    return found


def _tree(data: bytes) -> Any:
    from lxml import etree

    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, recover=True, no_network=True))
    except etree.XMLSyntaxError as e:
        raise ReadError("damaged", " (XML)") from e
    if root is None:
        raise ReadError("damaged", " (XML)")
    return root


def _reading_order(package: Any, folder: str) -> list[str]:
    """The names of the chapters' parts; tables of contents for readers' programs are none."""
    items = {item.get("id", ""): item for item in package.iterfind("{*}manifest/{*}item")}
    found = []
    for reference in package.iterfind("{*}spine/{*}itemref"):
        item = items.get(reference.get("idref", ""))
        if item is None or item.get("media-type", "") not in _CHAPTERS or "nav" in item.get("properties", "").split():
            continue
        path = posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        if path not in found:
            found.append(path)
    return found[:_MAX_CHAPTERS]


def _locked(archive: zipfile.ZipFile, names: dict[str, str]) -> set[str]:
    """The parts that a copy protection encrypts; fonts that are merely obscured do not count."""
    name = names.get("meta-inf/encryption.xml")
    if name is None:
        return set()
    locked = set()
    for element in _tree(archive.read(name)).iter("{*}EncryptedData"):
        method = element.find("{*}EncryptionMethod")
        if method is not None and str(method.get("Algorithm", "")).lower() in _FONTS:
            continue
        locked |= {unquote(r.get("URI", "")).lower() for r in element.iter("{*}CipherReference")}
    return locked


def _chapter(archive: zipfile.ZipFile, name: str | None, names: dict[str, str]) -> HtmlText | None:
    """What a chapter says, looking as the book's style sheets have it; None for one that is missing or damaged."""
    from bs4.element import Stylesheet

    text = _text(archive, name)
    if name is None or text is None:
        return None
    soup = parsed(text)
    for link in soup.find_all("link", rel="stylesheet", href=True):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(str(link["href"]))))
        sheet = soup.new_tag("style")
        if "alternate" not in link["rel"]:
            sheet.append(Stylesheet(_text(archive, names.get(path.lower())) or ""))
        link.replace_with(sheet)
    return markdown_of(soup)


def _text(archive: zipfile.ZipFile, name: str | None) -> str | None:
    """The text of a part; None for one that is missing, damaged or too large."""
    if name is None or archive.getinfo(name).file_size > _MAX_CHAPTER:
        return None
    try:
        return decode(archive.read(name))[0]
    except (ReadError, zipfile.BadZipFile, NotImplementedError, OSError, EOFError, zlib.error):
        return None


def _title(package: Any) -> str | None:
    title = next(package.iter("{http://purl.org/dc/elements/1.1/}title"), None)
    return one_line("".join(title.itertext()))[:200] or None if title is not None else None
