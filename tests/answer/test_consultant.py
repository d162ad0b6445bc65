"""Answers through the chain by models that answer, ramble, refuse, cite wrongly or have little room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from langchain_core.language_models.fake import FakeListLLM
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage

from qeu_rag import Answer, KnowHow
from qeu_rag.errors import UsageError
from qeu_rag.models.chat_model import EngineModel, ResponseFormat

QUESTION = "Within how many days must major findings be answered?"
PLAIN = "Major findings must be answered within ten working days."
GOOD = f"{PLAIN} [1]"
TWO_DAYS = "An audit takes two days."


class Scripted(EngineModel):
    """A model that replies with what it was given, a word at a time, and keeps what it read and how far it came."""

    replies: list[str]
    read: list[str]
    said: list[str]

    def pieces(
        self, messages: Sequence[BaseMessage], *, response_format: ResponseFormat | None = None
    ) -> Iterator[str]:
        self.read.append(self.render(messages))
        for word in self.replies.pop(0).split(" "):
            self.said.append(word)
            yield word + " "

    def count_tokens(self, text: str) -> int:
        return len(text) // 3

    def render(self, messages: Sequence[BaseMessage]) -> str:
        return "".join(f"<{message.type}>{message.content}" for message in messages)


def scripted(*replies: str, context_tokens: int = 2048) -> Scripted:
    return Scripted(
        model_name="scripted", context_tokens=context_tokens, max_tokens=100, replies=list(replies), read=[], said=[]
    )


def asked(home: Path, model: Scripted, question: str = QUESTION) -> Answer:
    with KnowHow.open(home=home, model=model) as know_how:
        return know_how.ask(question)


def test_a_good_reply_is_the_answer(notes_home: Path) -> None:
    model = scripted(f"{PLAIN} {TWO_DAYS}")
    answer = asked(notes_home, model)
    assert (answer.text, answer.engine, answer.notes) == (f"{GOOD} {TWO_DAYS} [2]", "scripted", ())
    assert model.read[0].startswith("<system>Answer the question")
    assert model.read[0].endswith(f"Question: {QUESTION}")
    assert f"- Supplier audit: {PLAIN}" in model.read[0]


def test_a_reply_in_json_is_shown_object_by_object(notes_home: Path) -> None:
    reply = f'[{{"source": 4, "sentence": "{PLAIN}"}}, {{"source": 1, "sentence": "{TWO_DAYS}"}}'
    assert asked(notes_home, scripted(reply)).text == f"{GOOD} {TWO_DAYS} [2]"


def test_a_yes_alone_goes_with_the_sentence_after_it(notes_home: Path) -> None:
    question = "Must major findings be answered within ten working days?"
    assert (
        asked(notes_home, scripted("Yes. Within ten working days."), question).text
        == "Yes, Within ten working days. [1]"
    )
    # One that the judge does not find there goes, and what is left is the document's own sentence.
    assert asked(notes_home, scripted(f"No. {PLAIN}"), question).text == GOOD


def test_japanese_sentences_are_joined_without_a_space(notes_home: Path) -> None:
    reply = "国内出張の日当は3,000円です。 海外出張の日当は8,000円です。"
    answer = asked(notes_home, scripted(reply), "国内出張と海外出張の日当はいくらですか")
    assert answer.text == "国内出張の日当は3,000円です。 [1]海外出張の日当は8,000円です。 [2]"


@pytest.mark.parametrize(
    ("reply", "note"),
    [
        (f"{PLAIN} The moon is cheese.", "claim_unsupported"),
        (f"The moon is cheese. {PLAIN}", "claim_unsupported"),
        (f"{PLAIN} All is well.", "claim_unsupported"),
        (f"{PLAIN}\nQuestion: What else?\nAnswer: {TWO_DAYS}", "reply_cut"),
        (f"{PLAIN} {PLAIN}", "reply_cut"),
        (f"{PLAIN}\n- Supplier audit: {TWO_DAYS}", "reply_cut"),
        (f"{PLAIN}<|im_end|> {TWO_DAYS}", "reply_cut"),
    ],
)
def test_what_does_not_hold_is_left_out_and_reported(notes_home: Path, reply: str, note: str) -> None:
    answer = asked(notes_home, scripted(reply))
    assert (answer.text, answer.notes, answer.engine) == (GOOD, (note,), "scripted")


@pytest.mark.parametrize("wrong", [PLAIN.replace("ten", "12"), PLAIN.replace("must", "must not")])
def test_what_does_not_hold_is_replaced_by_the_documents_words(notes_home: Path, wrong: str) -> None:
    answer = asked(notes_home, scripted(f"{TWO_DAYS} {wrong}"))
    assert (answer.text, answer.notes) == (f"{TWO_DAYS} [1] {PLAIN} [2]", ("claim_unsupported",))
    assert [citation.quote for citation in answer.citations] == [TWO_DAYS, PLAIN]


def test_a_model_that_loops_is_stopped(notes_home: Path) -> None:
    model = scripted(f"{GOOD} " * 500)
    assert asked(notes_home, model).text == GOOD
    assert len(model.said) < 40


@pytest.mark.parametrize(
    ("reply", "notes"),
    [
        ("Everything is fine.", ("claim_unsupported", "reply_unchecked")),
        (PLAIN.replace("ten", "12"), ("claim_unsupported", "reply_unchecked")),
        ("Los hallazgos mayores se responden en diez días.", ("claim_unsupported", "reply_unchecked")),
        (f'[{{"source": 1, "sentence": "{PLAIN[:30]}', ("reply_empty",)),
        (f'[{{"source": 1, "sentence": "{"so it is " * 400}', ("reply_cut", "reply_empty")),
        (f"Question: {QUESTION}\nQuestion: {QUESTION}", ("reply_empty",)),
        ("", ("reply_empty",)),
    ],
)
def test_a_reply_without_a_claim_gives_the_documents_own_words(
    notes_home: Path, reply: str, notes: tuple[str, ...]
) -> None:
    answer = asked(notes_home, scripted(reply))
    assert (answer.status, answer.engine, answer.notes) == ("answered", "extractive", notes)
    assert "ten working days" in answer.text
    assert answer.citations


@pytest.mark.parametrize(
    "refusal",
    ["The documents do not say.", "資料には書かれていません。", '"The documents do not say" [1]', '{"refuse": true}'],
)
def test_the_agreed_refusal_is_an_abstention(notes_home: Path, refusal: str) -> None:
    answer = asked(notes_home, scripted(refusal))
    assert (answer.status, answer.reason, answer.citations) == ("abstained", "engine_abstained", ())
    assert answer.engine == "scripted"


def test_a_question_that_the_gate_refuses_does_not_reach_the_model(notes_home: Path) -> None:
    model = scripted("never read")
    with KnowHow.open(home=notes_home, model=model, answer__likely=0.99) as know_how:
        assert know_how.ask("What is the capital of Mongolia?").status == "abstained"
    assert model.read == []


@pytest.mark.parametrize("room", [340, 400, 600])
def test_the_prompt_fits_the_models_room(notes_home: Path, room: int) -> None:
    model = scripted(GOOD, context_tokens=room)
    answer = asked(notes_home, model)
    assert model.count_tokens(model.read[0]) <= room - 100
    assert answer.text == GOOD


def test_a_question_that_leaves_no_room_is_an_error(notes_home: Path) -> None:
    with (
        KnowHow.open(home=notes_home, model=scripted(context_tokens=300), answer__likely=0) as know_how,
        pytest.raises(UsageError) as raised,
    ):
        know_how.ask(QUESTION + " Major findings!" * 100)
    assert (raised.value.key, raised.value.exit_code) == ("question_no_room", 2)


def test_leaving_the_stream_ends_the_generation(notes_home: Path) -> None:
    model = scripted(f"{PLAIN} {TWO_DAYS} And" + " more" * 1000)
    with KnowHow.open(home=notes_home, model=model) as know_how:
        stream = know_how.stream(QUESTION)
        assert next(stream) == GOOD
        stream.close()  # type: ignore[attr-defined]
    assert len(model.said) < 40


def test_foreign_models_of_both_kinds_answer(notes_home: Path) -> None:
    chat = GenericFakeChatModel(messages=iter([AIMessage(GOOD)]))
    for model in (chat, FakeListLLM(responses=[GOOD])):
        with KnowHow.open(home=notes_home, model=model) as know_how:
            assert know_how.ask(QUESTION).text == GOOD


# The documents' own words


def test_a_sure_answer_is_its_window_with_the_unit_that_answers_emphasised(notes_home: Path) -> None:
    with KnowHow.open(home=notes_home, answer__sure=0.0, answer__likely=0.0) as know_how:
        answer = know_how.ask("国内出張の日当はいくらですか")
    assert (answer.status, answer.certainty, answer.engine) == ("answered", "sure", "extractive")
    assert answer.text == "国内出張の日当は3,000円とする。海外出張の日当は8,000円とする。 [1]"
    (highlight,) = answer.highlights
    (citation,) = answer.citations
    assert highlight.of(answer.text) == citation.quote == "国内出張の日当は3,000円とする。"
    assert citation.span is not None
    assert citation.span.of(citation.chunk.text) == "国内出張の日当は3,000円とする。海外出張の日当は8,000円とする。"


@pytest.mark.parametrize(
    ("question", "opening"), [(QUESTION, "Probably:\n"), ("国内出張の日当はいくらですか", "おそらく次のとおりです。\n")]
)
def test_a_likely_answer_says_so_and_shows_up_to_three_windows(notes_home: Path, question: str, opening: str) -> None:
    with KnowHow.open(home=notes_home, answer__sure=1.0, answer__likely=0.0) as know_how:
        *pieces, answer = know_how.stream(question)
    assert isinstance(answer, Answer)
    assert "".join(map(str, pieces)) == answer.text
    assert (answer.status, answer.certainty) == ("answered", "likely")
    assert answer.text.startswith(opening)
    assert 1 <= len(answer.citations) <= 3
    assert [citation.marker for citation in answer.citations] == list(range(1, len(answer.citations) + 1))
    assert len(answer.highlights) == len(answer.citations)
    for highlight, citation in zip(answer.highlights, answer.citations, strict=True):
        assert highlight.of(answer.text)
        assert citation.quote in citation.chunk.text
        assert highlight.end < answer.text.index(f"[{citation.marker}]")


def test_a_long_answer_shows_more_and_keeps_its_certainty(notes_home: Path) -> None:
    with KnowHow.open(home=notes_home, answer__sure=0.0, answer__likely=0.0) as know_how:
        short, long = know_how.ask(QUESTION), know_how.ask(QUESTION, long=True)
    assert (short.certainty, long.certainty) == ("sure", "sure")
    assert long.text.startswith(short.text)
    assert len(short.citations) < len(long.citations) <= 6


def test_an_abstention_shows_what_is_nearest_and_nothing_to_emphasise(notes_home: Path) -> None:
    with KnowHow.open(home=notes_home, answer__likely=1.0) as know_how:
        answer = know_how.ask("国内出張の日当はいくらですか")
    assert (answer.status, answer.reason, answer.certainty) == ("abstained", "weak_evidence", "")
    assert (answer.citations, answer.highlights) == ((), ())
    assert answer.nearest[0].quote == "国内出張の日当は3,000円とする。"
    assert answer.text.startswith(
        "資料には、はっきりした答えが見つかりませんでした。\n近い箇所:\n・旅費規程 › 日当（travel.md）"
    )


def test_several_questions_in_one_are_answered_each(notes_home: Path) -> None:
    first, second = "国内出張の日当はいくらですか？", "宿泊費の上限はいくらですか？"
    with KnowHow.open(home=notes_home, answer__sure=0.0, answer__likely=0.0) as know_how:
        answer = know_how.ask(first + second)
        alone = [know_how.ask(question) for question in (first, second)]
    assert answer.certainty == "sure"
    head, tail = answer.text.split(f"\n■ ご質問「{second}」\n")
    assert head == f"■ ご質問「{first}」\n{alone[0].text}"
    assert "12,000円" in tail
    assert [citation.marker for citation in answer.citations] == [1, 2]
    assert [highlight.of(answer.text) for highlight in answer.highlights] == [c.quote for c in answer.citations]
    assert answer.confidence == min(one.confidence for one in alone)
    assert len({scored.chunk.id for scored in answer.evidence}) == len(answer.evidence)


def test_of_several_questions_one_without_an_answer_is_told(notes_home: Path) -> None:
    first, second = "国内出張の日当はいくらですか？", "モンゴルの首都はどこですか？"
    with KnowHow.open(home=notes_home) as know_how:
        good, bad = know_how.ask(first), know_how.ask(second)
    between = (good.confidence + bad.confidence) / 2
    assert bad.confidence < between < good.confidence
    with KnowHow.open(home=notes_home, answer__sure=between, answer__likely=between) as know_how:
        answer = know_how.ask(first + second)
    assert (answer.status, answer.certainty) == ("answered", "likely")
    tail = answer.text.split(f"\n■ ご質問「{second}」\n")[1]
    assert tail.startswith("資料に")
    assert [citation.quote for citation in answer.citations] == ["国内出張の日当は3,000円とする。"]


# Conversations


def test_a_follow_up_carries_the_subject_over(notes_home: Path) -> None:
    with KnowHow.open(home=notes_home) as know_how:
        talk = know_how.conversation()
        assert "3,000円" in talk.ask("国内出張の日当はいくらですか").text
        answer = talk.ask("海外は？")
        assert "8,000円" in answer.text
        assert answer.question == "海外は？（国内出張 日当）"
        talk.ask("What is the quality loss?")
        assert [turn.asked.how for turn in talk.turns] == ["typed", "carried", "typed"]
        talk.reset()
        assert talk.ask("海外は？").question == "海外は？"


@pytest.mark.parametrize(
    ("rewriting", "how"),
    [
        ("Question: Within how many days must minor findings be answered?\nmore", "engine"),
        ("What is the capital of Mongolia?", "carried"),
        ("", "carried"),
        ("x" * 400, "carried"),
    ],
)
def test_an_engine_rewrites_a_follow_up_but_keeps_to_it(notes_home: Path, rewriting: str, how: str) -> None:
    model = scripted(GOOD, rewriting, GOOD)
    with KnowHow.open(home=notes_home, model=model) as know_how:
        talk = know_how.conversation()
        talk.ask(QUESTION)
        told: list[str] = []
        list(talk.stream("And minor findings?", asked=lambda full: told.append(full.text)))
    assert talk.turns[1].asked.how == how
    assert told == [talk.turns[1].answer.question]
    assert "inor findings" in told[0]
    assert QUESTION in model.read[1]
    assert "ten working days" in model.read[1]
    assert model.read[1].endswith("Last question: And minor findings?")


def test_a_turn_that_was_left_early_is_not_kept(notes_home: Path) -> None:
    with KnowHow.open(home=notes_home) as know_how:
        talk = know_how.conversation()
        stream = talk.stream(QUESTION)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        assert talk.turns == ()


def test_two_rules_are_compared_each_with_its_marker(notes_home: Path) -> None:
    reply = "国内出張の日当は3,000円です。海外出張の日当は8,000円です。国内出張の日当は9,000円です。"
    with KnowHow.open(home=notes_home, model=scripted(reply)) as know_how:
        *pieces, answer = know_how.stream("国内出張の日当と海外出張の日当の違いは何ですか", long=True)
    assert isinstance(answer, Answer)
    assert "".join(map(str, pieces)) == answer.text
    assert answer.text == "国内出張の日当は3,000円です。 [1]海外出張の日当は8,000円です。 [2]"
    assert [citation.quote for citation in answer.citations] == [
        "国内出張の日当は3,000円とする。",
        "海外出張の日当は8,000円とする。",
    ]
