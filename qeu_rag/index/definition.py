"""Whether a question asks what a term means, and whether a text says it: by a sentence that begins or ends with the term."""

from __future__ import annotations

import re
from dataclasses import dataclass

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

_CALLED = (
    r"を、?(?:[^、。\n]{{0,20}}(?:では|は|上|、))?[{marks}]*{term}[{marks}]*(?:や[^、。\n]{{1,14}}|など)?とも?(?:いう|呼|よぶ|称)"
    r"|のが、?[^、。\n]{{0,10}}?{term}(?:である|です|だ)"
    r"|\b(?:called|known as|termed|named) (?:an? |the )?[{marks}]*{term}\b"
)
"""By a sentence that ends with the term: 〜を X という, 〜のが X である, *… is called X*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The meaning of one ``term`` that is asked for."""

    term: str
    pattern: re.Pattern[str]

    def said_in(self, text: str) -> bool:
        """Whether a sentence, a list item or a table row of ``text`` says it.

        It begins with the term, and brackets ("FMEA (failure mode and effects analysis)"), は, とは, *is* or a colon follow; or
        it gives the term at its end (``…を単位空間という``, *… is called the unit space*).
        """
        return bool(self.pattern.search(normalise(text).strip()))

    def heads(self, heading: str) -> bool:
        """Whether ``heading`` is the term alone, or its plural: what stands below explains it."""
        bare = re.sub(r"^(?:an? |the )|^[\d.]+ |とは$", "", normalise(heading).strip(_MARKS + " "))
        return bare.removesuffix("s") == self.term.removesuffix("s")


def meaning_of(question: str) -> Meaning | None:
    """The meaning that ``question`` asks for: ``SN比とは何ですか``, *What is an SN ratio?*; None where it asks for none."""
    folded = normalise(question).strip()
    found = _JAPANESE.fullmatch(folded) or _ENGLISH.fullmatch(folded)
    term = found["term"].strip(_MARKS + " ") if found else ""
    if len(term) < 2:
        return None
    name = re.escape(term)
    says = rf"{_BEGIN}{name}[{_MARKS}]*(?:{_IN_FULL}|{_SAYS})|{_CALLED.format(term=name, marks=_MARKS)}"
    return Meaning(term=term, pattern=re.compile(says, re.M))
