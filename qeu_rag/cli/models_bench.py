"""``models bench``: how fast a model is on this machine, and how long an answer will take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qeu_rag.cli.options import Options, common, json_option
from qeu_rag.cli.output import print_json
from qeu_rag.language import say
from qeu_rag.payload import SCHEMA_VERSION

if TYPE_CHECKING:
    from qeu_rag.config import Settings

_AROUND = 150  # instruction, question and labels beside the evidence, in tokens
_REPLY = 80  # a usual answer of two or three sentences


@click.command(short_help="Measure how fast a model is here.")
@click.argument("file", metavar="[FILE|NAME]", required=False)
@json_option
@common
def bench(options: Options, file: str | None, as_json: bool) -> int:
    """Measure how fast FILE, or the model of the profile, reads and writes here, and how long an answer will take."""
    with options.with_model(file).open() as know_how:
        speed = know_how.networks.bench()
        prompt, reply = _usual(know_how.settings)
    seconds = speed.seconds(prompt_tokens=prompt, reply_tokens=reply)
    if as_json:
        facts = {
            "schema_version": SCHEMA_VERSION,
            "model": speed.model,
            "start_s": round(speed.start_s, 3),
            "prompt": {"tokens": speed.prompt_tokens, "per_s": round(speed.prompt_per_s, 2)},
            "reply": {"tokens": speed.reply_tokens, "per_s": round(speed.reply_per_s, 2)},
            "answer": {"prompt_tokens": prompt, "reply_tokens": reply, "seconds": round(seconds, 2)},
        }
        print_json(facts)
        return 0
    values = {
        "model": speed.model,
        "start": f"{speed.start_s:.1f}",
        "read": f"{speed.prompt_per_s:.1f}",
        "write": f"{speed.reply_per_s:.1f}",
        "prompt": prompt,
        "reply": reply,
        "seconds": f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.1f}",
    }
    for key in ("bench.model", "bench.start", "bench.read", "bench.write", "bench.answer"):
        click.echo(say(key, options.lang, **values))
    return 0


def _usual(settings: Settings) -> tuple[int, int]:
    """The tokens of a usual prompt, with the evidence that the settings allow, and of a usual reply."""
    room = settings.model.context_tokens - settings.model.max_tokens
    return max(1, min(settings.answer.evidence_tokens + _AROUND, room)), min(_REPLY, settings.model.max_tokens)
