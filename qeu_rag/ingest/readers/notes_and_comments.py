"""Sets notes and comments off from the text that they belong to, in its language, and tells a text that asks from others."""

from __future__ import annotations

import re
import unicodedata

from qeu_rag.text.notation import is_japanese

_ASKS = re.compile(
    r"[?]\W*$|(?:です|ます|せん|でしょう|した|ましょう|のでしょう|ない|の|る|た|い|何|か月|どれ)か[。.]?$|(?:とは|教えてください|知りたい)[。.]?$"
    r"|^(?:q|問|質問)\s*\d*\s*[.．:：)）]|^(?:how|what|when|where|why|who|whom|whose|which)\b.{3,}",
    re.I,
)
LONGEST_IN_TEXT = 300
"""A longer note stands below its paragraph."""


def note(label: str, text: str, beside: str, *, end: bool = False) -> str:
    """A note in brackets, to stand in the text ``beside`` it: ``（注1: …）``; ``end``: an endnote."""
    if _japanese(text, beside):
        return f"（{'文末' if end else ''}注{label}: {text}）" if text else f"（{'文末' if end else ''}注{label}）"
    name = "endnote" if end else "note"
    return f"({name} {label}: {text})" if text else f"({name} {label})"


def note_below(label: str, text: str, beside: str, *, end: bool = False) -> str:
    """A long note as a paragraph of its own."""
    return note(label, text, beside, end=end)[1:-1]


def comment(author: str, text: str, beside: str, *, resolved: bool = False) -> str:
    """What somebody remarked on a text, which the text itself does not say."""
    if _japanese(text, beside):
        by = "、".join([author] * bool(author) + ["解決済み"] * resolved)
        return f"【コメント（{by}）: {text}】" if by else f"【コメント: {text}】"
    by = f" by {author}" if author else ""
    return f"[Comment{by}{' (resolved)' if resolved else ''}: {text}]"


def _japanese(text: str, beside: str) -> bool:
    return is_japanese(beside) or (is_japanese(text) and not any(map(str.isalpha, beside)))


def asks(text: str) -> bool:
    """Whether ``text``, a heading or a line, asks for something, by its mark, its ending or its first word."""
    return bool(_ASKS.search(unicodedata.normalize("NFKC", text).strip()))


def bare_note(text: str) -> str:
    """A note without a label as it stands within its sentence: ``（注: …）`` or `` (note: …)``."""
    bare = " ".join(text.split())
    bare = bare[:-1] if bare.endswith("。") or (bare.endswith(".") and not bare.endswith("..")) else bare
    return f"（注: {bare}）" if is_japanese(bare) else f" (note: {bare})"
