"""``serve``, ``mcp`` and ``token``: the home as a page, an API and tools for assistants, and who may use it from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import click

from qeu_rag.cli.options import FolderPath, Options, common, json_option
from qeu_rag.cli.present import one_line
from qeu_rag.language import say


@click.command(short_help="Serve the documents as a page and an API.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen; another needs tokens."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8470, show_default=True, metavar="N", help="0: any free one."
)
@click.option("--no-browser", is_flag=True, help="Do not open the page.")
@click.option("--require-token", is_flag=True, help="Ask for a token on this machine, too.")
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME", help="A further name by which it may be called.")
@click.option(
    "--folder", "folders", multiple=True, type=FolderPath(), metavar="FOLDER",
    help="Documents to be read again with the page's button.",
)  # fmt: skip
@click.option(
    "--rate", type=click.IntRange(0), default=600, show_default=True, metavar="N", help="Requests a token and minute."
)
@click.option("--log-questions", is_flag=True, help="Write questions into the server's log on stderr.")
@common
def serve(
    options: Options,
    host: str,
    port: int,
    no_browser: bool,
    require_token: bool,
    hosts: tuple[str, ...],
    folders: tuple[Path, ...],
    rate: int,
    log_questions: bool,
) -> int:
    """Serve the page and the API (docs/api.md) until Ctrl-C.

    On 127.0.0.1 whoever sits at this machine may do all. On another address every request needs a token (`qeu-rag token new`).
    """
    settings = options.settings()
    from qeu_rag.serve.assembly import Place
    from qeu_rag.serve.run import serve

    place = Place(
        host=host,
        port=port,
        token_required=require_token,
        hosts=hosts,
        folders=tuple(folder.absolute() for folder in folders),
        rate=rate,
        questions_logged=log_questions,
    )

    def ready(address: str) -> None:
        click.echo(say("serve.ready", options.lang, address=address))
        if not no_browser:
            click.launch(address)

    serve(settings, place, lang=options.lang, tell=options.notify, ready=ready)
    return 0


@click.command(short_help="Serve the documents to an assistant on this machine (MCP).")
@click.option(
    "--allow-ingest", "folders", multiple=True, type=FolderPath(), metavar="FOLDER",
    help="Let it have this folder read in again; else it can change nothing.",
)  # fmt: skip
@common
def mcp(options: Options, folders: tuple[Path, ...]) -> int:
    """Serve one collection over standard input and output, for an assistant that starts this command (docs/assistants.md).

    It gets the tools ask, search, read_passage and list_documents, and the documents as resources.
    """
    settings = options.settings()
    from qeu_rag.serve.mcp.transports import serve_stdio

    absolute = tuple(folder.absolute() for folder in folders)
    serve_stdio(settings, folders=absolute, lang=options.lang, tell=options.notify)
    return 0


@click.group(short_help="Who may use the server: new, list, revoke.")
def token() -> None:
    """Tokens let programs and people on other machines use `qeu-rag serve`; the home keeps only their hashes."""


@token.command(short_help="Make a token and print it once.")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(["ask", "ingest", "admin"]), default=("ask",), show_default=True,
    help="What it may do; may be given again.",
)  # fmt: skip
@click.option(
    "--sees",
    "collections",
    multiple=True,
    metavar="COLLECTION",
    help="What it may see, again for each. [default: all]",
)
@common
def new(options: Options, name: str, scopes: tuple[str, ...], collections: tuple[str, ...]) -> int:
    """Make a token for NAME and print it; it cannot be shown again."""
    from qeu_rag.serve.tokens import Tokens

    _, secret = Tokens(options.settings().home).new(name, scopes, collections)
    click.echo(secret)
    click.echo(say("token.made", options.lang), err=True)
    return 0


@token.command(name="list", short_help="Print the tokens.")
@json_option
@common
def list_(options: Options, as_json: bool) -> int:
    """Print every token's id, name, scopes and collections."""
    from qeu_rag.serve.tokens import Tokens

    found = Tokens(options.settings().home).all()
    if as_json:
        names = ("id", "name", "scopes", "collections", "created")
        listed = [{name: getattr(one, name) for name in names} for one in found]
        click.echo(json.dumps({"schema_version": 1, "tokens": listed}, ensure_ascii=False, indent=2))
        return 0
    for one in found:
        seen = ", ".join(one.collections) or say("token.all", options.lang)
        click.echo(f"{one.id}  {one.created[:10]}  {one_line(one.name)}  [{', '.join(one.scopes)}]  {seen}")
    if not found:
        click.echo(say("token.none", options.lang), err=True)
    return 0


@token.command(short_help="Take a token back.")
@click.argument("name", metavar="NAME|ID")
@common
def revoke(options: Options, name: str) -> int:
    """Take the token with this name or id back; a running server refuses it at once."""
    from qeu_rag.serve.tokens import Tokens

    gone = Tokens(options.settings().home).revoke(name)
    click.echo(say("token.revoked", options.lang, name=one_line(gone.name)))
    return 0
