"""Finds pairs of passages of two documents, on one subject, that differ in a number, a unit, a date or a negation."""

from __future__ import annotations

import functools
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from qeu_rag.answer.conflict import Conflict, conflicts, said
from qeu_rag.app import KnowHow
from qeu_rag.errors import CollectionError
from qeu_rag.index.ledger import Ledger
from qeu_rag.text.negation import negated
from qeu_rag.text.notation import lang_of, normalise
from qeu_rag.text.units import ROW
from qeu_rag.text.values import values, without_values
from qeu_rag.types import Chunk

_RARE = 6
"""So many of a statement's rarest words lead to the statements that it is compared with."""
_COMMON = 400
"""A word in more statements than this says nothing about the subject; it also bounds the time."""
_NEAREST = 6
"""So many statements, those that share the most, are compared with each."""

_MARK = re.compile(r"^\s*(?:[-*+•・]\s+|\(?\d{1,3}[.)．）]\s*(?=[^\d\s])|[①-⑳]\s*)")
"""The mark of a list item, whose number is no figure."""

_OTHERWISE = re.compile(
    r"\d\s*[=+*/×÷]|=\s*-?\d|\blog\b|\b(?:ISO|IEC|JIS|DIN|IATF|ASTM|EN)\b[ /A-Z]*\d{2}"
    r"|->|[,;]\s*$|\bNOT NULL\b|[{}<>]|\w\(\d|^\s*\w+\s*:\s*-?\d+\s*$"
    r"|\b(?:revision|version|issued?) of\b|改[訂定]日|第\d+版",
    re.I,
)
"""What differs between documents without a conflict: calculations, standards by number, code, a document's own dates."""

_DENIAL = re.compile(r"\b(?:not|no|never|without|unless|cannot)\b|n't\b|ない|なく|なけれ|ません|なし", re.I)

_FEWEST = 2
"""So many words say what a sentence is about."""

Terms = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageConflict:
    """Two passages of different documents and where they differ; ``found.first`` stands in ``first``, and so on."""

    first: Chunk
    second: Chunk
    found: Conflict


@dataclass(frozen=True, slots=True)
class _Statement:
    """A sentence: its chunk's number, its text, its words in order and with those of its context, and what it is like.

    ``definite``: it states a value or denies something.
    """

    chunk: int
    text: str
    bare: str
    about: tuple[str, ...]
    words: frozenset[str]
    lang: str
    definite: bool


def find_conflicts(
    know_how: KnowHow, *, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[PassageConflict, ...]:
    """All pairs found in the present generation, the most alike first. Raises CollectionError where there is none."""
    path = know_how.collection.ledger_path
    with Ledger(path) as ledger, ledger.snapshot():
        if ledger.generation == 0:
            raise CollectionError("no_collection", path=path.parent)
        ids = ledger.chunk_ids(ledger.generation)
        chunks: list[Chunk] = []
        for start in range(0, len(ids), 500):
            found = ledger.chunks(ids[start : start + 500])
            chunks += [found[one] for one in ids[start : start + 500]]
    chunks.sort(key=lambda chunk: (chunk.source, chunk.span.start, chunk.id))
    return conflicts_among(chunks, know_how.parts.analyzer.evidence_terms, progress=progress)


def conflicts_among(
    chunks: Sequence[Chunk], terms: Terms, *, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[PassageConflict, ...]:
    """The pairs among ``chunks``, the most alike first; each sentence is in one pair at most.

    Passages of one document are not compared: they tell of different cases in much the same words. Nor are sentences that
    stand in the other document, too.
    """
    cached = functools.lru_cache(maxsize=200_000)(lambda text: tuple(terms(text)))
    statements = [statement for at, chunk in enumerate(chunks) for statement in _statements(at, chunk, cached)]
    said: dict[str, set[str]] = defaultdict(set)
    for statement in statements:
        said[chunks[statement.chunk].document_id].add(statement.bare)
    found: list[PassageConflict] = []
    for a, b in _pairs(statements, chunks, progress):
        first, second = chunks[a.chunk], chunks[b.chunk]
        if a.bare in said[second.document_id] or b.bare in said[first.document_id]:
            continue
        if not _one_subject(a, b, cached(" ".join(first.headings)), cached(" ".join(second.headings))):
            continue
        if max(_denials(a), _denials(b)) > 1:
            continue
        for one in conflicts(a.text, b.text, cached, first_context=first.context, second_context=second.context):
            found.append(PassageConflict(first=first, second=second, found=one))
    found.sort(key=lambda c: (-c.found.alike, c.first.source, c.first.span.start, c.second.source, c.second.span.start))
    chosen: list[PassageConflict] = []
    used: set[str] = set()
    for pair in found:
        if pair.found.first not in used and pair.found.second not in used:
            chosen.append(pair)
            used |= {pair.found.first, pair.found.second}
    return tuple(chosen)


def _statements(at: int, chunk: Chunk, terms: Terms) -> Iterator[_Statement]:
    for text in (_MARK.sub("", line) for line in said(chunk.text)):
        if _OTHERWISE.search(text):
            continue
        about = tuple(term for term in terms(without_values(text)) if term.startswith("w:"))
        if len(about) < _FEWEST:
            continue
        words = frozenset((*about, *terms(chunk.context)))
        bare = "".join(filter(str.isalnum, normalise(text)))
        yield _Statement(at, text, bare, about, words, lang_of(text), bool(values(text) or negated(text)))


def _denials(statement: _Statement) -> int:
    """How often a sentence denies: "not without" says what "with" says."""
    return len(_DENIAL.findall(statement.text))


def _one_subject(a: _Statement, b: _Statement, first_headings: Sequence[str], second_headings: Sequence[str]) -> bool:
    """Whether nothing shows that two sentences are about two things.

    It shows where one is a table's row and the other is not; where each begins with a word that the other lacks; and where each
    repeats a word of its own headings that the other lacks.
    """
    if bool(ROW.match(a.text)) != bool(ROW.match(b.text)) or not a.about or not b.about:
        return False
    ours, theirs = set(a.about), set(b.about)
    if a.about[0] not in theirs and b.about[0] not in ours:
        return False
    return not ((ours & set(first_headings)) - theirs and (theirs & set(second_headings)) - ours)


def _pairs(
    statements: Sequence[_Statement], chunks: Sequence[Chunk], progress: Callable[[int, int], None]
) -> Iterator[tuple[_Statement, _Statement]]:
    """Two statements of different documents in one language that share rare words, each pair once, in order.

    One of the two at least is definite: what a denial denies need not be.
    """
    holders: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, statement in enumerate(statements):
        for word in statement.words:
            holders[statement.lang, word].append(number)
    seen: set[tuple[int, int]] = set()
    for number, statement in enumerate(statements):
        progress(number + 1, len(statements))
        if not statement.definite:
            continue
        keys = [(statement.lang, word) for word in statement.words]
        keys = [key for key in keys if 1 < len(holders[key]) <= _COMMON]
        keys.sort(key=lambda key: (len(holders[key]), key))
        shared: dict[int, float] = defaultdict(float)
        for key in keys[:_RARE]:
            for other in holders[key]:
                shared[other] += math.log(1 + len(statements) / len(holders[key]))
        here = chunks[statement.chunk].document_id
        others = [other for other in shared if chunks[statements[other].chunk].document_id != here]
        for other in sorted(others, key=lambda other: (-shared[other], other))[:_NEAREST]:
            pair = (min(number, other), max(number, other))
            if pair not in seen:
                seen.add(pair)
                yield statements[pair[0]], statements[pair[1]]
