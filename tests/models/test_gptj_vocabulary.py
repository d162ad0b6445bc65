"""Tokens of GPT-J files against GPT-2's own tokenizer in tokenizers and transformers."""

from __future__ import annotations

import json

import pytest
from gptj_models import END, bytes_of, train_tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from qeu_rag.errors import ModelError
from qeu_rag.models.gptj.vocabulary import Vocabulary

CORPUS = [
    "The loss function's k isn't the tolerance; they'll check it, and we've checked it 12 times in 2023.",
    "損失関数の定数kは、許容差の二乗で費用を割ったものである。国内出張の日当は3,000円とする。日当は日当である。",
    "    indented  text\n\n\nwith   gaps \t and tabs   ",
    "Größe, café, naïve, Ωμέγα, Москва, 한국어, 🙂👍🏽, e\u0301",
]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(CORPUS * 3, 700)


@pytest.fixture(scope="module")
def vocabulary(tokenizer: Tokenizer) -> Vocabulary:
    return Vocabulary(bytes_of(tokenizer, padding=143))


@pytest.mark.parametrize("text", [*CORPUS, "", " ", "\n", "x" * 300, "日" * 100, "\r\n\u3000\u00a0 a", "it's 's 'S"])
def test_tokens_are_gpt2s(tokenizer: Tokenizer, vocabulary: Vocabulary, text: str) -> None:
    assert vocabulary.encode(text) == tokenizer.encode(text, add_special_tokens=False).ids
    assert vocabulary.decode(vocabulary.encode(text)) == text


@given(
    st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("the lo日当'sは \n12")), max_size=60)
)
@settings(max_examples=150, deadline=None)
def test_any_text_has_gpt2s_tokens_and_comes_back(tokenizer: Tokenizer, vocabulary: Vocabulary, text: str) -> None:
    tokens = vocabulary.encode(text)
    assert tokens == tokenizer.encode(text, add_special_tokens=False).ids or END in text
    assert "".join(vocabulary.stream(tokens)) == text


def test_they_are_the_tokens_of_transformers_gpt2(tokenizer: Tokenizer, vocabulary: Vocabulary) -> None:
    from transformers import GPT2Tokenizer

    model = json.loads(tokenizer.to_str())["model"]
    gpt2 = GPT2Tokenizer(vocab=tokenizer.get_vocab(), merges=[tuple(pair) for pair in model["merges"]])
    for text in CORPUS:
        assert vocabulary.encode(text) == gpt2(text)["input_ids"]


def test_the_printable_form_is_the_same_vocabulary(tokenizer: Tokenizer, vocabulary: Vocabulary) -> None:
    printed = [token.encode() for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])]
    other = Vocabulary([*printed, b"", b"", *(b"<|extratoken_%d|>" % n for n in range(141))])
    for text in CORPUS:
        assert other.encode(text) == vocabulary.encode(text)
        assert other.decode(other.encode(text)) == text
    assert other.end == vocabulary.end


def test_end_of_text_in_a_document_is_plain_text(vocabulary: Vocabulary) -> None:
    tokens = vocabulary.encode(f"before {END} after")
    assert vocabulary.end is not None
    assert vocabulary.end not in tokens
    assert vocabulary.decode(tokens) == f"before {END} after"
    assert vocabulary.decode([vocabulary.end, *vocabulary.encode("a"), len(vocabulary) - 1, 10**6]) == "a"


def test_padding_is_never_a_token_of_a_text_and_every_name_is_unique(vocabulary: Vocabulary) -> None:
    assert max(vocabulary.encode("<|extratoken_1|> <|extratoken_2|>")) < len(vocabulary) - 143
    names = vocabulary.names()
    assert len(set(names)) == len(names) == len(vocabulary)
    assert names[vocabulary.end or -1] == END


def test_repeated_entries_keep_their_first_id_and_unique_names() -> None:
    single = [bytes([byte]) for byte in range(256)]
    vocabulary = Vocabulary([*single, b"ab", b"ab", b"", b"a"])
    assert vocabulary.encode("ab") == [256]
    assert vocabulary.decode([257, 259]) == "aba"
    assert len(set(vocabulary.names())) == 260


def test_a_character_comes_when_its_last_byte_does() -> None:
    single = Vocabulary([bytes([byte]) for byte in range(256)])
    pieces = list(single.stream([*"日本".encode(), *b"!"]))
    assert pieces == ["日", "本", "!"]
    assert list(single.stream("語".encode()[:2])) == []
    assert list(single.stream([0xE6, 0x41])) == ["\ufffdA"]


def test_a_vocabulary_without_all_bytes_is_refused() -> None:
    with pytest.raises(ModelError) as raised:
        Vocabulary([bytes([byte]) for byte in range(255)] + [b"the"], name="m.bin")
    assert raised.value.key == "gptj_vocabulary"
    assert raised.value.values["missing"] == 1


def test_lone_surrogates_do_not_stop_it(vocabulary: Vocabulary) -> None:
    assert vocabulary.decode(vocabulary.encode("a\ud800b")) == "a?b"
