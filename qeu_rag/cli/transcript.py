"""A conversation as a Markdown page: each question, its answer, and the sources with their words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from qeu_rag.cli.present import notes, one_line, passage_label, plain
from qeu_rag.language import say

if TYPE_CHECKING:
    from qeu_rag.answer.conversation import Turn


def transcript(turns: Sequence[Turn], lang: str) -> str:
    """The whole page; ``lang`` is the language of its headings."""
    return (
        "\n\n".join([f"# {say('transcript.title', lang)}", *(block for turn in turns for block in _blocks(turn, lang))])
        + "\n"
    )


def _blocks(turn: Turn, lang: str) -> Iterator[str]:
    yield f"## {one_line(turn.typed)}"
    if turn.asked.text != turn.typed:
        yield f"*{say('transcript.asked', lang)}: {one_line(turn.asked.text)}*"
    yield plain(turn.answer.text).strip()
    yield from (f"*{note}*" for note in notes(turn.answer, lang))
    if turn.answer.citations:
        yield f"{say('transcript.sources', lang)}:"
    for citation in turn.answer.citations:
        quote = "\n".join(f"> {line}" for line in plain(citation.quote).strip().splitlines())
        yield f"[{citation.marker}] {passage_label(citation.chunk, lang)}\n\n{quote}"
