"""What the styles of an HTML page say of an element: its own, and those of the simple rules in the page's style elements."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.S)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_MEDIA = re.compile(r"@(media|supports|layer|container)\b([^{};]*)\{((?:[^{}]*\{[^{}]*\})*)[^{}]*\}", re.I)
_DECLARATION = re.compile(r"(?:^|;)\s*([a-z-]+)\s*:\s*([^;]*)", re.I)
_LAST = re.compile(r"(?:^|[\s>+~])([\w-]*)((?:[.#][\w-]+)*)$")
_WEIGHT = (re.compile(r"#[\w-]+"), re.compile(r"\.[\w-]+|\[[^\]]*\]"), re.compile(r"(?:^|[\s>+~])[a-z]", re.I))
_NAMES = frozenset(
    "display visibility opacity color font-size background background-color background-image text-decoration"
    " text-decoration-line mso-hide vertical-align position left top clip clip-path".split()
)
_MOST_RULES = 2000
_MOST_MATCHES = 50_000
_LONGEST = 300

_TOKEN = re.compile(r"[.#][\w-]+")
_COMBINED = re.compile(r"[ >+~\[]")
_HIDES: dict[str, Callable[[str], bool]] = {
    "display": lambda value: value == "none",
    "mso-hide": lambda value: value == "all",
    "visibility": lambda value: value in ("hidden", "collapse"),
    "opacity": lambda value: value[:1] in "0." and not value.strip("0.%"),
    "font-size": lambda value: value[:1] in "0." and not value.rstrip("pxtrem%vwh").strip("0."),
    "color": lambda value: value in ("white", "transparent") or value.startswith(("#fff", "rgb(255", "rgba(")),
    "text-decoration": lambda value: "line-through" in value,
    "text-decoration-line": lambda value: "line-through" in value,
    "vertical-align": lambda value: value in ("super", "sub"),
    "left": lambda value: value.startswith("-"),
    "top": lambda value: value.startswith("-"),
    "clip": bool,
    "clip-path": bool,
    "before": bool,
    "after": bool,
}
"""What declares a text hidden or struck, or may do so by a colour; what raises or lowers it; what puts text before or after."""
_PSEUDO = re.compile(r"::?(before|after)$", re.I)
_CONTENT = re.compile(r"(?:^|;)\s*content\s*:\s*((?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^;\"'])*)", re.I | re.S)
_PIECE = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|attr\(\s*([\w-]+)\s*\)", re.S)
_ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})\s?|(.))", re.I | re.S)

Rule = tuple[str, dict[str, tuple[bool, str]]]
Weight = tuple[int, int, int, int, int]


@dataclass(slots=True)
class Styles:
    """The declarations that count for each element, of the few properties that can hide, strike or colour its text."""

    found: dict[int, dict[str, tuple[Weight, str]]] = field(default_factory=dict)
    elements: dict[int, Tag] = field(default_factory=dict)

    def of(self, tag: Tag, name: str) -> str:
        """The value of the property ``name`` that is declared for ``tag`` itself, in lower case; empty where there is none."""
        declared = self.found.get(id(tag))
        return declared[name][1] if declared and name in declared else ""

    def declaring(self, *names: str) -> list[Tag]:
        """The elements for which any of ``names`` is declared."""
        return [self.elements[key] for key, declared in self.found.items() if any(name in declared for name in names)]

    def add(self, tag: Tag, declared: Mapping[str, tuple[bool, str]], weight: tuple[int, int, int, int]) -> None:
        """Declares for ``tag`` what weighs no less than what is declared already."""
        own = self.found.setdefault(id(tag), {})
        self.elements[id(tag)] = tag
        for name, (important, value) in declared.items():
            full = (int(important), *weight)
            if name not in own or own[name][0] <= full:
                own[name] = (full, value)


def is_gone(tag: Tag) -> bool:
    """Whether ``tag`` was decomposed; the attribute that bs4 has for that looks through all that stands in the tag first."""
    return "_decomposed" in vars(tag)


def classes_of(tag: Tag) -> list[str]:
    """The names in ``tag``'s attribute ``class``."""
    return [name for name in tag.get_attribute_list("class") if name]


def styles_of(soup: BeautifulSoup) -> Styles:
    """The styles of every element for which any is declared that counts."""
    styles = Styles()
    sheets = [_COMMENT.sub("", sheet.get_text()) for sheet in soup.find_all("style")]
    rules = [rule for sheet in sheets for rule in _rules(sheet)][:_MOST_RULES]
    if rules:
        _apply(rules, soup, styles)
    for tag in soup.find_all("font", color=True):
        styles.add(tag, {"color": (False, str(tag["color"]).strip().lower())}, (0, 0, 0, 0))
    for tag in soup.find_all(style=True):
        if declared := _declarations(str(tag["style"])):
            styles.add(tag, declared, (1, 0, 0, 0))
    return styles


def _rules(sheet: str) -> Iterator[Rule]:
    """Each selector with what it declares; of rules for certain media those that hold on a screen of usual size."""

    def opened(match: re.Match[str]) -> str:
        query = match[2].lower()
        always = match[1].lower() != "media" or not re.search(
            r"print|speech|width|height|prefers|orientation|not\b", query
        )
        return match[3] if always else ""

    sheet = _MEDIA.sub(opened, sheet[:500_000])
    for match in _RULE.finditer(sheet):
        declared, content = _declarations(match[2]), _CONTENT.search(match[2])
        if not (declared or content):
            continue
        for selector in match[1].rpartition(";")[2].split(","):
            selector = " ".join(selector.split())
            if not selector or len(selector) > _LONGEST or "@" in selector:
                continue
            if content and (place := _PSEUDO.search(selector)):
                shown = "none" not in declared.get("display", (False, ""))[1]
                yield selector[: place.start()] or "*", {place[1].lower(): (False, content[1].strip() if shown else "")}
            elif declared and ":" not in selector:
                yield selector, declared


def content_of(value: str, tag: Tag) -> str:
    """The text that the property ``content`` puts beside ``tag``; without signs of fonts of icons; nothing where it counts."""

    if "counter" in value:
        return ""

    def character(match: re.Match[str]) -> str:
        return chr(min(int(match[1], 16), 0x10FFFF)) if match[1] else match[2]

    parts = (
        str(tag.get(m[3]) or "") if m[3] else _ESCAPE.sub(character, m[1] or m[2] or "") for m in _PIECE.finditer(value)
    )
    return "".join(c for c in "".join(parts) if not 0xD800 <= ord(c) < 0xF900)


def _declarations(text: str) -> dict[str, tuple[bool, str]]:
    """The properties that count with whether each is important, and its value."""
    found = {}
    for match in _DECLARATION.finditer(text):
        name, value = match[1].lower(), match[2].strip().lower()
        if name in _NAMES and value:
            found[name] = ("!important" in value, value.replace("!important", "").strip())
    return found


def _apply(rules: list[Rule], soup: BeautifulSoup, styles: Styles) -> None:
    """Declares what ``rules`` say for the elements that their selectors mean: first those that hide or strike, then, of the
    others, what they say of the elements that were found and of backgrounds."""
    hiding = [
        any(_HIDES[name](value) for name, (_, value) in declared.items() if name in _HIDES) for _, declared in rules
    ]
    if not any(hiding):
        return
    places: dict[str, list[Tag]] = {}
    for tag in soup.find_all(True):
        for key in _marks(tag):
            places.setdefault(key, []).append(tag)
    left = _MOST_MATCHES
    for now in (True, False):
        for (selector, declared), hides in zip(rules, hiding, strict=True):
            last = _LAST.search(selector)
            if hides is not now or last is None or any(key not in places for key in _TOKEN.findall(selector)):
                continue
            keys = [*_TOKEN.findall(last[2]), *([last[1].lower()] if last[1] else [])]
            chosen = min((places.get(key, []) for key in keys), key=len, default=[])
            if not now and not any(name.startswith("background") for name in declared):
                chosen = [tag for tag in chosen if id(tag) in styles.found]
            left -= len(chosen) * (1 + 20 * bool(_COMBINED.search(selector)))
            if left < 0:
                return
            ids, classes, tags = (len(pattern.findall(selector)) for pattern in _WEIGHT)
            for tag in chosen:
                if _matches(tag, selector, keys):
                    styles.add(tag, declared, (0, ids, classes, tags))


def _marks(tag: Tag) -> set[str]:
    own = {tag.name, *(f".{name}" for name in tag.get_attribute_list("class") if name)}
    return own | {f"#{tag['id']}"} if tag.get("id") else own


def _matches(tag: Tag, selector: str, keys: list[str]) -> bool:
    if not _COMBINED.search(selector):
        return _marks(tag).issuperset(keys)
    from soupsieve import SelectorSyntaxError, match

    try:
        return bool(match(selector, tag))
    except SelectorSyntaxError:
        return False
