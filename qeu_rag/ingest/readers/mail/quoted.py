"""Parts what a mail says from what it quotes or forwards, and finds whose words those are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

QUOTE = re.compile(r"^[ \t]{0,3}[>＞]")
"""The beginning of a line that is quoted."""

_OTHER_SIGN = re.compile(r"^[ \t]{0,3}(\||\w{1,10}[>＞])[ \t]?(?!.*\|[ \t]*$)")
_ONE_LEVEL = re.compile(r"^[ \t]{0,3}[>＞] ?")
_RULE = re.compile(r"^[ \t]*[-_=＿－─━*]{2,}[ \t]*(.*?)[ \t]*[-_=＿－─━*]*[ \t]*$")
_LINE = re.compile(r"^[ \t]*[-_=＿－─━*]{4,}[ \t]*$")
_ORIGINAL = re.compile(
    r"original (?:message|appointment)|元のメッセージ|返信元|reply message|ursprüngliche nachricht|message d'origine",
    re.I,
)
_FORWARD = re.compile(
    r"forwarded (?:message|by)|forwarded mail|転送(?:された)?(?:メッセージ|メール)|転送文|weitergeleitete nachricht",
    re.I,
)
_BEGIN = re.compile(
    r"^[ \t]*(?:begin forwarded message|以下[、,]?転送(?:します)?|転送されたメッセージ)[ \t]*[:：][ \t]*$", re.I
)
_FIELD = re.compile(
    r"^[ \t]*\*{0,2}(?P<name>from|差出人|送信者|発信者|von|de|sent|date|送信日時|送信日|日付|日時|受信日時|gesendet"
    r"|envoyé|to|宛先|送信先|an|à"
    r"|cc|subject|件名|題名|表題|betreff|objet|importance|重要度"
    r"|添付ファイル|attachments?|reply-to|返信先)\*{0,2}[ \t]*[:：]\*{0,2}[ \t]*(?P<value>.*)$",
    re.I,
)
_FROM = frozenset("from 差出人 送信者 発信者 von de".split())
_WHEN = frozenset("sent date 送信日時 送信日 日付 日時 受信日時 gesendet envoyé".split())
_SAID = re.compile(
    r"(?:wrote|writes|said|schrieb|a écrit|escribió|書きました|書いた|のメール|さんから|より|からの)"
    r"[^\n]{0,60}[:：]?[ \t]*$|^(?:On|Am|Le|El)\s.{8,200}[:：]$"
    r"|\d{4}\s?[年/.-]\s?\d{1,2}\s?[月/.-]\s?\d{1,2}.*[:：]$",
    re.I,
)
_WHOLE = re.compile(
    r"^(?:On\s.{6,160}\d{4}.{0,160}wrote[:：]"
    r"|\d{4}年\d{1,2}月\d{1,2}日.{0,60}<[^<>\s]+@[^<>\s]+>.{0,20}[:：]"
    r"|\(?\d{4}[/-]\d\d[/-]\d\d.{0,80}(?:wrote|書きました).{0,20}[:：])[ \t]*$"
)
_LONGEST_ATTRIBUTION = 300
OPEN, SHUT = "\ue010", "\ue011"
"""Lines of these stand around what an HTML mail marks as quoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A stretch of a mail's text: its own, or ``quoted`` or ``forwarded`` from ``who`` (empty: not said)."""

    text: str
    kind: str = "own"
    who: str = ""


def passages(text: str, *, reply: bool, marked: bool = False, signs: bool = False) -> list[Passage]:
    """The stretches of ``text`` in order.

    ``reply``: whether the mail answers another; ``marked``: what it quotes stands in OPEN and SHUT, and, where there
    are ``signs``, behind ``>``.
    """
    lines = text.split("\n")
    end = next((at for at in range(len(lines)) if _begins_other(lines, at)), len(lines))
    while 0 < end < len(lines) and (not lines[end - 1].strip() or _LINE.match(lines[end - 1])):
        lines[end - 1] = ""
        end -= 1
    own = list(_marked(lines[:end], signs=reply and signs) if marked else _by_signs(lines[:end], reply=reply))
    return [*_attributed(own), *_others([line for line in lines[end:] if line not in (OPEN, SHUT)])]


def _begins_other(lines: Sequence[str], at: int) -> bool:
    """Whether another mail begins at this line: by a rule that says so, by its header, or by who wrote it and when."""
    line = lines[at]
    if _BEGIN.match(line) or _WHOLE.match(line):
        following = next((other for other in lines[at + 1 : at + 4] if other.strip()), "")
        return bool(following) and not QUOTE.match(following) and following != OPEN
    rule = _RULE.match(line)
    if rule and rule[1] and (_ORIGINAL.search(rule[1]) or _FORWARD.search(rule[1])):
        return True
    return len(_fields(lines, at)) >= 3


def _fields(lines: Sequence[str], at: int) -> dict[str, str]:
    """The header of a mail that begins at this line; empty where none does."""
    first = _FIELD.match(lines[at])
    if not first or first["name"].lower() not in _FROM:
        return {}
    found: dict[str, str] = {}
    for line in lines[at : at + 12]:
        match = _FIELD.match(line)
        if match:
            found.setdefault(match["name"].lower(), match["value"].strip(" *"))
        elif found and not line.strip() and len(found) > 2:
            break
    return found if any(name in found for name in _WHEN) or len(found) > 3 else {}


def _head(lines: Sequence[str]) -> dict[str, str]:
    """The fields that stand at the top of a forwarded mail, in whatever order."""
    found: dict[str, str] = {}
    for line in lines[:12]:
        match = _FIELD.match(line)
        if match:
            found.setdefault(match["name"].lower(), match["value"].strip(" *\t"))
        elif found or line.strip():
            break
    return found if len(found) > 1 else {}


def _by_signs(lines: Sequence[str], *, reply: bool) -> Iterator[Passage]:
    """Stretches parted by whether their lines begin with ``>``, which in a mail that is no reply one line alone may do."""
    lines = list(_usual(lines))
    quotes_at = [at for at, line in enumerate(lines) if QUOTE.match(line)]
    said = bool(quotes_at) and any(_is_attribution(line) for line in lines[max(0, quotes_at[0] - 2) : quotes_at[0]])
    quoting = bool(quotes_at) and (reply or said or len(quotes_at) > 1)
    held: list[str] = []
    inside = False
    for line in lines:
        quotes = quoting and bool(QUOTE.match(line))
        if quotes is not inside and (quotes or line.strip()):
            yield _passage(held, inside)
            held, inside = [], quotes
        held.append(_ONE_LEVEL.sub("", line) if quotes else line)
    yield _passage(held, inside)


def _is_attribution(line: str) -> bool:
    return line.rstrip().endswith((":", "：")) and bool(_SAID.search(line.rstrip()))


def _usual(lines: Sequence[str]) -> Iterator[str]:
    """The lines with ``>`` for the bar or the initials that a mail program sets before what it quotes, below who wrote it."""
    signs = {
        match[1]
        for at, line in enumerate(lines)
        if (match := _OTHER_SIGN.match(line)) and any(_is_attribution(above) for above in lines[max(0, at - 2) : at])
    }
    for line in lines:
        match = _OTHER_SIGN.match(line) if signs else None
        yield f"> {line[match.end() :]}" if match and match[1] in signs else line


def _marked(lines: Sequence[str], *, signs: bool) -> Iterator[Passage]:
    """Stretches parted by OPEN and SHUT, and by ``>`` where such ``signs`` are a mail program's own."""
    for passage in _enclosed(lines):
        if signs and passage.kind == "own":
            yield from _by_signs(passage.text.split("\n"), reply=True)
        else:
            yield passage


def _enclosed(lines: Sequence[str]) -> Iterator[Passage]:
    held: list[str] = []
    depth = 0
    for line in lines:
        if line.strip() in (OPEN, SHUT):
            if depth == (0 if line.strip() == OPEN else 1):
                yield _passage(held, depth > 0)
                held = []
            depth = max(0, depth + (1 if line.strip() == OPEN else -1))
        else:
            held.append(line)
    yield _passage(held, depth > 0)


def _passage(lines: Sequence[str], quoted: bool) -> Passage:
    return Passage(text="\n".join(lines).strip("\n"), kind="quoted" if quoted else "own")


def _attributed(found: Sequence[Passage]) -> Iterator[Passage]:
    """The passages with who is quoted, which stands at the end of what comes before, or at the beginning of the quote."""
    who, forwards = "", False
    for at, passage in enumerate(found):
        following = found[at + 1] if at + 1 < len(found) else None
        text, name = passage.text, who
        begins = following is not None and following.kind == "quoted" and _BEGIN.match(text.rsplit("\n", 1)[-1])
        if begins:
            text, forwards = text.rpartition("\n")[0], True
        elif passage.kind == "own" and following is not None and following.kind == "quoted":
            text, who = _without_attribution(text)
        elif passage.kind == "quoted":
            who = ""
            first = text.split("\n", 1)[0].strip()
            if not name and _SAID.search(first) and first.endswith((":", "：")):
                name, text = first.rstrip(":： "), text.partition("\n")[2].strip("\n")
            inner = text.split("\n")
            if _begins_other(inner, 0):
                for other in _others(inner):
                    yield Passage(text=other.text, kind="forwarded" if forwards else other.kind, who=other.who)
                continue
        if text.strip():
            kind = "forwarded" if forwards and passage.kind == "quoted" else passage.kind
            yield Passage(text=text.strip("\n"), kind=kind, who=name if passage.kind == "quoted" else "")


def _without_attribution(text: str) -> tuple[str, str]:
    lines = text.rstrip().split("\n")
    for count in range(1, min(3, len(lines)) + 1):
        last = " ".join(line.strip() for line in lines[-count:])
        if (
            len(last) <= _LONGEST_ATTRIBUTION
            and last.endswith((":", "："))
            and (count == 1 or lines[-count].strip())
            and _SAID.search(last)
        ):
            if (
                count == 1
                and not re.search(r"\d", last)
                and len(lines) > 1
                and lines[-2].strip()
                and re.search(r"\d{4}", lines[-2])
            ):
                continue
            return "\n".join(lines[:-count]).rstrip(), last.rstrip(":： ")
    return text, ""


def _others(lines: Sequence[str]) -> Iterator[Passage]:
    """The mails below the own text, each with who wrote it and when, as far as its header says."""
    if not lines:
        return
    starts = [at for at in range(len(lines)) if _begins_other(lines, at)]
    starts = [
        at for n, at in enumerate(starts) if n == 0 or any(line.strip() for line in lines[starts[n - 1] + 1 : at])
    ]
    if starts[:1] != [0]:
        starts.insert(0, 0)
    for at, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        part = list(lines[at:end])
        top = next((n for n in range(min(4, len(part))) if _fields(part, n)), None)
        fields = _fields(part, top) if top is not None else _head(part[1:])
        name = next((fields[key] for key in fields if key in _FROM), "")
        when = next((fields[key] for key in fields if key in _WHEN), "")
        who = f"{name} ({when})" if name and when else name or when
        forwarded = bool(_FORWARD.search(part[0]) or _BEGIN.match(part[0]))
        if not who and _WHOLE.match(part[0]):
            who, part = part[0].strip().rstrip(":： "), part[1:]
        elif _RULE.match(part[0]) or _BEGIN.match(part[0]):
            part = part[1:]
        while part and (not part[-1].strip() or _LINE.match(part[-1])):
            part.pop()
        text = "\n".join(part).strip("\n")
        if forwarded:
            for inner in _attributed([*_by_signs(part, reply=True)]):
                yield inner if inner.kind == "quoted" else Passage(text=inner.text, kind="forwarded", who=who)
        elif text.strip():
            yield Passage(text=text, kind="quoted", who=who)
