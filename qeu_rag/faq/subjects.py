"""Groups questions by subject: within a language by their terms and vectors, across languages by vectors alone."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qeu_rag.text.notation import lang_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TOGETHER = 0.3
"""The least mean likeness (0..1) of two groups on one subject; docs/measurements.md says what it was fitted on."""


def by_subject(
    questions: Sequence[str], terms: Sequence[Sequence[str]], vectors: Sequence[NDArray[np.float32] | None]
) -> list[list[int]]:
    """The places of ``questions`` in groups, each in order, the groups by their first.

    ``terms`` are the terms of each question, ``vectors`` its unit vectors, None where the embedder does not know its language.
    Agglomerative, by average linkage (Sokal and Michener, 1958); time and memory grow with the second power.
    """
    import numpy as np
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(questions) < 2:
        return [[at] for at in range(len(questions))]
    apart = 1.0 - _similarities(questions, terms, vectors).astype(np.float64)
    np.fill_diagonal(apart, 0.0)
    # Rounding must not part what is exactly as like as asked for.
    labels = fcluster(linkage(squareform(apart, checks=False), "average"), 1.0 - TOGETHER + 1e-9, "distance")
    groups: dict[int, list[int]] = {}
    for at, label in enumerate(labels):
        groups.setdefault(int(label), []).append(at)
    return list(groups.values())


def _similarities(
    questions: Sequence[str], terms: Sequence[Sequence[str]], vectors: Sequence[NDArray[np.float32] | None]
) -> NDArray[np.float32]:
    """The similarity of each pair of questions, 0..1, shape (questions, questions)."""
    import numpy as np

    many = len(questions)
    lexical = np.zeros((many, many), dtype=np.float32)
    for places, weights in _weighted(terms):
        lexical[np.ix_(places, places)] += np.outer(weights, weights)
    known = [at for at, vector in enumerate(vectors) if vector is not None]
    dense = np.full((many, many), np.nan, dtype=np.float32)
    if known:
        stacked = np.stack([vector for vector in vectors if vector is not None])
        dense[np.ix_(known, known)] = np.maximum(stacked @ stacked.T, 0.0)
    langs = np.array([lang_of(question) for question in questions])
    one_language = langs[:, None] == langs[None, :]
    within = np.where(np.isnan(dense), lexical, (lexical + dense) / 2)
    alike: NDArray[np.float32] = np.where(one_language, within, np.nan_to_num(dense))
    return alike


def _weighted(terms: Sequence[Sequence[str]]) -> list[tuple[list[int], list[float]]]:
    """For each term the questions that have it, and its weight (idf) in each, all weights of a question being of length 1."""
    counts = [Counter(dict.fromkeys(own, 1)) for own in terms]
    holders = Counter(term for count in counts for term in count)
    idf = {term: math.log(1 + len(terms) / held) for term, held in holders.items()}
    gathered: dict[str, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
    for at, count in enumerate(counts):
        length = math.sqrt(sum(idf[term] ** 2 for term in count))
        for term in count:
            gathered[term][0].append(at)
            gathered[term][1].append(idf[term] / length)
    return list(gathered.values())
