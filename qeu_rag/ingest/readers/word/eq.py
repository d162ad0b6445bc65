r"""Reads Word's EQ fields, which draw fractions, roots, raised text, readings and ringed characters: ``\f(1,2)`` is 1/2."""

from __future__ import annotations

import re

from qeu_rag.ingest.readers.typeset.raised import lowered, raised
from qeu_rag.text.notation import is_japanese

_GENERAL = re.compile(r'\\\*\s*(?:"[^"]*"|[^\s\\]+)')
_COMMAND = re.compile(
    r"\\([abdfilorsx])((?:\s*\\(?:[a-z]{2,3})\s*(?:-?\d+(?:\.\d+)?|(?<=c)\\?[^\s\\(]|(?<=c)\\[()])?)*)\s*\(", re.I
)
_SCRIPT = re.compile(r"\s*\\(up|do)\s*-?[\d.]*\s*\(", re.I)
_RINGS = "○◯〇"
_DEEPEST = 20


def eq_field(instruction: str) -> str:
    """What the EQ field with this instruction shows, on one line."""
    text = _GENERAL.sub("", re.sub(r"^\s*EQ\s*", "", instruction, flags=re.I)).strip()
    shown, _ = _read(text, 0, 0)
    return " ".join(shown.split())


def _read(text: str, at: int, depth: int) -> tuple[str, int]:
    """What stands from ``at`` to the end of the argument, and where that is."""
    out: list[str] = []
    while at < len(text):
        character = text[at]
        if depth and character in ",;)":
            break
        command = _COMMAND.match(text, at) if character == "\\" else None
        if command and depth < _DEEPEST:
            arguments, at = _arguments(text, command.end(), depth)
            shown = _draw(command[1].lower(), command[2].lower(), arguments)
            while command[1].lower() == "s" and (more := _SCRIPT.match(text, at)):
                arguments, at = _arguments(text, more.end(), depth)
                shown += _draw("s", "\\" + more[1].lower(), arguments)
            out.append(shown)
        elif character == "\\" and at + 1 < len(text):
            out.append(text[at + 1] if text[at + 1] in ",;()\\" else "")
            at += 2
        elif character == "(":
            inner, at = _read(text, at + 1, max(1, depth))
            while at < len(text) and text[at] in ",;":
                more_text, end = _read(text, at + 1, max(1, depth))
                inner, at = inner + text[at] + more_text, end
            out.append(f"({inner})")
            at += 1
        else:
            out.append(character)
            at += 1
    return "".join(out), at


def _arguments(text: str, at: int, depth: int) -> tuple[list[str], int]:
    found = []
    while True:
        argument, at = _read(text, at, depth + 1)
        found.append(argument)
        if at >= len(text) or text[at] == ")":
            return found, at + 1
        at += 1


def _draw(command: str, options: str, arguments: list[str]) -> str:
    first, second = arguments[0].strip(), arguments[1].strip() if len(arguments) > 1 else ""
    if command == "f":
        return f"{_one(first)}/{_one(second)}"
    if command == "r":
        root, inner = (first, second) if len(arguments) > 1 else ("", first)
        return f"{raised(root) if root else ''}√{_one(inner)}"
    if command == "s":
        return lowered(first) if "\\do" in options else "" if is_japanese(first) and first else raised(first)
    if command == "o":
        return _overlaid(first, second) if len(arguments) == 2 else "".join(arguments)
    if command == "i":
        sign = "∑" if "\\su" in options else "∏" if "\\pr" in options else "∫"
        limits = [*arguments, "", "", ""]
        return f"{sign}_{{{limits[0].strip()}}}^{{{limits[1].strip()}}} {limits[2].strip()}".replace("_{}", "").replace(
            "^{}", ""
        )
    if command == "b":
        return _in_brackets(options, ",".join(arguments))
    if command == "x" and "\\to" in options and not re.search(r"\\(?:bo|le|ri)", options):
        return first + "\u0304" if len(first) == 1 else f"bar({first})"
    return ", ".join(a.strip() for a in arguments) if command in "al" else "".join(arguments)


def _in_brackets(options: str, inner: str) -> str:
    both, left, right = (re.search(rf"\\{name}\s*\\?(\S)", options) for name in ("bc", "lc", "rc"))
    if both:
        return both[1] + inner + {"(": ")", "[": "]", "{": "}", "<": ">"}.get(both[1], both[1])
    if left or right:
        return (left[1] if left else "") + inner + (right[1] if right else "")
    return f"({inner})"


def _overlaid(first: str, second: str) -> str:
    """Two things drawn over each other: a number in a ring is ①, 秘 in a ring (秘); a reading (empty by now) is left out."""
    ring, inner = (first, second) if first in _RINGS else (second, first)
    if ring and ring in _RINGS and inner:
        number = int(inner) if re.fullmatch(r"[0-9０-９]{1,2}", inner) else 0
        return chr(0x2460 + number - 1) if 1 <= number <= 20 else f"({inner})"
    return first + second


def _one(text: str) -> str:
    return (
        text
        if re.fullmatch(r"\w|[\d.,]+|\(.*\)", text) or (text and is_japanese(text) and text.isalpha())
        else f"({text})"
    )
