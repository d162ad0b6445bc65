"""The lexical index: BM25 over character bigrams and over words, kept by tantivy, whose types stay here and in `lexical_query`.

Both fields are stored too, the terms of what stands above a chunk in the first line and one line a unit, so that what each of its
windows holds of a question is known without analysing it again.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qeu_rag.errors import CollectionError, StorageError
from qeu_rag.index.glossary import Concept, Glossary
from qeu_rag.index.lexical_query import FIELDS, QuestionSide, field_of, terms_of
from qeu_rag.text.match import Asked, Held, held, stored_form
from qeu_rag.text.terms import Analyzer

_HEAP_BYTES = 128_000_000
_DEPTH = 200
"""Hits taken of each field at least, so that a chunk high in one is rarely without its score in the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalItem:
    """What is indexed of one chunk: what stands ``above`` it (title, headings, a table's header), and its units."""

    id: str
    above: str
    units: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalHit:
    """A chunk found: ``score`` in 0..2 is the sum of both fields' BM25, each divided by its own maximum."""

    id: str
    score: float
    bigram: float
    word: float


class LexicalIndex:
    """One folder of a tantivy index. Searches are safe from several threads."""

    def __init__(self, index: Any, analyzer: Analyzer, folder: Path) -> None:
        """Use ``create`` or ``open``."""
        self._folder = folder
        self._index = index
        self._analyzer = analyzer
        self._writer: Any = None
        self._searcher: Any = index.searcher()
        # A search asks three times for the same question.
        self._asked = functools.lru_cache(maxsize=8)(self._ask)

    @classmethod
    def create(cls, folder: Path) -> LexicalIndex:
        """Makes an empty index in ``folder``. Raises StorageError where it cannot be written."""
        import tantivy

        folder.mkdir(parents=True, exist_ok=True)
        schema = tantivy.SchemaBuilder()
        schema.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
        for field in FIELDS:
            schema.add_text_field(field, tokenizer_name="whitespace", index_option="freq", stored=True)
        with _writing(folder):
            index = tantivy.Index(schema.build(), path=str(folder), reuse=False)
        return cls(index, Analyzer(), folder)

    @classmethod
    def open(cls, folder: Path) -> LexicalIndex:
        """Opens the index in ``folder``. Raises CollectionError where it is missing or damaged."""
        import tantivy

        with _reading(folder):
            return cls(tantivy.Index.open(str(folder)), Analyzer(), folder)

    def close(self) -> None:
        """Lets go of the files."""
        self._writer = self._searcher = self._index = None

    def add(self, items: Iterable[LexicalItem]) -> None:
        """Adds chunks; ``commit`` makes them findable. Raises StorageError where they cannot be written."""
        import tantivy

        writer = self._open_writer()
        for item in items:
            parts = [item.above, *item.units]
            document = tantivy.Document()
            document.add_text("id", item.id)
            for field in FIELDS:
                above, *body = (terms_of(self._analyzer, field, part) for part in parts)
                document.add_text(field, stored_form(above, body))
            with _writing(self._folder):
                writer.add_document(document)

    def remove(self, ids: Iterable[str]) -> None:
        """Removes chunks; ``commit`` makes it so."""
        for chunk_id in ids:
            self._open_writer().delete_documents_by_term("id", chunk_id)

    def commit(self) -> None:
        """Writes everything, waits until the folder is at rest, and lets searches see it.

        Raises StorageError where it cannot be written.
        """
        writer = self._open_writer()
        with _writing(self._folder):
            writer.commit()
            writer.wait_merging_threads()
            self._writer = None
            self._index.reload()
            self._searcher = self._index.searcher()
            self._asked.cache_clear()

    def _open_writer(self) -> Any:
        if self._writer is None:
            with _writing(self._folder):
                self._writer = self._index.writer(heap_size=_HEAP_BYTES, num_threads=1)
        return self._writer

    def count(self) -> int:
        """How many chunks are indexed."""
        return int(self._searcher.num_docs)

    def ids(self) -> list[str]:
        """The ids of all chunks, in order. Raises CollectionError where the index is damaged."""
        import tantivy

        with _reading(self._folder):
            found = self._searcher.search(tantivy.Query.all_query(), max(1, self.count()), count=False).hits
            return sorted(self._searcher.doc(address)["id"][0] for _, address in found)

    def concepts(self, question: str, glossary: Glossary) -> tuple[Concept, ...]:
        """What ``question`` says that ``glossary`` knows by other terms, too."""
        return glossary.concepts(question, self._analyzer)

    def search(self, question: str, k: int, concepts: Sequence[Concept] = ()) -> list[LexicalHit]:
        """At most ``k`` hits, best first, ties by id; another term of a concept counts as the question's own.

        Raises CollectionError where the index is damaged.
        """
        depth = max(2 * k, _DEPTH)
        with _reading(self._folder):
            side = self._side()
            asked = self._asked(question, tuple(concepts))
            bigram, word = (side.scores(field, one, depth) for field, one in zip(FIELDS, asked, strict=True))
            merged = {
                address: bigram.get(address, 0.0) + word.get(address, 0.0) for address in bigram.keys() | word.keys()
            }
            least = sorted(merged.values(), reverse=True)[k - 1] if len(merged) > k else 0.0
            hits = [
                LexicalHit(
                    id=self._document(address)["id"][0],
                    score=score,
                    bigram=bigram.get(address, 0.0),
                    word=word.get(address, 0.0),
                )
                for address, score in merged.items()
                if score >= least
            ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))[:k]

    def _ask(self, question: str, concepts: tuple[Concept, ...]) -> tuple[Asked, ...]:
        side = self._side()
        return tuple(side.asked(field, question, concepts) for field in FIELDS)

    def _side(self) -> QuestionSide:
        return QuestionSide(self._index.schema, self._searcher, self._analyzer)

    def _document(self, address: tuple[int, int]) -> Any:
        from tantivy import DocAddress

        return self._searcher.doc(DocAddress(*address))

    def held(self, question: str, ids: Sequence[str], concepts: Sequence[Concept] = ()) -> dict[str, Held]:
        """What each of the chunks ``ids`` holds of the question, unit by unit. Raises CollectionError for a damaged index."""
        import tantivy

        if not ids:
            return {}
        found = {}
        with _reading(self._folder):
            asked = self._asked(question, tuple(concepts))
            query = tantivy.Query.term_set_query(self._index.schema, "id", list(ids))
            for _, address in self._searcher.search(query, len(ids), count=False).hits:
                kept = self._searcher.doc(address)
                found[kept["id"][0]] = held(asked, [kept[field][0] for field in FIELDS])
        return found

    def evidence(self, question: str, concepts: Sequence[Concept] = ()) -> Asked:
        """The question's evidence terms, each with its inverse document frequency (see ``idf``), and their synonyms.

        A term of a concept is as rare as the concept, as in ``search``. Raises CollectionError where the index is damaged.
        """
        with _reading(self._folder):
            return self._side().evidence(question, concepts, self._asked(question, tuple(concepts)))

    def terms(self, text: str) -> list[str]:
        """The evidence terms of ``text`` (see ``Analyzer.evidence_terms``)."""
        return self._analyzer.evidence_terms(text)

    def idf(self, terms: Iterable[str]) -> dict[str, float]:
        """Each of ``terms`` (``w:`` before a word) with its inverse document frequency as in BM25; larger is rarer.

        Raises CollectionError where the index is damaged.
        """
        with _reading(self._folder):
            side = self._side()
            return {term: side.idf(*field_of(term)) for term in dict.fromkeys(terms)}


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turns tantivy's failures to write, which come as ValueError or OSError, into an error that says what to do."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise StorageError("index_unwritten", path=folder.parent.parent, detail=error) from error


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    """Turns what tantivy raises over damaged files, its Rust panics too, into an error that says what to do."""
    try:
        yield
    except BaseException as error:
        # A panic's class cannot be imported, and is no Exception.
        if isinstance(error, ValueError | OSError) or type(error).__name__ == "PanicException":
            raise CollectionError("index_damaged", path=folder, detail=error) from error
        raise
