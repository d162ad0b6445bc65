"""Reads text files and Markdown files."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.ingest.readers.markup.marked_up import said
from qeu_rag.ingest.readers.page import page, sensible_title
from qeu_rag.ingest.readers.sign.raised import left_out
from qeu_rag.ingest.remark import Remark
from qeu_rag.text.encoding import PATCHED, decode

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*\r?(?:\n|\Z)", re.S | re.M)
_YAML_KEY = re.compile(r"[\w.\"'-]+[ \t]*:(?:\s|$)")
_YAML_OTHER = re.compile(r"[ \t]|- |#|$")
_TITLE = re.compile(r"^title[ \t]*:[ \t]*(.+)$", re.M | re.I)
_DATE = re.compile(
    r"^(?:date|updated|last[ _-]?(?:updated|modified|changed)|lastmod|modified|revised|revision[ _-]date|issued|published"
    r"|effective(?:[ _-]date)?|version|(?:改[定訂正]|発行|制定|施行|作成|更新)日?|日付)[ \t]*:[ \t]*"
    r"[^\n]*(?:(?:19|20)\d\d|(?:令和|平成|昭和)).*$",
    re.M | re.I,
)
_STATE = re.compile(
    r"^(?:status|state|draft|deprecated|obsolete|superseded[ _-]?by"
    r"|replaced[ _-]?by|expir(?:es|y|ation)(?:[ _-]date)?|valid[ _-]?(?:from|until|to)"
    r"|状態|有効期[限間]|失効日?|廃止日?|適用[日期][間]?)[ \t]*:[ \t]*\S.*$",
    re.M | re.I,
)
"""What front matter says of whether the text holds."""
_TOML = re.compile(r"\A\+\+\+[ \t]*\r?\n(.*?)^\+\+\+[ \t]*\r?(?:\n|\Z)", re.S | re.M)
_TOML_KEY = re.compile(r"^([\w-]+)[ \t]*=[ \t]*", re.M)
_STRUCK = re.compile("(?:[^\\s\u0335\u0336][\u0335\u0336]+[ ]?)+")
_ANSI = re.compile("\x1b\\[[0-9;?]*[A-Za-z]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)")
_OVER = re.compile("(.)\x08\\1|_\x08(.)|(.)\x08_")


class TextReader(BaseReader):
    """A text file in any of the encodings of ``readers.encoding``, as one page without headings."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError("undecodable")."""
        text, encoding = decode(Path(file).read_bytes())
        gone: Counter[str] = Counter()
        return [page(typed(text, gone), title="", markup=False, notes=(*encoding_notes(encoding), *left_out(gone)))]


class MarkdownReader(BaseReader):
    """A Markdown file without HTML comments and without its front matter, whose title is kept and whose dates stand last."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError("undecodable")."""
        text, encoding = decode(Path(file).read_bytes())
        title, text, last = _front(text.replace("\r\n", "\n"))
        read = said(text)
        text = typed(read.text, read.left_out)
        text = f"{text.rstrip()}\n\n{last}\n" if last else text
        return [page(text, title=title, setext=True, notes=(*encoding_notes(encoding), *left_out(read.left_out)))]


def typed(text: str, gone: Counter[str]) -> str:
    """``text`` as it was typed for a reader: without a terminal's colours and overprinting; what is struck out by signs is
    left out and counted in ``gone``."""
    if "\x1b" in text or "\x08" in text:
        text = _OVER.sub(lambda match: match[1] or match[2] or match[3], _ANSI.sub("", text))
    if "\u0335" in text or "\u0336" in text:
        text, count = _STRUCK.subn("", text)
        gone["struck"] += count
    return text


def _front(text: str) -> tuple[str | None, str, str]:
    """The title that front matter gives, the text after it, and its lines on dates and on whether the text holds."""
    front = _FRONT_MATTER.match(text)
    if front and _is_yaml(front[1]):
        block = front[1]
    elif front := _TOML.match(text):
        block = re.sub(r"[\"']", "", _TOML_KEY.sub(r"\1: ", front[1]))
    else:
        return None, text, ""
    found = {match.start(): match[0].strip() for pattern in (_DATE, _STATE) for match in pattern.finditer(block)}
    words = _TITLE.search(block)
    title = sensible_title(words[1].strip().strip("\"'")) or None if words else None
    return title, text[front.end() :], "\n".join(found[at] for at in sorted(found))


def _is_yaml(block: str) -> bool:
    """Whether a block between rules is front matter and not text: it begins with a key, and every line could be YAML."""
    lines = block.strip().splitlines()
    return bool(lines and _YAML_KEY.match(lines[0])) and all(_YAML_KEY.match(x) or _YAML_OTHER.match(x) for x in lines)


def encoding_notes(encoding: str) -> tuple[Remark, ...]:
    """A remark that names the guessed encoding, or none for UTF-8."""
    if encoding == "utf-8":
        return ()
    broken = encoding == PATCHED
    return (Remark(key="broken_bytes") if broken else Remark(key="encoding", values={"encoding": encoding}),)
