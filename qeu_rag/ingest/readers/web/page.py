"""Parts the content of an HTML page from its furniture: menus, banners, side bars and what only machines read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qeu_rag.ingest.readers.page import one_line
from qeu_rag.ingest.readers.web.style import classes_of, is_gone

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_FURNITURE = frozenset("script style noscript template iframe object video audio canvas nav rp datalist".split())
_FURNITURE_ROLES = frozenset("navigation search menu menubar".split())
_FURNITURE_CLASSES = frozenset("headerlink header-anchor anchorjs-link mw-editsection navbox noprint".split())
_EDGES, _EDGE_ROLES = frozenset(("header", "footer", "aside")), frozenset(("banner", "contentinfo", "complementary"))
_CONTENT = ("article", "main", "section", "blockquote", "td", "figure", "details", "li", "dialog", "template")
_SIDE = re.compile(
    r"side-?bar|widget|related|share|social|\btoc\b|menu|\bnav|promo|banner|newsletter|\bads?\b|cookie|breadcrumb", re.I
)
_HEADINGS = [f"h{level}" for level in range(1, 7)]
_TELLING = re.compile(
    r"番号|改[定訂正]|制定|施行|発行|発効|更新|作成|承認|有効|適用|第.{1,4}版|ver(?:sion|\.)|\brev(?:ision|ised|\.|\b)|updated|effective"
    r"|issued|approved|valid|expires?|\bno\.|document|confidential|obsolete|superseded|draft|社外秘|機密|秘密|廃止|旧版|草案|失効",
    re.I,
)
_STATUS = re.compile(r"confidential|obsolete|superseded|draft|社外秘|機密|秘密|廃止|旧版|草案|失効", re.I)
_RIGHTS = re.compile(r"©|\(c\)|copyright|all rights reserved|著作権|無断転載", re.I)
_LONGEST_LINE = 200
_IN_LINE = frozenset("b strong i em span time small u sup sub".split())
_CONSENT = re.compile(
    r"cookie[-_]?(?:consent|banner|notice|bar|popup|modal|law|message|info|overlay)|onetrust|cookiebot|usercentrics|\bgdpr\b"
    r"|consent[-_](?:banner|popup|modal)|\bcc-window\b|\bbreadcrumbs?\b",
    re.I,
)
_LONGEST_CONSENT = 3000
KEPT = "data-kept"
"""The attribute of what was kept of the page's header ("first") or footer ("last")."""
_UNSEEN = frozenset("sr-only visually-hidden visuallyhidden screen-reader-text a-offscreen u-hiddenVisually".split())
_TWICE = re.compile(r"katex-html|MathJax|mjx-|icon|fa-|glyphicon|anchor|permalink")


def without_furniture(soup: BeautifulSoup) -> None:
    """Removes from ``soup`` what is no content, but keeps headings of the page's header and lines that date or number it."""
    edges, silent, unseen = [], [], []
    for tag in soup.find_all(True):
        if is_gone(tag):
            continue
        role, classes = str(tag.get("role") or ""), classes_of(tag)
        if _is_furniture(tag, role, classes):
            tag.decompose()
        elif tag.name in _EDGES or role in _EDGE_ROLES:
            edges.append(tag)
        elif tag.get("aria-hidden") == "true":
            silent.append(tag)
        elif not _UNSEEN.isdisjoint(classes):
            unseen.append(tag)
    for tag in edges:
        if not is_gone(tag):
            _edge(tag)
    for tag in silent:
        if not is_gone(tag) and _is_shown_twice(tag):
            tag.decompose()
    for tag in unseen:
        if not is_gone(tag) and is_said_beside(tag):
            tag.decompose()


def is_said_beside(tag: Tag) -> bool:
    """Whether words stand beside ``tag``: what is said to those who cannot see then says once more what is seen, else it
    stands for a sign."""
    around = tag.parent.get_text() if tag.parent is not None else ""
    return any(map(str.isalnum, around.replace(tag.get_text(), "", 1)))


def _is_furniture(tag: Tag, role: str, classes: list[str]) -> bool:
    if tag.name in _FURNITURE or role in _FURNITURE_ROLES or not _FURNITURE_CLASSES.isdisjoint(classes):
        return True
    if tag.name in ("div", "section", "ul", "ol") and _CONSENT.search(f"{' '.join(classes)} {tag.get('id') or ''}"):
        return len(tag.get_text()) < _LONGEST_CONSENT and tag.find(["h1", "main", "article", "table"]) is None
    return tag.name == "button" and tag.parent is not None and tag.parent.name == "form"


def _edge(tag: Tag) -> None:
    """Deals with a header, footer or side note: that of an article is content, that of the page is furniture."""
    within = (
        tag.find_parent(_CONTENT) is not None
        or tag.find_parent(attrs={"role": re.compile("^(main|article)$")}) is not None
    )
    side = tag.name == "aside" or tag.get("role") == "complementary"
    if side or within:
        marks = f"{' '.join(classes_of(tag))} {tag.get('id') or ''}"
        if not (_is_of_links(tag) or (side and not within and _SIDE.search(marks))):
            if not within:
                tag[KEPT] = "last"
            return
    elif tag.find(id=re.compile(r"^(?:user-content-)?(?:fn|footnote|note)", re.I)) is not None:
        return
    _bare_as_line(tag)
    kept: list[Tag] = [] if side else list(_kept(tag))
    for part in kept:
        part[KEPT] = "last" if tag.name == "footer" or tag.get("role") == "contentinfo" else "first"
        tag.insert_before(part.extract())
    tag.decompose()


def _bare_as_line(edge: Tag) -> None:
    """Puts words that stand in ``edge`` itself, in no block of theirs, into a line with the inline elements around them."""
    from bs4 import BeautifulSoup, Tag
    from bs4.element import NavigableString

    root = [edge, *edge.parents][-1]
    line: Tag | None = None
    for part in list(edge.children):
        runs = type(part) is NavigableString or (isinstance(part, Tag) and part.name in _IN_LINE)
        if not runs or not isinstance(root, BeautifulSoup):
            line = None
        elif line is not None:
            line.append(part.extract())
        elif type(part) is NavigableString and one_line(part):
            line = part.wrap(root.new_tag("span"))


def _kept(edge: Tag) -> Iterator[Tag]:
    """The headings in a page's header (many a page has its only h1 there), and lines that say what the page is and since when."""
    if edge.name == "header" or edge.get("role") == "banner":
        yield from edge.find_all(_HEADINGS)
    for tag in edge.find_all(["p", "div", "span", "li", "dl", "address", "small", "time", "td", "tr", "table"]):
        text = one_line(tag.get_text(" "))
        if not text or len(text) > _LONGEST_LINE or tag.find_parent("a") or tag.find(_HEADINGS) or _RIGHTS.search(text):
            continue
        tells = _TELLING.search(text) and (any(map(str.isdigit, text)) or _STATUS.search(text))
        if (
            tells
            and not _is_of_links(tag)
            and any(holder is edge for holder in tag.parents)
            and not any(_tells(parent) for parent in _up_to(tag, edge))
        ):
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
    if tag.name != "a" and any(_TWICE.search(name) for name in classes_of(tag)):
        return True
    beside = tag.parent.find_all(True, recursive=False) if tag.parent is not None else []
    return any(not _UNSEEN.isdisjoint(classes_of(twin)) and one_line(twin.get_text()) == text for twin in beside)
