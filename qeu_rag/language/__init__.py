"""The words that users read, in English and Japanese: one catalogue a language, looked up by key."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

from qeu_rag.language import en, ja

CATALOGUES: Mapping[str, Mapping[str, str]] = {"en": en.MESSAGES, "ja": ja.MESSAGES}


def say(key: str, lang: str = "en", /, **values: object) -> str:
    """The message ``key`` in ``lang`` with its placeholders filled. Raises KeyError for an unknown key."""
    return CATALOGUES.get(lang, en.MESSAGES)[key].format(**values)


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
