"""Turns a file into documents: text as Markdown, pages and headings with exact spans, language and content hash."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from qeu_rag.errors import ReadError
from qeu_rag.ingest.glossary import is_glossary, read_glossary
from qeu_rag.ingest.readers import PICTURES, READERS, reader_for
from qeu_rag.ingest.readers.markup.markdown import headings
from qeu_rag.ingest.readers.options import PLAIN, Way
from qeu_rag.ingest.remark import Remark
from qeu_rag.text.notation import lang_of
from qeu_rag.types import Document, Heading, Page, Span

if TYPE_CHECKING:
    from llama_index.core.schema import Document as LlamaDocument

READER_VERSION = "7"
"""Changes whenever the documents made of any file change: files read by another version have to be read anew."""

SUPPORTED: frozenset[str] = frozenset(READERS)
"""The lower-case suffixes, with the dot, of the files that can be read with nothing else installed."""

_EMPTY_SUFFIXES = frozenset(
    (".md", ".markdown", ".rst", ".rest", ".txt", ".text", ".log", ".csv", ".tsv", ".html", ".htm")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What one file gave: the document, and one more for each readable attachment of a mail or file in an archive.

    ``notes`` are for the user, such as a guessed encoding or an attachment that could not be read. ``glossary`` are
    the rows of a house glossary; for any other file there are none.
    """

    documents: tuple[Document, ...]
    notes: tuple[Remark, ...] = ()
    glossary: tuple[tuple[str, ...], ...] = ()


def parse(path: Path, source: str, way: Way = PLAIN) -> Parsed:
    """Reads the file at ``path``, which users know as ``source``, in this process and in the given way.

    Pages are joined by a blank line, but for a sentence that goes over the break, and blank pages are left out. Raises
    ReadError with every reason but "timeout"; nothing else, whatever the file holds, except ImportError for a missing library.
    """
    suffix = path.suffix.lower()
    if suffix not in SUPPORTED and suffix not in PICTURES:
        raise ReadError("unknown_type", f" ({suffix})" if suffix else "")
    pages = _load(path, suffix, way)
    documents = []
    for name, group in groupby(pages, key=lambda page: str(page.metadata.get("attachment") or "")):
        document = _join(list(group), f"{source}#{name}" if name else source)
        if document.text:
            documents.append(document)
    if not documents:
        raise ReadError("empty" if suffix in _EMPTY_SUFFIXES else "no_text")
    notes: list[Remark] = []
    for note in (note for page in pages for note in page.metadata["notes"]):
        if note not in notes:
            notes.append(note)
    for note in notes:
        logging.getLogger(__name__).info("%s: %s", source, note)
    if is_glossary(path):
        read = read_glossary(path)
        kept = [
            note for note in notes if note.key not in {"unclosed", "ragged"} or not read.rows
        ]  # of a glossary such rows are left out
        return Parsed(documents=tuple(documents), notes=(*kept, *read.notes), glossary=read.rows)
    return Parsed(documents=tuple(documents), notes=tuple(notes))


def _load(path: Path, suffix: str, way: Way) -> list[LlamaDocument]:
    """The pages of the file as LlamaIndex documents, through its directory reader; every failure as a ReadError."""
    from llama_index.core import SimpleDirectoryReader

    logger = logging.getLogger("llama_index.core.readers.file.base")
    logger.addFilter(_not_about_missing_readers)
    try:
        reader = SimpleDirectoryReader(
            input_files=[str(path)],
            file_extractor={suffix: reader_for(suffix, way)},
            file_metadata=lambda name: {},
            raise_on_error=True,
        )
        return reader.load_data()
    except ImportError:
        raise
    except Exception as e:
        # The directory reader wraps what a reader raised in a bare Exception.
        raise _as_read_error(e.__cause__ or e) from e
    finally:
        logger.removeFilter(_not_about_missing_readers)


def _not_about_missing_readers(record: logging.LogRecord) -> bool:
    """Drops the directory reader's advice, at every file, to install readers that would replace ours."""
    return "llama-index-readers-file" not in str(record.msg)


def _as_read_error(cause: BaseException) -> ReadError:
    if isinstance(cause, ReadError):
        return cause
    if isinstance(cause, MemoryError):
        return ReadError("memory")
    if isinstance(cause, PermissionError | FileNotFoundError | IsADirectoryError):
        return ReadError("unreadable", f" ({cause.strerror})" if cause.strerror else "")
    return ReadError("damaged", f" ({type(cause).__name__})")


def _join(pages: Sequence[LlamaDocument], source: str) -> Document:
    """One document of the pages of one file or attachment."""
    parts: list[str] = []
    spans: list[Page] = []
    found: list[Heading] = []
    at = 0
    for page in pages:
        if not page.text:
            continue
        glue = page.metadata["glue"] if parts and page.metadata.get("glue") is not None else "\n\n" if parts else ""
        at += len(glue)
        parts += [glue, page.text]
        if page.metadata["page"] is not None:
            spans.append(Page(number=int(page.metadata["page"]), span=Span(start=at, end=at + len(page.text))))
        if page.metadata["markup"]:
            found += (_moved(h, at) for h in headings(page.text, setext=bool(page.metadata["setext"])))
        at += len(page.text)
    text = "".join(parts)
    title = _title(pages, found)
    return Document(
        id=_content_id(title, text, spans, found),
        source=source,
        title=title,
        text=text,
        pages=tuple(spans),
        headings=tuple(found),
        lang=lang_of(text),
    )


def _moved(heading: Heading, by: int) -> Heading:
    span = Span(start=heading.span.start + by, end=heading.span.end + by)
    return Heading(level=heading.level, text=heading.text, span=span)


def _title(pages: Sequence[LlamaDocument], found: Sequence[Heading]) -> str:
    """The title that the reader found, else the first heading of level 1, else the first heading, else empty."""
    given = pages[0].metadata["title"]
    if given is not None:
        return str(given)
    return next((h.text for h in found if h.level == 1), found[0].text if found else "")[:200]


def _content_id(title: str, text: str, pages: Iterable[Page], found: Iterable[Heading]) -> str:
    """32 hex digits that are equal for equal content read by the same version."""
    shape = [[p.number, p.span.start, p.span.end] for p in pages]
    outline = [[h.level, h.text, h.span.start, h.span.end] for h in found]
    content = json.dumps([READER_VERSION, title, text, shape, outline], ensure_ascii=False)
    return hashlib.blake2b(content.encode("utf-8"), digest_size=16).hexdigest()
