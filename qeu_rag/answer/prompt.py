"""The prompt: a fixed instruction, the numbered evidence, and the question last, in the question's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from qeu_rag.types import Chunk

REFUSAL: Mapping[str, str] = MappingProxyType({"en": "The documents do not say.", "ja": "資料には書かれていません。"})
"""The agreed refusal: what a model is asked to reply where the evidence does not answer."""

GAP = " … "
"""Stands between two stretches of a chunk where something was left out."""

# Short, since small models on slow CPUs read every word; nothing in it changes, so that its reading can be cached.
_SYSTEM: Mapping[str, str] = MappingProxyType(
    {
        "en": (
            "Answer the question from the numbered evidence only, in English, in at most three sentences. End every "
            f"sentence with the number of its evidence, like [1]. If the evidence does not hold the answer, reply: "
            f"{REFUSAL['en']}"
        ),
        "ja": (
            "番号付きの根拠だけを使い、質問に日本語で三文以内で答えてください。各文の終わりに根拠の番号を [1] のように"
            f"付けてください。根拠に答えがなければ「{REFUSAL['ja']}」とだけ返してください。"
        ),
    }
)
_QUESTION: Mapping[str, str] = MappingProxyType({"en": "Question: ", "ja": "質問: "})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a model is shown of one chunk: its ``text``, the passage whole or its chosen sentences with ``GAP`` between."""

    chunk: Chunk
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """``system`` depends on the language alone; ``user`` holds the evidence and ends with the question."""

    system: str
    user: str


def build_prompt(question: str, evidence: Sequence[Evidence], lang: str) -> Prompt:
    """The prompt for ``question`` over ``evidence``, numbered from 1 in its order; ``lang`` is "ja" or "en"."""
    numbered = [f"{label(number, item.chunk)}\n{item.text}\n\n" for number, item in enumerate(evidence, start=1)]
    return Prompt(system=_SYSTEM[lang], user="".join(numbered) + _QUESTION[lang] + question)


def label(number: int, chunk: Chunk) -> str:
    """The line above one piece of evidence: its number, title, heading path and page."""
    page = f"(p. {chunk.page})" if chunk.page is not None else ""
    return " ".join(part for part in (f"[{number}]", chunk.context, page) if part)
