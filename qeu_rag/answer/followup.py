"""Whether a question needs the conversation to be understood, and how its missing words are carried over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from qeu_rag.text.notation import lang_of

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
