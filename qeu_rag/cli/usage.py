"""Says in the user's language what was wrong with a command line; click itself speaks English."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import click

from qeu_rag.language import say

_NAMED = re.compile(r"\((.*)\)|'(.*?)'")


def given_language(arguments: Sequence[str]) -> str | None:
    """The language that ``--lang`` names on a command line which may hold errors; None where it names none."""
    for place, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--lang":
            found = value if equals else next(iter(arguments[place + 1 :]), "")
            return found if found in ("en", "ja") else None
    return None


def explained(error: click.ClickException, lang: str) -> str:
    """What was wrong, with the command's usage and where its help is, a few lines."""
    return "\n".join(_lines(error, lang))


def _lines(error: click.ClickException, lang: str) -> Iterator[str]:
    context = getattr(error, "ctx", None)
    if context is not None:
        yield say("usage.usage", lang, usage=context.get_usage().partition(":")[2].strip())
        yield say("usage.help", lang, command=context.command_path)
        yield ""
    yield say("usage.error", lang, what=_what(error, lang))


def _what(error: click.ClickException, lang: str) -> str:
    message = error.format_message()
    if lang == "en":
        return message
    named = next((one for match in _NAMED.finditer(message) for one in match.groups() if one), "")
    if isinstance(error, click.NoSuchOption):
        near = ", ".join(error.possibilities or ())
        what = say("usage.no_option", lang, option=error.option_name)
        return f"{what} {say('usage.near', lang, names=near)}" if near else what
    if isinstance(error, click.MissingParameter):
        return say("usage.missing", lang, name=_name(error.param) or named)
    if isinstance(error, click.BadParameter):
        return say("usage.bad", lang, name=_name(error.param), allowed=_allowed(error.param, message))
    if isinstance(error, click.BadOptionUsage):
        return say("usage.value", lang, option=error.option_name)
    if message.startswith("No such command"):
        return say("usage.no_command", lang, name=named)
    if message.startswith("Got unexpected extra argument"):
        return say("usage.extra", lang, names=named)
    return message


def _name(param: click.Parameter | None) -> str:
    if param is None:
        return ""
    return (
        "/".join(param.opts)
        if isinstance(param, click.Option)
        else param.make_metavar(click.Context(click.Command("")))
    )


def _allowed(param: click.Parameter | None, message: str) -> str:
    """The values that a parameter takes, else what click says."""
    kind = None if param is None else param.type
    if isinstance(kind, click.IntRange | click.FloatRange):
        return f"{'' if kind.min is None else kind.min}–{'' if kind.max is None else kind.max}"
    if isinstance(kind, click.Choice):
        return ", ".join(map(str, kind.choices))
    return message
