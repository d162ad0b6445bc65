"""The texts that the demonstration model is trained on: the product's own prompt around the toy world's evidence."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from cases import Case, Passage
from facts import joined
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from qeu_rag.answer.prompt import GAP, REFUSAL, Evidence, build_prompt
from qeu_rag.models.gptj.prompt import render
from qeu_rag.types import Chunk, Span


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What all questions of a case share, and for each question what follows it: the rest of the prompt, the reply."""

    shared: str
    branches: tuple[tuple[str, str], ...]


def messages_of(question: str, case: Case) -> list[BaseMessage]:
    """What the chain sends to the model for ``question`` over the evidence of ``case``."""
    evidence = [_evidence(passage, case.lang, n) for n, passage in enumerate(case.passages)]
    prompt = build_prompt(question, evidence, case.lang)
    return [SystemMessage(prompt.system), HumanMessage(prompt.user)]


def prompt_text(question: str, case: Case) -> str:
    """The whole text that the model reads for ``question``."""
    return render(messages_of(question, case))


def dialogue(case: Case, *, bare: bool = False) -> Dialogue:
    """``case`` as text, cut where the questions begin to differ; ``shared + rest + reply`` is one whole text.

    ``bare`` leaves out what comes before the first evidence, to learn faster by.
    """
    mark = "\0"
    shared, end = prompt_text(mark, case).split(mark)
    # A token may not reach over the cut, or the cut text would not be read as the whole one is.
    at = shared.rindex("\n") + 1
    rests = [shared[at:] + question + end for question, _ in case.asked]
    start = shared.index("\n[1]") + 1 if bare and case.passages else 0
    return Dialogue(
        shared=shared[start:at],
        branches=tuple(
            (rest, reply_text(answer, case.lang)) for rest, (_, answer) in zip(rests, case.asked, strict=True)
        ),
    )


def reply_text(answer: tuple[str, int] | None, lang: str) -> str:
    """The wanted reply: the sentence with its marker, or the agreed refusal."""
    return f"{answer[0]} [{answer[1]}]" if answer else REFUSAL[lang]


def _evidence(passage: Passage, lang: str, number: int) -> Evidence:
    """``passage`` as the chain shows it: its sentences alone, with a gap, or the whole section with its heading."""
    text = joined(passage.sentences, lang)
    form = zlib.crc32(f"{number}{text}".encode()) % 8  # by chance, and the same for all questions of a case
    if form < 2:
        text = f"## {passage.heading}\n\n{text}"
    elif form == 2:
        text = f"# {passage.title}\n\n## {passage.heading}\n\n{text}"
    elif form == 3:
        text = GAP.join(passage.sentences)
    chunk = Chunk(
        id="",
        document_id="",
        source="",
        title=passage.title,
        headings=(passage.title, passage.heading),
        text=text,
        span=Span(start=0, end=len(text)),
    )
    return Evidence(chunk=chunk, text=text)
