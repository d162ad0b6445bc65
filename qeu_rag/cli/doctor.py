"""``doctor``: one page of what works here and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from qeu_rag.cli.options import Options, common, json_option, model_option
from qeu_rag.cli.output import print_json
from qeu_rag.cli.present import one_line
from qeu_rag.errors import ConfigError
from qeu_rag.language import say
from qeu_rag.payload import SCHEMA_VERSION

if TYPE_CHECKING:
    from qeu_rag.doctor.check import Check

PROBLEM = ConfigError.exit_code


@click.command(short_help="Say what works here and what to do next.")
@model_option
@json_option
@common
def doctor(options: Options, model: str | None, as_json: bool) -> int:
    """Say what works on this computer and what to do next: packages, memory, model, embedder, documents.

    Nothing is loaded, changed or repaired; nobody is contacted but a model's server on this computer and the server of the
    vectors, if there is one. The exit code is 3 where something does not work.
    """
    from qeu_rag.doctor.examine import examine

    checks = examine(options.with_model(model).settings, lambda: options.lang)
    if as_json:
        listed = [asdict(check) for check in checks]
        print_json({"schema_version": SCHEMA_VERSION, "checks": listed})
    for line in () if as_json else check_lines(checks, options.lang):
        click.echo(line)
    return PROBLEM if any(check.state == "problem" for check in checks) else 0


def check_lines(checks: Sequence[Check], lang: str) -> Iterator[str]:
    """One line for each check, with what to do next below it, and one for the whole."""
    for check in checks:
        state, name = say(f"doctor.state.{check.state}", lang), say(f"doctor.name.{check.name}", lang)
        yield f"[{state}] {name}: {one_line(check.message)}"
        if check.next:
            yield f"    {say('doctor.next', lang, step=one_line(check.next))}"
    states = [check.state for check in checks]
    if "problem" in states:
        yield say("doctor.end.problem", lang, count=states.count("problem"))
    else:
        yield say("doctor.end.warning" if "warning" in states else "doctor.end.ok", lang)
