"""Compares two runs over the same questions, pair by pair, and names the questions that changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qeu_rag.errors import UsageError
from qeu_rag.evaluate.dataset import Question
from qeu_rag.evaluate.statistics import mcnemar, paired_interval

_FIRST = 1
_FIFTH = 5


def read_run(path: Path) -> dict[str, Any]:
    """The JSON that an earlier ``qeu-rag eval --json`` printed; UTF-8, or UTF-16 as PowerShell writes it.

    Raises UsageError: ``path_missing``, ``eval_run_unread``.
    """
    if not path.is_file():
        raise UsageError("path_missing", path=path)
    try:
        data = path.read_bytes()
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        run = json.loads(text)
        for row in run["per_question"]:
            _ = str(row["id"]), str(row["question"]), row["confidence"] + 0.0
            _require((row["answered"], row["answerable"]), bool)
            _require(row["ranks"].values(), int)
            _require((row.get("contained"),), bool, type(None))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError("eval_run_unread", path=path) from error
    return dict(run)


def check(before: Mapping[str, Any], questions: Iterable[Question], *, path: Path) -> list[str]:
    """The warnings to give before ``questions`` are asked, when they will be compared with run ``before`` (read from ``path``).

    Words as in ``compare``'s ``warnings``. Raises UsageError("eval_run_other") where that run asked none of the questions.
    """
    asked = {_same(row) for row in before["per_question"]}
    found = [(one.id, one.question) in asked for one in questions]
    if not any(found):
        raise UsageError("eval_run_other", path=path)
    return _warnings(before, shared=sum(found), asked=len(found))


def compare(before: Mapping[str, Any], after: Mapping[str, Any], *, path: Path) -> dict[str, Any]:
    """What changed from run ``before`` (read from ``path``) to run ``after``, over the questions (id and words) that both asked.

    For hit@1, hit@5, MRR@10 (of the ranking that answers are made from), containment and the gate's verdict: both means, the
    difference with its 95 % bootstrap interval, and for shares the questions gained and lost with McNemar's exact p.
    ``warnings``: ``part`` (a run asked questions that the other did not: ``only_before``, ``only_after``), ``partial`` (Ctrl-C
    ended ``before``), ``other_set`` (the questions, or what counts as right, are not those of then).
    Raises UsageError("eval_run_other") where the runs share no question, unless Ctrl-C ended ``after``.
    """
    old = {_same(row): row for row in before["per_question"]}
    pairs = [(old[_same(row)], row) for row in after["per_question"] if _same(row) in old]
    if not pairs and not after.get("partial"):
        raise UsageError("eval_run_other", path=path)
    seed = int(after["seed"])
    found = {
        "hit@1": _paired(pairs, lambda row: _hit(row, _FIRST), seed),
        "hit@5": _paired(pairs, lambda row: _hit(row, _FIFTH), seed),
        "mrr@10": _paired(pairs, _reciprocal, seed),
        "containment@200": _paired(pairs, _contained, seed),
        "gate_right": _paired(pairs, _gate_right, seed),
    }
    return {
        "run": str(path),
        "paired": len(pairs),
        "only_before": len(old) - len(pairs),
        "only_after": len(after["per_question"]) - len(pairs),
        "warnings": _warnings(before, shared=len(pairs), asked=len(after["per_question"]), after=after),
        "figures": {name: value for name, value in found.items() if value is not None},
        "changed": [change for pair in pairs if (change := _change(*pair))],
    }


def _warnings(
    before: Mapping[str, Any], *, shared: int, asked: int, after: Mapping[str, Any] | None = None
) -> list[str]:
    found = []
    if shared < max(asked, len(before["per_question"])):
        found.append("part")
    if before.get("partial"):
        found.append("partial")
    # Where a run has no mark of its set, it has the set's name.
    told_by = "set" if "set" in before else "dataset"
    if after is not None and told_by in before and before[told_by] != after.get(told_by):
        found.append("other_set")
    return found


def _require(values: Iterable[object], *kinds: type) -> None:
    if not all(type(value) in kinds for value in values):
        raise TypeError


def _same(row: Mapping[str, Any]) -> tuple[str, str]:
    """The key by which rows of two runs are one question: id and words, as ids may be mere line numbers."""
    return str(row["id"]), str(row["question"])


def _gold_rank(row: Mapping[str, Any]) -> int | None:
    """The rank of the gold document where answers come from; 0 beyond the tenth, None where none is named."""
    ranks = row["ranks"]
    rank = ranks.get("ours")
    return None if rank is None else int(rank)


def _hit(row: Mapping[str, Any], k: int) -> float | None:
    rank = _gold_rank(row)
    return None if rank is None else float(0 < rank <= k)


def _reciprocal(row: Mapping[str, Any]) -> float | None:
    rank = _gold_rank(row)
    return None if rank is None else 1.0 / rank if rank else 0.0


def _contained(row: Mapping[str, Any]) -> float | None:
    return None if row.get("contained") is None else float(row["contained"])


def _gate_right(row: Mapping[str, Any]) -> float | None:
    """None where the set does not say which document answers, so that nothing tells whether it should have been answered."""
    return None if row.get("right", False) is None else float(row["answered"] == row["answerable"])


def _paired(
    pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
    value: Callable[[Mapping[str, Any]], float | None],
    seed: int,
) -> dict[str, Any] | None:
    both = [(a, b) for x, y in pairs if (a := value(x)) is not None and (b := value(y)) is not None]
    if not both:
        return None
    differences = [b - a for a, b in both]
    interval = paired_interval(differences, seed) or (0.0, 0.0)
    found: dict[str, Any] = {
        "before": round(sum(a for a, _ in both) / len(both), 4),
        "after": round(sum(b for _, b in both) / len(both), 4),
        "difference": round(sum(differences) / len(both), 4),
        "difference_95": [round(bound, 4) for bound in interval],
        "questions": len(both),
    }
    if all(number in (0.0, 1.0) for pair in both for number in pair):
        gained, lost = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
        found |= {"gained": gained, "lost": lost, "mcnemar_p": round(mcnemar(gained, lost), 6)}
    return found


def _change(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any] | None:
    """A question whose gold document changed rank, whose answer gained or lost the gold words, or whose gate decision changed."""
    facts = {
        "rank": (_gold_rank(old), _gold_rank(new)),
        "answered": (old["answered"], new["answered"]),
        "contained": (old.get("contained"), new.get("contained")),
    }
    moved = {name: list(pair) for name, pair in facts.items() if pair[0] != pair[1]}
    return {"id": new["id"], "question": new["question"], "answerable": new["answerable"], **moved} if moved else None
