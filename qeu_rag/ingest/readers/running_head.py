"""Tells which lines of page headers and footers say something of the document: its number, version, date or standing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_TELLS = re.compile(
    r"\d|[〇一二三四五六七八九十元初][版年月日号]|\S[:：]\s*\S|改訂|版数|\b(?:rev|ver|version|revision|issue)\b"
    r"|廃止|無効|失効|草案|ドラフト|見本|旧版|\b(?:draft|obsolete|superseded|withdrawn|void|cancell?ed|specimen)\b",
    re.I,
)
_PAGES = re.compile(
    r"(?:\b(?:pages?|p\.)|ページ|頁|第)?[\s\-–—~(/）)]*(?:\d{1,4}\s*(?:/|of)?\s*\d{0,4})?[\s\-–—~)/]*(?:ページ|頁)?",
    re.I,
)
_RIGHTS = re.compile(r"©|\(c\)|copyright|all rights reserved|著作権", re.I)
LONGEST = 4_000
"""Characters of headers read; more is no header."""


_LONGEST_RIGHTS = 120


def tells(text: str) -> bool:
    """Whether a page header's or footer's ``text`` says something of the document; a copyright line alone does not."""
    folded = unicodedata.normalize("NFKC", text)
    return bool(_TELLS.search(folded)) and not (_RIGHTS.search(text) and len(folded) < _LONGEST_RIGHTS)


def telling(lines: Iterable[str]) -> list[str]:
    """The lines that tell something, each once; page numbers do not."""
    found: dict[str, None] = {}
    for line in lines:
        text = " ".join(line.split())
        if tells(text) and not _PAGES.fullmatch(text):
            found[text[:LONGEST]] = None
    return list(found)
