"""The roles of reStructuredText and Sphinx, as nodes that ``rst_text`` writes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from docutils import nodes
from docutils.parsers.rst import roles
from docutils.utils import unescape

NAME = r"(?:(?!_)\w)+(?:[-._+:](?:(?!_)\w)+)*"
"""The name of a directive or a role, as a pattern."""
_ROLE_NAME = re.compile(r":([\w.+:-]{1,80}):(?=`)|(?<=`):([\w.+:-]{1,80}):")
_TARGET = re.compile(r"(.*?)\s*<[^<>]*>", re.S)

Role = Callable[..., tuple[list[Any], list[Any]]]


def register_roles(text: str) -> None:
    """Makes every role that ``text`` names known to docutils, those without a meaning of their own as their words.

    docutils has one table of roles for the whole process. All that a text uses is set here before it is parsed, so that what
    another text defined does not hold in it.
    """
    for name, role in _ROLES.items():
        roles.register_local_role(name, role)
    for found in _ROLE_NAME.finditer(text):
        register_role(found[1] or found[2])
    roles.register_local_role("", _ROLES["emphasis"])


def register_role(name: str, base: str = "") -> None:
    """Makes the role ``name`` known to docutils, as one like ``base``."""
    roles.register_local_role(name.lower(), _ROLES.get((base or name).lower(), _WORDS))


def _role(make: Callable[[str], list[Any]], *, verbatim: bool = False) -> Role:
    """A role that makes its nodes of its text, ``verbatim`` with the backslashes in it."""

    def role(name: str, raw: str, text: str, *rest: object, **more: object) -> tuple[list[Any], list[Any]]:
        return make(unescape(text, restore_backslashes=verbatim)), []

    return role


def _named(text: str) -> list[Any]:
    """The words of a link; where it has none of its own, the place that it names."""
    match = _TARGET.fullmatch(text)
    if match and match[1].strip():
        return [nodes.Text(match[1].replace("%s", "").strip())]
    return [nodes.inline("", text.lstrip("!~"), place=" ".join(text.lower().split()))]


_WORDS = _role(_named)
_ROLES: dict[str, Role] = {
    "math": _role(lambda text: [nodes.math("", text)], verbatim=True),
    **dict.fromkeys(
        ("code", "literal", "kbd", "samp", "file", "command", "program", "option", "envvar"),
        _role(lambda text: [nodes.literal("", text)], verbatim=True),
    ),
    **dict.fromkeys(("sup", "superscript"), _role(lambda text: [nodes.superscript("", text)])),
    **dict.fromkeys(("sub", "subscript"), _role(lambda text: [nodes.subscript("", text)])),
    **dict.fromkeys(
        ("strike", "strikethrough", "del", "deleted"), _role(lambda text: [nodes.inline("", text, struck=True)])
    ),
    **dict.fromkeys(
        ("emphasis", "strong", "title-reference", "title", "t", "abbr", "dfn"),
        _role(lambda text: [nodes.Text(text)]),
    ),
    "index": _role(lambda text: [nodes.Text(m[1] if (m := _TARGET.fullmatch(text)) and m[1] else text.lstrip("!"))]),
    **dict.fromkeys(("guilabel", "menuselection"), _role(lambda text: [nodes.Text(re.sub("&(?=\\w)", "", text))])),
    **dict.fromkeys(("pep", "pep-reference"), _role(lambda text: [nodes.Text(f"PEP {text}")])),
    **dict.fromkeys(("rfc", "rfc-reference"), _role(lambda text: [nodes.Text(f"RFC {text}")])),
    "eq": _role(lambda text: [nodes.Text(f"({text})")]),
    "raw": _role(lambda text: []),
}
"""Roles that are more than their words, or less."""
