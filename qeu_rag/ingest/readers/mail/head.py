"""Reads the header fields of a mail as mail programs write them: encoded words cut anywhere, raw bytes, names in any charset."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from email.message import EmailMessage, Message

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.page import one_line
from qeu_rag.text.encoding import decode

_WORD = re.compile(r"=\?([\w.:+-]+)(?:\*[\w-]*)?\?([bBqQ])\?([^?\s]*(?:[ \t][^?\s]*)*)\?=")
_BETWEEN = re.compile(r"[ \t\r\n]*")
_QUOTED = re.compile(rb"=([0-9A-Fa-f]{2})")


def header(message: Message, name: str) -> str:
    """The field ``name`` on one line, decoded; empty where there is none."""
    found = next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")
    return one_line(words(re.sub(r"\r?\n(?=[ \t])", "", found)))


def words(raw: str) -> str:
    """``raw`` with its encoded words as text; neighbours of one charset are read together, as a character may be cut in two."""
    parts: list[str] = []
    held, charset, at = b"", "", 0
    for match in _WORD.finditer(raw):
        gap = raw[at : match.start()]
        follows = bool(charset) and _BETWEEN.fullmatch(gap) is not None
        if charset and not (follows and match[1].lower() == charset):
            parts.append(_text(held, charset))
            held = b""
        if not follows:
            parts.append(_bare(gap))
        held += _bytes(match[2], match[3])
        charset, at = match[1].lower(), match.end()
    if charset:
        parts.append(_text(held, charset))
    return "".join([*parts, _bare(raw[at:])])


def file_name(part: EmailMessage) -> str:
    """The name that ``part`` is given by its disposition, else by its type; without folders, empty where it has none."""
    for field, key in (("content-disposition", "filename"), ("content-type", "name")):
        raw = next((str(value) for name, value in part.raw_items() if name.lower() == field), "")
        plain = Message()
        plain[field] = re.sub(r"\r?\n", "", raw)
        try:
            value = plain.get_param(key, header=field)
        except (ValueError, LookupError, TypeError):  # continuations that are numbered wrongly
            value = None
        if isinstance(value, tuple):
            charset, _, text = value
            value = _text(text.encode("latin-1", "replace"), charset or "utf-8")
        if value and (name := one_line(words(str(value))).replace("\\", "/").rpartition("/")[2]):
            return name
    return ""


def _bytes(kind: str, text: str) -> bytes:
    if kind in "qQ":
        plain = text.replace("_", " ").encode("latin-1", "replace")
        return _QUOTED.sub(lambda match: bytes((int(match[1], 16),)), plain)
    bare = re.sub(r"[^A-Za-z0-9+/]", "", text)
    try:
        return b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error:
        return b64decode(bare[: len(bare) // 4 * 4])


def _text(data: bytes, charset: str) -> str:
    if not data:
        return ""
    try:
        return decode(data, charset)[0]
    except ReadError:
        return data.decode("utf-8", "replace")


def _bare(text: str) -> str:
    """Text that is not encoded, though it may hold bytes or escapes that should have been."""
    if text.isascii() and "\x1b$" not in text:
        return text
    return _text(text.encode("utf-8", "surrogateescape"), "")
