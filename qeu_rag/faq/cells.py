"""Cells of an answered list: the hidden trace from an answer to its passages, and the guard against text taken for a formula."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

TRACE = "qeu_rag"
"""The name of the column that holds ``trace``."""

TOP = 3
"""So many of the passages found are kept as the evidence that an answer depends on."""

LONGEST_CELL = 32_767
"""What a cell of Excel holds, in characters."""

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*%?")


def trace(payload: Mapping[str, Any], *, places: str = "", row: int | None = None) -> str:
    """What of an answer (``ask --json``) is needed to approve or check it, as JSON in ASCII that fits into a cell.

    ``{"row": number, "question": asked, "places": column "source", "citations": [{marker, chunk_id, document_id, passage_hash,
    source, quote}], "evidence": [hashes]}``. ``row`` stands there where the output's rows are not the list's own. Quotes are left
    out (``""``) where they would not fit.
    """
    names = ("marker", "chunk_id", "document_id", "passage_hash", "source", "quote")
    cited = [{name: citation[name] for name in names} for citation in payload["citations"]]
    evidence = [scored["passage_hash"] for scored in payload["evidence"][:TOP]]
    head = {**({} if row is None else {"row": row}), "question": payload["question"], "places": places}
    text = json.dumps({**head, "citations": cited, "evidence": evidence})
    if len(text) > LONGEST_CELL:
        bare = [{**one, "quote": ""} for one in cited]
        text = json.dumps({**head, "citations": bare, "evidence": evidence})
    return text


def is_formula(text: str) -> bool:
    """Whether a spreadsheet could take ``text`` for a formula: it begins with = + - @, tab or a line's end, in either width."""
    return bool(_FORMULA.match(text)) and not _NUMBER.fullmatch(text)


def shielded(text: str) -> str:
    """``text`` for a CSV cell, with ``'`` before what could be taken for a formula."""
    return f"'{text}" if is_formula(text) else text


def bared(text: str) -> str:
    """``text`` as it was before ``shielded``."""
    return text[1:] if text.startswith("'") and is_formula(text) else text
