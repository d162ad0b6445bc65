"""Reads what Markdown says by its marks: struck-out text, notes, task boxes, links by reference, and the HTML within it."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from qeu_rag.ingest.readers.markup.marked_up_html import without_html
from qeu_rag.ingest.readers.notes_and_comments import LONGEST_IN_TEXT, bare_note
from qeu_rag.ingest.readers.typeset.raised import lowered, raised

_CODE = re.compile(
    r"^[ \t]*(?:>[ \t]*)*(?P<fence>`{3,}|~{3,})[^\n]*\n(?:.*?^[ \t]*(?:>[ \t]*)*(?P=fence)[`~]*[ \t]*$|.*\Z)"
    r"|<!--.*?-->|(?<![`\\])(?P<ticks>`+)(?!`)(?:(?!\n[ \t]*\n).)+?(?<!`)(?P=ticks)(?!`)"
    r"|\$\$.{1,3000}?\$\$|(?<![\\\w$])\$(?![\s$])[^$\n]{1,300}?(?<![\s\\])\$(?![\d$])",
    re.S | re.M,
)
_STRUCK = re.compile(r"(?<![\\~])~~(?=[^\s~])((?:[^\n~]|~(?!~)|\n(?![ \t]*\n))+?)(?<=[^\s\\])~~(?!~)")
_GONE = "\ue002"
"""Stands where something was left out, until the lines that held nothing else are taken away."""
_EMPHASISED = re.compile(rf"(\*{{1,3}}|_{{1,3}}){_GONE}\1")
_BARE = re.compile(
    rf"^[ \t>]*(?:[-*+•]|\d+[.)])?[ \t]*(?:(?:\[[ xX]\]|[☐☑])[ \t]*)?(?:[*_]*{_GONE}[*_]*[。.、,;；:：]?[ \t]*)+$\n?",
    re.M,
)
_EMPTY_LINE = re.compile(rf"^[ \t]*\|(?:[ \t]*(?:{_GONE}[ \t]*)*\|)+[ \t]*$\n?", re.M)
_RAISED = re.compile(r"(?<=[\w)Ω℃%])\^([-+−]?\d{1,3}|n)\^")
_LOWERED = re.compile(r"(?<=[A-Za-z)])~(\d{1,2})~(?=[A-Z\s。、，,.()]|$)", re.M)
_TASK = re.compile(r"^([ \t>]*(?:[-*+]|\d+[.)])[ \t]+)\[([ xX])\](?=[ \t])", re.M)
_DEFINED = re.compile(r"^ {0,3}\[\^([^\]\s]+)\]:[ \t]*(.*(?:\n(?:(?:[ ]{2,}|\t).*|(?=\n(?:[ ]{4}|\t)\S)))*)", re.M)
_MARK = re.compile(r"(?<!\\)\[\^([^\]\s]+)\](?!:)")
_INLINE_NOTE = re.compile(r"(?<![\\\w\])])\^\[([^\[\]\n]{1,300})\]|(?<=[^\s\\\]\)])\^\[([^\[\]\n]{1,300})\]")
_TARGET = re.compile(
    r"^ {0,3}\[(?!\^)([^\]\n]{1,200})\]:[ \t]*\n?[ \t]*(<[^<>\n]*>|\S+)"
    r"(?:[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*$\n?",
    re.M,
)
_BY_NAME = re.compile(r"(?<!\\)(!?)\[((?:[^\[\]\n]|\n(?![ \t]*\n)){1,300})\](?:[ ]?\[([^\[\]\n]{0,200})\])?(?![\[(:])")
_DATA = re.compile(
    r"!\[([^\]\n]{0,300})\]\(\s*<?data:[^()\s>]*>?(?:\s+\"[^\"]*\")?\s*\)|(?P<other>\(<?data:[\w/+.;=-]{1,100},[^()\s>]*>?\))"
)
_CALLOUT = re.compile(r"^([ \t]*>[ \t]*)\[!(\w+)\][+-]?[ \t]*(.*)$", re.M)
_CONTAINER = re.compile(r"^[ \t]{0,3}:{3,}[ \t]*(?:\{?\.?([A-Za-z][\w-]*)\}?)?[ \t]*(?:\[([^\]\n]*)\]|(.*))$", re.M)
_ADMONITION = re.compile(
    r"^(?:!!!|\?\?\?\+?)[ \t]+([\w-]+)(?:[ \t]+\"([^\"\n]*)\")?[^\n]*\n((?:(?:[ ]{4}|\t).*\n?|[ \t]*\n)*)", re.M
)
_RULE_ROW = re.compile(r"^[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)+\|?[ \t]*$")
_BAR = re.compile(r"(?<!\\)\|")
_ENTITY = re.compile(r"(?<!\\)&(?:#\d{1,7}|#x[\da-fA-F]{1,6}|[A-Za-z][A-Za-z\d]{1,31});")
_MARKS = frozenset("\\`*_[]<>|#~&")
_KEPT = re.compile("\ue000(\\d+)\ue001")
_LOUD = frozenset("warning danger caution important attention error alert".split())
"""Kinds of set-off text that say how it is to be taken; others only say how it looks."""


@dataclass(slots=True, kw_only=True)
class MarkedUp:
    """Markdown in which everything is said in words, and how much of each kind was left out of it."""

    text: str
    left_out: Counter[str] = field(default_factory=Counter)


def said(text: str) -> MarkedUp:
    """``text`` as ``MarkedUp``. Code and mathematics stay as they are; so does what is no mark by its surroundings."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        if match[0].startswith("<!--"):
            return ""
        kept.append(match[0])
        return f"\ue000{len(kept) - 1}\ue001"

    result = MarkedUp(text=_CODE.sub(keep, re.sub("[\ue000-\ue002]", "", text)))
    steps: tuple[Callable[[MarkedUp], str], ...] = (
        _tables, _struck, lambda r: without_html(r.text, r.left_out, _GONE), _plain_marks, _boxes, _notes, _links, _emptied,
        _characters,
    )  # fmt: skip
    for step in steps:
        result.text = step(result)
    result.text = _KEPT.sub(lambda match: kept[int(match[1])] if int(match[1]) < len(kept) else "", result.text)
    return result


def _tables(result: MarkedUp) -> str:
    """Rows of tables that are written without bars at their ends, with them."""
    lines = result.text.split("\n")
    for at in range(1, len(lines)):
        above = lines[at - 1]
        if not _RULE_ROW.match(lines[at]) or above.lstrip().startswith("|") or not _BAR.search(above):
            continue
        place = at - 1
        while place < len(lines) and lines[place].strip() and (_BAR.search(lines[place]) or place <= at):
            bare = lines[place].strip().removeprefix("|")
            lines[place] = (
                f"| {(bare[:-1] if bare.endswith('|') and not bare.endswith(chr(92) + '|') else bare).strip()} |"
            )
            place += 1
    return "\n".join(lines)


def _struck(result: MarkedUp) -> str:
    text, count = _STRUCK.subn(_GONE, result.text)
    if count:
        result.left_out["struck"] += count
        text = _EMPHASISED.sub(_GONE, text)
    return text


def _plain_marks(result: MarkedUp) -> str:
    text = _RAISED.sub(lambda match: raised(match[1]), result.text)
    text = _LOWERED.sub(lambda match: lowered(match[1]), text)
    text = _TASK.sub(lambda match: f"{match[1]}{'☐' if match[2] == ' ' else '☑'}", text)
    return _DATA.sub(lambda match: match[1] or "", text)


def _boxes(result: MarkedUp) -> str:
    """Notes and warnings that are set off, each with its kind before it."""

    def container(match: re.Match[str]) -> str:
        name, title = match[1] or "", (match[2] or match[3] or "").strip(" {}#.")
        told = name.upper() if name.lower() in _LOUD else ""
        if name.lower() == "message" and title.lower() == "alert":
            told, title = "ALERT", ""
        return ": ".join(part for part in (told, title) if part) + (":" if told and not title else "")

    def admonition(match: re.Match[str]) -> str:
        body = re.sub(r"^(?: {4}|\t)", "", match[3], flags=re.M)
        title = match[2] if match[2] is not None else match[1].upper()
        return f"{title.rstrip(':：')}:\n\n{body}" if title else body

    text = _CALLOUT.sub(lambda m: f"{m[1]}{m[2].upper()}: {m[3]}".rstrip(), result.text)
    return _ADMONITION.sub(admonition, _CONTAINER.sub(container, text) if ":::" in text else text)


def _notes(result: MarkedUp) -> str:
    """Each note beside its sentence; a long one, or one to a heading, below its paragraph."""
    found = {match[1]: _one_note(match[2]) for match in _DEFINED.finditer(result.text)}
    text = _INLINE_NOTE.sub(lambda match: bare_note(match[1] or match[2]), result.text)
    if not found:
        return text
    used = {match[1] for match in _MARK.finditer(_DEFINED.sub("", text))}
    text = _DEFINED.sub(lambda m: "" if m[1] in used else bare_note(found[m[1]]).strip(" （）()"), text)
    paragraphs = re.split(r"(\n[ \t]*\n)", text)
    return "".join(_with_notes(part, found) if _MARK.search(part) else part for part in paragraphs)


def _one_note(text: str) -> str:
    return _MARK.sub("", " ".join(text.split()))


def _with_notes(paragraph: str, found: dict[str, str]) -> str:
    below: list[str] = []

    def put(match: re.Match[str]) -> str:
        words = found.get(match[1])
        if words is None:
            return match[0]
        start = paragraph.rfind("\n", 0, match.start()) + 1
        row = paragraph[start : match.start()].lstrip()
        if row.startswith("#") or (len(words) > LONGEST_IN_TEXT and not row.startswith("|")):
            below.append(bare_note(words).strip(" （）()"))
            return ""
        told = bare_note(words)
        return re.sub(r"(?<!\\)\|", r"\\|", told) if row.startswith("|") else told

    return "\n\n".join([_MARK.sub(put, paragraph), *below])


def _links(result: MarkedUp) -> str:
    """Links by reference as links in place, so that no definition stands in the text."""
    targets: dict[str, str] = {}

    def define(match: re.Match[str]) -> str:
        targets.setdefault(" ".join(match[1].lower().split()), match[2].strip("<>"))
        return ""

    text = _TARGET.sub(define, result.text)

    def put(match: re.Match[str]) -> str:
        target = targets.get(" ".join((match[3] or match[2]).lower().split()))
        if target is None:
            return match[0]
        if target.startswith("data:") or target == "#":
            return match[2]
        return f"{match[1]}[{match[2]}]({target})"

    return _BY_NAME.sub(put, text) if targets else text


def _characters(result: MarkedUp) -> str:
    """Entities as the characters that they are, which are never marks."""

    def character(match: re.Match[str]) -> str:
        found = html.unescape(match[0])
        return f"\\{found}" if found in _MARKS and found != "&" else found

    return _ENTITY.sub(character, result.text)


def _emptied(result: MarkedUp) -> str:
    """Without the lines and rows that hold nothing any more."""
    if _GONE not in result.text:
        return result.text
    text = _EMPTY_LINE.sub(lambda match: "" if _GONE in match[0] else match[0], _BARE.sub("", result.text))
    return re.sub(rf"(?<=[\u3000-\u9fff、。]){_GONE} |(?<= ){_GONE} |{_GONE}", "", text)
