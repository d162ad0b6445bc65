"""Writes a mail's text as Markdown: its own words first, what it quotes last, below headings that say whose words they are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qeu_rag.ingest.readers.mail.quoted import QUOTE, Passage
from qeu_rag.ingest.readers.markup.markdown import escape
from qeu_rag.ingest.readers.page import flat, one_line
from qeu_rag.text.notation import is_japanese

_LONGEST_ASKED = 150
_SIGNATURE = re.compile(r"^--[ \t]?$|^[-_=*－─━]{4,}[ \t]*$")


def arranged(found: Sequence[Passage], subject: str) -> str:
    """The mail's own words, then those of others, each below a heading that says so."""
    every = " ".join((subject, *(passage.text for passage in found)))
    quoted, forwarded = ("引用", "転送") if is_japanese(every) else ("Quoted", "Forwarded")
    forwards = bool(re.match(r"(?:\W*(?:fwd?|転送)\s*[:：])", subject, re.I))
    own: list[str] = []
    others: list[str] = []
    for at, passage in enumerate(found):
        following = found[at + 1] if at + 1 < len(found) else None
        if passage.kind == "own":
            own.append(passage.text)
        elif (asked := _asked(passage, following)) and passage.kind == "quoted":
            own.append(f"## Re: {asked}")
        elif passage.kind == "forwarded" or (forwards and not others):
            others.append(f"{_heading(forwarded, passage.who)}\n\n{passage.text}")
        else:
            told = "\n".join(f"> {line}".rstrip() for line in passage.text.split("\n"))
            others.append(f"{_heading(quoted, passage.who)}\n\n{told}")
    return "\n\n".join(part for part in (*own, *others) if part.strip())


def _heading(label: str, who: str) -> str:
    return f"## {label}: {' '.join(who.split())[:200]}" if who else f"## {label}"


def _asked(passage: Passage, following: Passage | None) -> str:
    """What was asked, where the mail answers just below it; empty where it does not, or that is long."""
    text = one_line(flat(passage.text))
    if (
        following is None
        or following.kind != "own"
        or len(text) > _LONGEST_ASKED
        or not text
        or QUOTE.match(passage.text)
    ):
        return ""
    lines = [line.strip() for line in following.text.split("\n") if line.strip()]
    if not lines or _SIGNATURE.match(lines[0]) or len("".join(lines)) < 3:
        return ""
    return text


def without_flow(text: str, *, delete_space: bool) -> str:
    """``text`` of format=flowed with its soft line breaks taken out (RFC 3676)."""
    out: list[str] = []
    before = -1
    for line in text.split("\n"):
        marks = re.match(r">*", line)
        depth = len(marks[0]) if marks else 0
        body = line[depth:]
        body = body[1:] if body.startswith(" ") else body
        goes_on = body.endswith(" ") and body != "-- "
        joined = before == depth and body != "-- "
        piece = body[:-1] if goes_on and delete_space else body
        if joined:
            out[-1] += piece
        else:
            out.append((">" * depth + " " if depth else "") + piece)
        before = depth if goes_on else -1
    return "\n".join(line.rstrip() if line != "-- " else line for line in out)


def own_markdown(found: Sequence[Passage]) -> list[Passage]:
    """Passages of plain text as Markdown."""
    return [Passage(text=escape(passage.text), kind=passage.kind, who=passage.who) for passage in found]
