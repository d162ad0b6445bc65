"""Splits a document into chunks along headings, pages, tables and sentences, with spans exact to the character."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from qeu_rag.ingest.read import Parsed
from qeu_rag.ingest.remark import Remark
from qeu_rag.tables.answers import asks_and_answers
from qeu_rag.text.notation import lang_of
from qeu_rag.text.sentences import sentences
from qeu_rag.text.windows import size_of
from qeu_rag.types import Chunk, Document, Heading, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SPLIT_VERSION = "5"
"""Changes whenever the chunks of any document change: files split by another version have to be read anew."""

_BLOCK_LIMIT = 20_000
"""Characters handed to LlamaIndex at once: its merge is quadratic in the number of sentences."""

_TABLE_LINE = re.compile(r"^[ \t]*\|.*$", re.M)
_RULE_LINE = re.compile(r"^[ \t]*\|[ \t:|-]+\|?[ \t]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitDocument:
    """A document and its chunks; its id says how it was split as well, so that another split is another document.

    A glossary is looked up and never quoted: it has rows of terms instead of chunks.
    """

    document: Document
    chunks: tuple[Chunk, ...]
    glossary: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitFile:
    """What one file gave: its documents with their chunks, and remarks for the user.

    ``vectors`` are those of windows that were embedded where the file was read, by the keys of ``keyed_windows``; ``seconds``
    are what reading and splitting took there.
    """

    documents: tuple[SplitDocument, ...]
    notes: tuple[Remark, ...] = ()
    vectors: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    seconds: float = 0.0


def split_file(parsed: Parsed, max_size: int) -> SplitFile:
    """All documents of one file, split; errors as in ``split``."""
    documents = []
    for document in parsed.documents:
        key = f"{document.id}/{SPLIT_VERSION}/{'glossary' if parsed.glossary else max_size}"
        keyed = replace(document, id=hashlib.blake2b(key.encode(), digest_size=16).hexdigest())
        chunks = () if parsed.glossary else split(keyed, max_size)
        documents.append(SplitDocument(document=keyed, chunks=chunks, glossary=parsed.glossary))
    return SplitFile(documents=tuple(documents), notes=parsed.notes)


def split(document: Document, max_size: int = 400) -> tuple[Chunk, ...]:
    """The chunks of ``document`` in reading order, each at most about ``max_size`` units (see ``size_of``).

    A chunk never crosses a heading, nor a page but with the sentence that goes over its break. Every row of a table of
    questions and answers is a chunk of its own; another table is cut between rows where it does not fit. Each later part
    carries the header lines in ``Chunk.header``. Sentences are cut by LlamaIndex's ``SentenceSplitter`` (overlap 0) only where
    one alone is too long. ``document.text[chunk.span]`` is ``chunk.text`` for every chunk.
    """
    chunks: list[Chunk] = []
    starts = [heading.span.start for heading in document.headings]
    for section in _sections(document):
        path = _heading_path(document.headings, bisect_right(starts, _last_heading(document, section)))
        for span, header in _pieces(document.text, section, max_size):
            chunks.append(_chunk(document, span, header, path))
    return tuple(chunks)


def _chunk(document: Document, span: Span, header: str, path: tuple[str, ...]) -> Chunk:
    text = span.of(document.text)
    key = f"{document.id}\n{span.start}\n{span.end}"
    page = next((p.number for p in document.pages if p.span.start <= span.start < p.span.end), None)
    lang = lang_of(text)
    return Chunk(
        id=hashlib.blake2b(key.encode(), digest_size=16).hexdigest(),
        document_id=document.id,
        source=document.source,
        title=document.title,
        headings=path,
        text=text,
        span=span,
        page=page,
        lang=document.lang if lang == "other" else lang,
        header=header,
    )


def _last_heading(document: Document, section: Span) -> int:
    """Where the last of the headings that open ``section`` begins (a section may open with several)."""
    last = section.start
    for heading in document.headings:
        if heading.span.start < section.start:
            continue
        if heading.span.start >= section.end or document.text[last : heading.span.start].strip(" \n#"):
            break
        last = heading.span.end
    return last


def _heading_path(headings: tuple[Heading, ...], count: int) -> tuple[str, ...]:
    """The words of the headings open after the first ``count`` headings, from the highest level down."""
    path: list[Heading] = []
    for heading in headings[:count]:
        while path and path[-1].level >= heading.level:
            path.pop()
        path.append(heading)
    return tuple(heading.text for heading in path)


def _sections(document: Document) -> Iterator[Span]:
    """The stretches between heading starts and page starts; one that holds only headings joins the next."""
    text = document.text
    cuts = {0, len(text)}
    cuts.update(heading.span.start for heading in document.headings)
    pages = {_page_cut(document, page.span.start, page.span.end) for page in document.pages}
    cuts.update(pages)
    bare = _blank_headings(document)
    ordered = sorted(cuts)
    start = ordered[0]
    for end in ordered[1:]:
        if end in pages or bare[start:end].strip() or end == len(text):
            if text[start:end].strip():
                yield Span(start=start, end=end)
            start = end


def _page_cut(document: Document, start: int, end: int) -> int:
    """Where a page may be cut off: at its start, or after the sentence that goes over from the page before."""
    text = document.text
    if start == 0 or text[start - 1] == "\n":
        return start
    line = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", start, end)
    stop = end if stop < 0 else stop
    return line + next((s.end for s in sentences(text[line:stop]) if line + s.end > start), stop - line)


def _blank_headings(document: Document) -> str:
    """The text with every heading line blanked, at the same length."""
    parts: list[str] = []
    at = 0
    for heading in document.headings:
        parts += [document.text[at : heading.span.start], " " * (heading.span.end - heading.span.start)]
        at = heading.span.end
    return "".join([*parts, document.text[at:]])


def _trim(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    if not piece.strip():
        return Span(start=start, end=start)
    return Span(start=start + len(piece) - len(piece.lstrip()), end=end - (len(piece) - len(piece.rstrip())))


def _pieces(text: str, section: Span, max_size: int) -> Iterator[tuple[Span, str]]:
    """The spans that ``section`` is cut into, each with the table header that it needs before it."""
    whole = _trim(text, section.start, section.end)
    tables = list(_tables(text, whole))
    asking = [asks_and_answers(table.of(text).split("\n", 1)[0]) for table in tables]
    if size_of(whole.of(text)) <= max_size and not any(asking):
        yield whole, ""
        return
    pending = whole.start
    for table, alone in zip(tables, asking, strict=True):
        intro = _trim(text, pending, table.start)
        rows = list(_table_pieces(text, table, max_size, alone=alone))
        first = replace(rows[0][0], start=intro.start)
        if intro.start < intro.end and size_of(first.of(text)) <= max_size * 1.25:
            rows[0] = (first, "")
        else:
            yield from ((span, "") for span in _prose_pieces(text, intro, max_size))
        yield from rows
        pending = table.end
    yield from ((span, "") for span in _prose_pieces(text, _trim(text, pending, whole.end), max_size))


def _tables(text: str, within: Span) -> Iterator[Span]:
    """The spans of Markdown tables (two or more adjacent lines that begin with a bar)."""
    start = end = -2
    rows = 0
    for line in _TABLE_LINE.finditer(text, within.start, within.end):
        if line.start() == end + 1:
            end, rows = line.end(), rows + 1
            continue
        if rows > 1:
            yield Span(start=start, end=end)
        start, end, rows = line.start(), line.end(), 1
    if rows > 1:
        yield Span(start=start, end=end)


def _table_pieces(text: str, table: Span, max_size: int, *, alone: bool) -> Iterator[tuple[Span, str]]:
    """Runs of whole rows (``alone``: each row); every run but the first comes with the table's header lines."""
    lines: list[Span] = []
    at = table.start
    for line in table.of(text).split("\n"):
        lines.append(Span(start=at, end=at + len(line)))
        at += len(line) + 1
    heads = 2 if len(lines) > 2 and _RULE_LINE.match(lines[1].of(text)) else 0
    header = text[lines[0].start : lines[1].end] if heads else ""
    if size_of(header) > max_size // 2:
        header = ""
    start = lines[0].start
    end = lines[heads].end
    used = size_of(text[start:end])
    first = True
    for line_span in lines[heads + 1 :]:
        extra = size_of(line_span.of(text)) + 1
        if alone or used + extra > max_size:
            yield from _rows(text, Span(start=start, end=end), "" if first else header, max_size)
            start, used, first = line_span.start, size_of(header), False
        end, used = line_span.end, used + extra
    yield from _rows(text, Span(start=start, end=end), "" if first else header, max_size)


def _rows(text: str, span: Span, header: str, max_size: int) -> Iterator[tuple[Span, str]]:
    """A run of rows, cut as prose in the one case that a single row alone is far too long."""
    span = _trim(text, span.start, span.end)
    if size_of(span.of(text)) <= 2 * max_size:
        yield span, header
    else:
        yield from ((piece, header) for piece in _prose_pieces(text, span, max_size))


def _prose_pieces(text: str, span: Span, max_size: int) -> Iterator[Span]:
    """Runs of whole sentences, cut by LlamaIndex and found again in the text by a cursor of our own."""
    from llama_index.core.node_parser import SentenceSplitter  # heavy: only where something is split

    splitter = SentenceSplitter(
        chunk_size=max_size,
        chunk_overlap=0,
        # At least one: what it takes for empty, a comma, it would repeat at the next piece's beginning.
        tokenizer=lambda piece: range(max(1, size_of(piece))),
        chunking_tokenizer_fn=sentence_pieces,
        paragraph_separator="\n\n",
    )
    for block in _blocks(text, span):
        cursor = block.start
        for piece in splitter.split_text(block.of(text)):
            words = piece.strip()
            if not words:
                continue
            at = text.index(words, cursor, block.end)
            yield Span(start=at, end=at + len(words))
            cursor = at + len(words)


def sentence_pieces(text: str) -> list[str]:
    """``text`` cut after each sentence; joined again the pieces are the text."""
    ends = [span.end for span in sentences(text)][:-1]
    cuts = [0, *ends, len(text)]
    return [text[start:end] for start, end in pairwise(cuts) if end > start]


def _blocks(text: str, span: Span) -> Iterator[Span]:
    """``span`` in stretches of bounded length, cut at an empty line, a line or anywhere, in this order."""
    start = span.start
    while start < span.end:
        end = min(start + _BLOCK_LIMIT, span.end)
        if end < span.end:
            for mark in ("\n\n", "\n", "。", " "):
                at = text.rfind(mark, start + _BLOCK_LIMIT // 2, end)
                if at >= 0:
                    end = at + len(mark)
                    break
        trimmed = _trim(text, start, end)
        if trimmed.start < trimmed.end:
            yield trimmed
        start = end
