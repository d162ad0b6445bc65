"""A ledger of 100,000 chunks without the hour of embedding: random unit vectors and short made-up texts."""

from __future__ import annotations

import hashlib
import random

import numpy as np
from figures import Bench
from made import SEED, passage

from qeu_rag import Chunk, Document, KnowHow
from qeu_rag.index.ledger import Ledger
from qeu_rag.text.units import units
from qeu_rag.types import Span, Window

_CHUNKS_A_DOCUMENT = 100
_CHARACTERS = 300


def fill_ledger(bench: Bench, chunks: int, *, index: bool = True) -> None:
    """Ingests one real file, so that the collection knows its embedder, then writes ``chunks`` more into the ledger.

    Without ``index`` they stay where an ingest that was cut leaves them: no reader sees them yet.
    """
    bench.corpus.mkdir(parents=True, exist_ok=True)
    (bench.corpus / "first.md").write_text("# The first\n\nOne sentence only.\n", encoding="utf-8")
    with KnowHow.open(home=bench.home) as know_how:
        know_how.ingest(bench.corpus)
        collection = know_how.collection
        words, numbers = random.Random(SEED), np.random.default_rng(SEED)
        with collection.writer(), Ledger(collection.ledger_path, write=True) as ledger:
            for number in range(chunks // _CHUNKS_A_DOCUMENT):
                _add_document(ledger, number, words, numbers)
            if index:
                collection.build_next(ledger, lambda done, total: None)


def _add_document(ledger: Ledger, number: int, words: random.Random, numbers: np.random.Generator) -> None:
    texts = [passage(words, _CHARACTERS) for _ in range(_CHUNKS_A_DOCUMENT)]
    source = f"many-{number:05d}.md"
    document = Document(id=_key(source), source=source, title=f"Many {number}", text="\n\n".join(texts))
    vectors = numbers.standard_normal((len(texts), 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs: list[tuple[Chunk, list[tuple[Window, str]]]] = []
    at = 0
    for text in texts:
        chunk = Chunk(
            id=_key(f"{source}\n{at}"),
            document_id=document.id,
            source=source,
            title=document.title,
            headings=(),
            text=text,
            span=Span(start=at, end=at + len(text)),
        )
        # One window a chunk, whatever its length: the vectors are random anyway.
        last = len(units(chunk)) - 1
        window = Window(first=0, last=last, span=Span(start=0, end=len(text)))
        pairs.append((chunk, [(window, _key(chunk.id))]))
        at += len(text) + 2
    with ledger.transaction():
        ledger.put_vectors({cut[0][1]: vector for (_, cut), vector in zip(pairs, vectors, strict=True)})
        ledger.put_document(document, pairs)
        ledger.show(f"/many/{source}", [document], at="2026-11-23T00:00:00+00:00")


def _key(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
