"""Makes questions from the documents' own headings and sentences, to calibrate the gate without a gold set."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from qeu_rag.evaluate.dataset import Question
from qeu_rag.text.notation import lang_of
from qeu_rag.text.units import ROW, units
from qeu_rag.types import Chunk

EACH = 8
"""At most so many questions of one document."""

_WORD = re.compile(r"[A-Za-z][A-Za-z'\-]{3,}")
_TOPIC = re.compile(r"([^、。,.;:()（）「」\s]{2,24}?)(?:とは|は|が|を|では)")
_PLAIN = frozenset(
    "about after also because been before both cannot could does each else every from have into itself just like made make many "
    "more most much must only other over same shall should since some such than that their them then there these they this "
    "those through under until upon very were what when where which while will with within without would your".split()
)
_SHORTEST = 20
_ENDS = re.compile(r"[。！？!?．.]\W*$")
"""How a whole sentence ends; a title or a running head does not."""


def questions_of(chunks: Sequence[Chunk], *, limit: int, seed: int) -> tuple[Question, ...]:
    """At most ``limit`` questions, each made of a heading and of some words of a sentence below it.

    A reader who knows what is meant but not the sentence would ask so: half of its words are left out. The same ``seed`` and
    chunks give the same questions. ``gold`` is the chunk's document, ``passage`` the sentence.
    """
    chance = random.Random(seed)
    by_document: dict[str, list[Question]] = {}
    for chunk in sorted(chunks, key=lambda chunk: (chunk.source, chunk.span.start)):
        for question in _of_chunk(chunk, chance):
            by_document.setdefault(chunk.document_id, []).append(question)
    made = []
    for own in by_document.values():
        made += chance.sample(own, min(EACH, len(own)))
    # The same words asked of two documents have no one answer.
    once = {question.question: question for question in made}
    chosen = sorted(once.values(), key=lambda question: question.id)
    return tuple(chance.sample(chosen, min(limit, len(chosen))))


def _of_chunk(chunk: Chunk, chance: random.Random) -> Iterator[Question]:
    if not chunk.headings:
        return
    heading = chunk.headings[-1].strip().rstrip("?？。.:：")
    for span in units(chunk):
        sentence = span.of(chunk.text)
        if len(sentence) < _SHORTEST or ROW.match(sentence) or not _ENDS.search(sentence):
            continue
        text = _japanese(heading, sentence) if lang_of(sentence) == "ja" else _english(heading, sentence, chance)
        if text:
            yield Question(
                id=f"{chunk.source}#{chunk.span.start + span.start}",
                question=text,
                lang=lang_of(text),
                answerable=True,
                gold=(chunk.source, *chunk.other_sources),
                passage=sentence,
                kind="made",
            )


def _english(heading: str, sentence: str, chance: random.Random) -> str:
    words = list(dict.fromkeys(w for w in _WORD.findall(sentence) if w.lower() not in _PLAIN and w not in heading))
    if len(words) < 4:
        return ""
    kept = sorted(chance.sample(range(len(words)), max(2, min(4, len(words) // 2))))
    return f"{heading}: what about {' '.join(words[at] for at in kept)}?"


def _japanese(heading: str, sentence: str) -> str:
    topic = _TOPIC.search(sentence)
    return f"{heading}で、{topic[1]}はどうなっていますか" if topic and topic[1] not in heading else ""
