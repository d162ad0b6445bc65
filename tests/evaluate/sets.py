"""Tiny question sets that the tests of the evaluation write."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CORPUS = [
    {"id": "audit", "title": "Supplier audit", "text": "An audit takes two days. Findings are answered in ten days."},
    {"id": "loss", "title": "Loss function", "text": "The constant k is the cost divided by the squared tolerance."},
    {"id": "travel", "title": "旅費規程", "text": "国内出張の日当は3,000円とする。海外出張の日当は8,000円とする。"},
    {"id": "mts", "title": "MTシステム", "text": "単位空間のデータ数は項目数の3倍以上とする。"},
]  # fmt: skip
QUERIES: list[dict[str, Any]] = [
    {"id": "q1", "question": "How long does an audit take?", "answers": ["two days"], "gold": ["audit"], "answerable": True},
    {"id": "q2", "question": "国内出張の日当はいくらですか", "answers": ["3,000円"], "gold": ["travel"], "answerable": True},
    {"id": "q3", "question": "What is the capital of Mongolia?", "answers": [], "gold": [], "answerable": False, "kind": "far"},
    {"id": "q4", "question": "What is the constant k?", "answers": ["the cost divided by the squared tolerance"],
     "gold": ["loss"]},
]  # fmt: skip


def write_set(
    folder: Path, corpus: Sequence[dict[str, Any]] = CORPUS, queries: Sequence[dict[str, Any]] = QUERIES
) -> Path:
    """A question set in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("corpus.jsonl", corpus), ("queries.jsonl", queries)):
        lines = (json.dumps(row, ensure_ascii=False) for row in rows)
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder
