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


_ASKED = re.compile(r"[^?？]+[?？]+")
_MOST_PARTS = 4
_SHORTEST_PART = 4


def parts_of(question: str) -> tuple[str, ...]:
    """The questions in ``question``, each up to its own question mark; itself alone where there are not two to four.

    What is too short to be asked alone stays with what stands before it, or after it where that is nothing, and so does what
    follows the last mark.
    """
    parts: list[str] = []
    before, end = "", 0
    for match in _ASKED.finditer(question):
        said, end = f"{before}{match.group().strip()}", match.end()
        before = ""
        if sum(map(str.isalnum, said)) >= _SHORTEST_PART:
            parts.append(said)
        elif parts:
            parts[-1] += said
        else:
            before = f"{said} "
    if parts and (rest := question[end:].strip()):
        parts[-1] += f" {rest}"
    return tuple(parts) if 1 < len(parts) <= _MOST_PARTS else (question,)


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
