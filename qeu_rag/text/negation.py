"""Whether a sentence denies or forbids, in Japanese and English."""

from __future__ import annotations

import re
import unicodedata

_ASIDE = re.compile(
    r"[(（][^)）]*[)）]|\s?(?:--|—|–)\s?[^.;]*"
    r"|\b(?:even )?(?:if|when|where|unless|although|though|because|since|which|who|whose|in case|in the event"
    r"|that (?:is|are|was|were|has|have|do|does|did|will|can))\b[^,;.]*[,;]?",
    re.I,
)
"""What a sentence says aside: in brackets, or in a clause with a condition, a reason or a description."""
_NOMINAL = re.compile(r"(?:ない|なかった)(?:こと(?=[をがはもにで])|ため|よう|場合|とき|限り)")
_ENDING = 16
"""So many characters at the end of a Japanese sentence hold what it asserts."""

_AFFIRMS = re.compile(
    r"やむを得(?:ない|ません|ず)|(?:なければ|なくては|ないと|ねば)(?:なら|いけ|だめ|いか)(?:ない|ません)?|ざるを得(?:ない|ません)|かもしれ(?:ない|ません)|に(?:過ぎ|すぎ)(?:ない|ません)"
    r"|(?:だけ|のみ)(?:で|では)?なく|のみならず|少ない|少なく|危ない|だけでは(?:ない|ありません)|とは限ら(?:ない|ず|ません)|ない限り|ないように"
    r"|\b(?:no|not) (?:later|more|less|fewer|earlier|longer than|only|exceeding|to exceed)\b"
    r"|\bdoes not exceed\b|\bmust not exceed\b"
    r"|\bno\.\s*\d|\bwhether or not\b|\bnot applicable\b|を(?:超え|上回ら|下回ら)(?:ない|ず)",
    re.I,
)
_NEGATES = re.compile(
    r"(?:て|で)は(?:なら|いけ)(?:ない|ません)|禁止|禁じ|禁ず|不可|不要|無用|厳禁|対象外|ない(?!よう)|ません|なかった|なくて(?:よい|もよい|も良い|いい)"
    r"|せず|\bnot\b|\bno longer\b|\bnever\b|\bcannot\b|n['’]t\b|\bno\b|\bneither\b"
    r"|\bprohibit(?:ed|s)?\b|\bforbid(?:s|den)?\b|\bbanned\b"
    r"|\bunnecessary\b|\boptional\b",
    re.I,
)

_ALSO = re.compile(
    r",?\s+(?:and|but)\s+(?:then |also )?(?:must|may|can(?:not)?|shall|should|will|is|are|was|were|has|have|does|do)\b[^,.;]*",
    re.I,
)
"""What a sentence says of its subject besides: "... and must be taken by March"."""
_REST = re.compile(
    r"\b(?:other|further|additional(?:ly)?|remaining|more|beyond|exceed(?:s|ing)?|excess|rest|unless|except|without)\b"
    r"|以外|その他|ほか|他の|残り|残余|超え|上回|超過|を除",
    re.I,
)
"""Words of a denial that leaves a part allowed: of more than a limit, of all but one thing, of what lacks something."""


def asserted(text: str) -> str:
    """``text`` without what an English sentence says of its subject besides, by a further verb."""
    return _ALSO.sub("", text)


def denies_rest(text: str) -> bool:
    """Whether ``text``, a denial, is one of the rest alone, as "more than 5 days may not be carried over"."""
    return bool(_REST.search(unicodedata.normalize("NFKC", text)))


def denies(text: str) -> bool:
    """Whether what ``text`` asserts is denied: as ``negated``, but of its main clause alone."""
    plain = _ASIDE.sub(" ", asserted(unicodedata.normalize("NFKC", text)))
    if re.search(r"[ぁ-ん]", plain):
        plain = _NOMINAL.sub(" ", plain)[-_ENDING:]
    return negated(plain)


def negated(text: str) -> bool:
    """Whether ``text`` denies or forbids: an odd number of negations, but those that affirm (なければならない)."""
    return len(_NEGATES.findall(_AFFIRMS.sub(" ", unicodedata.normalize("NFKC", text)))) % 2 == 1


def without_negations(text: str) -> str:
    """``text`` without its words of negation and those that only look like such."""
    return _NEGATES.sub(" ", _AFFIRMS.sub(" ", text))
