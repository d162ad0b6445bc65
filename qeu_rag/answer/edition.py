"""Of when a source is: the date that the document gives itself (revised, issued, in force from), else its file's day."""

from __future__ import annotations

import re

from qeu_rag.index.origin import Origin
from qeu_rag.language import say
from qeu_rag.text.values import Value, folded, same, values
from qeu_rag.types import Chunk

_JAPANESE_BEFORE = (
    r"(?:(?:改[定訂正]|更新|発行|制定|施行|作成|適用|発効)(?:年月)?日?|第\s?.{1,3}版|\d版"
    r"|(?:^|\n)\W*日付)[\s:|(はを、,]*"
)
_ENGLISH_BEFORE = (
    r"(?:^|[\n(\[|.;:_*>–—-]\s*|\blast |\bthis (?:\w+ ){1,3}(?:was|is) (?:last )?|\bit was (?:last )?"
    r"|\b(?:is|are) (?=valid|effective|in force))"
    r"(?:revised|updated|issued|effective|in force|published|created|approved|changed|modified|valid|version \d[\w.]*"
    r"|rev(?:ision)?\.? ?\d?[\w.]*|edition \d+|\d(?:st|nd|rd|th) edition|lastmod|last[_-](?:updated|modified|changed))"
    r"(?: date)?(?: on| from| since| in| of| as of)?[\s:|(,\"']*"
)
_BEFORE = re.compile(rf"(?:{_JAPANESE_BEFORE}|{_ENGLISH_BEFORE}|(?:^|\n)\W*date\W*)$", re.I)
"""What stands before a document's own date; in running text only where the sentence begins so, or speaks of "this" or "it"."""
_AFTER = re.compile(
    r"\s*(?:付け?で?|に|から|より|、)?\s*(?:改[定訂正]|施行|制定|発行|適用|発効|更新)(?!さ)|\s*版(?![画権])"
    r"|[\s,(]*\b(?:revision|edition|version|issue)\b",
    re.I,
)
_NOT_YET = re.compile(r"次回|予定|\bnext\b|\bto be\b|\bwill be\b|\bdue\b", re.I)
_AROUND = 40
_EDGE = 2500
"""Characters at a document's beginning and end in which it speaks of itself."""


def edition(chunk: Chunk, origin: Origin | None, lang: str) -> str:
    """The date of the source of ``chunk``, as it words it, else the day of its file in ``lang``; empty where neither is known."""
    if own := stated(chunk, origin):
        return own
    if origin is None or origin.changed is None:
        return ""
    return say("answer.file_of", lang, day=origin.changed.isoformat())


def stated(chunk: Chunk, origin: Origin | None) -> str:
    """The date that the source of ``chunk`` gives itself, as it words it; else empty.

    What the passage says goes before what the document says, and that before what its title and name say.
    """
    whole = "" if origin is None else origin.text
    edges = whole if len(whole) <= 2 * _EDGE else f"{whole[:_EDGE]}\n{whole[-_EDGE:]}"
    return own_date(chunk.text) or own_date(edges) or _named(chunk)


def is_later(first: str, second: str) -> bool:
    """Whether ``first`` is surely a later date than ``second``, both as documents word them."""
    return any(
        a.measure == b.measure == "date" and not same(a, b) and a.size > b.size
        for a, b in zip(values(first)[:1], values(second)[:1], strict=False)
    )


def own_date(text: str) -> str:
    """The latest date, month and year at least, by which ``text`` says when it was written, revised or in force; else empty."""
    plain = folded(text)
    found = [value for value in values(plain) if _is_own(value, plain)]
    return max(found, key=lambda value: value.size).words.strip() if found else ""


def _is_own(value: Value, text: str) -> bool:
    if value.measure != "date" or not (value.size[0] and value.size[1]):
        return False
    before = text[max(0, value.start - _AROUND) : value.start]
    # A place above the beginning of the stretch is no beginning of a line.
    before = before if value.start <= _AROUND else f" {before}"
    if _NOT_YET.search(before.rpartition("\n")[2]):
        return False
    return bool(_BEFORE.search(before) or _AFTER.match(text, value.end))


def _named(chunk: Chunk) -> str:
    """A date, with a year, in the title, the headings or the file's name."""
    for text in (chunk.context, re.sub(r"\.\w{1,5}$", "", chunk.source).replace("_", " ")):
        for value in values(text):
            if value.measure == "date" and value.size[0]:
                return value.words
    return ""
