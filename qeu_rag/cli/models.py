"""``models``: look at model files, measure them, and fetch, verify and remove them."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qeu_rag.cli.model_lines import (
    ByteBar,
    model_lines,
    model_payload,
    rounded,
    stored_lines,
    stored_payload,
)
from qeu_rag.cli.models_bench import bench
from qeu_rag.cli.options import Options, common, json_option
from qeu_rag.cli.present import plain, quoted
from qeu_rag.errors import ModelError, UsageError
from qeu_rag.language import say

if TYPE_CHECKING:
    from qeu_rag.models.model_file import ModelFile

CANNOT_RUN = ModelError.exit_code


@click.group()
def models() -> None:
    """Look at model files; measure, fetch, verify and remove them."""


models.add_command(bench)


@models.command(short_help="Say what a model file is and what runs it.")
@click.argument("file", metavar="FILE")
@json_option
@common
def inspect(options: Options, file: str, as_json: bool) -> int:
    """Say what FILE (a folder, or a name in the models folder) is from its own bytes, and what runs it or what to do instead.

    Of a GGUF, llama.cpp is asked whether it can load it, and what memory that takes; nothing is changed. The exit code is 3 for
    what cannot be run here.
    """
    from qeu_rag.models.inspect import inspect as inspect_file
    from qeu_rag.models.inspect import refusal
    from qeu_rag.models.store import find, models_folder

    # The settings say the language, and how long a context is meant; a file is looked at whatever they are.
    settings = options.settings()
    context_tokens = settings.model.context_tokens
    place = (
        Path(file)
        if os.path.lexists(file)
        else find(Path(file) if file.strip() else file, models_folder(settings.home))
    )
    found = inspect_file(place, context_tokens=context_tokens)
    error = refusal(found)
    try:
        if error is not None:
            raise error
        memory, verdict = _runs(found, context_tokens, options.lang)
        found = dataclasses.replace(found, memory_bytes=memory)
    except ModelError as refused:
        error, verdict = refused, refused.render(options.lang)
    if as_json:
        _print_json(model_payload(found, verdict, runs=error is None))
    else:
        for line in model_lines(found, options.lang):
            click.echo(line)
        click.echo(plain(verdict))
    return 0 if error is None else CANNOT_RUN


@models.command("list", short_help="List the models that are here or can be fetched.")
@json_option
@common
def list_models(options: Options, as_json: bool) -> int:
    """List the models in the models folder and the cache, and those that can be fetched."""
    from qeu_rag.models.store import models_folder, stored_models

    home = options.settings().home
    stored = stored_models(home)
    folder = models_folder(home)
    if as_json:
        listed = [stored_payload(model, options.lang) for model in stored]
        _print_json({"schema_version": 1, "folder": str(folder), "models": listed})
        return 0
    for line in stored_lines(stored, folder, options.lang):
        click.echo(line)
    return 0


@models.command(short_help="Fetch a model of the catalogue.")
@click.argument("name")
@click.option("--from", "source", metavar="FILE|FOLDER", type=click.Path(path_type=Path), help="Copy it from here.")
@click.option("--sha256", metavar="HEX", default="", help="Its checksum, where none was published.")
@common
def pull(options: Options, name: str, source: Path | None, sha256: str) -> int:
    """Fetch the model NAME into the models folder and verify it; goes on where an earlier attempt stopped.

    No other command downloads anything; with --from this one does not either.
    """
    from qeu_rag.models.pull import pull as pull_model
    from qeu_rag.models.store import entry_of, models_folder

    folder = models_folder(options.settings().home)
    entry = entry_of(name)
    facts = {"title": entry.title, "size": rounded(entry.size), "licence": entry.licence, "path": entry.place(folder)}
    options.notify(say("models.pulling", options.lang, **facts))
    with ByteBar(options.lang) as bar:
        path = pull_model(entry, folder, source=source, sha256=sha256, progress=bar)
    options.notify(say("models.pulled", options.lang, path=path))
    return 0


@models.command(short_help="Compare models with their published checksums.")
@click.argument("name", required=False)
@json_option
@common
def verify(options: Options, name: str | None, as_json: bool) -> int:
    """Read the model NAME, or every model in the folder, to its end and compare it with the catalogue."""
    from qeu_rag.models.store import verify as verify_models

    home = options.settings().home
    with ByteBar(options.lang) as bar:
        verdicts = verify_models(home, name, progress=bar)
    if as_json:
        found = [{"name": v.name, "path": str(v.path), "result": v.result} for v in verdicts]
        _print_json({"schema_version": 1, "models": found})
    for verdict in () if as_json else verdicts:
        click.echo(f"{verdict.name}: {say(f'models.verdict.{verdict.result}', options.lang)}")
    if not verdicts and not as_json:
        click.echo(say("models.none", options.lang), err=True)
    return CANNOT_RUN if any(verdict.result == "wrong" for verdict in verdicts) else 0


@models.command(short_help="Delete a model.")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def remove(options: Options, name: str, yes: bool) -> int:
    """Delete the model NAME from the models folder or the cache of converted models.

    A program that is using it goes on with what it has opened; on Windows the model stays, and it says so.
    """
    from qeu_rag.models.removal import removable
    from qeu_rag.models.removal import remove as remove_model

    home = options.settings().home
    path = removable(home, name)
    if not yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise UsageError("remove_unasked", path=path)
        click.confirm(say("models.remove.ask", options.lang, path=path), abort=True, err=True)
    options.notify(say("models.removed", options.lang, path=remove_model(home, name)))
    return 0


@models.command(short_help="Print where models, or one of them, lie.")
@click.argument("name", required=False)
@common
def path(options: Options, name: str | None) -> int:
    """Print the models folder, or the path of the model NAME."""
    from qeu_rag.models.store import find, models_folder

    folder = models_folder(options.settings().home)
    click.echo(str(folder if name is None else find(name, folder)))
    return 0


def _runs(file: ModelFile, context_tokens: int, lang: str) -> tuple[int, str]:
    """The memory that the file takes here, and what runs it, with whether the memory that is free now is enough.

    Raises ModelError where its engine cannot load it.
    """
    from qeu_rag.models.memory import free_memory

    free = free_memory()
    text = say(f"model.runs.{file.engine}", lang, path=quoted(file.path))
    if file.engine == "gptj":
        from qeu_rag.models.ggml_file import read_gptj
        from qeu_rag.models.gptj.plan import plan

        chosen = plan(read_gptj(file.path), free, context_tokens=context_tokens)
        reason = chosen.reason(lang)
        return chosen.memory_bytes, reason if chosen.runtime == "none" else f"{reason} {text}"
    from qeu_rag.models.llama_load import memory_when_loaded

    memory = memory_when_loaded(file.path, context_tokens=min(context_tokens, file.context_tokens or context_tokens))
    if memory > free:
        text += " " + say("model.memory_short", lang, need=rounded(memory), free=rounded(free))
    return memory, text


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
