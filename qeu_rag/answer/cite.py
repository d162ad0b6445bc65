"""Checks a model's reply sentence by sentence: what carries a marker and stands in that chunk stays, the rest goes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from qeu_rag.answer.gate import Terms
from qeu_rag.answer.prompt import REFUSAL
from qeu_rag.text.sentences import sentences
from qeu_rag.types import Chunk, Citation

SUPPORT = 0.5
"""The share of a sentence's terms that must stand in the chunk it cites."""

UNKNOWN_MARKER = "marker_unknown"
UNCITED = "claim_uncited"
UNSUPPORTED = "claim_unsupported"
REFUSED = "refused"

_MARKER = re.compile(r"\s*\[(\d{1,3})\]")
_MARKERS_ONLY = re.compile(r"(?:\s*\[\d{1,3}\])*\s*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_END = re.compile(r"(?:[。！？!?]|\.(?=\s|\[)|\n)(?:\s*\[\d{1,3}\])*(?=\s*[^\[\s])")

_WIDE_BRACKETS = str.maketrans("［］", "[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence of a reply that was checked, with its citations; ``new_line`` where it began one in the reply."""

    text: str
    citations: tuple[Citation, ...]
    new_line: bool = False


def check_citation(citation: Citation) -> bool:
    """Whether the quote is really in the chunk it is said to be from."""
    return bool(citation.quote) and citation.quote in citation.chunk.text


def checked_claims(
    sentences: Iterable[str],
    evidence: Sequence[Chunk],
    analyze: Terms,
    report: Callable[[str], None] = lambda word: None,
    *,
    subject: frozenset[str] = frozenset(),
) -> Iterator[Claim]:
    """The claims of a reply that hold; ``sentences`` are its whole sentences with their markers, as ``guarded`` gives them.

    A claim holds when at least half of its terms and all of its numbers stand in the chunks of ``evidence`` (from 1) that
    its markers name, and it tells nothing of ``subject`` (the question's terms) that stands in other evidence only: a model
    that mixes two passages up is wrong with every word and number in place. What does not hold is left out and reported:
    ``UNKNOWN_MARKER`` (only the marker goes, where another is left), ``UNCITED``, ``UNSUPPORTED``; and ``REFUSED`` where
    the reply begins with the agreed refusal, which ends it. Nothing unchecked is shown.
    """
    begun = False
    new_line = False
    for sentence in _with_markers(sentences):
        words = _MARKER.sub("", sentence).strip()
        if _is_refusal(words):
            if not begun:
                report(REFUSED)
                return
            continue
        begun |= any(map(str.isalnum, words))
        lead = sentence[: len(sentence) - len(sentence.lstrip())]
        claim = _claim(sentence, words, evidence, analyze, report, subject=subject, new_line=new_line or "\n" in lead)
        if claim is not None:
            yield claim
        new_line = sentence.endswith("\n")


def _with_markers(sentences: Iterable[str]) -> Iterator[str]:
    """Each sentence with the markers that follow it, be it on a line of their own."""
    held = ""
    for piece in sentences:
        sentence = piece.translate(_WIDE_BRACKETS)
        if held and _MARKERS_ONLY.fullmatch(sentence):
            held += sentence
            continue
        yield from _cut(held)
        held = ""
        if sentence.endswith("\n") and not _MARKER.search(sentence):
            held = sentence
        else:
            yield from _cut(sentence)
    yield from _cut(held)


def _cut(text: str) -> Iterator[str]:
    """The sentences of ``text``, where there is more than one, each with the markers that follow it."""
    at = 0
    for match in _END.finditer(text):
        yield text[at : match.end()]
        at = match.end()
    yield text[at:]


def _claim(
    sentence: str,
    words: str,
    evidence: Sequence[Chunk],
    analyze: Terms,
    report: Callable[[str], None],
    *,
    subject: frozenset[str],
    new_line: bool,
) -> Claim | None:
    if not any(map(str.isalnum, words)):
        return None
    named = list(dict.fromkeys(int(number) for number in _MARKER.findall(sentence)))
    markers = [marker for marker in named if 1 <= marker <= len(evidence)]
    if markers != named:
        report(UNKNOWN_MARKER)
    if not markers:
        if not named:
            report(UNCITED)
        return None
    cited = [evidence[marker - 1] for marker in markers]
    terms = set(analyze(words))
    others = [chunk for number, chunk in enumerate(evidence, start=1) if number not in markers]
    if not _supported(words, terms, cited, analyze) or _blends(terms & subject, cited, others, analyze):
        report(UNSUPPORTED)
        return None
    citations = tuple(
        Citation(marker=marker, chunk=chunk, quote=best_quote(chunk, terms, analyze))
        for marker, chunk in zip(markers, cited, strict=True)
    )
    if not all(check_citation(citation) for citation in citations):
        return None
    kept = _MARKER.sub(lambda m: m.group() if int(m.group(1)) in markers else "", sentence)
    return Claim(text=kept.strip(), citations=citations, new_line=new_line)


def _supported(words: str, terms: set[str], cited: Sequence[Chunk], analyze: Terms) -> bool:
    places = "\n".join(f"{chunk.context}\n{chunk.passage}" for chunk in cited)
    known = set(analyze(places))
    return bool(terms) and len(terms & known) >= SUPPORT * len(terms) and _numbers(words) <= _numbers(places)


def _blends(subject: set[str], cited: Sequence[Chunk], others: Sequence[Chunk], analyze: Terms) -> bool:
    """Whether what the claim is about stands in other evidence and not in what it cites: one thing's fact told of another."""
    missing = subject - _terms(cited, analyze)
    return bool(missing) and bool(missing & _terms(others, analyze))


def _terms(chunks: Sequence[Chunk], analyze: Terms) -> set[str]:
    return set(analyze("\n".join(f"{chunk.context}\n{chunk.passage}" for chunk in chunks)))


def _numbers(text: str) -> set[str]:
    """The numbers in ``text`` in one notation: no full-width digits, no thousands commas."""
    found = _NUMBER.findall(unicodedata.normalize("NFKC", text))
    return {re.sub(r",(?=\d{3}(?!\d))", "", number) for number in found}


def _is_refusal(words: str) -> bool:
    bare = words.strip(" 「」『』\"'“”*.。\n\t")
    return bare in {refusal.strip(".。") for refusal in REFUSAL.values()}


def best_quote(chunk: Chunk, terms: set[str], analyze: Terms) -> str:
    """The sentence of ``chunk`` that shares most with ``terms``, verbatim."""
    spans = sentences(chunk.text)
    if not spans:
        return chunk.text
    return max((span.of(chunk.text) for span in spans), key=lambda text: len(terms & set(analyze(text))))
