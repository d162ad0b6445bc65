"""A question made fit to search with: one clean line, or an error that says why it cannot be."""

from __future__ import annotations

import re
import unicodedata

from qeu_rag.errors import UsageError

MAX_QUESTION = 4000
"""The longest question, in characters."""

# Joiners stay: they shape Persian words and emoji.
_JOINERS = "\u200c\u200d"
# What steers a terminal (ECMA-48): without its first character the rest would be read as words.
_STEERING = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")


def clean_question(text: str) -> str:
    """``text`` in NFC on one line, without control sequences, other invisible characters or lone surrogates.

    Bytes that reached us undecoded (``surrogateescape``, as in ``sys.argv``) are decoded as UTF-8 where they are UTF-8.
    Idempotent. Raises UsageError: ``question_empty`` (no text, or no letter or digit in any script), ``question_long`` (over
    ``MAX_QUESTION`` characters).
    """
    if not isinstance(text, str):
        raise UsageError("question_empty")
    kept = "".join(_visible(character) for character in _STEERING.sub(" ", _without_surrogates(text)))
    question = unicodedata.normalize("NFC", re.sub(r"\s+", " ", kept).strip())
    if not any(character.isalnum() for character in question):
        raise UsageError("question_empty")
    if len(question) > MAX_QUESTION:
        raise UsageError("question_long", length=len(question), limit=MAX_QUESTION)
    return question


def _without_surrogates(text: str) -> str:
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        # Halves of a UTF-16 pair that arrived apart are joined; halves without a partner become U+FFFD.
        joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return joined.replace("\ufffd", " ")


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cc":
        return " "
    return "" if category in ("Cf", "Cs") and character not in _JOINERS else character
