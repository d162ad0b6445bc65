"""The figures of a run as tables of words, for a terminal and for a page alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qeu_rag.evaluate.trial import LIMITS
from qeu_rag.language import CATALOGUES, say

_RANKED = ("hit@1", "hit@3", "hit@5", "hit@10", "mrr@10", "ndcg@10")
_GROUPED = ("questions", "hit@1", "hit@5", "mrr@10", "containment@200", "false_answer", "false_refusal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of cells, all equally many; the first row names the columns (a name may be empty)."""

    rows: tuple[tuple[str, ...], ...]
    about: str = ""


def title(figures: Mapping[str, Any], lang: str) -> str:
    """What was measured, in one line."""
    names = ("dataset", "questions", "documents", "embedder", "engine")
    return say("eval.title", lang, **{name: figures[name] for name in names})


def partial(figures: Mapping[str, Any], lang: str) -> str:
    """What a run that Ctrl-C ended early is of."""
    return say("eval.partial", lang, count=figures["questions"], planned=figures["planned"])


def tables(figures: Mapping[str, Any], lang: str) -> Iterator[Table]:
    """Retrieval, answers, abstention, time, the parts, and the comparison where there is one."""
    for key in ("retrieval", "passages"):
        sides = {name: value for name, value in figures.get(key, {}).items() if value}
        if sides:
            yield _ranked(sides, say(f"eval.{key}", lang), lang)
    yield _answer(figures["answer"], lang)
    yield _gate(figures["abstention"], lang)
    time = figures["latency_ms"]
    yield _table(
        [
            (say("eval.latency", lang), "p50", "p95"),
            (say("eval.latency.warm", lang), number(time["p50"], 1), number(time["p95"], 1)),
        ]
    )
    if groups := _groups(figures, lang):
        yield groups
    if "compare" in figures:
        yield _compared(figures["compare"], lang)


def changes(change: Mapping[str, Any], lang: str) -> str:
    """What changed for one question between two runs, in a few words."""
    return ", ".join(
        f"{say(f'eval.change.{name}', lang)} {_said(change[name][0], lang)} > {_said(change[name][1], lang)}"
        for name in ("rank", "answered", "contained")
        if name in change
    )


def number(value: float | int | None, places: int = 3) -> str:
    """A figure as text; a dash where there is none."""
    return "-" if value is None else str(value) if isinstance(value, int) else f"{value:.{places}f}"


def _table(rows: Sequence[Sequence[str]], about: str = "") -> Table:
    return Table(rows=tuple(tuple(row) for row in rows), about=about)


def _ranked(sides: Mapping[str, Mapping[str, float]], heading: str, lang: str) -> Table:
    names = [name for name in _RANKED if name in next(iter(sides.values()))]
    rows = [[say(f"eval.side.{side}", lang), *(number(value[n]) for n in names)] for side, value in sides.items()]
    return _table([[heading, *names], *rows])


def _answer(found: Mapping[str, Any], lang: str) -> Table:
    rows = [(say("eval.answer", lang), "", "")]
    for limit in LIMITS:
        of = say("eval.of_short", lang, count=found[f"containment@{limit}_of"])
        for key in ("containment", "given_containment"):
            rows.append((say(f"eval.{key}", lang, limit=limit), number(found[f"{key}@{limit}"]), of))
    of = say("eval.of", lang, count=found["em_of"])
    rows += [("EM", number(found["em"]), of), ("F1", number(found["f1"]), of)]
    cited = say("eval.of_citations", lang, count=found["citations"])
    return _table([*rows, (say("eval.citation_precision", lang), number(found["citation_precision"]), cited)])


def _gate(found: Mapping[str, Any], lang: str) -> Table:
    rows = [(say("eval.abstention", lang, threshold=found["threshold"]), "", "")]
    for name, of in (("auroc", None), ("false_answer", "unanswerable"), ("false_refusal", "answerable")):
        about = f"{_interval(found[f'{name}_95'])} {say('eval.of', lang, count=found[of]) if of else ''}".strip()
        rows.append((say(f"eval.{name}", lang), number(found[name]), about))
    return _table(rows)


def _groups(figures: Mapping[str, Any], lang: str) -> Table | None:
    """The parts of the set, where it has more than one."""
    groups = dict(figures["by_kind"])
    if len(figures["by_lang"]) > 1:
        groups |= figures["by_lang"]
    if figures["across_languages"]:
        groups[say("eval.across", lang)] = figures["across_languages"]
    if not groups:
        return None
    rows = [[say("eval.groups", lang), *(_column(name, lang) for name in _GROUPED)]]
    rows += [[name, *(number(value.get(column)) for column in _GROUPED)] for name, value in groups.items()]
    return _table(rows)


def _column(name: str, lang: str) -> str:
    return say(f"eval.column.{name}", lang) if f"eval.column.{name}" in CATALOGUES["en"] else name


def _compared(found: Mapping[str, Any], lang: str) -> Table:
    names = ("figure", "before", "after", "difference", "changes")
    rows = [[say(f"eval.compared.{name}", lang) for name in names]]
    for name, value in found["figures"].items():
        shown = say(f"eval.{name}", lang) if f"eval.{name}" in CATALOGUES["en"] else name
        pairs = f"+{value['gained']} -{value['lost']} (p = {value['mcnemar_p']:.3f})" if "mcnemar_p" in value else ""
        difference = f"{value['difference']:+.3f} {_interval(value['difference_95'], sign=True)}"
        rows.append([shown, number(value["before"]), number(value["after"]), difference, pairs])
    about = [say("eval.compared", lang, run=found["run"], count=found["paired"])]
    about += [say(f"eval.compared.{word}", lang, **found) for word in found["warnings"]]
    return _table(rows, " ".join(about))


def _said(value: object, lang: str) -> str:
    if isinstance(value, bool):
        return say("status.yes" if value else "status.no", lang)
    return "-" if value is None else "> 10" if value == 0 else str(value)


def _interval(pair: Sequence[float] | None, *, sign: bool = False) -> str:
    form = "+.3f" if sign else ".3f"
    return "" if pair is None else f"[{pair[0]:{form}}, {pair[1]:{form}}]"
