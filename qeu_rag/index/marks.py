"""Text as a person reads it: without the marks of Markdown and HTML."""

from __future__ import annotations

import html
import re

_IMAGE = re.compile(r"!\[([^\]\n]*)\]\([^)\n]*\)")
_LINK = re.compile(r"\[([^\]\n]+)\]\((?:[^()\n]|\([^()\n]*\))*\)")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>\n]*)?/?>")
_BREAK = re.compile(r"<br\s*/?>", re.I)
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_CODE = re.compile(r"`+([^`\n]+)`+")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!|<>~-])")
_QUOTED = re.compile(r"^[ \t]*>[ \t]?", re.M)


def plain(text: str) -> str:
    """``text`` without marks of emphasis, code, links, images, quotes and HTML; their words stay, and so do lines and tables."""
    text = _BREAK.sub(" ", text)
    text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", text))
    text = _STRONG.sub(r"\2", _CODE.sub(r"\1", _TAG.sub("", text)))
    text = _QUOTED.sub("", text)
    return html.unescape(_ESCAPED.sub(r"\1", text))
