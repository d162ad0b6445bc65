"""What an abstention says: that the documents do not say, and the passages that come nearest, with their words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qeu_rag.language import page_words, say
from qeu_rag.text.units import LIST_MARK, ROW, units
from qeu_rag.types import Chunk, NearPassage, ScoredWindow

_NEAREST = 2
"""Passages that are shown."""

_LONGEST = {True: 80, False: 160}
"""Characters of a quote, in Japanese and in other languages."""


def abstention(reason: str, nearest: Sequence[NearPassage], lang: str) -> str:
    """A kind sentence in ``lang`` on why there is no answer, then the ``nearest`` passages, a line each.

    Only where nothing is near is it said that the documents do not say; else that they give no clear answer.
    """
    if reason == "unchecked_reply":
        text = say("abstain.unchecked", lang)
    elif not nearest:
        return say("abstain.nothing", lang)
    else:
        text = say("abstain.unclear", lang)
    if not nearest:
        return text
    return "\n".join([text, say("abstain.nearest", lang), *(_line(near, lang) for near in nearest)])


def nearest_passages(windows: Sequence[ScoredWindow]) -> tuple[NearPassage, ...]:
    """The best two chunks of ``windows``, best first, each with the unit that comes nearest, short and verbatim."""
    best: dict[str, ScoredWindow] = {}
    for one in windows:
        best.setdefault(one.chunk.id, one)
    found = []
    for one in list(best.values())[:_NEAREST]:
        quote = _short(units(one.chunk)[one.unit].of(one.chunk.text), one.chunk)
        if quote and quote in one.chunk.text:
            found.append(NearPassage(chunk=one.chunk, quote=quote))
    return tuple(found)


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
