"""The report of a run as one HTML page with its plots inside: no script, nothing fetched, readable offline."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qeu_rag.evaluate.plots import Axis, Line, plot
from qeu_rag.evaluate.ranking import DEPTH, SIDES
from qeu_rag.evaluate.summary import risk_coverage
from qeu_rag.evaluate.tables import changes, partial, tables, title
from qeu_rag.evaluate.trial import Outcome
from qeu_rag.html_pages import markup, render
from qeu_rag.language import say

_MARK = '<meta name="generator" content="qeu-rag eval">'
_MOST = 200
"""Questions listed at most, so that the page stays light."""

_List = tuple[str, Sequence[tuple[str, str, str]]]
"""A heading and rows of words below it."""

_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def page(figures: Mapping[str, Any], outcomes: Sequence[Outcome], lang: str) -> str:
    """The whole page in ``lang``; ``figures`` and ``outcomes`` are of one run."""
    pieces = render(
        "report",
        lang,
        title=title(figures, lang),
        partial=partial(figures, lang) if figures["partial"] else "",
        plots=list(_plots(outcomes, lang)),
        tables=tuple(tables(figures, lang)),
        lists=[*_changed(figures, lang), *_not_first(outcomes, lang)],
    )
    return "".join(pieces)


def is_page(data: bytes) -> bool:
    """Whether a file's bytes are such a page, or none at all."""
    return not data or _MARK.encode() in data[:500]


def _plots(outcomes: Sequence[Outcome], lang: str) -> Iterator[tuple[str, str]]:
    """Hits among the first k, risk against coverage, and the time of an answer; each where there is something to show."""
    placed = [one for one in outcomes if one.placed]
    share = Axis(name="", low=0.0, high=1.0, ticks=_SHARES)
    if placed:
        ranks = Axis(name="k", low=1, high=DEPTH, ticks=tuple(range(1, DEPTH + 1)))
        lines = [_recall(name, placed, lang) for name in SIDES if any(name in one.placed for one in placed)]
        yield _figure(say("eval.report.recall", lang), lines, ranks, _named(share, say("eval.report.recall_y", lang)))
        points = tuple(risk_coverage(outcomes))
        yield _figure(
            say("eval.report.risk", lang),
            [Line(name=say("eval.side.ours", lang), points=points)],
            _named(share, say("eval.report.risk_x", lang)),
            _named(share, say("eval.report.risk_y", lang)),
        )
    times = sorted(one.ms for one in outcomes if not one.unusable)
    if times:
        points = tuple((ms, (n + 1) / len(times)) for n, ms in enumerate(times))
        yield _figure(
            say("eval.report.time", lang),
            [Line(name=say("eval.side.ours", lang), points=points)],
            _rounded_axis(times[-1]),
            _named(share, say("eval.report.time_y", lang)),
        )


def _figure(title: str, lines: Sequence[Line], x: Axis, y: Axis) -> tuple[str, str]:
    return title, markup(plot(lines, x, y, title=title))


def _recall(name: str, placed: Sequence[Outcome], lang: str) -> Line:
    found = [one.placed[name].rank for one in placed if name in one.placed]
    points = tuple((float(k), sum(0 < rank <= k for rank in found) / len(found)) for k in range(1, DEPTH + 1))
    return Line(name=say(f"eval.side.{name}", lang), points=points)


def _named(axis: Axis, name: str) -> Axis:
    return Axis(name=name, low=axis.low, high=axis.high, ticks=axis.ticks)


def _rounded_axis(longest: float) -> Axis:
    """Milliseconds from 0 to a round number."""
    unit = 10.0 ** math.floor(math.log10(max(longest, 1.0)))
    step = next(unit * part for part in (0.2, 0.5, 1.0, 2.0) if unit * part * 6 >= longest)
    ticks = tuple(step * n for n in range(math.ceil(longest / step) + 1))
    return Axis(name="ms", low=0.0, high=ticks[-1], ticks=ticks)


def _changed(figures: Mapping[str, Any], lang: str) -> Iterator[_List]:
    if "compare" in figures:
        rows = [(one["id"], one["question"], changes(one, lang)) for one in figures["compare"]["changed"]]
        yield (say("eval.changed", lang, count=len(rows)), rows[:_MOST])


def _not_first(outcomes: Sequence[Outcome], lang: str) -> Iterator[_List]:
    """The questions whose gold document does not come first, and those judged wrongly by the gate: where work would pay."""
    missed = [one for one in outcomes if one.used_ranking is not None and one.used_ranking.rank != 1]
    if missed:
        rows = [
            (one.id, one.question, str(one.used_ranking.rank or "> 10") if one.used_ranking else "") for one in missed
        ]
        yield (say("eval.report.missed", lang, count=len(rows)), rows[:_MOST])
    judged = [one for one in outcomes if one.answered != one.answerable and not one.no_gold]
    if judged:
        kinds = {True: say("eval.false_answer", lang), False: say("eval.false_refusal", lang)}
        rows = [(one.id, one.question, f"{kinds[one.answered]} ({one.confidence:.2f})") for one in judged]
        yield (say("eval.report.judged", lang, count=len(rows)), rows[:_MOST])
