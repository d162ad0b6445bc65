"""Sets notes and comments off from the text that they belong to, in the language of that text."""

from __future__ import annotations

from qeu_rag.text.notation import is_japanese

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
