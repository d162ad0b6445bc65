"""Gives each chunk its vector: that of its passage without headings, and a share of where it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from qeu_rag.types import Chunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONTEXT = 0.25
"""How much the vector of the title and the headings counts beside the passage's own.

Written before the passage they would pull all passages of a document together, and the more so the shorter a passage is.
docs/architecture.md has the figures, and those of 0.1 and 0.4, which differ little.
"""


class Encoder(Protocol):
    """What this needs of an embedder."""

    def embed_passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimension)."""
        ...


def vector_key(chunk: Chunk) -> str:
    """The hash under which the vector of a chunk is kept: of all that it is made of, 32 hexadecimal digits (BLAKE2b)."""
    return hashlib.blake2b(f"{chunk.context}\n{chunk.body}".encode(), digest_size=16).hexdigest()


def embed_chunks(
    chunks: Mapping[str, Chunk], encoder: Encoder, progress: Callable[[int], None]
) -> dict[str, NDArray[np.float32]]:
    """The unit vectors of ``chunks`` under the same keys; ``progress`` gets how many of the chunks are done."""
    contexts = {context: place for place, context in enumerate(dict.fromkeys(c.context for c in chunks.values()))}
    texts = [*(chunk.body for chunk in chunks.values()), *contexts]
    found = encoder.embed_passages(texts, lambda done: progress(round(done * len(chunks) / len(texts))))
    bodies, wheres = found[: len(chunks)], found[len(chunks) :]
    return {
        key: _unit(body + CONTEXT * wheres[contexts[chunk.context]]) if chunk.context else body
        for (key, chunk), body in zip(chunks.items(), bodies, strict=True)
    }


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vector)
    unit: NDArray[np.float32] = vector / length if length else vector
    return unit
