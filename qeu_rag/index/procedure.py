"""Whether a question asks the way in which something is done, and whether a text gives it, as numbered steps or a list."""

from __future__ import annotations

import re

_ASKS = re.compile(
    r"\bhow (?:do|does|should|can|to|is|are|must)\b|\bsteps?\b|\bprocedure|\bprocess for\b|\bprocess\?"
    r"|\bwhat (?:do|must|should|shall) (?:i|we|you|one) (?:have to |need to |must )?do\b"
    r"|手順|方法|やり方|進め方|進めれば|進めます|流れ|求め方|書き方|経路|順序|順番|段取り|どうすれば|どうやって|どのように|するには",
    re.I,
)
_WAY_OF = re.compile(
    r"^\W*(?P<of>[一-鿿々ァ-ヺーA-Za-z0-9０-９・&\s()（）/-][一-鿿々ァ-ヺーA-Za-z0-9０-９・&\s()（）/のとや-]{1,30}?)の?(?:手順|方法|やり方|進め方|流れ|使い方|求め方|書き方|段取り|手続き?|順序)(?:[をはがについて。?？]|$)"
)
_ENGLISH_WAY_OF = re.compile(
    r"\b(?:steps?|procedure|process|workflow)\b[^?.]{0,20}?\b(?:of|for|to|in)\s+(?P<of>[^?.,]{3,60})"
    r"|^\W*how (?:(?:do|does|should|can|must|may|shall) (?:i|we|you|one|somebody|someone)|to) (?P<do>[^?.,]{3,60})",
    re.I,
)
_OBJECT_ENDS = re.compile(
    r"\b(?:after|before|if|when|while|in|at|from|for|to|with|without|on|by|of|who|that|which|as|into|onto|because|about|during"
    r"|and|or|using|via|through|correctly|properly|best|please)\b",
    re.I,
)
_ANYTHING = re.compile(
    r"\b(?:an?|the|my|our|your|this|that|these|those|some(?:one|body|thing)?|another|new|old|defective|broken|faulty|damaged|lost|stolen|own|it"
    r"|out|up|down|back|away|again)\b",
    re.I,
)
_STEP = re.compile(r"^\s*(?:\(?\d{1,2}[.)．）](?!\d)|[①-⑳]|手順\s?\d|step \d)", re.M | re.I)
_FEWEST = 2


def asks_way(question: str) -> bool:
    """Whether ``question`` asks how something is done, or in which steps."""
    return bool(_ASKS.search(question))


def gives_steps(text: str) -> bool:
    """Whether ``text`` holds two numbered steps or more."""
    return len(_STEP.findall(text)) >= _FEWEST


def subject_of_way(question: str) -> str:
    """The thing whose steps ``question`` asks for: FTA in FTAの手順, *sick leave* in *How do I request …*; empty: it names none.

    In English its verb is left out, which seldom is the document's: one requests what the rules let one apply for.
    """
    if japanese := _WAY_OF.search(question):
        return japanese["of"]
    match = _ENGLISH_WAY_OF.search(question)
    if match is None:
        return ""
    said = match["of"] or re.sub(r"^\W*\w+(?:\s+(?:for|to|out|up|about|with|on|in|down|off))?\b", " ", match["do"])
    return _ANYTHING.sub(" ", _OBJECT_ENDS.split(said)[0])
