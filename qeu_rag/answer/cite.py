"""Checks a model's reply sentence by sentence: what carries a marker and stands in that chunk stays, the rest goes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from qeu_rag.answer.gate import Terms
from qeu_rag.index.analyze import sentences
from qeu_rag.types import Chunk, Citation

SUPPORT = 0.5
"""The share of a sentence's terms that must stand in the chunk it cites."""

_MARKER = re.compile(r"\s*\[(\d{1,3})\]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence of a reply that was checked, with its citations."""

    text: str
    citations: tuple[Citation, ...]


def check_citation(citation: Citation) -> bool:
    """Whether the quote is really in the chunk it is said to be from."""
    return bool(citation.quote) and citation.quote in citation.chunk.text


def checked_claims(reply: Iterable[str], evidence: Sequence[Chunk], analyze: Terms) -> Iterator[Claim]:
    """The claims of a streamed ``reply`` that hold, as soon as each sentence is whole.

    A claim holds when each marker names a chunk of ``evidence`` (from 1), at least half of the sentence's terms stand
    in the cited chunks, and so does every number. Sentences without a marker are left out: nothing unchecked is shown.
    """
    rest = ""
    for piece in reply:
        rest += piece
        *whole, rest = _cut(rest)
        for sentence in whole:
            yield from _claim(sentence, evidence, analyze)
    for sentence in _cut(rest):
        yield from _claim(sentence, evidence, analyze)


def _cut(text: str) -> list[str]:
    """The sentences of ``text``, each with the markers that follow it; the last one may still grow.

    A sentence is whole only when something other than a marker has begun after it.
    """
    parts: list[str] = []
    at = 0
    for match in re.finditer(r"(?:[。！？!?]|\.(?=\s|\[)|\n)(?:\s*\[\d{1,3}\])*(?=\s*[^\[\s])", text):
        parts.append(text[at : match.end()])
        at = match.end()
    return [*parts, text[at:]]


def _claim(sentence: str, evidence: Sequence[Chunk], analyze: Terms) -> Iterator[Claim]:
    markers = list(dict.fromkeys(int(number) for number in _MARKER.findall(sentence)))
    words = _MARKER.sub("", sentence).strip()
    if not words or not markers or any(not 1 <= marker <= len(evidence) for marker in markers):
        return
    cited = [evidence[marker - 1] for marker in markers]
    terms = set(analyze(words))
    known = set().union(*(analyze(f"{chunk.context}\n{chunk.passage}") for chunk in cited))
    places = "\n".join(f"{chunk.context}\n{chunk.passage}" for chunk in cited)
    numbers_hold = all(number in places for number in _NUMBER.findall(words))
    if not terms or len(terms & known) < SUPPORT * len(terms) or not numbers_hold:
        return
    citations = tuple(
        Citation(marker=marker, chunk=chunk, quote=best_quote(chunk, terms, analyze))
        for marker, chunk in zip(markers, cited, strict=True)
    )
    if all(check_citation(citation) for citation in citations):
        yield Claim(text=sentence.strip(), citations=citations)


def best_quote(chunk: Chunk, terms: set[str], analyze: Terms) -> str:
    """The sentence of ``chunk`` that shares most with ``terms``, verbatim."""
    spans = sentences(chunk.text)
    if not spans:
        return chunk.text
    return max((span.of(chunk.text) for span in spans), key=lambda text: len(terms & set(analyze(text))))
