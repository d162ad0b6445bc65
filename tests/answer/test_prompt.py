"""What a model reads: a few facts, the best first, within its room, and the question last."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from found import chunk_of, scored

from qeu_rag.answer.compose import passages
from qeu_rag.answer.engine import Engine
from qeu_rag.answer.own_words import Writer
from qeu_rag.answer.passage import whole
from qeu_rag.answer.prompt import REFUSAL, SCHEMA, build_prompt, facts
from qeu_rag.embed.cross_encoder import JUDGE, open_cross_encoder
from qeu_rag.embed.embedder import Embedder
from qeu_rag.errors import UsageError

RULE = "Rule {0} says that grade {0} gets {0},000 yen a day. "
LONG = chunk_of("".join(RULE.format(n) for n in range(9)), name="long", title="Rules", headings=("Rules", "Allowance"))
TABLE = chunk_of("| Grade | Yen |\n|---|---|\n| A | 9,000 |\n| B | 8,000 |", name="table", title="Grades")
LIST = chunk_of("The following must not be sent:\n\n- batteries\n- gas", name="list", title="Post")


def test_of_each_passage_the_unit_that_answers_comes_first() -> None:
    found = passages([scored(LONG, unit=2), scored(TABLE, unit=1), scored(LIST, unit=2)], least=0.0, most=4)
    shown = [unit.shown for unit in facts(found, most=4)]
    assert shown == [RULE.format(2).strip(), "Grade: B; Yen: 8,000", "- gas", RULE.format(1).strip()]


def test_a_fact_stands_below_its_heading_and_its_list_s_introduction() -> None:
    units = (whole(LONG).units[1], whole(TABLE).units[0], whole(LIST).units[1])
    lines = build_prompt("What?", units, "en").user.split("\n")
    assert lines == [
        "Facts:",
        f"- Allowance: {RULE.format(1).strip()}",
        "- Grades: Grade: A; Yen: 9,000",
        "- Post: The following must not be sent: - batteries",
        "",
        "Question: What?",
    ]


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_prompt_begins_alike_and_asks_for_json_only_where_it_is_told(lang: str) -> None:
    one, other = build_prompt("日当は？", whole(LONG).units, lang), build_prompt("What else?", (), lang)
    assert one.system == other.system
    assert REFUSAL[lang] in one.system
    assert "JSON" not in one.system
    formed = build_prompt("日当は？", whole(LONG).units, lang, as_json=True)
    assert '[{"source": 1, "sentence": "' in formed.system
    assert '{"refuse": true}' in formed.system
    assert "\n9. Allowance: " in formed.user


def test_the_schema_takes_sentences_after_their_source_or_a_refusal() -> None:
    for good in ([{"source": 1, "sentence": "x"}], {"refuse": True}):
        jsonschema.validate(good, dict(SCHEMA))
    for bad in ([], [{"sentence": "x"}], {"refuse": False}, {}, "x", [{"source": 1, "sentence": "x", "more": 1}]):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, dict(SCHEMA))


@pytest.mark.parametrize("room", [110, 130, 200])
def test_facts_fit_the_room_and_their_own(room: int, embedder: Embedder, embedder_cache: Path) -> None:
    def words(text: str) -> int:
        return len(text.split())

    engine = Engine(
        name="e",
        stream=lambda prompt, schema: iter(()),
        count_tokens=words,
        measure=lambda prompt: words(prompt.system) + words(prompt.user),
        context_tokens=room,
        reply_tokens=10,
    )
    judge = open_cross_encoder(JUDGE, embedder_cache)
    writer = Writer(engine=engine, tokens=30, judge=lambda: judge, encode=embedder.embed_passages, analyze=str.split)
    found = passages([scored(LONG)], least=0.0, most=4)
    prompt, shown = writer.fit("What?", found, "en", long=False)
    assert engine.measure(prompt) <= room - 10
    assert 1 <= len(shown) <= 3
    with pytest.raises(UsageError, match="room"):
        writer.fit("What? " * room, found, "en", long=False)
