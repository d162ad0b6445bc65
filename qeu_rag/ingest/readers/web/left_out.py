"""Takes out of an HTML page what does not count: struck-out and hidden text, and text that nobody can see; each is counted."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from qeu_rag.ingest.readers.web.page import is_said_beside
from qeu_rag.ingest.readers.web.style import Styles, is_gone

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_NOTHING = re.compile(r"[+-]?0*\.?0*(?:px|pt|em|rem|%|ex|vw|vh)?$")
_RELATIVE = re.compile(r"[\d.]+(?:em|%|ex)$|inherit|smaller|larger")
_WHITE = frozenset(("white", "#fff", "#ffff", "#ffffff", "#ffffffff", "rgb(255,255,255)", "rgb(100%,100%,100%)"))
_FAR = re.compile(r"-(?:\d{2,}\d{2}(?:\.\d+)?px|\d{2,}\d(?:\.\d+)?r?em)$")
_CUT = re.compile(r"rect\((?:\s*[01](?:px)?[,\s]*){4}\)$|inset\(\s*(?:100|[5-9]\d)(?:\.\d+)?%")
_NO_COLOUR = frozenset(("transparent", "rgba(0,0,0,0)"))
_NO_BACKGROUND = frozenset(("", "none", "transparent", "inherit", "initial", "unset"))


def take_out(soup: BeautifulSoup, styles: Styles) -> Counter[str]:
    """Removes from ``soup`` what does not count, and says of how many passages of each kind."""
    counts: Counter[str] = Counter()
    opened = _opened(soup)
    for tag in _marked(soup, styles):
        if is_gone(tag):
            continue
        kind = _kind(tag, styles, opened)
        if kind:
            counts[kind] += _says_something(tag.get_text()) or (kind == "hidden" and _holds_a_formula(tag))
            _remove(tag, keep_cell=kind == "struck")
    for name, kind in (("visibility", "hidden"), ("font-size", "white"), ("color", "white")):
        for tag in styles.declaring(name):
            if not is_gone(tag):
                counts[kind] += _without_unseen(tag, name, styles)
    return counts


def _marked(soup: BeautifulSoup, styles: Styles) -> list[Tag]:
    """The elements that may have to go as a whole, the outer ones first."""
    plain = soup.find_all(["s", "del", "strike", "dialog"])
    found = {id(tag): tag for tag in (*plain, *soup.find_all(hidden=True))}
    names = (
        "display",
        "mso-hide",
        "opacity",
        "text-decoration",
        "text-decoration-line",
        "left",
        "top",
        "clip",
        "clip-path",
    )
    found.update((id(tag), tag) for tag in styles.declaring(*names))
    return [
        tag
        for _, tag in sorted(((sum(1 for _ in tag.parents), tag) for tag in found.values()), key=lambda pair: pair[0])
    ]


def _opened(soup: BeautifulSoup) -> set[str]:
    """The ids of what a reader opens with a button: a closed answer is no hidden text."""
    controlling = soup.find_all(lambda tag: tag.has_attr("aria-controls"))
    return {name for tag in controlling for name in str(tag["aria-controls"]).split()}


def _kind(tag: Tag, styles: Styles, opened: set[str]) -> str:
    """Why ``tag`` does not count; empty where it does."""
    if tag.name in ("s", "del", "strike"):
        own = styles.of(tag, "text-decoration") or styles.of(tag, "text-decoration-line")
        return "" if "none" in own and tag.name != "del" else "struck"
    if "line-through" in styles.of(tag, "text-decoration") + styles.of(tag, "text-decoration-line"):
        return "struck"
    if tag.name == "summary" or tag.get("role") == "tabpanel" or str(tag.get("id") or "") in opened:
        return ""
    if tag.name == "dialog" and not tag.has_attr("open"):
        return "hidden"
    display = styles.of(tag, "display")
    if tag.has_attr("hidden") and str(tag["hidden"]).lower() != "until-found" and display in ("", "none"):
        return "hidden"
    gone = display == "none" or styles.of(tag, "mso-hide") == "all" or _is_nothing(styles.of(tag, "opacity"))
    return "hidden" if gone or (_is_out_of_sight(tag, styles) and is_said_beside(tag)) else ""


def _is_out_of_sight(tag: Tag, styles: Styles) -> bool:
    """Whether ``tag`` stands far beside the screen, or is cut away."""
    if _CUT.match(styles.of(tag, "clip-path")):
        return True
    if styles.of(tag, "position") not in ("absolute", "fixed"):
        return False
    return bool(_CUT.match(styles.of(tag, "clip")) or any(_FAR.match(styles.of(tag, name)) for name in ("left", "top")))


def _is_nothing(value: str) -> bool:
    return bool(value and any(map(str.isdigit, value)) and _NOTHING.match(value))


def _says_something(text: str) -> bool:
    return any(map(str.isalnum, text))


def _holds_a_formula(tag: Tag) -> bool:
    return tag.find("math") is not None


def _remove(tag: Tag, *, keep_cell: bool) -> None:
    """Takes ``tag`` away; a cell of a table leaves its place empty, so that the others stay below their headers."""
    if keep_cell and tag.name in ("td", "th"):
        tag.clear(decompose=True)
    else:
        tag.decompose()


def _without_unseen(tag: Tag, name: str, styles: Styles) -> int:
    """Takes away the text below ``tag`` that its value of the property ``name`` hides; 1 if there was any."""
    value = styles.of(tag, name).replace(" ", "")
    hides = {
        "visibility": value in ("hidden", "collapse"),
        "font-size": _is_nothing(value),
        "color": value in _WHITE or value in _NO_COLOUR or bool(value and value == _background(tag, styles)),
    }[name]
    if not hides:
        return 0
    gone = []
    for text in tag.find_all(string=True):
        holder, other = text.parent, False
        while holder is not None and holder is not tag and not other:
            own = styles.of(holder, name)
            other = bool(own) and not (name == "font-size" and _RELATIVE.match(own))
            holder = holder.parent
        if not other and (name != "color" or value in _NO_COLOUR or _is_on(value, text.parent, styles)):
            gone.append(text)
    told = any(_says_something(text) for text in gone)
    for text in gone:
        text.extract()
    return int(told)


def _is_on(colour: str, tag: Tag | None, styles: Styles) -> bool:
    """Whether text of ``colour`` in ``tag`` stands on the same colour; not where a style sheet elsewhere may say another."""
    if tag is None:
        return False
    background = _background(tag, styles)
    if background:
        return background == colour or (background in _WHITE and colour in _WHITE)
    linked = (
        next(iter(tag.parents)) is not None and _has_sheets(tag) and any(p.get("class") for p in (tag, *tag.parents))
    )
    return colour in _WHITE and not linked


def _has_sheets(tag: Tag) -> bool:
    root = [tag, *tag.parents][-1]
    return root.find("link", rel="stylesheet") is not None


def _background(tag: Tag, styles: Styles) -> str:
    """The colour behind ``tag``'s text as far as the page says; empty where it says nothing."""
    for holder in (tag, *tag.parents):
        if styles.of(holder, "background-image") not in _NO_BACKGROUND:
            return "picture"
        for value in (
            styles.of(holder, "background-color"),
            styles.of(holder, "background"),
            str(holder.get("bgcolor") or ""),
        ):
            if value.lower() not in _NO_BACKGROUND:
                return value.lower().replace(" ", "") if "(" in value else value.lower().split()[0]
        if holder.get("background"):
            return "picture"
    return ""
