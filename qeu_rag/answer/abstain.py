"""What an abstention says: that the documents do not say, which words they lack, and the nearest passages with their words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from qeu_rag.answer.gate import Terms
from qeu_rag.answer.gate.everyday import uncommon
from qeu_rag.answer.liken import Likeness, liken
from qeu_rag.answer.units import HEADING, LIST_MARK, ROW, RULE
from qeu_rag.answer.unlisted import Unlisted
from qeu_rag.answer.weigh import Unit, weigh
from qeu_rag.index.sentences import sentences
from qeu_rag.index.standing import Standing
from qeu_rag.language import page_words, say
from qeu_rag.types import Chunk, NearPassage, ScoredChunk

_TELLING = 0.45
"""How uncommon a word must be to be named (see ``uncommon``): that no passage has "just" or "though" tells nobody anything."""

_NEAREST = 2
"""Passages that are shown."""

_LONGEST = {True: 80, False: 160}
"""Characters of a quote, in Japanese and in other languages."""


def abstention(reason: str, standing: Standing, nearest: Sequence[NearPassage], lang: str, *, found: bool) -> str:
    """A kind sentence in ``lang`` that the documents do not say and why, then the ``nearest`` passages, a line each.

    ``found``: the search found something, near or not.
    """
    if reason == "unchecked_reply":
        text = say("abstain.unchecked", lang)
    elif not found:
        return say("abstain.nothing", lang)
    else:
        text = say("abstain.weak" if standing.missing else "abstain.unclear", lang)
        for key, words in (("missing", standing.missing), ("apart", standing.apart)):
            if words:
                named = say("abstain.joint", lang).join(say("abstain.word", lang, word=word) for word in words)
                text += say(f"abstain.{key}", lang, words=named)
    return _with_nearest(text, nearest, lang)


def not_listed(lacking: Unlisted, nearest: Sequence[NearPassage], lang: str) -> str:
    """That a table has rows about other things, but none about what is asked for, then the ``nearest`` passages."""
    listed = [say("abstain.word", lang, word=" ".join(key.split())) for key in lacking.listed]
    named = say("abstain.joint", lang).join([*listed, *(["…"] if lacking.more else [])])
    text = say("abstain.weak", lang) + say("abstain.not_listed", lang, listed=named, said=lacking.said)
    return _with_nearest(text, nearest, lang)


def not_said(lacking: Sequence[str], nearest: Sequence[NearPassage], lang: str) -> str:
    """That no passage found speaks of the one that is asked about, then the ``nearest`` passages, which speak of others."""
    named = say("abstain.joint", lang).join(say("abstain.word", lang, word=word) for word in lacking)
    return _with_nearest(say("abstain.weak", lang) + say("abstain.not_said", lang, words=named), nearest, lang)


def _with_nearest(text: str, nearest: Sequence[NearPassage], lang: str) -> str:
    if not nearest:
        return text
    return "\n".join([text, say("abstain.nearest", lang), *(_line(near, lang) for near in nearest)])


def worth(weights: Mapping[str, float]) -> Callable[[str], float]:
    """What it tells that a term is missing: its idf where the question asks with it, 0 for everyday words."""
    return lambda term: weights.get(term, 0.0) if uncommon(term) >= _TELLING else 0.0


def nearest_passages(
    question: str,
    near: Sequence[ScoredChunk],
    weights: Mapping[str, float],
    analyze: Terms,
    likeness: Likeness,
    ranked: Sequence[Unit] = (),
) -> tuple[NearPassage, ...]:
    """The first two of ``near``, each with its sentence, list item or table row that is nearest to ``question``.

    ``ranked`` are the units that were put in order already, of these passages or some of them.
    Every quote is verbatim in its chunk, on one line of it where that is a table row, and short.
    """
    near = near[:_NEAREST]
    best: dict[str, str] = {}
    known = {unit.chunk.id for unit in ranked}
    left = [scored for scored in near if scored.chunk.id not in known]
    for unit in (*ranked, *(liken(question, weigh(question, left, weights, analyze), likeness) if left else ())):
        best.setdefault(unit.chunk.id, unit.span.of(unit.chunk.text))
    texts = ((scored.chunk, best.get(scored.chunk.id) or _first(scored.chunk)) for scored in near)
    return tuple(NearPassage(chunk=chunk, quote=quote) for chunk, text in texts if (quote := _short(text, chunk)))


def _first(chunk: Chunk) -> str:
    said = [span.of(chunk.text) for span in sentences(chunk.text)]
    return next((text for text in said if not HEADING.match(text) and not RULE.match(text)), said[0] if said else "")


def _short(text: str, chunk: Chunk) -> str:
    """The beginning of ``text`` without what marks it as a list item or a table row, cut where a word ends."""
    bare = text.strip().strip("|").strip() if ROW.match(text) else LIST_MARK.sub("", text).strip()
    longest = _LONGEST[chunk.lang == "ja"]
    if len(bare) <= longest:
        return bare
    cut = bare[:longest]
    return re.sub(r"\s+\S*\Z", "", cut) if re.search(r"\S\s", cut[longest // 2 :]) else cut


def _line(near: NearPassage, lang: str) -> str:
    chunk = near.chunk
    file = chunk.source + page_words(chunk.source, chunk.page, lang)
    words = " ".join(near.quote.split())
    more = "" if chunk.text.partition(near.quote)[2].lstrip(" ")[:1] in ("", "\n", "|") or _ends(words) else "…"
    return say(
        "abstain.near", lang, place=" ".join(chunk.context.split()) or chunk.source, file=file, quote=words + more
    )


def _ends(words: str) -> bool:
    return words.endswith((".", "。", "!", "！", "?", "？"))
