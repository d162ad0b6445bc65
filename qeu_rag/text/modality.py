"""What a sentence makes of its act: a must, a may, a must-not or a need-not, in Japanese and English."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from qeu_rag.text.negation import negated

Mood = Literal["must", "may", "not", "need not"]

_AFFIRMS = re.compile(
    r"\b(?:no|not) (?:later|more|less|fewer|earlier|longer|only)\b|(?:を)?(?:超え|上回ら|下回ら)(?:ない|ず)|だけで(?:は)?なく"
    r"|(?:場合|とき|限り|もの|こと|人|者)(?:が|は)(?:ある|あります)",
    re.I,
)
_NEED_NOT = re.compile(
    r"なくて(?:も)?(?:よ|良|い[いく]|かま|構|差し支|済)|不要|(?:必要|義務|要件)(?:は|が|も)?(?:な[いくし]|ありません|無[いく])"
    r"|要(?:らない|りません|しない|しません|らず)|任意"
    r"|\b(?:need not|needn't|(?:do|does|did)(?: not|n't) (?:need|have)\b|not (?:required|necessary|obliged"
    r"|needed|compulsory|mandatory)"
    r"|no (?:[\w-]+ ){0,3}(?:is |are )?(?:required|needed|necessary)\b|no (?:need|requirement|obligation)"
    r"|optional(?:ly)?|unnecessary)\b",
    re.I,
)
_MUST = re.compile(
    r"(?:なければ|なくては|ないと|ねば)(?:なら|いけ|だめ)(?:ない|ません|ず)?|必要(?:が|で|と|に|だ)|義務|必須"
    r"|べき|(?:て|で)(?:ください|下さい)|(?:る|う|す)こと(?:とする|。|$)"
    r"|\b(?:must|shall|ha(?:s|ve) to|ha(?:s|ve) got to|needs? to|should|(?:is|are|be) (?:required|obliged)"
    r"|requires?|mandatory|compulsory|obligatory)\b"
)
_MUST_NOT = re.compile(
    r"(?:て|で)は(?:なら|いけ|だめ)(?:ない|ません|ず)?|禁止|禁[ずじ]|厳禁|不可|(?:でき|出来)(?:ない|ません|ず|なく)"
    r"|\b(?:must not|mustn't|may not|can ?not|can't|could not|couldn't|shall not|should not|shouldn't"
    r"|(?:not|never) (?:be )?(?:allowed|permitted)|prohibit(?:ed|s)?|forbid(?:den|s)?|banned)\b",
    re.I,
)
_LIFTED = re.compile(r"禁止(?:し|され|して|されて)(?:い)?(?:ない|ません)|\bnot (?:prohibited|forbidden|banned)\b", re.I)
_MAY = re.compile(
    r"(?:でき|出来)(?:る|ます|れば|て)|(?:て|で)(?:も)?(?:よい|良い|よく|いい|かまわない|かまいません|構わない"
    r"|構いません)|可能|差し支え(?:ない|ありません)"
    r"|\b(?:may|can|could|might|allowed|permitted|free to|possible)\b"
)
_OTHER_DENIALS = re.compile(r"\b(?:nobody|nothing|none|nor)\b|(?:しか|一切)(?=.*な)|せず|[^\W\d_]ず(?:に|、)", re.I)


def moods(text: str) -> frozenset[Mood]:
    """What ``text`` says of acts: ``not`` holds a ban, an impossibility and a plain denial; a plain statement has no mood."""
    rest = _AFFIRMS.sub(" ", unicodedata.normalize("NFKC", text).replace("’", "'"))
    found: set[Mood] = set()
    taken: tuple[tuple[re.Pattern[str], Mood], ...] = (
        (_NEED_NOT, "need not"),
        (_LIFTED, "may"),
        (_MUST, "must"),
        (_MUST_NOT, "not"),
        (_MAY, "may"),
    )
    # A ban is read before a must ("must not"), but なければならない before the ban in it.
    english_ban = re.compile(r"\b(?:must|shall|should) ?(?:not|n't)\b", re.I)
    if english_ban.search(rest):
        found.add("not")
        rest = english_ban.sub(" ", rest)
    for pattern, mood in taken:
        if pattern.search(rest):
            found.add(mood)
            rest = pattern.sub(" ", rest)
    if _OTHER_DENIALS.search(rest) or negated(rest):
        found.add("not")
    return frozenset(found)


def moods_agree(claim: frozenset[Mood], source: frozenset[Mood]) -> bool:
    """Whether a claim of these moods may rest on a source of those: nothing denied is affirmed, no may becomes a must."""
    denials: frozenset[Mood] = frozenset(("not", "need not"))
    if bool(claim & denials) != bool(source & denials):
        return False
    if "not" in claim and "not" not in source and "need not" in source:
        return False
    if "need not" in claim and "not" in source and "need not" not in source:
        return "must" not in claim
    if ("need not" in claim) != ("need not" in source):
        return False
    if "must" in claim and "must" not in source and "may" in source:
        return False
    return not ("may" in claim and "may" not in source and "must" in source)


_CONDITION = re.compile(
    r"\b(?:even )?(?:if|when|whenever|where|unless|although|though|because|since|while|in case)\b[^,;.:]*[,;]?"
    r"|\b(?:who|which|whose)\b[^,;.:]*?(?=\b(?:must|may|can|cannot|shall|should|need)\b|[,;.:]|$)"
    r"|[^、。]*(?:場合|とき|時)(?:に|は|には|も)?、|[^、。]*(?:れば|たら|なら|ても|でも)、",
    re.I,
)
"""A clause that says when, or of whom: what it denies the sentence does not."""
_DENIED_NOUN = re.compile(r"(?:なかった|ない|[^いむ]ず)(?=(?P<noun>[一-鿿ァ-ヶー]{1,4}))")


def same_moods(claim: str, source: str) -> bool:
    """Whether ``claim`` denies, demands and allows what ``source`` does: in its main clause, its condition, and of its nouns."""
    conditions = [" ".join(_CONDITION.findall(text)) for text in (claim, source)]
    if all(conditions) and negated(conditions[0]) != negated(conditions[1]):
        return False
    plain = [_DENIED_NOUN.sub(" ", _CONDITION.sub(" ", text)) for text in (claim, source)]
    # 再現しなかった案件 must not become 再現した案件.
    nouns = {match["noun"][:2] for match in _DENIED_NOUN.finditer(source)}
    own = {match["noun"][:2] for match in _DENIED_NOUN.finditer(claim)}
    if any(noun in claim for noun in nouns - own) or own - nouns:
        return False
    return moods_agree(moods(plain[0]), moods(plain[1]))
