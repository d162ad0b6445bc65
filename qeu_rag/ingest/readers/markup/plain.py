"""Reads text files and Markdown files."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.markup.markdown import escape
from qeu_rag.ingest.readers.markup.marked_up import said
from qeu_rag.ingest.readers.page import one_line, page, sensible_title
from qeu_rag.ingest.readers.typeset.raised import left_out
from qeu_rag.ingest.remark import Remark
from qeu_rag.text.encoding import PATCHED, decode

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*\r?(?:\n|\Z)", re.S | re.M)
_YAML_KEY = re.compile(r"[\w.\"'-]+[ \t]*:(?:\s|$)")
_YAML_OTHER = re.compile(r"[ \t]|- |#|$")
_BUILT = re.compile(
    r"(?:layout|template|permalink|slug|url|aliases|redirect\w*|categor\w*|tags?|keywords?|weight|order|nav\w*|menu|toc\w*|sidebar\w*"
    r"|hide\w*|image|images|cover|thumbnail|icon|emoji|type|lang|locale|math|mermaid|comments|published|id|uid|css|class\w*|theme|outline"
    r"|head|output|format|bibliography|csl|geometry|fontsize|mainfont|documentclass|header-includes|kernelspec|jupyter|jupytext)",
    re.I,
)
"""Keys of front matter that tell a program how to build its page."""
_PAIR = re.compile(r"^([\w.-]+)[ \t]*[:=][ \t]*([^\s\[{|>].*)$", re.M)
_TOML = re.compile(r"\A\+\+\+[ \t]*\r?\n(.*?)^\+\+\+[ \t]*\r?(?:\n|\Z)", re.S | re.M)
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
    """A Markdown file without HTML comments; first what its front matter says of the document, but for the title."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError("undecodable")."""
        text, encoding = decode(Path(file).read_bytes())
        title, text, head = _front(text.replace("\r\n", "\n"))
        read = said(text)
        text = "\n\n".join(filter(None, (escape(head), typed(read.text, read.left_out))))
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
    """The title that front matter gives, the text after it, and the lines of what else it says of the document."""
    import tomllib

    import yaml

    front = _FRONT_MATTER.match(text)
    try:
        if front and _is_yaml(front[1]):
            values = yaml.load(front[1], Loader=yaml.BaseLoader)
        elif front := _TOML.match(text):
            values = tomllib.loads(front[1])
        else:
            return None, text, ""
    except (yaml.YAMLError, tomllib.TOMLDecodeError):
        assert front
        values = dict(_PAIR.findall(front[1]))
    values = {str(key): _one(value) for key, value in values.items()} if isinstance(values, dict) else {}
    title = next((sensible_title(value) for key, value in values.items() if key.lower() == "title"), "") or None
    told = (
        f"{key}: {value}"
        for key, value in values.items()
        if value and not _BUILT.fullmatch(key) and key.lower() != "title"
    )
    return title, text[front.end() :], "\n".join(told)


def _one(value: object) -> str:
    """A value of front matter on one line; nothing for what holds other values, or says no."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(_one, value)))
    return (
        ""
        if isinstance(value, dict) or str(value).lower() in ("false", "no", "null", "none", "~")
        else one_line(str(value))
    )


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


def text_of(file: Path) -> tuple[str, list[Remark]]:
    """The text of a file that must hold some, and remarks on its encoding. Raises ReadError: "undecodable", "empty"."""
    text, encoding = decode(file.read_bytes())
    if not text.strip():
        raise ReadError("empty")
    return text, list(encoding_notes(encoding))
