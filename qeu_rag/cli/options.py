"""What every command takes: the home, profile, collection and language, and the way from them to ``KnowHow``."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from qeu_rag.cli.progress import ByteBar
from qeu_rag.errors import UsageError
from qeu_rag.language import system_language

if TYPE_CHECKING:
    from qeu_rag.app import KnowHow
    from qeu_rag.config import Settings

PROGRAM = "qeu-rag"
INTERRUPTED = 130
"""The exit code after Ctrl-C."""

P = ParamSpec("P")
R = TypeVar("R")


def _early_language() -> str:
    """The language before settings are read; "auto" in the variable leaves it to the locale."""
    hidden = ("QEU_RAG_LANG",) if os.environ.get("QEU_RAG_LANG") == "auto" else ()
    return system_language({name: value for name, value in os.environ.items() if name not in hidden})


@dataclass
class Session:
    """One run of the program: the language in which it speaks, known better as options and settings are read.

    ``given`` is the language that stood before the command.
    """

    lang: str = field(default_factory=_early_language)
    given: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options common to all commands, as they were given."""

    session: Session
    profile: str | None
    flags: Mapping[str, object]

    def settings(self) -> Settings:
        """The settings of this run; raises ConfigError."""
        from qeu_rag.config import load_settings

        settings = load_settings(self.profile, flags=self.flags)
        if settings.lang != "auto":
            self.session.lang = settings.lang
        return settings

    def open(self) -> KnowHow:
        """The collection, ready to use; its notices go to stderr."""
        settings = self.settings()
        from qeu_rag.app import KnowHow

        return KnowHow.open(settings=settings, notify=self.notify, progress=ByteBar(self.lang))

    def with_model(self, model: str | None) -> Options:
        """These options with the file or name that ``--model`` gave; the file decides the engine."""
        if model is None:
            return self
        return replace(self, flags={**self.flags, "model.engine": "auto", "model.file": model})

    @property
    def lang(self) -> str:
        """The language in which to speak to the user, "en" or "ja"."""
        return self.session.lang

    def notify(self, message: str) -> None:
        """One line on stderr."""
        click.echo(f"{PROGRAM}: {message}", err=True)


_LANGUAGES = click.Choice(["auto", "en", "ja"])


def common(function: Callable[..., R]) -> Callable[..., R]:
    """Give a command the common options, as its keyword argument ``options``."""

    @functools.wraps(function)
    def command(home: str | None, profile: str | None, collection: str | None, lang: str | None, **rest: object) -> R:
        session = click.get_current_context().find_object(Session) or Session()
        lang = lang or session.given
        if lang in ("en", "ja"):
            session.lang = lang
        given = {"home": home, "collection": collection, "lang": lang}
        flags = MappingProxyType({key: value for key, value in given.items() if value is not None})
        return function(options=Options(session=session, profile=profile, flags=flags), **rest)

    for option in (
        click.option("--lang", type=_LANGUAGES, help="Language of messages."),
        click.option("--collection", metavar="NAME", help="Which set of documents. [default: default]"),
        click.option("--profile", metavar="NAME|FILE", help="A profile's name or YAML file. [default: default]"),
        click.option("--home", metavar="FOLDER", help="Where qeu-rag keeps its data. [default: ~/.qeu_rag]"),
    ):
        command = option(command)
    return command


class FolderPath(click.Path):
    """A folder of this machine that exists; an address of a store is refused as such."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, exists=True, file_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Raises UsageError("address_folder") for an address, and what click raises."""
        if "://" in str(value):
            from qeu_rag.config.address import without_password

            raise UsageError("address_folder", address=without_password(str(value)))
        return super().convert(value, param, ctx)


def _keep_language(context: click.Context, _: click.Parameter, lang: str | None) -> None:
    if (session := context.find_object(Session)) is not None:
        session.given = lang


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
k_option = click.option("-k", "k", type=click.IntRange(1, 100), metavar="N", help="How many passages to find.")
model_option = click.option("--model", metavar="FILE|NAME", help="A model file that answers, or its name in the home.")
on_option = click.option(
    "--on", metavar="ray|ray://HEAD", help="Let a Ray cluster do the work; ray: one on this machine, for this run."
)
language_option = click.option(
    "--lang",
    type=_LANGUAGES,
    expose_value=False,
    callback=_keep_language,
    help="Language of messages; also after a command.",
)
