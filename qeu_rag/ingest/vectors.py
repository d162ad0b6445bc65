"""Gives each chunk its vector: that of its passage without headings, and a share of where it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from qeu_rag.index.asked import bare_question, is_question
from qeu_rag.types import Chunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONTEXT = 0.25
"""How much the vector of the title and the headings counts beside the passage's own.

Written before the passage they would pull all passages of a document together, and the more so the shorter a passage is.
docs/architecture.md has the figures, and those of 0.1 and 0.4, which differ little.
"""

ASKED = 1.0
"""How much the vector of a heading that is a question counts beside the passage's own: what is asked is likest to it."""


class Encoder(Protocol):
    """What this needs of an embedder."""

    def embed_passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimension)."""
        ...


def vector_key(chunk: Chunk) -> str:
    """The hash under which the vector of a chunk is kept: of all that it is made of, 32 hexadecimal digits (BLAKE2b)."""
    asked = _question(chunk)
    made_of = f"{chunk.context}\n{chunk.body}" + (f"\n{ASKED}\n{asked}" if asked else "")
    return hashlib.blake2b(made_of.encode(), digest_size=16).hexdigest()


def embed_chunks(
    chunks: Mapping[str, Chunk], encoder: Encoder, progress: Callable[[int], None]
) -> dict[str, NDArray[np.float32]]:
    """The unit vectors of ``chunks`` under the same keys; ``progress`` gets how many of the chunks are done."""
    beside = [text for chunk in chunks.values() for text in (chunk.context, _question(chunk)) if text]
    places = {text: len(chunks) + place for place, text in enumerate(dict.fromkeys(beside))}
    texts = [*(chunk.body for chunk in chunks.values()), *places]
    found = encoder.embed_passages(texts, lambda done: progress(round(done * len(chunks) / len(texts))))
    vectors = {}
    for at, (key, chunk) in enumerate(chunks.items()):
        vector = found[at]
        if chunk.context:
            vector = vector + CONTEXT * found[places[chunk.context]]
        if asked := _question(chunk):
            vector = vector + ASKED * found[places[asked]]
        vectors[key] = _unit(vector) if chunk.context else vector
    return vectors


def _question(chunk: Chunk) -> str:
    """The question that the chunk stands below; empty where its heading is none."""
    heading = chunk.headings[-1] if chunk.headings else ""
    return bare_question(heading) if is_question(heading) else ""


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vector)
    unit: NDArray[np.float32] = vector / length if length else vector
    return unit
