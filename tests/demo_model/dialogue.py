"""The texts that the demonstration model is trained on: the product's own prompt around the toy world's evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from facts import Case, Passage

from qeu_rag.answer.prompt import REFUSAL, Evidence, build_prompt
from qeu_rag.types import Chunk, Span


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What all questions of a case share, and for each question what follows it: the rest of the prompt, the reply."""

    shared: str
    branches: tuple[tuple[str, str], ...]


def render(system: str, user: str) -> str:
    """The one text that GPT4All-J reads, in its instruct form."""
    return (
        "### Instruction:\nThe prompt below is a question to answer, a task to complete, or a conversation to respond to; "
        f"decide which and write an appropriate response.\n### Prompt:\n{system}\n\n{user}\n### Response:\n"
    )


def prompt_text(question: str, passages: Sequence[Passage], lang: str) -> str:
    """The whole text that the model reads for ``question``."""
    prompt = build_prompt(question, [_evidence(passage) for passage in passages], lang)
    return render(prompt.system, prompt.user)


def dialogue(case: Case, *, bare: bool = False) -> Dialogue:
    """``case`` as text, cut where the questions begin to differ; ``shared + rest + reply`` is one whole text.

    ``bare`` leaves out what comes before the first evidence, to learn faster by.
    """
    mark = "\0"
    shared, end = prompt_text(mark, case.passages, case.lang).split(mark)
    # A token may not reach over the cut, or the cut text would not be read as the whole one is.
    at = shared.rindex("\n") + 1
    rests = [shared[at:] + question + end for question, _ in case.asked]
    start = shared.index("\n[1]") + 1 if bare and case.passages else 0
    return Dialogue(
        shared=shared[start:at],
        branches=tuple((rest, reply_text(answer, case.lang)) for rest, (_, answer) in zip(rests, case.asked, strict=True)),
    )


def reply_text(answer: tuple[str, int] | None, lang: str) -> str:
    """The wanted reply: the sentence with its marker, or the agreed refusal."""
    return f"{answer[0]} [{answer[1]}]" if answer else REFUSAL[lang]


def _evidence(passage: Passage) -> Evidence:
    text = (" " if passage.title.isascii() else "").join(passage.sentences)
    chunk = Chunk(
        id="",
        document_id="",
        source="",
        title=passage.title,
        headings=(passage.heading,),
        text=text,
        span=Span(start=0, end=len(text)),
    )
    return Evidence(chunk=chunk, text=text)
