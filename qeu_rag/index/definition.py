"""Whether a question asks what a term means, and whether a text says it: by a sentence that begins with the term."""

from __future__ import annotations

import re
from collections.abc import Callable

from qeu_rag.index.notation import normalise

_JAPANESE = re.compile(
    r"(?P<term>[^、。?!]{2,40}?)(?:"
    r"(?:とは|って|というのは)、?(?:(?:何|なん|なに|どういう(?:意味|もの|こと)|どんな(?:意味|もの|こと)|どのような(?:意味|もの|こと)).{0,12})?"
    r"|の(?:意味|定義)(?:は|とは|って)?(?:何.{0,8}|を(?:教え|知り).{0,8})?)[?。]*"
)
_ENGLISH = re.compile(
    r"(?:what (?:is|are|does)|what's|define|explain what) (?:an? |the )?(?P<term>[^,;:?]{2,50}?)"
    r"(?: means?| stands? for| is| are)?[?. ]*",
    re.I,
)
_MARKS = "\"'“”「」『』*_`"
_BEGIN = rf"(?:^[ \t]*(?:[-*+・>|][ \t]*|\d{{1,2}}[.)] ?)?|(?<=[。.!?]) ?)(?:(?:an? |the )(?:[\w-]+ )?)?[{_MARKS}]*"
_IN_FULL = r" ?\([^()\n]{2,80}\)"
_SAYS = (
    r" ?(?:とは|は(?!、?(?:いつ|どこ|誰))|って|という|[:=|]|-+ )"
    r"| (?:is|are|means?|refers? to|stands? for|denotes?|describes?)\b"
)

Says = Callable[[str], bool]


def meaning_of(question: str) -> Says | None:
    """What tells whether a text says the meaning that ``question`` asks for; None where it asks for no meaning.

    ``SN比とは何ですか`` and *What is an SN ratio?* ask for one. A text says it where a sentence, a list item or a table row
    begins with the term, and brackets ("FMEA (failure mode and effects analysis)"), は, とは, *is* or a colon follow.
    """
    folded = normalise(question).strip()
    found = _JAPANESE.fullmatch(folded) or _ENGLISH.fullmatch(folded)
    term = found["term"].strip(_MARKS + " ") if found else ""
    if len(term) < 2:
        return None
    says = re.compile(rf"{_BEGIN}{re.escape(term)}[{_MARKS}]*(?:{_IN_FULL}|{_SAYS})", re.M)
    return lambda text: bool(says.search(normalise(text).strip()))
