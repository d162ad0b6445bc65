"""Tables of questions and their answers, told by the names of their columns."""

from __future__ import annotations

import re
import unicodedata

_QUESTIONS = re.compile(r"question|inquiry|質問|問い?合わ?せ|照会|^q$", re.I)
_ANSWERS = re.compile(r"answer|response|reply|回答(?!期限|希望|日|者|部|可否|状況|方法)|答え|返答|^a$", re.I)

_LONGEST = 24
"""Characters of a column's name; what is longer is no name."""


def asks_and_answers(header: str) -> bool:
    """Whether ``header``, the first line of a Markdown table, names a column of questions and one of answers."""
    cells = (unicodedata.normalize("NFKC", cell).strip() for cell in header.strip().strip("|").split("|"))
    names = [name for name in cells if len(name) <= _LONGEST]
    answers = [bool(_ANSWERS.search(name)) for name in names]
    return any(answers) and any(
        _QUESTIONS.search(name) for name, answer in zip(names, answers, strict=True) if not answer
    )
