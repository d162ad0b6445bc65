"""Parts what an HTML mail says from what it quotes, by the elements in which mail programs put an earlier mail."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from qeu_rag.ingest.readers.mail.quoted import OPEN, SHUT, Passage, passages
from qeu_rag.ingest.readers.web.reader import markdown_of, parsed

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_QUOTED = (
    "blockquote[type=cite], blockquote.gmail_quote, div.gmail_quote, div.yahoo_quoted, div.protonmail_quote, div.zmail_extra,"
    " blockquote.protonmail_quote, div.OutlookMessageHeader, div.ms-outlook-mobile-reference-message,"
    " #mail-editor-reference-message-container, blockquote[cite^=mid]"
)
_FROM_HERE = "#divRplyFwdMsg, #appendonsend, #x_divRplyFwdMsg, #x_appendonsend, #reply-intro"
"""An element from which on all of the mail is quoted."""


def html_passages(html: str, *, reply: bool) -> tuple[list[Passage], Counter[str]]:
    """The passages of an HTML mail as Markdown, and how much of each kind was left out."""
    soup = parsed(html)
    for tag in soup.select(_FROM_HERE):
        if tag.parent is not None:
            _enclose(soup, tag)
    for tag in soup.select(_QUOTED):
        if tag.find_parent(attrs={"data-quoted": True}) is None:
            tag["data-quoted"] = "1"
            inner = tag.select_one("blockquote.gmail_quote")
            for quote in (tag, inner):
                if quote is not None and quote.name == "blockquote" and (quote is tag or tag.name != "blockquote"):
                    quote.name = "div"
            _mark(soup, tag)
    # A rule that the writer sets as a quotation is part of what is said; typed signs are a mail program's.
    signs = soup.find("blockquote") is None and soup.find(string=re.compile(r"^\s*[>＞]")) is not None
    read = markdown_of(soup)
    found = passages(read.markdown, reply=reply, marked=True, signs=signs)
    kept = [Passage(text=_bare(p.text), kind=p.kind, who=_bare(p.who)) for p in found]
    return [passage for passage in kept if passage.text.strip()], read.left_out


def _enclose(soup: BeautifulSoup, tag: Tag) -> None:
    """Puts ``tag`` and all that comes after it in its holder into one element that is quoted."""
    if tag.find_parent(attrs={"data-quoted": True}) is not None:
        return
    holder = soup.new_tag("div")
    holder["data-quoted"] = "1"
    following = list(tag.next_siblings)
    tag.insert_before(holder)
    for part in (tag, *following):
        holder.append(part.extract())
    _mark(soup, holder)


def _mark(soup: BeautifulSoup, tag: Tag) -> None:
    for sign, put in ((OPEN, tag.insert_before), (SHUT, tag.insert_after)):
        line = soup.new_tag("p")
        line.string = sign
        put(line)


def _bare(text: str) -> str:
    return text.replace(OPEN, "").replace(SHUT, "")
