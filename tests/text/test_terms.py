from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qeu_rag.text.notation import lang_of, normalise
from qeu_rag.text.sentences import sentences
from qeu_rag.text.terms import Analyzer

PIECES = st.sampled_from(
    [
        *("。", "！", "？", ".", "!", "?", "「", "」", "（", "）", "①", "・", "3.5", "e.g. ", "Dr. ", "U.S. "),
        *(" ", "\n", "\n\n", "\r\n", "\u3000", "\x00", "\ud800", "- ", "1. ", "# ", "| a | b |", "```", "> "),
        *("見積書", "を確認する", "Hello", "World", "サーバー"),
    ]
)
MIXED = st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=200))


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("会議室の予約方法は？", "ja"),
        ("就業規則", "ja"),
        ("AWSの設定", "ja"),
        ("ISO 9001 規格", "ja"),
        ("Hello world", "en"),
        ("The word 見積 means estimate", "en"),
        ("我们的会议在北京举行", "other"),
        ("Привет", "other"),
        ("12345", "other"),
        ("", "other"),
    ],
)
def test_language(text: str, lang: str) -> None:
    assert lang_of(text) == lang


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("サーバー", "ｻｰﾊﾞｰ"),
        ("サーバーの設定", "サーバの設定"),
        ("データ−ベ−ス", "データーベース"),
        ("ＩＳＯ９００１", "iso9001"),
        ("10〜20", "10～20"),
        ("e‐mail", "E-mail"),
        ("1,000円", "１０００円"),
    ],
)
def test_one_word_in_two_notations_is_one(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


def test_short_words_keep_their_long_vowel() -> None:
    assert normalise("キー") == "キー"
    assert normalise("コピー") != normalise("コピ")


@given(MIXED)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(MIXED)
@settings(deadline=None)
def test_terms_can_be_joined_by_spaces_and_encoded(text: str) -> None:
    analyzer = SHARED
    for terms in (analyzer.bigram_terms(text), analyzer.word_terms(text)):
        assert " ".join(terms).split() == terms
        " ".join(terms).encode("utf-8")


SHARED = Analyzer()


def test_bigrams(analyzer: Analyzer) -> None:
    assert analyzer.bigram_terms("見積書と円 The IT policies of it") == ["it", "policy", "見積", "積書", "書と", "と円"]
    assert analyzer.bigram_terms("A 円") == ["円"]
    assert analyzer.bigram_terms("ISO9001") == analyzer.bigram_terms("ISO 9001") == ["iso", "9001"]


def test_words_of_one_meaning_in_many_spellings(analyzer: Analyzer) -> None:
    assert analyzer.word_terms("打合せ") == analyzer.word_terms("打ち合わせ")
    assert analyzer.word_terms("サーバの見積り") == analyzer.word_terms("サーバーの見積もり")
    assert analyzer.word_terms("organised companies") == analyzer.word_terms("organises a company")
    assert analyzer.word_terms("それはですか") == []


def test_texts_over_sudachis_limit_lose_no_words(analyzer: Analyzer) -> None:
    sentence = "会議室を予約した。"
    once = analyzer.word_terms(sentence)
    assert once
    assert analyzer.word_terms(sentence * 9_000) == once * 9_000
    assert "予約" in analyzer.word_terms("予約" * 30_000)
    four_bytes = "𠮷" * 12_000 + "。品質"
    assert analyzer.word_terms(four_bytes * 3).count("品質") == 3


def test_threads_share_an_analyzer() -> None:
    analyzer, text = Analyzer(), "サーバーの見積書を確認する。Companies were organised."
    expected = Analyzer().word_terms(text)
    failures: list[object] = []

    def work() -> None:
        for _ in range(100):
            found = analyzer.word_terms(text)
            if found != expected:
                failures.append(found)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_importing_and_english_bigrams_load_no_dictionary() -> None:
    code = (
        "import sys; from qeu_rag.text.terms import Analyzer; Analyzer().bigram_terms('見積 plan');"
        "Analyzer().word_terms('plan'); print('sudachipy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def of(text: str) -> list[str]:
    return [span.of(text) for span in sentences(text)]


@pytest.mark.parametrize(
    "parts",
    [
        ["本文である。", "次に進む！", "よいですか?", "いいえ。"],
        ["彼は「はい。そうです。」と答えた。", "次の文。"],
        ["本文です（詳細は別表を参照。）。", "続き。"],
        ["倍率は３．５倍である。", "以上。"],
        ["それは「終わり。」", "次。"],
    ],
)
def test_japanese_sentences(parts: list[str]) -> None:
    assert of("".join(parts)) == parts


@pytest.mark.parametrize(
    "parts",
    [
        ["Dr. Smith paid $3.50, e.g. by card.", "He left."],
        ['"Really?" she said.', "J. R. Tolkien wrote it.", "See Fig. 3 for more!"],
        ["It works.", "3 items remain.", "(Or so.)", "Fine?"],
        ["Open https://example.com/a?b=C.html now.", "Then stop."],
        ["The U.S. Government agreed.", "Done."],
    ],
)
def test_english_sentences(parts: list[str]) -> None:
    assert of(" ".join(parts)) == parts


def test_markdown_units() -> None:
    text = (
        "# Title. Of two\nWraps over\nlines. Ends\n\n- one. two.\n- item 二\n  continued\n1. first\n2. second\n\n"
        "| a | b |\n|---|---|\n| c. D | e |\n\n```\nx = 1. Y\ny\n```\n> quoted\n"
    )
    assert of(text) == [
        "# Title. Of two",
        "Wraps over\nlines.",
        "Ends",
        "- one. two.",
        "- item 二\n  continued",
        "1. first",
        "2. second",
        "| a | b |",
        "| c. D | e |",
        "x = 1. Y",
        "y",
        "> quoted",
    ]


def test_a_long_list_item_is_cut_at_its_sentences() -> None:
    sentence = "この規程は全社員に適用する。"
    assert of("- " + sentence * 30) == ["- " + sentence, *[sentence] * 29]


@given(MIXED)
@settings(max_examples=500)
def test_spans_are_in_order_trimmed_and_hold_every_letter(text: str) -> None:
    spans = sentences(text)
    at = 0
    for span in spans:
        assert at <= span.start < span.end <= len(text)
        assert span.of(text) == span.of(text).strip()
        assert not any(map(str.isalnum, text[at : span.start]))
        at = span.end
    assert not any(map(str.isalnum, text[at:]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("鍵を失くす", "かぎをなくす"),
        ("打込む", "打ち込む"),
        ("見積", "見積もり"),
        ("代金をはらう", "代金を払う"),
        ("インタフェース", "インターフェース"),
    ],
)
def test_a_word_in_kana_or_another_writing_is_the_same_word(analyzer: Analyzer, one: str, other: str) -> None:
    assert analyzer.word_terms(one) == analyzer.word_terms(other) != []


def test_time_grows_with_the_length_alone() -> None:
    text = "「a." * 20_000 + "（" * 20_000 + "word. " * 20_000
    assert sentences(text)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("日当はいくらですか", ["日当"]),
        ("出張の日当は、どのくらいもらえるのでしょうか。", ["出張", "日当"]),
        ("休憩は何分必要ですか", ["休憩", "必要"]),
        ("録画はいつまで残しておいてもいいですか", ["録画", "残す", "おく"]),
        ("幾何公差とは何ですか", ["幾何", "公差"]),
        ("道路はどうなっていますか", ["道路"]),
        ("駐車場はどこにありますか", ["駐車", "場"]),
        ("How many weeks don't count, please?", ["week", "count"]),
    ],
)
def test_how_a_question_asks_is_not_what_it_is_about(question: str, words: list[str]) -> None:
    assert [term[2:] for term in SHARED.question_terms(question) if term.startswith("w:")] == words


def test_a_question_of_nothing_but_asking_keeps_its_words() -> None:
    assert SHARED.question_terms("どうすればいいですか")
