"""Decides, strictly, whether two questions ask the same, so that one's approved answer may be given to the other.

Wordings may differ only in what carries no content: politeness, endings, particles, articles, punctuation, notation. A
content word, number, negation, asking word or the order of words that differs makes another question, however near.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher

from qeu_rag.text.notation import lang_of, normalise

SIMILAR = 0.55
"""The least similarity (of characters, 0..1) of two questions with the same content; see docs/measurements.md."""

_RAISED = re.compile("[⁰¹²³⁴-⁹⁺⁻]+")
_END = re.compile(r"[\s?!.。、,]+$")
_SPACE_IN_JAPANESE = re.compile(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])")
_ACRONYM = re.compile(
    r"(?<![A-Za-z])(?:IT|US|WHO|AM|IS|BE|DO|IF|IN|ON|OR|SO|TO|AN|AS|AT|BY|ALL|ARE|CAN|HAS|ITS|MAY)(?![A-Za-z])"
)

_SYMBOL = re.compile(r"[+#*/%°±=<>&@$€£¥^]")
_NUMBER = re.compile(r"(?:(?<![^\s(])-)?\d+(?:[.:/,-]\d+)*|[一二三四五六七八九十百千万億兆零〇]+|[Ⅰ-ⅿ]+")
_NUMBER_WORDS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty hundred thousand million "
    "half double twice once first second third fourth fifth quarter dozen zero both single".split()
)
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nor|neither|without|cannot|except|unless|nothing|nobody)\b|n't\b|n’t\b"
    r"|ない|なく|なかっ|なけれ|ません|ぬ(?![一-鿿])|ず(?:に|とも)|無し|なし|以外|除[いくけ]|不要|不可|禁止|非(?=[一-鿿])|未(?=[一-鿿])"
)
_AMOUNT = "(?:many|much|long|often|far|old|large|big|high|deep|thick|soon|late|early)"
_ASKING = (
    (
        "amount",
        rf"how {_AMOUNT}|what percentage|いくつ|いくら|何(?=[^かがをもでのにと]).|(?:どれ|どの)(?:くらい|ぐらい|だけ|ほど|程度)",
    ),
    ("when", r"\bwhen\b|\bwhat (?:time|date|day|year|month)\b|いつ"),
    ("where", r"\bwhere\b|どこ|どちら"),
    ("who", r"\bwho(?:m|se)?\b|誰|だれ|どなた"),
    ("why", r"\bwhy\b|\bwhat for\b|\breasons?\b|なぜ|何故|どうして|理由"),
    ("which", r"\bwhich\b|どれ(?![くぐだほ])|どの(?![くぐ程])|どちら"),
    ("how", rf"\bhow\b(?! {_AMOUNT})|どう(?!して)|どのよう|方法|やり方|手順|いかに"),
    (
        "polar",
        r"^(?:is|are|was|were|do|does|did|can|could|may|must|should|shall|will|would|has|have|had|am)\b"
        r"|(?:ます|です|でしょう|る|い|た)か$|必要か",
    ),
)
_WHAT = re.compile(r"\bwhat\b|何")
_POLITE = re.compile(
    r"(?:について)?(?:を)?(?:(?:教え|おしえ)て(?:ください|下さい|ほしい|いただけますか|もらえますか)?|知りたい(?:です)?|お願いします)$"
    r"|^(?:please |could you |can you |would you )?(?:tell me|explain|let me know)(?: please)?[ :,]*|\bplease\b",
    re.I,
)
_DIRECTED = re.compile(
    r"\b(?:from|to|into|than|before|after|by|over|under|above|below)\b"
    r"|\b(?:all|any|some|each|every|most|other|same|such|own|should|may|might|must|can|could|will|would|he|she|they|his|her|their)\b"
    r"|から|まで|より|前|後|以[上下内]|だけ|のみ|[^\W_]を|へ|に(?!つい)|(?<=[かさたなまらわがばれ])れ|られ|させ|せる|でき|べき|(?:て|で)も?(?:よ|良|い)い|可能"
)
"""What is no content word but changes the sense: who does what to whom (監査する, 監査される), how many, must or may."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it is compared: ``key`` for equality, the rest for nearness."""

    key: str
    words: tuple[str, ...]
    numbers: tuple[str, ...]
    negations: int
    asks: frozenset[str]
    directed: tuple[str, ...]


def question_key(question: str) -> str:
    """``question`` with its notation folded (``notation.normalise``), outer punctuation and spaces in Japanese left out.

    Equal keys mean the same question. Raised digits stay raised, and acronyms that are also English words stay capitals.
    """
    raised = _RAISED.sub(lambda found: "^" + unicodedata.normalize("NFKC", found.group()), question)
    capitals = any(map(str.islower, raised))
    marked = _ACRONYM.sub(lambda found: f"{found.group()}^", raised) if capitals else raised
    folded = re.sub(r"\s+", " ", normalise(marked)).strip()
    return _END.sub("", _SPACE_IN_JAPANESE.sub("", folded))


def question_id(question: str) -> str:
    """The same for questions with equal keys, and for no others: 16 hex digits."""
    return hashlib.sha256(question_key(question).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def compared(question: str, word_terms: Callable[[str], list[str]]) -> Question:
    """``question`` made ready; ``word_terms`` gives its content words in order (``Analyzer.word_terms``)."""
    key = question_key(question)
    bare = _END.sub("", _POLITE.sub("", key)).strip() or key
    return Question(
        key=key,
        words=tuple(word_terms(bare)),
        numbers=(
            *_NUMBER.findall(bare),
            *_SYMBOL.findall(bare),
            *(word for word in re.findall(r"[a-z]+", bare) if word in _NUMBER_WORDS),
        ),
        negations=len(_NEGATION.findall(bare)),
        asks=_asks(bare),
        directed=tuple(_DIRECTED.findall(bare)),
    )


def _asks(bare: str) -> frozenset[str]:
    found = frozenset(name for name, pattern in _ASKING if re.search(pattern, bare))
    # いくらですか ends as a question for yes or no does.
    return found - {"polar"} if len(found) > 1 or _WHAT.search(bare) else found


def similarity(one: Question, other: Question) -> float:
    """How near two questions are, 0..1: 1 for equal keys, 0 where anything that carries content differs."""
    if one.key == other.key:
        return 1.0
    if not one.words or (one.words, one.numbers, one.negations, one.asks, one.directed) != (
        other.words,
        other.numbers,
        other.negations,
        other.asks,
        other.directed,
    ):
        return 0.0
    if lang_of(one.key) != lang_of(other.key):
        return 0.0
    return min(0.99, SequenceMatcher(None, one.key, other.key, autojunk=False).ratio())
