"""What any store of vectors must do: find the nearest by cosine, replace and forget by id, and keep order where scores tie."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qeu_rag.index.dense import DenseStore

DIMENSION = 8


def unit_vectors(count: int, seed: int = 0) -> NDArray[np.float32]:
    """``count`` random unit vectors, shape (count, ``DIMENSION``); the same for the same ``seed``."""
    drawn = np.random.default_rng(seed).normal(size=(count, DIMENSION))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


class DenseStoreContract:
    """Inherit this and override ``store`` with a fixture that gives an empty store for vectors of ``DIMENSION``."""

    @pytest.fixture
    def store(self) -> DenseStore:
        """An empty store."""
        raise NotImplementedError("override the fixture `store`")

    def test_an_empty_store_finds_nothing(self, store: DenseStore) -> None:
        """No vectors, no hits, no error."""
        assert store.count() == 0
        assert store.search(unit_vectors(1)[0], 5) == []

    @pytest.mark.parametrize("count", [1, 2, 300])
    def test_the_nearest_are_found_by_cosine(self, store: DenseStore, count: int) -> None:
        """Ids and similarities are those of a plain matrix product, best first."""
        vectors = unit_vectors(count)
        ids = [f"id{number}" for number in range(count)]
        store.add(ids, vectors)
        assert store.count() == count
        for query in unit_vectors(5, seed=1):
            similar = vectors @ query
            found = store.search(query, 3)
            assert [name for name, _ in found] == [ids[at] for at in np.argsort(-similar)[:3]]
            assert [score for _, score in found] == pytest.approx(sorted(similar, reverse=True)[:3], abs=1e-4)

    def test_equal_scores_come_in_the_order_of_ids(self, store: DenseStore) -> None:
        """The same collection gives the same answer every time."""
        vector = unit_vectors(1)
        store.add(["b", "c", "a"], np.repeat(vector, 3, axis=0))
        assert [name for name, _ in store.search(vector[0], 3)] == ["a", "b", "c"]

    def test_a_known_id_is_replaced(self, store: DenseStore) -> None:
        """Adding an id again gives it the new vector."""
        first, second = unit_vectors(2)
        store.add(["a"], first[None])
        store.add(["a"], second[None])
        assert store.count() == 1
        assert store.search(second, 1)[0][1] == pytest.approx(1.0, abs=1e-4)

    def test_what_is_removed_is_not_found(self, store: DenseStore) -> None:
        """Removed ids are gone; an id that is not there is no error."""
        vectors = unit_vectors(4)
        store.add(list("abcd"), vectors)
        store.remove(["b", "nobody"])
        assert store.count() == 3
        assert "b" not in {name for name, _ in store.search(vectors[1], 4)}

    def test_more_than_there_are_may_be_asked_for(self, store: DenseStore) -> None:
        """``k`` may be larger than the store."""
        store.add(["a", "b"], unit_vectors(2))
        assert len(store.search(unit_vectors(1)[0], 100)) == 2
