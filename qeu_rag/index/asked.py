"""Questions that documents ask themselves: a heading in a list of questions and answers, a table with a column of each."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from qeu_rag.index.definition import Meaning

_QUESTION = re.compile(
    r"[?？]\s*$|(?:です|ます|でしょう|ません|べき|よい|いい|ない|どう|なに|何|いつ|どこ|誰)か。?$"
    r"|^(?:how|what|when|where|which|who|whose|why|may|can|do|does|is|are|must|should|will)\b(?:\W+\w+){2}",
    re.I,
)
_NUMBER = re.compile(r"^\s*(?:(?:Q|質問|問)\s*\d*\s*[.:：．、)）\s]|\d+\s*[.:：．、)）])\s*", re.I)
_QUESTIONS = re.compile(r"question|inquiry|質問|問い?合わ?せ|照会|^q$", re.I)
_ANSWERS = re.compile(r"answer|response|reply|回答(?!期限|希望|日|者|部|可否|状況|方法)|答え|返答|^a$", re.I)

_LONGEST = 24
"""Characters of a column's name; what is longer is no name."""

SAME = 0.7
"""The share of a question's idf that a heading which is a question, too, must hold to be taken for the same one."""


def is_question(heading: str) -> bool:
    """Whether ``heading`` asks something: "Q3. 返却日は延ばせますか？", *Can I bring my dog?*"""
    return bool(_QUESTION.search(bare_question(heading)))


def bare_question(heading: str) -> str:
    """``heading`` without its number or mark ("Q3.")."""
    return _NUMBER.sub("", heading, count=1).strip()


def leads_to_answer(heading: str, meaning: Meaning | None, held: float) -> bool:
    """Whether what stands first below ``heading`` answers: it is the term whose ``meaning`` is asked for, or the question itself.

    ``held`` is the share of the question's idf, 0..1, that the heading holds.
    """
    return (meaning is not None and meaning.heads(heading)) or (held >= SAME and is_question(heading))


def asks_and_answers(header: str) -> bool:
    """Whether ``header``, the first line of a Markdown table, names a column of questions and one of answers."""
    return question_and_answer([cell.strip() for cell in header.strip().strip("|").split("|")]) is not None


def question_and_answer(columns: Sequence[str]) -> tuple[int, int] | None:
    """The places among a table's ``columns`` of the questions and of their answers; None where it has not both."""
    names = [unicodedata.normalize("NFKC", name).strip() for name in columns]
    short = [place for place, name in enumerate(names) if len(name) <= _LONGEST]
    answers = next((place for place in short if _ANSWERS.search(names[place])), None)
    asking = next((p for p in short if _QUESTIONS.search(names[p]) and not _ANSWERS.search(names[p])), None)
    return None if asking is None or answers is None else (asking, answers)
