"""Reads the HTML within Markdown: tables and the like as Markdown, the words of the rest without their tags."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from qeu_rag.ingest.readers.notes_and_comments import asks

_READ = frozenset(
    "table dl ul ol menu figure blockquote svg math select textarea pre del s strike sup sub ruby abbr dfn q input meter progress"
    " script style template noscript iframe nav dialog".split()
)
"""Elements that are read as those of a page are."""
_BLOCKS = frozenset("table dl ul ol menu figure blockquote pre div p section article aside center nav".split())
_VOID = frozenset(("input", "img", "br", "hr", "wbr"))
_STRIPPED = (
    "a abbr address article aside b big center cite div em figcaption figure font footer header i ins kbd label legend main mark"
    " nav p samp section small span strong time tt u var wbr hr details form fieldset button picture source video audio object dd"
    " dt li tr td th tbody thead tfoot body html"
)
_OPENING = re.compile(r"(?<!\\)<([A-Za-z][\w-]*)((?:\s+[^<>]*)?)/?>")
_HIDING = re.compile(
    r"\shidden(?=[\s=>]|$)(?!\s*=\s*[\"']?until-found)|style\s*=\s*[\"'][^\"']*(?:display\s*:\s*none|visibility\s*:\s*hidden|line-through"
    r"|font-size\s*:\s*0(?![.\d]*[1-9])|(?:^|[;\s\"'])color\s*:\s*(?:#fff\b|#ffffff\b|white\b|transparent))",
    re.I,
)
_TAG = re.compile(rf"(?<!\\)</?(?:{'|'.join(sorted(_STRIPPED.split(), key=len, reverse=True))})(?:\s[^<>]*)?/?>", re.I)
_PLACE = re.compile(
    r"(?P<open><details\b[^<>]*>)|(?P<shut></details\s*>)|<summary\b[^<>]*>(?P<summary>(?:(?!<summary).){0,1000}?)</summary>"
    r"|^ {0,3}(?P<level>\#{1,6})[ \t]+(?P<words>[^\n]*)",
    re.I | re.S | re.M,
)
_IMAGE = re.compile(r"<img\b[^<>]*>", re.I)
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.I)
_HTML_HEADING = re.compile(r"^[ \t]*<h([1-6])\b[^<>]*>(.*?)</h\1>[ \t]*$", re.I | re.S | re.M)
_BREAK = re.compile(r" ?<br\s*/?>(?: ?<br\s*/?>)* ?", re.I)
_STRUCK = re.compile(r"<(del|s|strike)\b[^<>]*>[^<]*\w[^<]*</\1>", re.I)
_MOST = 5000
_NEAR = 20_000
_MOST_OPEN = 20
"""Elements of one name that never end: so many are looked at."""


def without_html(text: str, left_out: Counter[str], gone: str) -> str:
    """``text`` with its HTML in words; ``gone`` stands where something was left out, which ``left_out`` counts."""
    if "<" not in text:
        return text
    text = _elements(text, left_out, gone)
    text = _HTML_HEADING.sub(lambda m: f"\n{'#' * int(m[1])} {' '.join(_TAG.sub('', m[2]).split())}\n", text)
    text = _summaries(text)
    text = _IMAGE.sub(_image, text)
    lines = [_BREAK.sub(" ", line) if line.lstrip().startswith("|") else line for line in text.split("\n")]
    return re.sub("(?<=[☐☑]) +", " ", _TAG.sub("", "\n".join(lines)))


def _elements(text: str, left_out: Counter[str], gone: str) -> str:
    """Replaces every outermost element that is read as on a page."""
    parts: list[str] = []
    at = 0
    open_ended: Counter[str] = Counter()
    for count, match in enumerate(_OPENING.finditer(text)):
        name = match[1].lower()
        hides = bool(_HIDING.search(match[2]))
        if count >= _MOST or match.start() < at or not (name in _READ or hides) or open_ended[name] >= _MOST_OPEN:
            continue
        end = match.end() if name in _VOID or match[0].endswith("/>") else _end(text, match.end(), name)
        if end < 0:
            open_ended[name] += 1
            continue
        before = text[max(0, text.rfind("\n", 0, match.start()) + 1) : match.start()]
        told = _told(text[match.start() : end], left_out, before, block=name in _BLOCKS, gone=gone)
        parts += [text[at : match.start()], told]
        at = end
    return "".join([*parts, text[at:]])


def _end(text: str, at: int, name: str) -> int:
    """Where the element ``name`` that is open at ``at`` ends; -1 where it never does."""
    depth = 1
    for match in _tags(name).finditer(text, at):
        depth += -1 if match[0].startswith("</") else not match[0].endswith("/>")
        if depth == 0:
            return match.end()
    return -1


@lru_cache(maxsize=64)
def _tags(name: str) -> re.Pattern[str]:
    return re.compile(rf"</?{name}\b[^<>]*>", re.I)


def _told(html: str, left_out: Counter[str], before: str, *, block: bool, gone: str) -> str:
    from qeu_rag.ingest.readers.web.reader import read_html

    if _STRUCK.fullmatch(html):
        left_out["struck"] += 1
        return gone
    # A figure that stands before a raised text is part of how it is read.
    context = before[-1:] if before[-1:].isalnum() else ""
    read = read_html(f"<body>{context}{html}</body>")
    left_out.update(read.left_out)
    told = read.markdown.removeprefix(context) if context else read.markdown
    left = gone if sum(read.left_out.values()) else ""
    if before.lstrip().startswith("|"):
        told = " / ".join(line.removeprefix("- ") for line in told.split("\n")) if told.startswith("- ") else told
        return (" ".join(told.split()) if "|" not in told else " ".join(told.split()).replace("|", "\\|")) + left
    if block and not before.strip() and told:
        return f"\n\n{told}\n\n"
    lead = " " if html[:6].lower() == "<input" and told else ""
    return told + lead + left


def _image(match: re.Match[str]) -> str:
    alt = _ALT.search(match[0])
    return f" {(alt[1] or alt[2] or '').strip()} " if alt and (alt[1] or alt[2]) else ""


def _summaries(text: str) -> str:
    """Summaries as headings one level below what they stand under, or as lines where later text would come under them.

    Where text goes on behind what was opened, what it stands under is named again.
    """
    places = list(_PLACE.finditer(text))
    open_at: list[int] = []
    ends: dict[int, int] = {}
    for place in places:
        if place["open"]:
            open_at.append(place.start())
        elif place["shut"] and open_at:
            ends[open_at.pop()] = place.end()
    page, parts, at = (0, ""), [], 0
    opened: list[tuple[int, int, str]] = []
    """Of each element that is open: where it ends, its level (0: its summary is a line), and its words."""
    for place in places:
        level, words = next(((o[1], o[2]) for o in reversed(opened) if o[1]), page)
        if place["level"]:
            page = page if opened else (len(place["level"]), " ".join(_TAG.sub("", place["words"]).split()))
        elif place["open"]:
            opened.append((ends.get(place.start(), -1), 0, ""))
        elif place["shut"]:
            gone = opened.pop() if opened else (0, 0, "")
            level, words = next(((o[1], o[2]) for o in reversed(opened) if o[1]), page)
            if gone[1] and words and _goes_on(text, place.end(), outer=False):
                parts += [text[at : place.start()], f"\n\n{'#' * level} {words}\n\n"]
                at = place.end()
        else:
            said = " ".join(_TAG.sub("", _BREAK.sub(" ", place["summary"])).split()).strip("*_ ")
            end = opened[-1][0] if opened else -1
            nested = any(o[1] for o in opened[:-1])
            around = end > 0 and re.compile(r"<details", re.I).search(text, place.end(), end) is not None
            free = nested or around or asks(said) or not _goes_on(text, end, outer=True)
            heads = said and "#" not in said and free
            parts += [text[at : place.start()], f"\n\n{'#' * min(6, level + 1) + ' ' if heads else ''}{said}\n\n"]
            at = place.end()
            if heads and opened:
                opened[-1] = (end, min(6, level + 1), said)
    return "".join([*parts, text[at:]])


def _goes_on(text: str, at: int, *, outer: bool) -> bool:
    """Whether text that a heading before ``at`` would claim comes there; ``outer``: also behind the elements around it."""
    after = text[at : at + _NEAR] if at >= 0 else ""
    after = re.sub(r"\A(?:\s|</details\s*>)+" if outer else r"\A\s+", "", after, flags=re.I)
    return bool(after) and not re.match(r"#|</?details|<h[1-6]|---|\[\^", after, re.I)
