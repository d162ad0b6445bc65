"""``chat``: questions one after another, in which follow-ups are understood, on a terminal or through a pipe."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qeu_rag.cli import present
from qeu_rag.cli.options import Options, common, k_option, model_option
from qeu_rag.errors import StorageError, UsageError
from qeu_rag.language import say
from qeu_rag.types import Answer

if TYPE_CHECKING:
    from qeu_rag.answer.conversation import Conversation, FullQuestion, Turn

_PROMPT = "? "
_LONGEST_LINE = 100_000


@click.command(short_help="Ask one question after another; follow-ups are understood.")
@k_option
@click.option("--long", is_flag=True, help="Longer answers.")
@model_option
@common
def chat(options: Options, k: int | None, long: bool, model: str | None) -> int:
    """Ask questions one after another, each on a line; /help lists the commands, Ctrl-D ends.

    Through a pipe it reads one question a line and answers each, to its end. A follow-up is made a full question, which is shown.
    """
    asks_at_terminal = sys.stdin is not None and sys.stdin.isatty()
    with options.with_model(model).open() as know_how:
        # As in `ask`: the documents' own words are shown when they are whole, with what answers in bold.
        whole = present.may_decorate(sys.stdout) and know_how.settings.model.engine == "extractive"
        talk = _Talk(know_how.conversation(k=k, long=long), options.lang, whole=whole)
        if asks_at_terminal:
            click.echo(say("chat.hello", options.lang), err=True)
        for line in _lines_typed() if asks_at_terminal else _lines_piped():
            try:
                if not talk.take(line):
                    break
            except (UsageError, StorageError) as error:
                # One question that cannot be used does not end a conversation.
                click.echo(present.plain(error.render(options.lang)), err=True)
        return 0


class _Talk:
    """Takes one line after another: a question or a command. ``whole``: an answer is shown at once, emphasised."""

    def __init__(self, conversation: Conversation, lang: str, *, whole: bool) -> None:
        self._conversation = conversation
        self._whole = whole
        self._lang = lang

    def take(self, line: str) -> bool:
        """Whether the conversation goes on. Raises UsageError and StorageError for what cannot be done."""
        line = line.strip()
        if not line:
            return True
        if not line.startswith("/"):
            self._answer(line)
            return True
        name, _, rest = line.partition(" ")
        if name == "/quit":
            return False
        if name == "/help":
            click.echo(say("chat.help", self._lang))
        elif name == "/reset":
            self._conversation.reset()
            click.echo(say("chat.reset", self._lang), err=True)
        elif name == "/sources":
            self._sources()
        elif name == "/save":
            self._save(rest.strip())
        else:
            raise UsageError("chat_command", command=present.one_line(name))
        return True

    def _answer(self, question: str) -> None:
        """Streams an answer; Ctrl-C ends it, and with it the generation, but not the conversation."""
        stream = self._conversation.stream(question, asked=self._tell_question)
        try:
            with contextlib.closing(stream):
                for piece in stream:
                    if isinstance(piece, Answer):
                        self._finish(piece)
                    elif not self._whole:
                        click.echo(present.plain(piece), nl=False)
        except KeyboardInterrupt:
            click.echo()
            click.echo(say("chat.stopped", self._lang), err=True)

    def _tell_question(self, full: FullQuestion) -> None:
        if full.how != "typed":
            told = say("chat.asked", self._lang, question=present.one_line(full.text))
            click.echo(click.style(told, dim=True) if present.may_decorate(sys.stderr) else told, err=True)

    def _finish(self, answer: Answer) -> None:
        """The end of the answer's line, notes, and one line for each source."""
        click.echo(present.emphasised(answer) if self._whole else "")
        for line in present.note_lines(answer, self._lang):
            click.echo(line, err=True)
        for marker, chunk in {citation.marker: citation.chunk for citation in answer.citations}.items():
            click.echo(f"[{marker}] {present.passage_label(chunk, self._lang)}")
        click.echo()

    def _sources(self) -> None:
        turns = self._conversation.turns
        if not turns or not turns[-1].answer.citations:
            click.echo(say("chat.no_sources" if turns else "chat.no_answer", self._lang), err=True)
            return
        for line in present.sources(turns[-1].answer, self._lang):
            click.echo(line)

    def _save(self, name: str) -> None:
        """Writes the conversation to a new file; a file that is there stays as it is."""
        if not self._conversation.turns:
            click.echo(say("chat.no_answer", self._lang), err=True)
            return
        if not name:
            raise UsageError("save_name")
        try:
            path = Path(name).expanduser()
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(transcript(self._conversation.turns, self._lang))
        except FileExistsError as error:
            raise UsageError("save_exists", path=path) from error
        except (OSError, RuntimeError, ValueError) as error:
            detail = getattr(error, "strerror", None) or error
            raise StorageError("save_failed", path=name, detail=detail) from error
        click.echo(say("chat.saved", self._lang, path=path), err=True)


def _lines_typed() -> Iterator[str]:
    """Lines from a terminal, with editing and history where Python has readline; Ctrl-C clears the line."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - imported for what it does to input()
    while True:
        try:
            yield input(_PROMPT)
        except KeyboardInterrupt:
            click.echo()
        except EOFError:
            click.echo()
            return


def _lines_piped() -> Iterator[str]:
    """Lines from a pipe or file, as they come; UTF-8, else what a Japanese Windows console gives."""
    if sys.stdin is None:
        return
    while data := sys.stdin.buffer.readline(_LONGEST_LINE):
        try:
            yield data.decode("utf-8-sig")
        except UnicodeDecodeError:
            yield data.decode("cp932", "replace")


def transcript(turns: Sequence[Turn], lang: str) -> str:
    """The whole page; ``lang`` is the language of its headings."""
    return (
        "\n\n".join(
            [f"# {say('transcript.title', lang)}", *(block for turn in turns for block in _turn_blocks(turn, lang))]
        )
        + "\n"
    )


def _turn_blocks(turn: Turn, lang: str) -> Iterator[str]:
    yield f"## {present.one_line(turn.typed)}"
    if turn.asked.text != turn.typed:
        yield f"*{say('transcript.asked', lang)}: {present.one_line(turn.asked.text)}*"
    yield present.plain(turn.answer.text).strip()
    yield from (f"*{note}*" for note in present.notes(turn.answer, lang))
    if turn.answer.citations:
        yield f"{say('transcript.sources', lang)}:"
    for citation in turn.answer.citations:
        quote = "\n".join(f"> {line}" for line in present.plain(citation.quote).strip().splitlines())
        yield f"[{citation.marker}] {present.passage_label(citation.chunk, lang)}\n\n{quote}"
