"""A question made fit to search with: clean, in its parts, and whole where it goes on from those before it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher

from qeu_rag.errors import UsageError
from qeu_rag.text.notation import lang_of, without_surrogates

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
    kept = "".join(_visible(character) for character in _STEERING.sub(" ", _whole_characters(text)))
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


def _whole_characters(text: str) -> str:
    """``text`` whose lone halves are bytes that the shell could not read as UTF-8, or halves of pairs."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return without_surrogates(text)


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cc":
        return " "
    return "" if category in ("Cf", "Cs") and character not in _JOINERS else character


_REFERS = re.compile(
    r"それ(?!ぞれ)|これ(?!まで|から)|あれ(?!ば)|そちら|こちら|そこ|ここ(?!ろ)|そう(?:いう|した)|こう(?:いう|した)|その(?!他)|この|あの|同じ|上記|前述|先ほど|さっき|さきほど"
    r"|\b(?:it|its|they|them|their|theirs|this|that|these|those|he|him|his|she|her|hers|there|the same|the above)\b",
    re.I,
)
_GOES_ON = re.compile(
    r"^(?:では|じゃあ?|それなら|ちなみに|あと|ほかに|他に|また|なお|なぜ|どうして|もっと|例えば|たとえば)"
    r"|^(?:and|but|or|so|then|also|why|how so|what about|how about|what else|for example|since when|until when)\b",
    re.I,
)
_NO_PREDICATE = re.compile(r"(?:(?<!と)は|なら|では|だと|の場合は?|について(?:は)?)[?？。]?$")
_CONTENT = re.compile(
    r"[A-Za-z\u00c0-\u024f][A-Za-z\u00c0-\u024f0-9]*(?:[-'’][A-Za-z0-9\u00c0-\u024f]+)*"
    r"|\d+(?:[.,]\d+)*[%％]?|[ァ-ヺー々〆㐀-䶿一-鿿０-９Ａ-Ｚａ-ｚ]+"
)
_EMPTY_WORDS = frozenset(
    "a about above all also am an and any are as at be been but by can could did do does done else example far for from had "
    "has have he her hers him his how i if in into is it its just long many may me might more most much must my no not of "
    "off often on one ones only or other our out over shall she should since so some soon such tell than that the their "
    "theirs them then there these they this those to too under until up upon us very was we were what when where which "
    "while who whom whose why will with within would yes you your please explain same need needed happen happens "
    "教 下 時 場合 方 事 物 為 上記 前述 他 同 例 先 必要 詳 理由".split()
)
_ASKING = re.compile(r"^(?:何|誰|幾|どの|いつ)")
CARRIED = 6
"""At most so many words are carried over."""


def content_words(text: str) -> list[str]:
    """The words of ``text`` that carry its subject, as they stand there, each once: no grammar, no question words."""
    found = dict.fromkeys(match.group() for match in _CONTENT.finditer(text))
    return [word for word in found if word.lower() not in _EMPTY_WORDS and not _ASKING.match(word)]


def stands_alone(question: str, *, covered: bool) -> bool:
    """Whether ``question`` can be understood without what was said before.

    ``covered`` says whether the documents answer it as it is. A question that points back or goes on ("And …") stands alone
    only where they do and it has four content words, 「…は？」 where they do and it has two; others need one word if they
    do, else two.
    """
    own = len(content_words(question))
    if _GOES_ON.search(question) or _REFERS.search(question):
        return own >= 4 and covered
    if lang_of(question) == "ja" and _NO_PREDICATE.search(question):
        return own >= 2 and covered
    return own >= (1 if covered else 2)


def carry_over(question: str, before: str) -> str:
    """``question`` with the subject's words of the question ``before`` that it lacks, in brackets at its end."""
    own = content_words(question)
    missing = [word for word in content_words(before) if not any(word in other for other in own)]
    if not missing:
        return question
    words = " ".join(missing[:CARRIED])
    return f"{question}（{words}）" if lang_of(question) == "ja" else f"{question} ({words})"


def full_question(question: str, history: Sequence[str], *, covered: bool = False) -> str:
    """``question`` as it can be understood by itself, after the questions ``history`` (oldest first), as typed or made whole.

    Pure: the same question and history give the same. The subject is the newest question's that had one of its own, with the
    words of all follow-ups since carried along. ``covered`` says whether the documents answer the question as it is.
    """
    before = ""
    for asked in history:
        before = asked if not before or stands_alone(asked, covered=False) else carry_over(asked, before)
    return question if not before or stands_alone(question, covered=covered) else carry_over(question, before)


def faithful(rewritten: str, question: str, history: Sequence[str]) -> bool:
    """Whether a model's rewriting keeps every content word of ``question`` and adds none that was never said.

    English words may change their endings.
    """
    known = content_words(" ".join((question, *history)))
    kept = content_words(rewritten)
    keeps_all = all(_among(word, kept) for word in content_words(question))
    return bool(kept) and keeps_all and all(_among(word, known) for word in kept)


def _among(word: str, others: Sequence[str]) -> bool:
    low = word.lower()
    return any(low in other.lower() or _same_stem(low, other.lower()) for other in others)


def _same_stem(one: str, other: str) -> bool:
    if not (one.isascii() and other.isascii()) or min(len(one), len(other)) < 4:
        return False
    shared = SequenceMatcher(None, one, other, autojunk=False).find_longest_match()
    begins_both = shared.a == shared.b == 0
    return begins_both and shared.size >= max(4, max(len(one), len(other)) - 3)
