"""The figures of an evaluation as people read them: tables in fixed-width text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qeu_rag.cli.present import one_line
from qeu_rag.language import CATALOGUES, say

_RANKED = ("hit@1", "hit@3", "hit@5", "hit@10", "mrr@10", "ndcg@10")
_GROUPED = ("questions", "hit@1", "hit@5", "mrr@10", "containment@200", "false_answer", "false_refusal")
_LISTED = 20


def lines(figures: Mapping[str, Any], lang: str) -> Iterator[str]:
    """The whole of a run's figures, line by line."""
    yield say(
        "eval.title", lang, **{key: figures[key] for key in ("dataset", "questions", "documents", "embedder", "engine")}
    )
    if figures["unusable"]:
        yield say("eval.unusable", lang, count=figures["unusable"])
    yield from _retrieval(figures, lang)
    yield ""
    yield from _rows(_answer_rows(figures, lang))
    yield ""
    yield from _rows(_gate_rows(figures, lang))
    time = figures["latency_ms"]
    yield ""
    yield say("eval.latency", lang, p50=_number(time["p50"], 1), p95=_number(time["p95"], 1))
    yield from _groups(figures, lang)
    if "compare" in figures:
        yield from _compared(figures["compare"], lang)


def _retrieval(figures: Mapping[str, Any], lang: str) -> Iterator[str]:
    for key in ("retrieval", "passages"):
        sides = {name: value for name, value in figures.get(key, {}).items() if value}
        if sides:
            names = [name for name in _RANKED if name in next(iter(sides.values()))]
            yield ""
            yield from _rows(
                [
                    [say(f"eval.{key}", lang), *names],
                    *(
                        [say(f"eval.side.{side}", lang), *(_number(value[n]) for n in names)]
                        for side, value in sides.items()
                    ),
                ]
            )


def _answer_rows(figures: Mapping[str, Any], lang: str) -> list[list[str]]:
    found = figures["answer"]
    rows = [[say("eval.answer", lang), "", ""]]
    for limit in (200, 400):
        of = say("eval.of", lang, count=found[f"containment@{limit}_of"])
        rows.append([say("eval.containment", lang, limit=limit), _number(found[f"containment@{limit}"]), of])
        rows.append(
            [say("eval.given_containment", lang, limit=limit), _number(found[f"given_containment@{limit}"]), of]
        )
    of = say("eval.of", lang, count=found["em_of"])
    rows += [["EM", _number(found["em"]), of], ["F1", _number(found["f1"]), of]]
    cited = say("eval.of_citations", lang, count=found["citations"])
    return [*rows, [say("eval.citation_precision", lang), _number(found["citation_precision"]), cited]]


def _gate_rows(figures: Mapping[str, Any], lang: str) -> list[list[str]]:
    found = figures["abstention"]
    rows = [[say("eval.abstention", lang, threshold=found["threshold"]), "", ""]]
    for name, of in (("auroc", None), ("false_answer", "unanswerable"), ("false_refusal", "answerable")):
        about = f"{_interval(found[f'{name}_95'])} {say('eval.of', lang, count=found[of]) if of else ''}".strip()
        rows.append([say(f"eval.{name}", lang), _number(found[name]), about])
    return rows


def _groups(figures: Mapping[str, Any], lang: str) -> Iterator[str]:
    kinds, langs = dict(figures["by_kind"]), dict(figures["by_lang"])
    groups = {**kinds, **(langs if len(langs) > 1 else {})}
    if figures["across_languages"]:
        groups[say("eval.across", lang)] = figures["across_languages"]
    if not groups:
        return
    yield ""
    rows = [[say("eval.groups", lang), *(_column(name, lang) for name in _GROUPED)]]
    for name, value in groups.items():
        rows.append([one_line(name), *(_number(value.get(column)) for column in _GROUPED)])
    yield from _rows(rows)


def _column(name: str, lang: str) -> str:
    return say(f"eval.column.{name}", lang) if f"eval.column.{name}" in CATALOGUES["en"] else name


def _compared(found: Mapping[str, Any], lang: str) -> Iterator[str]:
    yield ""
    yield say("eval.compared", lang, run=found["run"], count=found["paired"])
    rows = [[say(f"eval.compared.{name}", lang) for name in ("figure", "before", "after", "difference", "changes")]]
    for name, value in found["figures"].items():
        shown = say(f"eval.{name}", lang) if f"eval.{name}" in CATALOGUES["en"] else name
        changes = f"+{value['gained']} -{value['lost']} (p = {value['mcnemar_p']:.3f})" if "mcnemar_p" in value else ""
        difference = f"{value['difference']:+.3f} {_interval(value['difference_95'], sign=True)}"
        rows.append([shown, _number(value["before"]), _number(value["after"]), difference, changes])
    yield from _rows(rows)
    changed = found["changed"]
    yield say("eval.changed", lang, count=len(changed))
    for change in changed[:_LISTED]:
        facts = (
            f"{say(f'eval.change.{name}', lang)} {_said(change[name][0], lang)} > {_said(change[name][1], lang)}"
            for name in ("rank", "answered", "contained")
            if name in change
        )
        yield f"  {change['id']}  {one_line(change['question'])[:60]}  {', '.join(facts)}"
    if len(changed) > _LISTED:
        yield say("eval.changed_more", lang, count=len(changed) - _LISTED)


def _said(value: object, lang: str) -> str:
    if isinstance(value, bool):
        return say("status.yes" if value else "status.no", lang)
    return "-" if value is None else "> 10" if value == 0 else str(value)


def _number(value: float | int | None, places: int = 3) -> str:
    return "-" if value is None else str(value) if isinstance(value, int) else f"{value:.{places}f}"


def _interval(pair: Sequence[float] | None, *, sign: bool = False) -> str:
    form = "+.3f" if sign else ".3f"
    return "" if pair is None else f"[{pair[0]:{form}}, {pair[1]:{form}}]"


def _rows(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as their widest cell; all but the first, and cells of words, are set right."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell + " " * (width - _width(cell)) if n == 0 else " " * (width - _width(cell)) + cell
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _width(text: str) -> int:
    """Columns that a terminal gives to ``text``: two for a wide character (Unicode Standard Annex 11)."""
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)
