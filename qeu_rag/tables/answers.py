"""Tables of questions and their answers, told by the names of their columns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_QUESTIONS = re.compile(r"question|inquiry|質問|問い?合わ?せ|照会|^q$", re.I)
_ANSWERS = re.compile(r"answer|response|reply|回答(?!期限|希望|日|者|部|可否|状況|方法)|答え|返答|^a$", re.I)

_LONGEST = 24
"""Characters of a column's name; what is longer is no name."""


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
