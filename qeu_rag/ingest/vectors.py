"""Gives each chunk its windows, and each window the key and the vector of its text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from qeu_rag.text.windows import window_text, windows
from qeu_rag.types import Chunk, Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Encoder(Protocol):
    """What this needs of an embedder."""

    def embed_passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), dimension)."""
        ...


def keyed_windows(chunk: Chunk) -> list[tuple[Window, str, str]]:
    """The windows of ``chunk`` in order, each with its text and that text's hash, under which its vector is kept (BLAKE2b)."""
    found = []
    for window in windows(chunk):
        text = window_text(chunk, window)
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        found.append((window, text, key))
    return found


def embed_texts(
    texts: Mapping[str, str], encoder: Encoder, progress: Callable[[int], None]
) -> dict[str, NDArray[np.float32]]:
    """The unit vectors of ``texts`` under the same keys; ``progress`` gets how many are done."""
    return dict(zip(texts, encoder.embed_passages(list(texts.values()), progress), strict=True))
