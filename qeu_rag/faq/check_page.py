"""Writes the result of a check as one self-contained HTML page: answers and quotes before and now, side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Literal

from qeu_rag.faq.check import CheckedRow
from qeu_rag.html_pages import render
from qeu_rag.language import say
from qeu_rag.types import Answer

_TOKEN = re.compile(r"[A-Za-z0-9.,]+|\s+|.", re.S)

Part = tuple[Literal["same", "gone", "new"], str]


def differences(before: str, after: str) -> tuple[list[Part], list[Part]]:
    """Both texts in parts, each part the same in both, only in ``before`` (gone) or only in ``after`` (new).

    Joined, the parts are the texts. Words and numbers are never cut; a Japanese character is a word of its own.
    """
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    left: list[Part] = []
    right: list[Part] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if a != b:
            left.append(("same" if kind == "equal" else "gone", "".join(old[a:b])))
        if c != d:
            right.append(("same" if kind == "equal" else "new", "".join(new[c:d])))
    return left, right


def page(rows: Sequence[CheckedRow], lang: str) -> str:
    """The whole page in ``lang``, the rows whose answer changed first."""
    counts = {state: sum(row.state == state for row in rows) for state in ("same", "again", "changed", "failed")}
    ordered = sorted(rows, key=lambda row: (row.state != "changed", row.row.number))
    shown = [_row(checked, checked.after, lang) for checked in ordered if checked.after is not None]
    counted = say("check.counts", lang, **counts)
    return "".join(render("check", lang, title=say("check.title", lang), counts=counted, rows=shown))


def _row(checked: CheckedRow, after: Answer, lang: str) -> dict[str, object]:
    row = checked.row
    old = "\n\n".join(f"[{c.marker}] {c.source}{_gone(checked, c.marker, lang)}\n{c.quote}" for c in row.citations)
    new = "\n\n".join(f"[{cited.marker}] {cited.chunk.source}\n{cited.quote}" for cited in after.citations)
    return {
        "number": row.number,
        "question": row.question,
        "state": say("check.changed" if checked.state == "changed" else "check.again", lang),
        "pairs": [differences(row.answer, after.text), differences(old, new)],
    }


def _gone(checked: CheckedRow, marker: int, lang: str) -> str:
    return f" {say('check.gone', lang)}" if marker in checked.gone else ""
