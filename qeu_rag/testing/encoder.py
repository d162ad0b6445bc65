"""What any encoder must do: unit vectors, the same for the same text, however it is grouped and whatever it holds."""

from __future__ import annotations

import numpy as np
import pytest

from qeu_rag.embed.embedder import Embedder

TEXTS = (
    "The daily allowance is 3,000 yen.",
    "日当は3,000円とする。",
    "",
    "a",
    "長い文。" * 2000,
    "lone surrogate \ud800, null \x00, 👩‍🔬",
)


class EncoderContract:
    """Inherit this and override ``encoder`` with a fixture that gives the encoder."""

    @pytest.fixture
    def encoder(self) -> Embedder:
        """The encoder under test."""
        raise NotImplementedError("override the fixture `encoder`")

    def test_passages_become_unit_vectors(self, encoder: Embedder) -> None:
        """One row a text, float32, each of length 1; so is a question's vector, in the same space."""
        vectors = encoder.embed_passages(TEXTS)
        question = encoder.embed_query("How much is the daily allowance?")
        assert vectors.dtype == question.dtype == np.float32
        assert vectors.shape == (len(TEXTS), *question.shape)
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-3)
        assert np.linalg.norm(question) == pytest.approx(1.0, abs=1e-3)

    def test_no_texts_give_no_vectors(self, encoder: Embedder) -> None:
        """An empty list is no error."""
        assert len(encoder.embed_passages([])) == 0

    def test_the_same_text_has_the_same_vector(self, encoder: Embedder) -> None:
        """Neither a second call nor the other texts of a batch change a vector."""
        together = encoder.embed_passages(TEXTS)
        assert np.array_equal(together, encoder.embed_passages(TEXTS))
        alone = np.concatenate([encoder.embed_passages([text]) for text in TEXTS])
        assert np.sum(together * alone, axis=1) == pytest.approx(1.0, abs=1e-3)

    def test_a_question_is_nearer_to_what_answers_it(self, encoder: Embedder) -> None:
        """The encoder knows English and Japanese well enough to tell an allowance from a colour."""
        for question, right, wrong in (
            ("How much is the daily allowance?", "The daily allowance is 3,000 yen.", "The door is painted blue."),
            ("日当はいくらですか", "日当は3,000円とする。", "扉は青く塗ってある。"),
        ):
            near, far = encoder.embed_passages([right, wrong]) @ encoder.embed_query(question)
            assert near > far

    def test_progress_counts_up_to_all_texts(self, encoder: Embedder) -> None:
        """``progress`` hears rising numbers that end with the count of texts."""
        heard: list[int] = []
        encoder.embed_passages(TEXTS, heard.append)
        assert heard == sorted(heard)
        assert heard[-1:] == [len(TEXTS)]

    def test_it_names_what_shapes_its_vectors(self, encoder: Embedder) -> None:
        """The fingerprint is stable text: a collection keeps it to refuse another encoder."""
        assert encoder.fingerprint
        assert encoder.fingerprint == encoder.fingerprint.strip()
