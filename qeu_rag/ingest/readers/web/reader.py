"""Reads HTML: headings, paragraphs, lists, tables and code as Markdown, without the furniture of the page."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.ingest.readers.markup.markdown import escape
from qeu_rag.ingest.readers.markup.plain import encoding_notes
from qeu_rag.ingest.readers.page import page, sensible_title
from qeu_rag.ingest.readers.typeset.raised import left_out
from qeu_rag.ingest.readers.web.blocks import blocks
from qeu_rag.ingest.readers.web.left_out import take_out
from qeu_rag.ingest.readers.web.notes import notes_in_place, questions_as_headings
from qeu_rag.ingest.readers.web.page import KEPT, without_furniture
from qeu_rag.ingest.readers.web.style import styles_of
from qeu_rag.ingest.readers.web.words import by_roles, formulas, generated, raised_by_style, words
from qeu_rag.text.encoding import decode

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]+encoding=[\"']([\w.:-]+)", re.I)
_MAIN_SHARE = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlText:
    """What an HTML page says: its title (empty: none), its content as Markdown, and how much of each kind was left out."""

    title: str
    markdown: str
    left_out: Counter[str] = field(default_factory=Counter)


class HtmlReader(BaseReader):
    """An HTML page; the encoding is the one declared, if the bytes agree, else detected."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError("undecodable")."""
        data = Path(file).read_bytes()
        declared = _CHARSET.search(data[:4096])
        label = (declared[1] or declared[2]).decode("ascii", "replace") if declared else ""
        text, encoding = decode(data, label)
        read = read_html(text)
        notes = (*encoding_notes(encoding), *left_out(read.left_out))
        return [page(read.markdown, title=read.title or None, notes=notes)]


def read_html(html: str) -> HtmlText:
    """The title and the readable content of ``html``, as Markdown."""
    soup = parsed(html)
    title = sensible_title(soup.title.get_text()) if soup.title else ""
    return markdown_of(soup, title)


def parsed(html: str) -> BeautifulSoup:
    """``html`` as a tree without comments, in which the parts that a browser takes from a template at once stand in place."""
    from bs4 import BeautifulSoup, Comment
    from bs4.element import NavigableString

    soup = BeautifulSoup(_without_declaration(html), "lxml")
    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for template in soup.find_all("template", shadowrootmode=True):
        template.name = "div"
        for text in template.find_all(string=True):
            text.replace_with(NavigableString(text))
    return soup


def markdown_of(soup: BeautifulSoup, title: str = "") -> HtmlText:
    """What ``soup``, which is changed by that, says."""
    gone: Counter[str] = Counter()
    formulas(soup, gone)
    styles = styles_of(soup)
    generated(soup, styles)
    without_furniture(soup)
    gone += take_out(soup, styles)
    raised_by_style(styles)
    by_roles(soup)
    notes_in_place(soup)
    words(soup)
    questions_as_headings(soup)
    content = _content(soup)
    try:
        text = "\n\n".join(block for block in blocks(content) if block.strip())
    except (
        RecursionError
    ):  # Elements within elements without end, as programs that go wrong write them: the words alone.
        text = escape("\n".join(line for line in content.get_text("\n").split("\n") if line.strip()))
    return HtmlText(title=title, markdown=text, left_out=gone)


def _without_declaration(html: str) -> str:
    """Without an XML declaration, whose encoding lxml would refuse in text that is decoded already."""
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", html)


def _content(soup: BeautifulSoup) -> Tag:
    """The main element where it holds a fair share of the text, with what was kept of the page's header, else the body."""
    body = soup.body or soup
    mains = soup.select("main, [role=main]")
    if len(mains) != 1 or len(mains[0].get_text()) < _MAIN_SHARE * len(body.get_text()):
        return body
    main = mains[0]
    for part in reversed(soup.select(f"[{KEPT}=first]")):
        if _apart(part, main) and not (part.name == "h1" and main.find("h1")):
            main.insert(0, part.extract())
    for part in soup.select(f"[{KEPT}=last]"):
        if _apart(part, main):
            main.append(part.extract())
    return main


def _apart(one: Tag, other: Tag) -> bool:
    """Whether neither element stands in the other."""
    return not any(holder is other for holder in one.parents) and not any(holder is one for holder in other.parents)
