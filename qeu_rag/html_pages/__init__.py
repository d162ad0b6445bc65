"""Renders the HTML pages that commands write, each whole in one file, from templates with one stylesheet."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

from qeu_rag.language import say


def render(name: str, lang: str, **values: object) -> Iterator[str]:
    """The page ``<name>.html`` in pieces, as its rows are made; ``values`` are the template's, escaped unless markup.

    The template has ``say`` in ``lang``. Nothing in a page is loaded from elsewhere, whatever a document's text holds.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    template = pages.get_template(f"{name}.html", globals={"say": functools.partial(_say, lang), "lang": lang})
    return template.generate(**values)


def markup(html: str) -> str:
    """``html`` as a value that is not escaped: only for markup made by the program itself."""
    from markupsafe import Markup

    return Markup(html)


def _say(lang: str, key: str, **values: object) -> str:
    return say(key, lang, **values)
