"""The prompt for a small model: one instruction with an example, a few facts of the evidence, and the question last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from types import MappingProxyType
from typing import Any

from qeu_rag.answer.passage import Passage, Unit
from qeu_rag.answer.reply import LONGEST_SENTENCE

REFUSAL: Mapping[str, str] = MappingProxyType({"en": "The documents do not say.", "ja": "資料には書かれていません。"})
"""The agreed refusal: what a model is asked to reply where the facts do not answer."""

SCHEMA: Mapping[str, Any] = MappingProxyType(
    {
        "anyOf": [
            {
                "type": "array",
                "minItems": 1,
                "maxItems": 8,
                "items": {
                    "type": "object",
                    "properties": {
                        "source": {"type": "integer"},
                        "sentence": {"type": "string", "maxLength": LONGEST_SENTENCE},
                    },
                    "required": ["source", "sentence"],
                    "additionalProperties": False,
                },
            },
            {
                "type": "object",
                "properties": {"refuse": {"const": True}},
                "required": ["refuse"],
                "additionalProperties": False,
            },
        ]
    }
)
"""The form of a reply where the engine can be held to one: sentences, each after the number of its fact, or a refusal."""

FEW, MANY = 6, 12
"""Facts that a model reads at most, and for an answer that was asked to be long."""
_FIRST = 4
"""So many passages give the unit that answers before any gives its others."""

# Short, since small models on slow CPUs read every word; it depends on language and form alone, so that its reading is cached.
_SYSTEM: Mapping[str, str] = MappingProxyType(
    {
        "en": "Answer the question from the facts alone, in their own words and figures. Begin with the answer itself: yes or "
        "no, the amount, the name. Write {count} short sentences in English{form}. If the facts do not answer it, "
        "write: {refusal}"
        "\n\nExample\nFacts:\n{mark}Badges: A lost badge is reported to the front desk on the same day.\n"
        "Question: When do I report a lost badge?\n{example}",
        "ja": "質問に、下の事実だけを使い、その言葉と数字のまま答えてください。「はい」「いいえ」、金額、名前など、"
        "答えそのものから始め、{count}の短い文で、日本語で書いてください{form}。事実に答えがなければ「{refusal}」と書いてください。"
        "\n\n例\n事実:\n{mark}名札: 名札をなくしたときは、その日のうちに受付に届ける。\n質問:"
        " 名札をなくしたらいつ届けますか。\n{example}",
    }
)
_COUNT: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"en": ("one to three", "four to six"), "ja": ("一つから三つ", "四つから六つ")}
)
_EXAMPLE: Mapping[str, str] = MappingProxyType(
    {
        "en": "On the same day: a lost badge is reported to the front desk.",
        "ja": "その日のうちです。名札をなくしたときは受付に届けます。",
    }
)
_FORM: Mapping[str, str] = MappingProxyType(
    {
        "en": ", as a JSON list, each after the number of its fact",
        "ja": "。形はJSONのリストで、文ごとに事実の番号を先に付けます",
    }
)
_LABELS: Mapping[str, tuple[str, str]] = MappingProxyType({"en": ("Facts:", "Question: "), "ja": ("事実:", "質問: ")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model reads: ``system`` depends on language and form alone; ``user`` holds the facts and ends with the question."""

    system: str
    user: str

    @property
    def lines(self) -> tuple[str, ...]:
        """Its lines, which a reply would hold only as an echo."""
        return (*self.system.split("\n"), *self.user.split("\n"))


def facts(passages: Sequence[Passage], *, most: int) -> tuple[Unit, ...]:
    """The units that a model is shown, ``most`` at most: of each passage the one that answers, then the others by nearness."""
    chosen: dict[tuple[str, int], Unit] = {}
    first = [passage.ranked[0] for passage in passages[:_FIRST]]
    for unit in (*first, *_others(passages)):
        if len(chosen) == most:
            break
        if any(map(str.isalnum, unit.shown)):
            chosen.setdefault((unit.chunk.id, unit.span.start), unit)
    return tuple(chosen.values())


def _others(passages: Sequence[Passage]) -> Iterator[Unit]:
    """All of the best passage, then of the rest in turn."""
    yield from passages[0].ranked if passages else ()
    for units in zip_longest(*(passage.ranked for passage in passages[1:])):
        yield from (unit for unit in units if unit is not None)


def build_prompt(
    question: str, units: Sequence[Unit], lang: str, *, as_json: bool = False, long: bool = False
) -> Prompt:
    """The prompt for ``question`` over ``units``, the best first; ``lang`` is "ja" or "en"."""
    heading, asking = _LABELS[lang]
    example = f'[{{"source": 1, "sentence": "{_EXAMPLE[lang]}"}}]' if as_json else _EXAMPLE[lang]
    system = _SYSTEM[lang].format(
        count=_COUNT[lang][long],
        form=_FORM[lang] if as_json else "",
        refusal='{"refuse": true}' if as_json else REFUSAL[lang],
        mark="1. " if as_json else "- ",
        example=example,
    )
    marks = (f"{number}. " if as_json else "- " for number in range(1, len(units) + 1))
    lines = [
        heading,
        *(f"{mark}{_told(unit)}" for mark, unit in zip(marks, units, strict=True)),
        "",
        f"{asking}{question}",
    ]
    return Prompt(system=system, user="\n".join(lines))


def _told(unit: Unit) -> str:
    """A unit below its heading, on one line."""
    parts = [" ".join(part.split()) for part in (unit.heading, unit.lead, unit.shown) if part.strip()]
    return ": ".join(part.rstrip(":：") for part in parts[:-1]) + f": {parts[-1]}" if len(parts) > 1 else unit.shown
