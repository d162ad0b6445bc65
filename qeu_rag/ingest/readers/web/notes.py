"""Sets the notes of an HTML page beside their sentences, and makes headings of questions whose answers stand below them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qeu_rag.ingest.readers.notes_and_comments import LONGEST_IN_TEXT, asks, bare_note
from qeu_rag.ingest.readers.page import one_line
from qeu_rag.ingest.readers.web.style import is_gone

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_NOTE_ID = re.compile(r"(?:user-content-)?(?:fn|foot-?note|endnote|ftn|edn|note|_ftn|_edn|kyakuchu)[-_:.]?\w*$", re.I)
_REFERENCE = re.compile(r"footnote-?ref|noteref|fnref", re.I)
_BACK = re.compile(r"^[\W\d_a-z]{0,6}$", re.I)
_HEADINGS = [f"h{level}" for level in range(1, 7)]
_NO_HEADING_IN = ("table", "ul", "ol", "blockquote", "menu", "pre")
_PAGE = ("body", "main", "article")
_MOST = 2000
_MOST_TABS = 100


def notes_in_place(soup: BeautifulSoup) -> None:
    """Puts each note where its mark stands, and takes it from the end; a long one stays there."""
    told: dict[str, str] = {}
    done: list[Tag] = []
    for link in soup.find_all("a", href=re.compile("^#."))[:_MOST]:
        name = str(link["href"])[1:]
        raised = link.find_parent("sup") or link.find("sup")
        kinds = f"{' '.join(link.get('class') or ())} {link.get('role') or ''} {link.get('epub:type') or ''}"
        if not (_REFERENCE.search(kinds) or (raised is not None and _NOTE_ID.match(name))):
            continue
        if name not in told:
            place = soup.find(id=name) or soup.find("a", attrs={"name": name})
            told[name] = _text(place) if place is not None and not _is_before(place, link) else ""
            if told[name] and place is not None:
                done.append(_block_of(place))
        mark = link.find_parent("sup") or link
        if told[name] and not link.find_parent(_HEADINGS):
            mark.replace_with(bare_note(told[name]))
    for block in done:
        holder = block.parent
        block.decompose()
        while (
            holder is not None
            and holder.name in ("ol", "ul", "section", "div", "aside")
            and not one_line(holder.get_text())
        ):
            outer = holder.parent
            holder.decompose()
            holder = outer


def _is_before(place: Tag, link: Tag) -> bool:
    """Whether ``place`` is what the link stands in, or stands above it: the way back from a note is no note."""
    return any(holder is place for holder in link.parents) or any(
        back is place for back in link.find_all_previous(place.name)
    )


def _block_of(place: Tag) -> Tag:
    if place.name in ("li", "p", "div", "aside", "dd", "section"):
        return place
    return place.find_parent(["li", "p", "div", "dd"]) or place


def _text(place: Tag) -> str:
    """What a note says without its mark and the link back; empty where that is too long or is no note."""
    block = _block_of(place)
    if block.find(["table", "h1", "h2", "h3"]) or len(block.get_text()) > 3 * LONGEST_IN_TEXT:
        return ""
    parts = []
    for piece in block.find_all(string=True):
        link = piece.find_parent("a")
        back = (
            link is not None and str(link.get("href") or "").startswith("#") and _BACK.match(one_line(link.get_text()))
        )
        if not back:
            parts.append(piece)
    text = re.sub(r"^(?:[\[(（]?\d{1,3}[\])）.:]?\s+|\^\s+)", "", one_line("".join(parts))).strip("↩︎ ")
    return text if len(text) <= LONGEST_IN_TEXT else ""


def questions_as_headings(soup: BeautifulSoup) -> None:
    """Makes headings of summaries, and of the terms of a list of questions, so that none is taken for an answer."""
    _tabs(soup)
    page = (0, "")
    told: dict[int, tuple[int, str]] = {}
    for tag in soup.find_all([*_HEADINGS, "details", "dl"]):
        if is_gone(tag):
            continue
        outer = tag.find_parent("details")
        level, words = told.get(id(outer), page) if outer is not None else page
        if tag.name in _HEADINGS:
            page = page if outer is not None else (int(tag.name[1]), one_line(tag.get_text()))
        elif tag.name == "dl":
            _terms(tag, level)
        elif made := _summary(tag, min(level + 1, 6), nested=id(outer) in told):
            told[id(tag)] = (min(level + 1, 6), made)
            if words and _goes_on(tag, ("details", "body")):
                again = soup.new_tag(f"h{level}")
                again.string = words
                tag.insert_after(again)


def _tabs(soup: BeautifulSoup) -> None:
    """Sets the name of its tab above what stands in it, as a heading where nothing follows that the heading would claim."""
    named = False
    for panel in soup.find_all(role="tabpanel")[:_MOST_TABS]:
        name, tab = str(panel.get("id") or ""), None
        if labelled := str(panel.get("aria-labelledby") or ""):
            tab = soup.find(id=labelled)
        if tab is None and name:
            tab = soup.find(lambda tag, name=name: tag.get("aria-controls") == name) or soup.find("a", href=f"#{name}")
        words = one_line(tab.get_text()) if tab is not None else ""
        if not words or len(words) > LONGEST_IN_TEXT or one_line(panel.get_text()).startswith(words):
            continue
        above = panel.find_previous(_HEADINGS)
        level = int(above.name[1]) + (not above.has_attr("data-tab")) if above is not None else 2
        panels = [panel, *panel.find_next_siblings(role="tabpanel")]
        around = [*panels, *panel.find_previous_siblings(role="tabpanel")]
        heads = not _goes_on(panels[-1], _PAGE) and not any(one.find(_untitled) for one in around)
        line = soup.new_tag(f"h{min(level, 6)}" if heads else "p")
        line["data-tab"] = "1"
        line.string = words if heads else f"{words}:"
        panel.insert(0, line)
        named = True
    for tabs in soup.find_all(role="tablist") if named else ():
        if not tabs.find(role="tabpanel"):
            tabs.decompose()


def _untitled(tag: Tag) -> bool:
    """Whether ``tag`` is a heading that the page has itself."""
    return tag.name in _HEADINGS and not tag.has_attr("data-tab")


def _terms(tag: Tag, above: int) -> None:
    terms = [term for term in tag.find_all("dt") if term.find_parent("dl") is tag]
    if terms and all(asks(one_line(term.get_text())) for term in terms) and not tag.find_parent(_NO_HEADING_IN):
        tag.name = "div"
        for term in terms:
            term.name = "p" if term.find(_HEADINGS) else f"h{min(above + 1, 6)}"
        for answer in tag.find_all("dd"):
            answer.name = "div" if answer.find_parent("dl") is None else "dd"


def _summary(tag: Tag, level: int, *, nested: bool) -> str:
    """Makes a heading of what is shown of ``tag`` while it is closed; its words, empty where it stays a line."""
    summary = tag.find("summary", recursive=False)
    if summary is None or tag.find_parent(_NO_HEADING_IN):
        return ""
    words = one_line(summary.get_text())
    if summary.find(_HEADINGS):
        summary.name = "div"
    elif (
        words
        and len(words) <= LONGEST_IN_TEXT
        and (nested or asks(words) or tag.find("details") or not _goes_on(tag, _PAGE))
    ):
        summary.name = f"h{level}"
        return words
    return ""


def _goes_on(tag: Tag, until: tuple[str, ...]) -> bool:
    """Whether text comes behind ``tag``, in the nearest element of ``until``, that a heading in it would claim."""
    place: Tag | None = tag
    while place is not None and (place is tag or place.name not in until):
        after = next((s for s in place.next_siblings if one_line(s.get_text())), None)
        if after is not None:
            first = getattr(after, "find", str)(True)
            return getattr(after, "name", None) not in ("details", "hr", *_HEADINGS) and (
                getattr(first, "name", "") not in ("details", *_HEADINGS)
            )
        place = place.parent
    return False
