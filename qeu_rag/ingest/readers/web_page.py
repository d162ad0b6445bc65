"""Parts the content of an HTML page from its furniture: menus, banners, side bars and what only machines read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qeu_rag.ingest.readers.page import one_line

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_FURNITURE = (
    "script, style, noscript, template, iframe, object, video, audio, canvas, nav, form > button, input[type=hidden],"
    " [role=navigation], [role=search], [role=menu], [role=menubar], .headerlink, .header-anchor, .anchorjs-link,"
    " .mw-editsection, .navbox, .noprint, rt, rp, rtc, datalist"
)
_EDGES = "header, footer, aside, [role=banner], [role=contentinfo], [role=complementary]"
_CONTENT = ("article", "main", "section", "blockquote", "td", "figure", "details", "li", "dialog", "template")
_SIDE = re.compile(r"side-?bar|widget|related|share|social|\btoc\b|menu|\bnav|promo|banner|newsletter|\bads?\b|cookie|breadcrumb", re.I)
_HEADINGS = [f"h{level}" for level in range(1, 7)]
_TELLING = re.compile(
    r"番号|改[定訂正]|制定|施行|発行|発効|更新|作成|承認|有効|適用|第.{1,4}版|ver(?:sion|\.)|\brev(?:ision|ised|\.|\b)|updated|effective"
    r"|issued|approved|valid|expires?|\bno\.|document|confidential|obsolete|superseded|draft|社外秘|機密|秘密|廃止|旧版|草案|失効",
    re.I,
)
_STATUS = re.compile(r"confidential|obsolete|superseded|draft|社外秘|機密|秘密|廃止|旧版|草案|失効", re.I)
_RIGHTS = re.compile(r"©|\(c\)|copyright|all rights reserved|著作権|無断転載", re.I)
_LONGEST_LINE = 200
KEPT = "data-kept"
"""The attribute of what was kept of the page's header ("first") or footer ("last")."""
_UNSEEN = ".sr-only, .visually-hidden, .visuallyhidden, .screen-reader-text, .a-offscreen, .u-hiddenVisually"
_TWICE = re.compile(r"katex-html|MathJax|mjx-|icon|fa-|glyphicon|anchor|permalink")


def without_furniture(soup: BeautifulSoup) -> None:
    """Removes from ``soup`` what is no content, but keeps headings of the page's header and lines that date or number it."""
    for tag in soup.select(_FURNITURE):
        if not tag.decomposed:
            tag.decompose()
    for tag in soup.select(_EDGES):
        if not tag.decomposed:
            _edge(tag)
    for tag in soup.select("[aria-hidden=true]"):
        if not tag.decomposed and _is_shown_twice(tag):
            tag.decompose()
    for tag in soup.select(_UNSEEN):
        # What is said to those who cannot see stands for a sign, or says once more what is seen.
        around = tag.parent.get_text() if not tag.decomposed and tag.parent is not None else ""
        if not tag.decomposed and any(map(str.isalnum, around.replace(tag.get_text(), "", 1))):
            tag.decompose()


def _edge(tag: Tag) -> None:
    """Deals with a header, footer or side note: that of an article is content, that of the page is furniture."""
    within = tag.find_parent(_CONTENT) is not None or tag.find_parent(attrs={"role": re.compile("^(main|article)$")}) is not None
    side = tag.name == "aside" or tag.get("role") == "complementary"
    if side or within:
        marks = f"{' '.join(tag.get('class') or ())} {tag.get('id') or ''}"
        if not (_is_of_links(tag) or (side and not within and _SIDE.search(marks))):
            return
    elif tag.find(id=re.compile(r"^(?:user-content-)?(?:fn|footnote|note)", re.I)) is not None:
        return
    kept: list[Tag] = [] if side else list(_kept(tag))
    for part in kept:
        part[KEPT] = "last" if tag.name == "footer" or tag.get("role") == "contentinfo" else "first"
        tag.insert_before(part.extract())
    tag.decompose()


def _kept(edge: Tag) -> Iterator[Tag]:
    """The headings in a page's header (many a page has its only h1 there), and lines that say what the page is and since when."""
    if edge.name == "header" or edge.get("role") == "banner":
        yield from edge.find_all(_HEADINGS)
    for tag in edge.find_all(["p", "div", "span", "li", "dl", "address", "small", "time", "td", "tr", "table"]):
        text = one_line(tag.get_text(" "))
        if not text or len(text) > _LONGEST_LINE or tag.find_parent("a") or tag.find(_HEADINGS) or _RIGHTS.search(text):
            continue
        tells = _TELLING.search(text) and (any(map(str.isdigit, text)) or _STATUS.search(text))
        if tells and not _is_of_links(tag) and edge in tag.parents and not any(_tells(parent) for parent in _up_to(tag, edge)):
            if tag.name in ("span", "li", "small", "time", "td", "tr"):
                tag.name = "p"
            yield tag


def _up_to(tag: Tag, edge: Tag) -> Iterator[Tag]:
    for parent in tag.parents:
        if parent is edge:
            return
        yield parent


def _tells(tag: Tag) -> bool:
    """Whether ``tag`` was kept as a whole already."""
    text = one_line(tag.get_text(" "))
    return len(text) <= _LONGEST_LINE and not tag.find(_HEADINGS) and not _RIGHTS.search(text) and not _is_of_links(tag)


def _is_of_links(tag: Tag) -> bool:
    """Whether ``tag`` holds hardly more than links."""
    words = len("".join(tag.get_text().split()))
    linked = sum(len("".join(link.get_text().split())) for link in tag.find_all("a"))
    return words > 0 and linked > 0.6 * words


def _is_shown_twice(tag: Tag) -> bool:
    """Whether what is hidden from screen readers alone is an ornament, or stands beside it in words for them."""
    text = one_line(tag.get_text())
    if not any(map(str.isalnum, text)):
        return tag.name != "input" and len(text) < 2 and text not in "○×△◎✓✔✗✘☑☐●◯"
    if tag.name != "a" and any(_TWICE.search(name) for name in tag.get("class") or ()):
        return True
    twin = tag.parent.select_one(_UNSEEN) if tag.parent is not None else None
    return twin is not None and one_line(twin.get_text()) == text
