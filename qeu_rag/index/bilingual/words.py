"""Vectors of texts in Japanese, English or both: Japanese words by a table of ours, Latin words by the English model.

The table is kept as int8 rows with one float32 scale each; ``training/bilingual.py`` makes it. A Japanese text is the sum of
its words' rows (content words in Sudachi's normalised form, each once; of a word that is not in the table, its characters).
In a mixed text each side, made a unit vector, counts as many times as it has words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qeu_rag.errors import ModelError
from qeu_rag.index.analyze import Analyzer

FOLDER = Path(__file__).parent
"""Where the table lies: this package."""

WORDS, VECTORS, SCALES = "words.txt", "vectors.npy", "scales.npy"
_JAPANESE = re.compile("[\u3041-\u30ff\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f][A-Za-z\u00c0-\u024f'\u2019-]+")

Floats = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]


class WordVectors:
    """The table. Safe to share between threads."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Raises ModelError where the table is missing or does not fit together."""
        try:
            words = (folder / WORDS).read_text(encoding="utf-8").split("\n")
            # Mapped: a question needs a few of 57,000 rows.
            self._rows: NDArray[np.int8] = np.load(folder / VECTORS, mmap_mode="r")
            self._scales: Floats = np.load(folder / SCALES)
        except (OSError, ValueError) as error:
            raise ModelError("embedder_missing", model=folder) from error
        if not len(words) == len(self._rows) == len(self._scales):
            raise ModelError("embedder_altered", path=folder)
        self._index = {word: number for number, word in enumerate(words)}
        self._analyzer = Analyzer()
        self.dimension = int(self._rows.shape[1])

    def sums(self, texts: Sequence[str]) -> tuple[Floats, NDArray[np.int64]]:
        """For each text the unit sum of its Japanese words, shape (len(texts), dimension), and how many words it has.

        Both are 0 for a text without Japanese words.
        """
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        counts = np.zeros(len(texts), dtype=np.int64)
        for row, text in enumerate(texts):
            if _JAPANESE.search(text):
                words = self._analyzer.japanese_words(text)
                if numbers := self._numbers(words):
                    vectors[row] = _unit(self._scales[numbers] @ self._rows[numbers].astype(np.float32))
                    counts[row] = len(set(words))
        return vectors, counts

    def embed(self, texts: Sequence[str], english: Encode) -> Floats:
        """Unit vectors, shape (len(texts), dimension); ``english`` gives those of texts in Latin letters.

        A text without any Japanese character has exactly the vector that ``english`` gives it, and so has one whose
        characters nobody knows.
        """
        ours, counts = self.sums(texts)
        latin = [_latin(text) if counts[row] else text for row, text in enumerate(texts)]
        weights = [len(set(text.lower().split())) if counts[row] else 1 for row, text in enumerate(latin)]
        asked = [row for row, weight in enumerate(weights) if weight]
        found = english([latin[row] for row in asked]) if asked else ours[:0]
        for vector, row in zip(found, asked, strict=True):
            ours[row] = _unit(counts[row] * ours[row] + weights[row] * vector) if counts[row] else vector
        return ours

    def _numbers(self, words: Sequence[str]) -> list[int]:
        parts = (part for word in words for part in ([word] if word in self._index else word))
        return list(dict.fromkeys(self._index[part] for part in parts if part in self._index))


def save(folder: Path, words: Sequence[str], rows: Floats) -> None:
    """Writes the table: ``rows`` of shape (len(words), dimension), rounded to 255 steps between each row's extremes."""
    scales = np.maximum(np.abs(rows).max(axis=1), 1e-9).astype(np.float32) / 127
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WORDS).write_text("\n".join(words), encoding="utf-8", newline="\n")
    np.save(folder / VECTORS, np.round(rows / scales[:, None]).astype(np.int8))
    np.save(folder / SCALES, scales.astype(np.float32))


def _latin(text: str) -> str:
    return " ".join(_LATIN.findall(text))


def _unit(vector: Floats) -> Floats:
    norm = float(np.linalg.norm(vector))
    return vector / np.float32(norm) if norm else vector
