"""The prompt: numbered evidence and the question, within a model's room, in the question's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from qeu_rag.types import Chunk, ScoredChunk

_TEMPLATES: Mapping[str, str] = MappingProxyType(
    {
        "en": (
            "You are the in-house consultant. Answer the question from the numbered evidence only, in English, in at "
            "most three sentences. End every sentence with the number of the evidence it rests on, like [1]. If the "
            "evidence does not hold the answer, reply with exactly: {refusal}\n\nEvidence:\n{evidence}\n\n"
            "Question: {question}\nAnswer:"
        ),
        "ja": (
            "あなたは社内コンサルタントです。番号の付いた根拠だけを使い、日本語で三文以内で質問に答えてください。"
            "各文の終わりに、根拠の番号を [1] のように付けてください。根拠に答えがなければ、次の一文だけを返してください: "
            "{refusal}\n\n根拠:\n{evidence}\n\n質問: {question}\n回答:"
        ),
    }
)

REFUSAL: Mapping[str, str] = MappingProxyType({"en": "The documents do not say.", "ja": "資料には書かれていません。"})


def select(evidence: Sequence[ScoredChunk], *, max_chars: int) -> tuple[Chunk, ...]:
    """The first chunks whose passages together stay within ``max_chars`` characters, at least one."""
    chosen: list[Chunk] = []
    for scored in evidence:
        if chosen and sum(len(c.passage) for c in chosen) + len(scored.chunk.passage) > max_chars:
            break
        chosen.append(scored.chunk)
    return tuple(chosen)


def build_prompt(question: str, evidence: Sequence[Chunk], lang: str) -> str:
    """The prompt for ``question`` over ``evidence``, numbered from 1 in its order; ``lang`` is "ja" or "en"."""
    numbered = "\n\n".join(f"[{n}] {chunk.context}\n{chunk.passage}" for n, chunk in enumerate(evidence, start=1))
    return _TEMPLATES[lang].format(refusal=REFUSAL[lang], evidence=numbered, question=question)
