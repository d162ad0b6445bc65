"""Whether a question asks the way in which something is done, and whether a text gives it, as numbered steps or a list."""

from __future__ import annotations

import re

_ASKS = re.compile(
    r"\bhow (?:do|does|should|can|to|is|are|must)\b|\bsteps?\b|\bprocedure|\bprocess for\b|\bprocess\?"
    r"|\bwhat (?:do|must|should|shall) (?:i|we|you|one) (?:have to |need to |must )?do\b"
    r"|手順|方法|やり方|進め方|進めれば|進めます|流れ|求め方|書き方|経路|順序|順番|段取り|どうすれば|どうやって|どのように|するには",
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
