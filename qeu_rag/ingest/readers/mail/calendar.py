"""Reads a calendar entry of a mail (text/calendar): what, when, where and with whom, as lines that a person can read."""

from __future__ import annotations

import re
from datetime import date, timedelta

from qeu_rag.ingest.readers.markup.markdown import escape
from qeu_rag.text.notation import is_japanese

_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"([A-Za-z-]+)((?:;[\w-]+=(?:\"[^\"]*\"|[^;:\"]*))*):(.*)")
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})\d{0,2}(Z?))?$")
_NAMES = {
    "SUMMARY": ("Event", "予定"), "DTSTART": ("From", "開始"), "DTEND": ("Until", "終了"), "DURATION": ("Duration", "長さ"),
    "DUE": ("Due", "期限"), "RRULE": ("Repeated", "繰り返し"), "LOCATION": ("Place", "場所"), "ORGANIZER": ("Organiser", "主催"),
    "ATTENDEE": ("Participants", "参加者"), "DESCRIPTION": ("Description", "説明"),
}  # fmt: skip
_CANCELLED = ("This event is cancelled.", "この予定は取り消されました。")
_MOST = 100


def calendar_text(text: str) -> str:
    """The entries of a calendar file as Markdown; empty where there are none."""
    lines = [match.groups() for line in _FOLD.sub("", text).splitlines() if (match := _LINE.match(line))]
    cancelled = any(name.upper() == "METHOD" and value.strip().upper() == "CANCEL" for name, _, value in lines)
    japanese = is_japanese(text)
    entries: list[dict[str, list[str]]] = []
    inner = ""
    for name, parameters, value in lines:
        kind, what = name.upper(), value.strip().upper()
        if kind == "BEGIN" and what in ("VEVENT", "VTODO", "VJOURNAL"):
            entries.append({})
            inner = ""
        elif kind == "BEGIN" and what not in ("VCALENDAR",):
            inner = what
        elif kind == "END":
            inner = ""
        elif entries and not inner and (kind in _NAMES or kind == "STATUS"):
            told = _value(kind, parameters, value, end="DTEND" in name.upper())
            entries[-1].setdefault(kind, []).append(told)
    return "\n\n".join(_told(entry, cancelled=cancelled, japanese=japanese) for entry in entries[:_MOST] if entry)


def _told(entry: dict[str, list[str]], *, cancelled: bool, japanese: bool) -> str:
    lines = []
    if cancelled or "CANCELLED" in entry.get("STATUS", []):
        lines.append(_CANCELLED[japanese])
    for kind, names in _NAMES.items():
        values = [value for value in entry.get(kind, []) if value]
        if values and not (kind == "DTEND" and values == entry.get("DTSTART")):
            lines.append(f"{names[japanese]}: {', '.join(dict.fromkeys(values))}")
    return escape("\n".join(lines))


def _value(kind: str, parameters: str, value: str, *, end: bool) -> str:
    given = dict(part.partition("=")[::2] for part in parameters.upper().split(";") if part)
    if kind in ("ORGANIZER", "ATTENDEE"):
        name = re.search(r";CN=(\"[^\"]*\"|[^;:]*)", parameters, re.I)
        return name[1].strip('"') if name else re.sub(r"^mailto:", "", value, flags=re.I)
    if kind in ("DTSTART", "DTEND", "DUE") and (match := _DATE.match(value.strip())):
        return _moment(match, re.search(r";TZID=\"?([^;:\"]*)", parameters, re.I), end=end)
    if kind == "STATUS":
        return value.strip().upper()
    text = value if given.get("ENCODING") else re.sub(r"\\([nN,;\\])", lambda m: "\n" if m[1] in "nN" else m[1], value)
    return text.strip()


def _moment(match: re.Match[str], zone: re.Match[str] | None, *, end: bool) -> str:
    """A day or a time with its zone; a whole day's end is the last day, where the file names the day after."""
    if match[4] is None:
        try:
            day = date(int(match[1]), int(match[2]), int(match[3])) - timedelta(days=end)
        except (ValueError, OverflowError):
            return match[0]
        return day.isoformat()
    where = " UTC" if match[6] else f" ({zone[1]})" if zone else ""
    return f"{match[1]}-{match[2]}-{match[3]} {match[4]}:{match[5]}{where}"
