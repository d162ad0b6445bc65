"""``calibrate``: fits the gate to the company's own questions or documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qeu_rag.cli.options import Options, common, json_option
from qeu_rag.cli.output import print_json
from qeu_rag.cli.progress import Bars
from qeu_rag.language import say

if TYPE_CHECKING:
    from qeu_rag.answer.gate import Gate
    from qeu_rag.evaluate.calibrate import Calibration, Rates

SCHEMA_VERSION = 1


@click.command(short_help="Fit the gate to your own questions.")
@click.argument("gold", type=click.Path(path_type=Path), required=False, metavar="[GOLD]")
@click.option("--dry-run", is_flag=True, help="Say how it would do, and keep nothing.")
@click.option("--shipped", is_flag=True, help="Go back to the gate that comes with the program.")
@click.option("--keep", is_flag=True, help="Keep a gate that was fitted to made questions, too.")
@click.option("--seed", type=int, default=0, metavar="N", help="What the made questions depend on. [default: 0]")
@json_option
@common
def calibrate(
    options: Options, gold: Path | None, dry_run: bool, shipped: bool, keep: bool, seed: int, as_json: bool
) -> int:
    """Fit the gate, which decides whether the documents answer a question, to the questions in GOLD.

    GOLD is a table (CSV, Excel) with the columns of corpus/faq.csv. What is fitted is kept with
    the collection if it errs clearly less, on questions kept back, than the gate that comes with the program, and answers no
    more of those that the documents do not answer. Without GOLD, questions are made from the documents, whose words they
    use: what is fitted to them refuses more of what people ask in their own, and is kept with --keep alone.
    """

    with options.open() as know_how:
        if shipped:
            know_how.parts.keep_gate(None)
            options.notify(say("calibrate.back", options.lang, gate=_gate_name(know_how.parts.gate(), options.lang)))
            return 0
        from qeu_rag.evaluate.calibrate import calibrate as fitted

        with Bars(options.lang) as bars:
            found = fitted(know_how, gold, seed=seed, progress=bars)
        kept = found.better and not dry_run and (keep or not found.made)
        if kept:
            know_how.parts.keep_gate(found.gate)
        if as_json:
            payload = {"schema_version": SCHEMA_VERSION, **found.to_json(), "kept": kept, "seed": seed}
            print_json(payload)
            return 0
        for line in lines(found, options.lang, kept=kept, keep=keep):
            click.echo(line)
    return 0


def lines(found: Calibration, lang: str, *, kept: bool, keep: bool = False) -> list[str]:
    """The printed result: both gates' error rates, and whether the fitted gate is kept (``keep``: even of made questions)."""
    from qeu_rag.evaluate.gold_checks import row_numbers

    source = say("calibrate.made" if found.made else "calibrate.gold", lang)
    told = [
        say(
            "calibrate.head",
            lang,
            source=source,
            own=found.before.false_refusal[1],
            others=found.before.false_answer[1],
        )
    ]
    if found.no_gold:
        told.append(say("calibrate.no_gold", lang, count=found.no_gold))
    if found.contrary:
        told.append(say("eval.contrary", lang, count=len(found.contrary), rows=row_numbers(found.contrary)))
    for key, rates in (("shipped", found.before), ("calibrated", found.after)):
        told.append(say(f"calibrate.{key}", lang, **_shares(rates)))
    word = "bolder" if found.bolder else "worse"
    if found.better:
        word = "kept" if kept else "made_only" if found.made and not keep else "would"
    return [*told, say(f"calibrate.{word}", lang, gate=_gate_name(found.gate, lang))]


def _gate_name(gate: Gate, lang: str) -> str:
    return say(f"calibrate.{gate.origin}_gate", lang, method=gate.method)


def _shares(rates: Rates) -> dict[str, str]:
    figures = rates.to_json()
    shown = {}
    for name in ("false_answer", "false_refusal"):
        low, high = figures[f"{name}_95"]
        shown[name] = f"{figures[name]:.1%} ({low:.1%}–{high:.1%})"
    return shown
