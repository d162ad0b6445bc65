"""What an abstention says: that the documents do not say, which words no passage has, and which documents were nearest."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qeu_rag.answer.gate import Terms, Verdict
from qeu_rag.answer.gate.everyday import uncommon
from qeu_rag.language import say
from qeu_rag.types import ScoredChunk

_WORD = re.compile(r"[一-鿿々]{2,}|[ァ-ヺー]{2,}|[A-Za-z][\w'-]*|\d[\d.,]*")
"""What of a question can be shown as a word that no document has: kanji, katakana, Latin words and numbers."""


_TELLING = 0.4
"""How uncommon a word must be to be named (see ``uncommon``): that no passage has "just" or "came" tells nobody anything."""


def abstention(
    question: str, verdict: Verdict, found: Sequence[ScoredChunk], reason: str, analyze: Terms, lang: str
) -> str:
    """A kind sentence in ``lang`` that the documents do not say, why, and the nearest documents where some are near."""
    # Where the gate let the evidence through, it was near enough.
    near = verdict.nearest if verdict.reason else found[:3]
    nearest = say("abstain.joint", lang).join(dict.fromkeys(scored.chunk.title for scored in near))
    if reason == "unchecked_reply":
        return say("abstain.unchecked", lang, nearest=nearest)
    if not found:
        return say("abstain.nothing", lang)
    words = said_words(question, verdict.lacking, analyze)
    text = say("abstain.weak", lang)
    if words:
        text += say("abstain.lacking", lang, words=say("abstain.joint", lang).join(words))
    return text + say("abstain.nearest", lang, nearest=nearest) if nearest else text


def said_words(question: str, lacking: Sequence[str], analyze: Terms, *, most: int = 3) -> list[str]:
    """The words of ``question``, as they stand there, whose terms are all among ``lacking``; the weightiest first.

    Everyday words are left out.
    """
    order = {term: place for place, term in enumerate(lacking)}
    found = []
    for at, word in enumerate(dict.fromkeys(_WORD.findall(question))):
        terms = [term for term in analyze(word) if term.startswith("w:")]
        if terms and all(term in order for term in terms) and max(map(uncommon, terms)) >= _TELLING:
            found.append((min(order[term] for term in terms), at, word))
    return [word for _, _, word in sorted(found)[:most]]
