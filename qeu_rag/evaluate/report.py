"""The report of a run as one HTML page with its plots inside: no script, nothing fetched, readable offline."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from qeu_rag.evaluate.plots import Axis, Line, plot
from qeu_rag.evaluate.ranking import DEPTH, SIDES
from qeu_rag.evaluate.summary import risk_coverage
from qeu_rag.evaluate.tables import Table, changes, partial, tables, title
from qeu_rag.evaluate.trial import Outcome
from qeu_rag.language import say

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, "Yu Gothic UI", "Hiragino Sans", "Noto Sans CJK JP", sans-serif; color: #111;
  background: #fff; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; margin: 1rem 0; } th, td { padding: .2rem .7rem; text-align: right; vertical-align: top; }
th:first-child, td:first-child, table.words td { text-align: left; } thead th { border-bottom: 1px solid #333; }
tbody tr:nth-child(even) { background: #f4f4f4; }
svg { max-width: 36rem; width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: #111; }
"""
_MARK = '<meta name="generator" content="qeu-rag eval">'
_MOST = 200
"""Questions listed at most, so that the page stays light."""

_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def page(figures: Mapping[str, Any], outcomes: Sequence[Outcome], lang: str) -> str:
    """The whole page in ``lang``; ``figures`` and ``outcomes`` are of one run."""
    heading = title(figures, lang)
    parts = [
        f'<!DOCTYPE html>\n<html lang="{escape(lang)}"><head><meta charset="utf-8">',
        _MARK,
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(heading)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(heading)}</h1>",
        *([f"<p>{escape(partial(figures, lang))}</p>"] if figures["partial"] else []),
        *_plots(outcomes, lang),
        f"<h2>{escape(say('eval.report.figures', lang))}</h2>",
        *(_table(table) for table in tables(figures, lang)),
        *_changed(figures, lang),
        *_not_first(outcomes, lang),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def is_page(data: bytes) -> bool:
    """Whether a file's bytes are such a page, or none at all."""
    return not data or _MARK.encode() in data[:500]


def _plots(outcomes: Sequence[Outcome], lang: str) -> Iterator[str]:
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


def _figure(title: str, lines: Sequence[Line], x: Axis, y: Axis) -> str:
    return f"<h2>{escape(title)}</h2>\n{plot(lines, x, y, title=title)}"


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


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.rows[0])
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows[1:])
    about = f"<p>{escape(table.about)}</p>" if table.about else ""
    return f"{about}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _changed(figures: Mapping[str, Any], lang: str) -> Iterator[str]:
    if "compare" in figures:
        rows = [(one["id"], one["question"], changes(one, lang)) for one in figures["compare"]["changed"]]
        yield _listed(say("eval.changed", lang, count=len(rows)), rows)


def _not_first(outcomes: Sequence[Outcome], lang: str) -> Iterator[str]:
    """The questions whose gold document does not come first, and those judged wrongly by the gate: where work would pay."""
    missed = [one for one in outcomes if one.used_ranking is not None and one.used_ranking.rank != 1]
    if missed:
        rows = [
            (one.id, one.question, str(one.used_ranking.rank or "> 10") if one.used_ranking else "") for one in missed
        ]
        yield _listed(say("eval.report.missed", lang, count=len(rows)), rows)
    judged = [one for one in outcomes if one.answered != one.answerable and not one.no_gold]
    if judged:
        kinds = {True: say("eval.false_answer", lang), False: say("eval.false_refusal", lang)}
        rows = [(one.id, one.question, f"{kinds[one.answered]} ({one.confidence:.2f})") for one in judged]
        yield _listed(say("eval.report.judged", lang, count=len(rows)), rows)


def _listed(heading: str, rows: Sequence[tuple[str, str, str]]) -> str:
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows[:_MOST])
    return f'<h2>{escape(heading)}</h2><table class="words"><tbody>{body}</tbody></table>'
