"""Writes the result of a check as one self-contained HTML page: answers and quotes before and now, side by side."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal

from qeu_rag.faq.check import CheckedRow
from qeu_rag.language import say

_TOKEN = re.compile(r"[A-Za-z0-9.,]+|\s+|.", re.S)
_STYLE = """
body{font:15px/1.6 system-ui,"Hiragino Sans","Yu Gothic UI",sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;
color:#1a1a1a}
table{border-collapse:collapse;width:100%;table-layout:fixed;margin:.5rem 0 2rem}th,td{border:1px solid #bbb;padding:.5rem;
vertical-align:top;text-align:left;white-space:pre-wrap;overflow-wrap:anywhere}th{background:#f3f3f3}
del{background:#fbd5d5}ins{background:#cfeecf;text-decoration:none}h2{font-size:1rem;margin:1.5rem 0 .3rem}
@media print{body{margin:0;max-width:none}table{break-inside:avoid}}
"""

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
    title = say("check.title", lang)
    head = f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    return "\n".join([head, f"<h1>{html.escape(title)}</h1>", *_body(rows, lang), "</html>\n"])


def _body(rows: Sequence[CheckedRow], lang: str) -> Iterator[str]:
    counts = {state: sum(row.state == state for row in rows) for state in ("same", "again", "changed", "failed")}
    yield f"<p>{html.escape(say('check.counts', lang, **counts))}</p>"
    for checked in sorted(rows, key=lambda row: (row.state != "changed", row.row.number)):
        if checked.after is None:
            continue
        row, after = checked.row, checked.after
        state = say("check.changed" if checked.state == "changed" else "check.again", lang)
        yield f"<h2>{row.number}. {html.escape(row.question)} — {html.escape(state)}</h2><table>"
        yield f"<tr><th>{html.escape(say('check.before', lang))}<th>{html.escape(say('check.now', lang))}"
        yield _pair(row.answer, after.text)
        old = "\n\n".join(f"[{c.marker}] {c.source}{_gone(checked, c.marker, lang)}\n{c.quote}" for c in row.citations)
        new = "\n\n".join(f"[{cited.marker}] {cited.chunk.source}\n{cited.quote}" for cited in after.citations)
        yield f"{_pair(old, new)}</table>"


def _gone(checked: CheckedRow, marker: int, lang: str) -> str:
    return f" {say('check.gone', lang)}" if marker in checked.gone else ""


def _pair(before: str, after: str) -> str:
    left, right = differences(before, after)
    return f"<tr><td>{_html(left)}<td>{_html(right)}"


def _html(parts: Sequence[Part]) -> str:
    tags = {"same": "{}", "gone": "<del>{}</del>", "new": "<ins>{}</ins>"}
    return "".join(tags[kind].format(html.escape(text)) for kind, text in parts)
