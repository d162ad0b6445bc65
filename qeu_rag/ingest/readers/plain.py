"""Reads text files and Markdown files."""

from __future__ import annotations

import re
from pathlib import Path

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.ingest.readers.encoding import PATCHED, decode
from qeu_rag.ingest.readers.page import page, sensible_title
from qeu_rag.ingest.remark import Remark

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
_COMMENT_OR_FENCE = re.compile(r"^[ \t]*(?P<mark>```+|~~~+)[^\n]*\n.*?(?:^[ \t]*(?P=mark)|\Z)|<!--.*?-->", re.S | re.M)


class TextReader(BaseReader):
    """A text file in any of the encodings of ``readers.encoding``, as one page without headings."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError("undecodable")."""
        text, encoding = decode(Path(file).read_bytes())
        return [page(text, title="", markup=False, notes=encoding_notes(encoding))]


class MarkdownReader(BaseReader):
    """A Markdown file without HTML comments and without its front matter, whose title is kept and whose dates stand last."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError("undecodable")."""
        text, encoding = decode(Path(file).read_bytes())
        title = None
        if (front := _FRONT_MATTER.match(text)) and _is_yaml(front[1]):
            dates = "\n".join(found[0].strip() for found in _DATE.finditer(front[1]))
            text = text[front.end() :].rstrip() + f"\n\n{dates}\n" if dates else text[front.end() :]
            if words := _TITLE.search(front[1]):
                title = sensible_title(words[1].strip().strip("\"'")) or None
        text = _COMMENT_OR_FENCE.sub(lambda match: "" if match[0].startswith("<!--") else match[0], text)
        return [page(text, title=title, setext=True, notes=encoding_notes(encoding))]


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
