"""Writes as words what an HTML page shows by its elements: formulas, powers, boxes, choices, long forms and pictures' texts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from qeu_rag.ingest.readers.markup.tex import readable
from qeu_rag.ingest.readers.page import one_line
from qeu_rag.ingest.readers.typeset.mathml import linear
from qeu_rag.ingest.readers.typeset.raised import lowered, raised
from qeu_rag.ingest.readers.web.style import Styles, classes_of, content_of, is_gone

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_WRAPPERS = re.compile(r"^(?:katex(?:-display)?|MathJax(?:_Display|_SVG|_CHTML)?|mwe-math-element.*|mjx-.*)$")
_ORDINAL = re.compile(r"(?:st|nd|rd|th)$", re.I)
_NOTE_MARK = re.compile(r"[(（\[［〔].*[)）\]］〕]$|[※*＊†‡§#].*$", re.S)
_NOTE_WORD = re.compile(r"(?:注|註|note\s?)\s*\d*[)）]?$", re.I)
_SIGNS = {"tm": "™", "sm": "℠", "r": "®", "c": "©"}
_CHOICES = 10
_LONGEST_TEXT = 1000
_NO_VALUE = frozenset("hidden submit button reset image file password search".split())
_EMPTY_ALT = re.compile(
    r"\W*(?:image|img|photo|picture|icon|logo|figure|spacer|thumbnail|画像|写真|イメージ|アイコン|ロゴ|図)?\W*\d*\W*$|\S+\.(?:png|jpe?g|gif|svg|webp|bmp)$",
    re.I,
)
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|bmp|tiff?)(?:[?#].*)?$", re.I)
_TEX_IMAGE = re.compile(r"\b(?:math|tex|latex|equation|mwe-math\S*)\b", re.I)
_INLINE = frozenset("a b em font i label small span strong u".split())
_CELL = re.compile("^(?:cell|gridcell|columnheader|rowheader)$")
_BOX = re.compile("^(?:checkbox|radio|switch|menuitemcheckbox|menuitemradio)$")
_TELLING = re.compile("[☐☑☒✓✔✗✘○×△※⚠%％℃°±≥≤]")
_ORNAMENTED = frozenset("li dt a button summary blockquote q nav ul ol h1 h2 h3 h4 h5 h6".split())
_VOID = frozenset("br hr img input wbr".split())
_JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


def formulas(soup: BeautifulSoup, left_out: Counter[str]) -> None:
    """Replaces every formula, with what shows it a second time, by a line of text."""
    for math in soup.find_all(re.compile(r"^(?:\w+:)?math$")):
        if is_gone(math):
            continue
        outer, text = math, linear(math, left_out)
        for holder in math.parents:
            names = [holder.name, *classes_of(holder)]
            if any(_WRAPPERS.match(name) for name in names) and len(holder.find_all(math.name)) == 1:
                outer = holder
        _replace(outer, text)
    for script in soup.find_all("script", type=re.compile(r"^math/tex")):
        before = script.find_previous_sibling()
        if before is not None and any(_WRAPPERS.match(name) for name in classes_of(before)):
            before.decompose()
        _replace(script, " ".join(readable(script.get_text()).split()))


def raised_by_style(styles: Styles) -> None:
    """Makes ``sup`` and ``sub`` of words that are raised or lowered by a style alone."""
    for tag in styles.declaring("vertical-align"):
        name = {"super": "sup", "sub": "sub"}.get(styles.of(tag, "vertical-align"))
        if name and not is_gone(tag) and tag.name in _INLINE and not tag.find_parent(["sup", "sub"]):
            tag.name = name


def generated(soup: BeautifulSoup, styles: Styles) -> None:
    """Writes what style sheets put before and after elements, but for ornaments: bullets and arrows."""
    for name, at in (("before", 0), ("after", None)):
        for tag in styles.declaring(name):
            text = content_of(styles.of(tag, name), tag)
            told = any(map(str.isalnum, text)) or _TELLING.search(text) or tag.name not in _ORNAMENTED
            if text.strip() and told and not is_gone(tag) and tag.name not in _VOID:
                tag.insert(len(tag.contents) if at is None else at, text)


def by_roles(soup: BeautifulSoup) -> None:
    """Makes the elements that a page's roles say it has: tables of any elements, boxes that are ticked or not, buttons apart."""
    for table in soup.find_all(["div", "span"], role=re.compile("^(?:table|grid)$")):
        rows = table.find_all(role="row")
        if len(rows) > 1 and all(row.find(role=_CELL) for row in rows) and not table.find("table"):
            table.name = "table"
            for row in rows:
                row.name = "tr"
                for cell in row.find_all(role=_CELL):
                    cell.name = "th" if cell["role"] in ("columnheader", "rowheader") else "td"
                    row.append(cell.extract())
    for box in soup.find_all(role=_BOX):
        if box.name != "input" and box.has_attr("aria-checked"):
            box.insert(0, " ☑ " if str(box["aria-checked"]).lower() == "true" else " ☐ ")
    for button in soup.find_all(lambda tag: tag.name == "button" or tag.get("role") in ("button", "tab")):
        button.insert_before(" ")
        button.insert_after(" ")


def words(soup: BeautifulSoup) -> None:
    """Replaces elements that say by themselves what no text of theirs says by that."""
    _pictures(soup)
    told: set[tuple[str, str]] = set()
    tellers: dict[str, Callable[[Tag], str | None]] = {
        "input": _input, "select": _choice, "textarea": lambda tag: tag.get_text(), "meter": _measured,
        "progress": _measured, "abbr": lambda tag: _long_form(tag, told), "dfn": lambda tag: _long_form(tag, told),
        "acronym": lambda tag: _long_form(tag, told), "q": _quotation, "ruby": lambda tag: _with_reading(tag, told),
    }  # fmt: skip
    for tag in soup.find_all(list(tellers)):
        if not is_gone(tag) and (text := tellers[tag.name](tag)) is not None:
            _replace(tag, text)
    for tag in reversed(soup.find_all(["sup", "sub"])):
        _replace(tag, _raised(tag) if tag.name == "sup" else lowered(tag.get_text()))


def _replace(tag: Tag, text: str) -> None:
    tag.replace_with(text) if text else tag.decompose()


def _raised(tag: Tag) -> str:
    """Raised text; an ordinal's ending and a note's mark are no power."""
    text, before = tag.get_text(), _before(tag)
    bare = text.strip()
    if _NOTE_MARK.match(bare) or (_ORDINAL.match(bare) and before[-1:].isdigit()):
        return text
    if (
        len(bare) == 1
        and bare.isalpha()
        and (link := tag.find("a")) is not None
        and str(link.get("href") or "").startswith("#")
    ):
        return f"[{bare}]"
    if _NOTE_WORD.match(bare):
        return f"（{bare}）" if _JAPANESE.search(bare) else f" ({bare})"
    return _SIGNS.get(bare.lower(), "") if len(bare) > 1 and bare.lower() in _SIGNS else raised(text)


def _before(tag: Tag) -> str:
    previous = tag.previous_sibling
    return previous.get_text().rstrip() if previous is not None else ""


def _input(tag: Tag) -> str:
    kind = str(tag.get("type") or "text").lower()
    if kind in ("checkbox", "radio"):
        return " ☑ " if tag.has_attr("checked") else " ☐ "
    return "" if kind in _NO_VALUE else f" {tag.get('value') or ''} "


def _choice(tag: Tag) -> str:
    """What is chosen; where nothing is, what may be, if that is little."""
    options = [option for option in tag.find_all("option") if one_line(option.get_text())]
    chosen = [option for option in options if option.has_attr("selected")]
    shown = chosen or [option for option in options if str(option.get("value", "-")).strip()]
    told = [one_line(option.get_text()) for option in shown]
    return f" {', '.join(told) if chosen else ' / '.join(told)} " if chosen or len(told) <= _CHOICES else ""


def _with_reading(tag: Tag, told: set[tuple[str, str]]) -> str:
    """A base with its reading in brackets, at its first place."""
    readings = [one_line(rt.get_text()) for rt in tag.find_all("rt")]
    for rt in tag.find_all(["rt", "rtc"]):
        rt.decompose()
    base, reading = tag.get_text(), "".join(readings) if _JAPANESE.search("".join(readings)) else " ".join(readings)
    known = (one_line(base), reading.strip()) in told
    told.add((one_line(base), reading.strip()))
    return base if known or not any(map(str.isalnum, reading)) else f"{base}（{reading.strip()}）"


def _measured(tag: Tag) -> str:
    if one_line(tag.get_text()):
        return tag.get_text()
    value, most = str(tag.get("value") or ""), str(tag.get("max") or "")
    return f"{value}/{most}" if value and most and most != "1" else value


def _long_form(tag: Tag, told: set[tuple[str, str]]) -> str | None:
    """An abbreviation with what its title says, at its first place; None where there is nothing to add."""
    short, long = one_line(tag.get_text()), one_line(str(tag.get("title") or ""))[:_LONGEST_TEXT]
    if not short or not long or long.lower() in short.lower() or (short, long) in told:
        return None
    told.add((short, long))
    return f"{tag.get_text()}（{long}）" if _JAPANESE.search(long) else f"{tag.get_text()} ({long})"


def _quotation(tag: Tag) -> str | None:
    if tag.find(["sup", "sub", "math", "br"]) is not None:
        return None
    text = tag.get_text()
    return f"「{text}」" if _JAPANESE.search(text) else f"“{text}”"


def _pictures(soup: BeautifulSoup) -> None:
    """The texts that stand for pictures: of an image, of an icon with a label, and those within a drawing."""
    for image in soup.find_all(["img", "area"]):
        text = _alt(image)
        _replace(image, f" {text} " if text and image.name == "img" else "")
    for drawing in soup.find_all("svg"):
        if not is_gone(drawing):
            _replace(drawing, _drawn(drawing))
    for tag in soup.find_all(lambda found: found.get("role") == "img"):
        if not is_gone(tag) and not any(map(str.isalnum, tag.get_text())):
            _replace(tag, one_line(str(tag.get("aria-label") or tag.get_text())))


def _alt(image: Tag) -> str:
    """What stands for an image; nothing where that only names its kind or file, or is said beside it, or it shows a link."""
    alt = one_line(str(image.get("alt") or ""))[:_LONGEST_TEXT]
    if not alt:
        return ""
    marks = " ".join([*classes_of(image), str(image.get("src") or "")[:_LONGEST_TEXT]])
    if _TEX_IMAGE.search(marks) or re.match(r"\{\\\w+style\b", alt):
        return " ".join(readable(alt).split())
    if len(alt) > 1 and _EMPTY_ALT.match(alt):
        return ""
    link, figure = image.find_parent("a"), image.find_parent("figure")
    if (
        link is not None
        and not _PICTURE.search(str(link.get("href") or ""))
        and not image.find_parent(["td", "th", "figure"])
    ):
        return ""
    caption = figure.find("figcaption") if figure is not None else None
    holder = caption or image.parent
    said = one_line(holder.get_text()) if holder is not None and holder.name != "body" else ""
    return "" if alt in said and len(alt) > 1 else alt


def _drawn(drawing: Tag) -> str:
    """The texts within a drawing in their order, else the name it is given."""
    texts = [one_line(text.get_text(" ")) for text in drawing.find_all(["text", "foreignobject"])]
    told = [text for text in texts if any(map(str.isalnum, text))]
    if not told and (drawing.get("role") == "img" or drawing.get("aria-label")):
        title = drawing.find("title")
        return one_line(str(drawing.get("aria-label") or (title.get_text() if title else "")))
    return f" {' / '.join(told)} "[: 10 * _LONGEST_TEXT] if told else ""
