"""What every reader hands out: a LlamaIndex document of clean Markdown with the metadata that ``read.parse`` joins by."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.ingest.readers.options import PLAIN, Way
from qeu_rag.ingest.remark import Remark

_BREAKS = re.compile("\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
    "\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_BLANK_RUN = re.compile(r"\n{4,}")
_SPACES = re.compile(r"\s+")
_JAPANESE = "[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]"
_BROKEN_JAPANESE = re.compile(rf"(?<={_JAPANESE})\s+(?={_JAPANESE})")
_FILE_NAME = re.compile(r"\S+\.(docx?|xlsx?|pptx?|pdf|dvi|tex|html?|indd|ai|eps|jtd|odt|rtf|txt|md)$", re.I)
_MAKER = re.compile(r"^(microsoft (office )?(word|powerpoint|excel)\s*-\s*)", re.I)
_TEMPLATE_TITLE = re.compile(
    r"^(untitled.*|無題.*|no title|title|タイトル|word document|powerpoint( presentation| プレゼンテーション)"
    r"|presentation\d*|プレゼンテーション\s*\d*|(slide|スライド|sheet|book|document|文書|文档)\s*\d*|print|印刷|\((anonymous|unspecified)\)|.*\.tmp)$",
    re.I,
)
TITLE_STYLE = re.compile(r"^(?:title|表題|タイトル)$", re.I)
"""The names of the style of a document's title."""


class FileReader(BaseReader):
    """A reader of one kind of file that is built with the way in which files are read, its own or those within it."""

    def __init__(self, way: Way = PLAIN) -> None:
        self._way = way


def clean(text: str) -> str:
    r"""``text`` in NFC, with ``\n`` line ends, no control characters but ``\n`` and ``\t``, nothing that nobody sees (zero-width
    spaces, tags) or that shows letters in another order than they have, lone surrogates replaced by U+FFFD, no trailing spaces,
    at most two blank lines in a row, and none at the ends. Cleaning twice changes nothing.
    """
    text = _SURROGATE.sub("\ufffd", _UNWANTED.sub("", _BREAKS.sub("\n", text)))
    text = unicodedata.normalize("NFC", text)
    return _BLANK_RUN.sub("\n\n\n", "\n".join(map(str.rstrip, text.split("\n")))).strip("\n")


def flat(text: str) -> str:
    """Text with its line ends as spaces, or as nothing between two characters of a script without spaces."""
    return re.sub(r"[^\S\xa0\u3000]+", " ", _BROKEN_JAPANESE.sub(lambda gap: "" if "\n" in gap[0] else gap[0], text))


def one_line(text: str) -> str:
    """``text`` with every run of white space as one space."""
    return _SPACES.sub(" ", clean(text)).strip()


def html_paragraph(text: str, name: str = "p") -> str:
    """Plain text as an HTML paragraph, or another element; empty where it is."""
    return f"<{name}>{html.escape(text, quote=False).replace(chr(10), '<br>')}</{name}>" if text.strip() else ""


def sensible_title(title: str | None) -> str:
    """``title`` on one line of at most 200 characters, or empty if it is a template's, a file name or mojibake."""
    text = _MAKER.sub("", one_line(title or ""))[:200].strip()
    western = sum("\xa0" <= c <= "\xff" for c in text)
    if _TEMPLATE_TITLE.match(text) or _FILE_NAME.match(text) or "\ufffd" in text or western * 3 > len(text):
        return ""
    return text


def page(
    text: str,
    *,
    number: int | None = None,
    title: str | None = None,
    markup: bool = True,
    setext: bool = False,
    notes: Iterable[Remark] = (),
    glue: str | None = None,
) -> LlamaDocument:
    """One page as a LlamaIndex document.

    ``number`` counts pages from 1 (None: the kind has no pages). ``title``: None means that the first heading may
    serve, empty that it may not. ``markup``: whether ``#`` lines are headings; ``setext``: whether underlined lines are
    too. ``notes`` tell what a user should know of how the file was read. ``glue`` (a space or nothing) joins a page that goes
    on in the sentence of the page before; None begins a paragraph.
    """
    metadata = {"page": number, "title": title, "markup": markup, "setext": setext, "notes": list(notes), "glue": glue}
    return LlamaDocument(text=clean(text), metadata=metadata)
