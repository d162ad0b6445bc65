"""Messages as the one text that a model was trained on, by the Jinja template that its file carries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2
    from langchain_core.messages import BaseMessage

_ROLES: Mapping[str, str] = MappingProxyType({"human": "user", "ai": "assistant", "system": "system"})
_HEADINGS: Mapping[str, str] = MappingProxyType({"user": "Human", "assistant": "Assistant", "system": "System"})


class TemplateError(Exception):
    """The template is broken or refuses these messages."""


def as_turns(messages: Sequence[BaseMessage], special: Iterable[str] = ()) -> list[dict[str, str]]:
    """``role`` and ``content`` of each message, as templates expect them.

    What a tokenizer would take for one of its ``special`` tokens is broken up by a space, so that no document and no
    question can end its turn or begin another one.
    """
    wanted = sorted((token for token in special if len(token) > 1), key=len, reverse=True)
    return [
        {"role": _ROLES.get(message.type, "user"), "content": _harmless(message.text, wanted)} for message in messages
    ]


def render_template(template: str, turns: list[dict[str, str]], *, bos: str, eos: str) -> str:
    """``turns`` by the Jinja ``template``, up to where the model has to go on.

    The environment is the one that Hugging Face's chat templates are written for, sandboxed. A template that refuses a
    system message gets it before the first user message. Raises TemplateError.
    """
    import jinja2

    environment = _environment()
    values = {"bos_token": bos, "eos_token": eos, "add_generation_prompt": True}
    try:
        ready = environment.from_string(template)
        try:
            return ready.render(messages=turns, **values)
        except (jinja2.TemplateError, TypeError, ValueError):
            merged = _without_system(turns)
            if merged == turns:
                raise
            return ready.render(messages=merged, **values)
    except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as e:
        raise TemplateError(str(e)) from e


def syntax_problem(template: str) -> str:
    """Why ``template`` cannot be used, in Jinja's words; "" where its grammar holds.

    Nothing of it is run, not even what compiling would work out beforehand: a file that is looked at has no say in what that
    takes.
    """
    import jinja2

    try:
        _environment().parse(template)
    except jinja2.TemplateSyntaxError as error:
        return f"{error.message} (line {error.lineno})"
    except RecursionError as error:
        return str(error)
    return ""


def _environment() -> jinja2.Environment:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = _refuse
    environment.filters["tojson"] = _to_json
    return environment


def render_plain(turns: list[dict[str, str]]) -> str:
    """``turns`` for a model without a template: in the form that GPT4All uses then, a ``### Human:`` heading and so on."""
    parts = [f"### {_HEADINGS[turn['role']]}:\n{turn['content']}\n\n" for turn in turns]
    return "".join([*parts, "### Assistant:\n"])


def _harmless(text: str, special: Sequence[str]) -> str:
    for token in special:
        if token in text:
            text = text.replace(token, f"{token[0]} {token[1:]}")
    return text


def _without_system(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    system = "\n\n".join(turn["content"] for turn in turns if turn["role"] == "system")
    rest = [turn for turn in turns if turn["role"] != "system"]
    if not system or not rest or rest[0]["role"] != "user":
        return turns
    return [{"role": "user", "content": f"{system}\n\n{rest[0]['content']}"}, *rest[1:]]


def _refuse(message: str) -> None:
    import jinja2

    raise jinja2.TemplateError(message)


def _to_json(value: Any, indent: int | None = None) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, indent=indent)
