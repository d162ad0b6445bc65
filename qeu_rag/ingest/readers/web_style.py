"""What the styles of an HTML page say of an element: its own, and those of the simple rules in the page's style elements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
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
    " text-decoration-line".split()
)
_MOST_RULES = 2000
_MOST_MATCHES = 50_000
_LONGEST = 300

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


def _rules(sheet: str) -> Iterator[tuple[str, dict[str, tuple[bool, str]]]]:
    """Each selector with what it declares; of rules for certain media those that hold on a screen of usual size."""

    def opened(match: re.Match[str]) -> str:
        query = match[2].lower()
        always = match[1].lower() != "media" or not re.search(r"print|speech|width|height|prefers|orientation|not\b", query)
        return match[3] if always else ""

    sheet = _MEDIA.sub(opened, sheet[:500_000])
    for match in _RULE.finditer(sheet):
        declared = _declarations(match[2])
        if not declared:
            continue
        for selector in match[1].rpartition(";")[2].split(","):
            selector = " ".join(selector.split())
            if selector and len(selector) <= _LONGEST and ":" not in selector and "@" not in selector:
                yield selector, declared


def _declarations(text: str) -> dict[str, tuple[bool, str]]:
    """The properties that count with whether each is important, and its value."""
    found = {}
    for match in _DECLARATION.finditer(text):
        name, value = match[1].lower(), match[2].strip().lower()
        if name in _NAMES and value:
            found[name] = ("!important" in value, value.replace("!important", "").strip())
    return found


def _apply(rules: Iterable[tuple[str, dict[str, tuple[bool, str]]]], soup: BeautifulSoup, styles: Styles) -> None:
    """Declares what ``rules`` say for the elements that their selectors mean."""
    places: dict[str, list[Tag]] = {}
    for tag in soup.find_all(True):
        classes = tag.get("class") or []
        marks = [f".{name}" for name in ([classes] if isinstance(classes, str) else classes)]
        for key in {tag.name, *marks, f"#{tag.get('id') or ''}"}:
            places.setdefault(key, []).append(tag)
    left = _MOST_MATCHES
    for selector, declared in rules:
        last = _LAST.search(selector)
        if last is None or not (last[1] or last[2]):
            continue
        keys = [*re.findall(r"[.#][\w-]+", last[2]), *([last[1].lower()] if last[1] else [])]
        chosen = min((places.get(key, []) for key in keys), key=len)
        left -= len(chosen)
        if left < 0:
            return
        ids, classes_, tags = (len(pattern.findall(selector)) for pattern in _WEIGHT)
        for tag in chosen:
            if _matches(tag, selector, keys):
                styles.add(tag, declared, (0, ids, classes_, tags))


def _matches(tag: Tag, selector: str, keys: list[str]) -> bool:
    if " " in selector or ">" in selector or "+" in selector or "~" in selector or "[" in selector:
        from soupsieve import SelectorSyntaxError, match

        try:
            return bool(match(selector, tag))
        except SelectorSyntaxError:
            return False
    classes = tag.get("class") or []
    own = {tag.name, f"#{tag.get('id') or ''}", *(f".{name}" for name in ([classes] if isinstance(classes, str) else classes))}
    return own.issuperset(keys)
