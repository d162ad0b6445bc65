"""The small words that change what a sentence says: all, only, before, after, than, because, unless, if."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

QUALIFIERS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.I)
    for name, pattern in {
        "all": r"\b(?:all|every(?:one|body|thing)?|any(?:one|body|thing)?|always|entire|whole)\b"
        r"|すべて|全て|全[部員社国般]|必ず|常に|いつでも|どんな|いかなる|誰でも|あらゆる|一切|誰も|何でも|どこでも|無条件|完全",
        "only": r"\b(?:only|solely|exclusively|nothing but|no one but|alone)\b"
        r"|だけ(?!で(?:は)?な)|のみ(?!なら)|限(?:る|ら|り(?!度))|しか",
        "before": r"\b(?:before|prior|first|ahead|beforehand|in advance|until)\b"
        r"|まず|先に|(?<!\d日)(?<!\d)前(?:に|もって|まで)|事前|あらかじめ|予め|初めに|最初に|始めに",
        "after": r"\b(?:after|afterwards|then|later|subsequently|following|once)\b"
        r"|後(?:で|に|から|、|は|も|\d)|以後|その後|のち|次に|たら|てから|でから|終え|済んで|翌",
        "than": r"(?<!no )(?<!not )\b(?:more|less|fewer|greater|higher|lower|larger|smaller"
        r"|longer|shorter|better|worse|cheaper|faster|slower|earlier|later|\w{3,}er) than\b(?! \W?\d)"
        r"|より(?:も)?(?!よ|詳|一層)(?![\d])|(?:ほう|方)が|もっとも|最も|\b(?<!at )(?:most|least)\b|\b(?:best"
        r"|worst|highest|lowest|largest|smallest|cheapest|fastest)\b|同じ|同様|\bsame\b|\btwice\b|倍",
        "because": r"\b(?:because|due to|owing to|as a result|therefore|hence|thus|caused?|reasons?|so that|in order to)\b"
        r"|(?:の|な|る|た|い)ため|ので(?!す)|(?:だ|る|い|た|す)から(?:、|で)|理由|原因|おかげ|せいで",
        "unless": r"\b(?:unless|without|except|regardless|even if|even when|whether or not|irrespective)\b"
        r"|なければ(?!な[らり])|ない限り|な(?:く|し)(?:て)?も(?!よ|良|い|か|構)|以外|除[きくい]|に?(?:かかわらず"
        r"|関わらず|かかわりなく)|なしで|無しで|せずに|なくとも",
        "also": r"\b(?:also|too|including|as well|even)\b|(?:を|に|も)含め|含[まみむ]|加えて|さらに",
        "hedged": r"\b(?:usually|generally|normally|in principle|as a rule|about|approximately|roughly|around|at least|up to)\b"
        r"|原則|およそ|約(?=\d)|程度|おおむね",
    }.items()
}
"""Each kind with its words. A claim may leave "also" and "hedged" out, and must add none."""

_GOVERNS: dict[str, tuple[re.Pattern[str], re.Pattern[str]]] = {
    name: (re.compile(rf"\b(?:{english})\b", re.I), re.compile(japanese))
    for name, english, japanese in (
        ("before", "before|prior to|until", r"(?<!\d日)前(?:に|もって|まで)"),
        ("after", "after|once|following", r"後(?:で|に|から|、|は)?|たら|てから|でから"),
        ("than", "than", r"より(?:も)?(?!よ)"),
        ("because", "because|due to|owing to", r"ため|ので"),
        ("unless", "unless|without|except(?: for)?", r"なければ(?!な)|ない限り|以外|なくても|なしで|無しで"),
        (
            "if",
            "(?<!even )(?:if|when)|whenever|where|provided|in case|as long as",
            r"場合|とき|時(?=は|に|、)|(?<!なけ)れば|(?<!な)なら(?!な)|限り",
        ),
    )
}
"""Each connecting word: an English one governs what follows it up to a comma, a Japanese one what stands before it."""


def qualifiers(text: str) -> frozenset[str]:
    """Which kinds of small words ``text`` holds."""
    folded = unicodedata.normalize("NFKC", text)
    return frozenset(kind for kind, pattern in QUALIFIERS.items() if pattern.search(folded))


def arguments(text: str) -> dict[str, str]:
    """What each connecting word of ``text`` governs, by the word's kind."""
    folded = unicodedata.normalize("NFKC", text)
    found: dict[str, str] = {}
    for kind, (english, japanese) in _GOVERNS.items():
        parts = [re.split(r"[,;:.]", folded[match.end() :], maxsplit=1)[0] for match in english.finditer(folded)]
        parts += [re.split(r"[、。;:]", folded[: match.start()])[-1] for match in japanese.finditer(folded)]
        if parts:
            found[kind] = " ".join(parts)
    return found


def conditions(text: str) -> str:
    """What ``text`` makes its conditions; empty where it makes none."""
    governed = arguments(text)
    return " ".join(governed[kind] for kind in ("if", "unless") if kind in governed)


def crossed(claim: str, source: str, words: Callable[[str], frozenset[str]]) -> bool:
    """Whether a connecting word of ``claim`` governs only what stands on the other side of it in ``source``."""
    theirs = arguments(source)
    for kind, governed in arguments(claim).items():
        mine = words(governed)
        if kind == "if" or kind not in theirs or not mine:
            continue
        other = words(theirs[kind])
        if other and not mine & other:
            return True
    return False
