"""``qeu-rag``: the commands together, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence

import click

from qeu_rag import __version__
from qeu_rag.cli import ask, backup, batch, calibrate, chat, doctor, eval, faq, ingest, inspect, log, models, serve
from qeu_rag.cli.options import INTERRUPTED, PROGRAM, Session, language_option
from qeu_rag.cli.present import plain
from qeu_rag.cli.usage import explained, given_language
from qeu_rag.errors import QeuRagError
from qeu_rag.language import say

EPILOG = """\b
Exit codes:
  0  ok
  1  unexpected
  2  usage: a question, path or option that cannot be used
  3  configuration or model file
  4  index missing, stale, or made by another embedder
  5  the network would be needed
  6  a batch with failed rows
  7  no answer in the documents (ask --fail-on-abstain)
  130  stopped by Ctrl-C

\b
Begin with:
  qeu-rag ingest corpus
  qeu-rag ask "What is the loss function?"
"""


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=PROGRAM)
@language_option
def commands() -> None:
    """Ask your own documents: answers with checked citations, offline, in Japanese and English."""


for command in (
    ingest.ingest,
    ask.ask,
    batch.batch,
    chat.chat,
    ask.search,
    inspect.status,
    inspect.documents,
    inspect.config,
    models.models,
    doctor.doctor,
    eval.evaluation,
    faq.faq,
    log.log,
    calibrate.calibrate,
    serve.serve,
    serve.mcp,
    backup.export,
    backup.import_,
    serve.token,
):
    commands.add_command(command)


@commands.command(short_help="Print the script for completion with Tab.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), required=False)
def completion(shell: str | None) -> None:
    """Print the script that completes commands and options with the Tab key.

    SHELL is taken from the environment where it is not given. The script's first lines say how to install it.
    """
    from click.shell_completion import get_completion_class

    name = shell or os.path.basename(os.environ.get("SHELL", ""))
    known = get_completion_class(name) or get_completion_class("bash")
    if known is None:
        raise AssertionError("click completes bash")
    install = {
        "bash": f"echo 'eval \"$({PROGRAM} completion bash)\"' >> ~/.bashrc",
        "zsh": f"echo 'eval \"$({PROGRAM} completion zsh)\"' >> ~/.zshrc",
        "fish": f"{PROGRAM} completion fish > ~/.config/fish/completions/{PROGRAM}.fish",
    }[known.name]
    script = known(commands, {}, PROGRAM, _complete_variable()).source()
    click.echo(f"# To install it for good, run this once and open a new terminal:\n#   {install}\n{script}")


def main() -> None:
    """The console entry point: runs ``sys.argv`` and exits with its code."""
    _speak_utf8()
    _keep_to_ourselves()
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code; every error ends as one message on stderr."""
    session = Session()
    session.lang = given_language(arguments) or session.lang
    try:
        code = commands.main(
            list(arguments), prog_name=PROGRAM, standalone_mode=False, obj=session, complete_var=_complete_variable()
        )
        return code if isinstance(code, int) else 0
    except QeuRagError as e:
        return _report(e, plain(e.render(session.lang)), e.exit_code)
    except click.ClickException as e:
        click.echo(explained(e, session.lang), err=True)
        return e.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo(say("interrupted", session.lang), err=True)
        return INTERRUPTED
    except Exception as e:  # noqa: BLE001 - the last resort: what a library raises becomes a message, not a traceback
        detail = plain(" ".join(str(e).split()))[:300].rstrip(".")
        values = {"kind": type(e).__name__, "detail": detail}
        message = f"{say('error.unexpected', session.lang, **values)} {say('next.unexpected', session.lang)}"
        return _report(e, message, 1)


def _report(error: Exception, message: str, code: int) -> int:
    if os.environ.get("QEU_RAG_DEBUG", "") not in ("", "0"):
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    click.echo(f"{PROGRAM}: {message}", err=True)
    return code


def _complete_variable() -> str:
    return "_QEU_RAG_COMPLETE"


def _speak_utf8() -> None:
    # A Windows console, or a pipe from it, would else refuse characters outside its code page.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


def _keep_to_ourselves() -> None:
    # LangChain would send every question to LangSmith where somebody has set these for another program.
    for name in ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2"):
        os.environ[name] = "false"
