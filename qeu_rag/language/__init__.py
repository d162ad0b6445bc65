"""The words that users read, in English and Japanese: one catalogue a language (``en.json``, ``ja.json``), looked up by key."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator, Mapping
from typing import Literal


class _Catalogues(Mapping[str, Mapping[str, str]]):
    """The messages by language and key; a language's file is read when it is first asked for."""

    def __getitem__(self, lang: str) -> Mapping[str, str]:
        if lang not in ("en", "ja"):
            raise KeyError(lang)
        return _messages(lang)

    def __iter__(self) -> Iterator[str]:
        return iter(("en", "ja"))

    def __len__(self) -> int:
        return 2


@functools.cache
def _messages(lang: str) -> Mapping[str, str]:
    with open(os.path.join(os.path.dirname(__file__), f"{lang}.json"), encoding="utf-8") as file:
        messages: dict[str, str] = json.load(file)
    return messages


CATALOGUES: Mapping[str, Mapping[str, str]] = _Catalogues()


def say(key: str, lang: str = "en", /, **values: object) -> str:
    """The message ``key`` in ``lang`` with its placeholders filled. Raises KeyError for an unknown key."""
    return CATALOGUES["ja" if lang == "ja" else "en"][key].format(**values)


def likely_line(text: str) -> str:
    """The line at the beginning of an answer that says, in any language, that it is only probably one; "" where none does."""
    first = text.partition("\n")[0].strip()
    return first if first in {messages["answer.likely"] for messages in CATALOGUES.values()} else ""


def page_words(source: str, page: int | None, lang: str) -> str:
    """What stands behind the name of the file ``source`` for its page, sheet or slide; empty where it has none."""
    if page is None:
        return ""
    suffix = os.path.splitext(source)[1].lower()
    kind = "sheet" if suffix in (".xlsx", ".xlsm", ".xls") else "slide" if suffix == ".pptx" else "page"
    return say(f"source.{kind}", lang, page=page)


def system_language(environ: Mapping[str, str] | None = None) -> Literal["ja", "en"]:
    """The user's language: ``QEU_RAG_LANG`` where set, else the locale variables in POSIX order; English by default."""
    env = os.environ if environ is None else environ
    for name in ("QEU_RAG_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if (value := env.get(name)) and value != "auto":
            return "ja" if value.lower().startswith("ja") else "en"
    return "en"
