"""Text as a person reads it: without the marks of Markdown and HTML."""

from __future__ import annotations

import html
import re

_IMAGE = re.compile(r"!\[([^\]\n]*)\]\([^)\n]*\)")
_LINK = re.compile(r"\[([^\[\]]+)\]\((?:[^()\n]|\([^()\n]*\))*\)")
_ELEMENTS = (
    "a abbr address article aside b big blockquote body br caption center cite code col colgroup dd del details dfn div dl dt em"
    " figcaption figure font footer h1 h2 h3 h4 h5 h6 head header hr html i img input ins kbd li link main mark meta nav ol p pre"
    " q rp rt ruby s samp script section small span strike strong style sub summary sup table tbody td tfoot th thead time title"
    " tr tt u ul var wbr"
)
"""What is no element of HTML in angle brackets is the text's own: a placeholder such as <host>."""
_TAG = re.compile(rf"</?(?:{'|'.join(_ELEMENTS.split())})(?:\s[^<>\n]*)?/?>", re.I)
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_BREAK = re.compile(r"<br\s*/?>", re.I)
_STRONG = re.compile(r"(?<!\\)(\*\*|__)(?=\S)((?:[^\n]|\n(?!\s*\n))+?)(?<=\S)\1")
_EMPHASIS = re.compile(
    r"(?<![A-Za-z0-9*\\])\*(?=[^\s*])([^*\n]+)(?<=[^\s\\])\*(?!\*)|(?<![\w\\])_(?=[^\s_])([^_\n]+)(?<=[^\s\\])_(?!\w)"
)
_CODE = re.compile(r"`+([^`\n]+)`+")
_KEPT = re.compile("\0(\\d+)\0")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!|<>~-])")
_QUOTED = re.compile(r"^[ \t]*>[ \t]?", re.M)


def plain(text: str) -> str:
    """``text`` without marks of emphasis, code, links, images, quotes and HTML; their words stay, and so do lines and tables.

    Code stays as it is. What is struck out keeps its marks (~~), without which it would seem to hold.
    """
    code: list[str] = []

    def keep(match: re.Match[str]) -> str:
        code.append(match[1])
        return f"\0{len(code) - 1}\0"

    text = _CODE.sub(keep, text.replace("\0", " "))
    text = _BREAK.sub(" ", _COMMENT.sub("", text))
    text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", text))
    text = _EMPHASIS.sub(r"\1\2", _STRONG.sub(r"\2", _TAG.sub("", text)))
    text = _QUOTED.sub("", text)
    return _KEPT.sub(lambda match: code[int(match[1])], html.unescape(_ESCAPED.sub(r"\1", text)))
