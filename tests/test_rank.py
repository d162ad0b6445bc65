"""The order of candidates: what weighs, and when another language is asked."""

from __future__ import annotations

from qeu_rag.index.match import Match
from qeu_rag.retrieve.fuse import Fused
from qeu_rag.retrieve.rank import rank, shipped, weights_for


def hit(name: str, **parts: float) -> Fused:
    return Fused(id=name, score=0.0, parts=parts)


def test_a_sentence_that_holds_the_question_goes_before_words_strewn_about() -> None:
    hits = [hit("strewn", lexical=1.0, cosine=0.5), hit("said", lexical=0.9, cosine=0.5)]
    matches = {"strewn": Match(whole=0.9, sentence=0.2), "said": Match(whole=0.9, sentence=0.9)}
    for weights in shipped().values():
        assert [found.id for found in rank(hits, matches, weights)] == ["said", "strewn"]


def test_another_language_is_asked_where_the_questions_own_says_little() -> None:
    hits = [hit("own", lexical=1.0, cosine=0.3), hit("other", cosine=0.75)]
    for share, first in ((0.1, "other"), (0.95, "own")):
        matches = {"own": Match(whole=share, sentence=share), "other": Match()}
        assert rank(hits, matches, shipped()["vectors-ja"], foreign={"other"})[0].id == first


def test_sense_goes_before_words_where_no_sentence_says_the_question() -> None:
    hits = [hit("words", lexical=1.0, cosine=0.2), hit("sense", lexical=0.2, cosine=0.6)]
    for share, first in ((0.05, "sense"), (0.95, "words")):
        matches = {"words": Match(whole=share, sentence=share), "sense": Match()}
        assert rank(hits, matches, shipped()["vectors-ja"])[0].id == first


def test_a_score_is_a_probability_and_equals_are_ordered_by_id() -> None:
    hits = [hit(name, lexical=1.0, cosine=-1.0) for name in "cab"]
    ranked = rank(hits, dict.fromkeys("abc", Match()), shipped()["vectors"])
    assert [found.id for found in ranked] == ["a", "b", "c"]
    assert all(0.0 <= found.score <= 1.0 for found in ranked)
    assert rank([], {}, shipped()["vectors"]) == []


def test_weights_by_language() -> None:
    assert set(shipped()) == {"words", "vectors", "vectors-ja"}
    assert weights_for("ja", dense=False) == weights_for("en", dense=False) == shipped()["words"]
    assert weights_for("ja", dense=True) == shipped()["vectors-ja"]
    assert weights_for("other", dense=True) == weights_for("en", dense=True) == shipped()["vectors"]
    assert shipped()["words"].cosine == 0.0


def test_what_says_the_meaning_asked_for_goes_before_what_holds_as_many_words() -> None:
    hits = [hit("uses", lexical=1.0, cosine=0.4), hit("says", lexical=0.8, cosine=0.3)]
    matches = {"uses": Match(whole=0.6, sentence=0.6), "says": Match(whole=0.6, sentence=0.6)}
    for weights in shipped().values():
        assert [found.id for found in rank(hits, matches, weights)] == ["uses", "says"]
        first = rank(hits, matches, weights, defining={"says"})[0]
        assert (first.id, first.parts["defines"]) == ("says", 1.0)


def test_what_gives_the_steps_under_a_heading_of_the_question_goes_before_what_announces_them() -> None:
    hits = [hit("announces", lexical=1.0, cosine=0.5), hit("steps", lexical=0.7, cosine=0.4)]
    matches = {
        "announces": Match(title=0.3, whole=0.8, sentence=0.8),
        "steps": Match(title=0.8, whole=0.8, sentence=0.4),
    }
    for weights in shipped().values():
        assert [found.id for found in rank(hits, matches, weights)] == ["announces", "steps"]
        first = rank(hits, matches, weights, stepping={"steps"})[0]
        assert (first.id, first.parts["steps"]) == ("steps", 1.0)
