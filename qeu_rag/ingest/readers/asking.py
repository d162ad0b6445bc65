"""Tells text that asks from text that says something, and sets a note beside what it is a note to."""

from __future__ import annotations

import re
import unicodedata

_ASKS = re.compile(
    r"[?]\W*$|(?:です|ます|せん|でしょう|した|ましょう|のでしょう|ない|の|る|た|い|何|か月|どれ)か[。.]?$|(?:とは|教えてください|知りたい)[。.]?$"
    r"|^(?:q|問|質問)\s*\d*\s*[.．:：)）]|^(?:how|what|when|where|why|who|whom|whose|which)\b.{3,}",
    re.I,
)
_JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
LONGEST_NOTE = 300
"""A longer note stands below the paragraph that it is a note to."""


def asks(text: str) -> bool:
    """Whether ``text``, a heading or a line, asks for something, by its mark, its ending or its first word."""
    return bool(_ASKS.search(unicodedata.normalize("NFKC", text).strip()))


def note(text: str) -> str:
    """A note as it stands within its sentence: ``（注: …）`` or `` (note: …)``."""
    bare = " ".join(text.split())
    bare = bare[:-1] if bare.endswith("。") or (bare.endswith(".") and not bare.endswith("..")) else bare
    return f"（注: {bare}）" if _JAPANESE.search(bare) else f" (note: {bare})"
