"""Questions made clean, and questions that cannot be."""

from __future__ import annotations

import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qeu_rag.answer.question import MAX_QUESTION, clean_question, parts_of
from qeu_rag.errors import UsageError


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("What is the loss function?", "What is the loss function?"),
        ("  日当は\r\n いくら\tですか　", "日当は いくら ですか"),
        ("日当\x00は\x1b[31mいくら", "日当 は いくら"),
        ("\ufeff損失\u200b関数\u202e", "損失関数"),
        ("か\u3099そう", "がそう"),
        ("چی\u200cست", "چی\u200cست"),
        ("👩\u200d🔧 3", "👩\u200d🔧 3"),
        ("a\u2028b", "a b"),
        ("損失\ud83d\ude00", "損失😀"),
        ("損失\ud83d関数", "損失 関数"),
        (
            os.fsdecode("日当".encode()) if os.name == "nt" else "日当".encode().decode("ascii", "surrogateescape"),
            "日当",
        ),
        ("Что такое SPC?", "Что такое SPC?"),
    ],
)
def test_cleaned(text: str, clean: str) -> None:
    assert clean_question(text) == clean
    assert clean_question(clean) == clean


@pytest.mark.parametrize("text", ["", " \n\t", "　", "???", "。！？", "\x00\x07", "\u200b", "\ud800", "—", "😀"])
def test_a_question_without_words(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        clean_question(text)
    assert (caught.value.key, caught.value.exit_code) == ("question_empty", 2)


def test_the_longest_question_is_counted_after_cleaning() -> None:
    assert len(clean_question("あ" * MAX_QUESTION + " " * 10_000)) == MAX_QUESTION
    with pytest.raises(UsageError) as caught:
        clean_question("あ" * 20_000)
    assert caught.value.key == "question_long"
    assert "20000" in caught.value.render("ja")
    assert str(MAX_QUESTION) in caught.value.render("en")


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=60))
def test_any_text_is_cleaned_for_good_or_refused(text: str) -> None:
    try:
        question = clean_question(text)
    except UsageError:
        assert not any(character.isalnum() for character in text)
        return
    assert question == question.strip()
    assert not {
        unicodedata.category(character) for character in question.replace("\u200c", "").replace("\u200d", "")
    } & {
        "Cc",
        "Cf",
        "Cs",
        "Zl",
        "Zp",
    }
    assert clean_question(question) == question


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("日当はいくらですか？宿泊費の上限は？", ("日当はいくらですか？", "宿泊費の上限は？")),
        ("How long is an audit? Who leads it? Thanks", ("How long is an audit?", "Who leads it? Thanks")),
        ("How long is an audit?", ("How long is an audit?",)),
        ("Really?? How long is an audit?", ("Really??", "How long is an audit?")),
        ("How long is an audit? OK?", ("How long is an audit? OK?",)),
        ("OK? How long is an audit? Who leads it?", ("OK? How long is an audit?", "Who leads it?")),
        ("Is it five (or six?) days", ("Is it five (or six?) days",)),
        ("a b c d? " * 5, ("a b c d? " * 5,)),
        ("日当", ("日当",)),
        ("日当はいくら", ("日当はいくら",)),
    ],
)
def test_several_questions_in_one(question: str, parts: tuple[str, ...]) -> None:
    assert parts_of(question) == parts


@given(st.text(alphabet="ab日 ?？。", max_size=60))
def test_the_parts_of_a_question_are_all_of_it(question: str) -> None:
    parts = parts_of(question)
    assert 1 <= len(parts) <= 4
    assert len(parts) == 1 or all(sum(map(str.isalnum, part)) >= 4 for part in parts)
    whole, kept = "".join(question.split()), "".join("".join(parts).split())
    assert whole.endswith(kept)
    assert not whole.removesuffix(kept).strip("?？")  # marks that nothing stands before are no question
