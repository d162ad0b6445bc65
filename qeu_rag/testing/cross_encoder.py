"""What any cross-encoder must do: one logit a text, in order, the same whatever is read beside it and whatever the texts hold."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from qeu_rag.embed.cross_encoder import CrossEncoder

ASKED = "How much is the daily allowance?"
TEXTS = (
    "The daily allowance is 3,000 yen.",
    "扉は青く塗ってある。",
    "",
    "a",
    "長い文。" * 2000,
    "lone surrogate \ud800, null \x00, 👩‍🔬",
)


class CrossEncoderContract:
    """Inherit this and override ``network`` with a fixture that gives the cross-encoder."""

    @pytest.fixture
    def network(self) -> CrossEncoder:
        """The cross-encoder under test."""
        raise NotImplementedError("override the fixture `network`")

    def test_each_text_has_one_finite_logit(self, network: CrossEncoder) -> None:
        """One number a text, whatever the text is, and in the order of the texts."""
        logits = network.read(ASKED, TEXTS)
        assert len(logits) == len(TEXTS)
        assert all(map(math.isfinite, logits))
        assert network.read(ASKED, TEXTS[::-1]) == logits[::-1]

    def test_no_texts_give_no_logits(self, network: CrossEncoder) -> None:
        """An empty list is no error."""
        assert network.read(ASKED, []) == []

    def test_a_logit_does_not_depend_on_what_is_read_beside_it(self, network: CrossEncoder) -> None:
        """Alone, together and a second time a text has the same logit, to the last digit."""
        together = network.read(ASKED, TEXTS)
        assert together == network.read(ASKED, TEXTS)
        assert together == [network.read(ASKED, [text])[0] for text in TEXTS]

    @pytest.mark.parametrize("asked", TEXTS[1:], ids=["foreign", "empty", "letter", "long", "odd"])
    def test_whatever_is_asked_is_read(self, network: CrossEncoder, asked: str) -> None:
        """The first text may be as long, empty or odd as the others."""
        assert all(map(math.isfinite, network.read(asked, TEXTS[:2])))

    def test_what_answers_stands_above_what_does_not(self, network: CrossEncoder) -> None:
        """The text that speaks of what is asked has the higher logit."""
        near, far = network.read(f"{ASKED} It is 3,000 yen.", TEXTS[:2])
        assert near > far

    def test_two_threads_get_the_same_logits(self, network: CrossEncoder) -> None:
        """Who reads at the same time changes nothing."""
        alone = [network.read(asked, TEXTS) for asked in TEXTS[:2]]
        with ThreadPoolExecutor(2) as threads:
            assert list(threads.map(lambda asked: network.read(asked, TEXTS), TEXTS[:2])) == alone

    def test_it_names_its_runtime(self, network: CrossEncoder) -> None:
        """People are told what it runs on."""
        assert network.runtime
        assert network.runtime == network.runtime.strip()
