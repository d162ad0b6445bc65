"""Reads subtitles and transcripts (.vtt, .srt): what is said, joined into paragraphs that begin with their time."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.markup.markdown import escape
from qeu_rag.ingest.readers.markup.plain import text_of
from qeu_rag.ingest.readers.page import clean, flat, one_line, page, sensible_title

_CLOCK = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_TIMES = re.compile(rf"^\s*{_CLOCK}\s*-->\s*{_CLOCK}")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]*)>")
_STRUCK = re.compile(r"<(s|strike|del)>.*?</\1>", re.I | re.S)
_READING = re.compile(r"<rt>(.*?)(?:</rt>|(?=</ruby>))", re.S)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")
_NO_SPEECH = re.compile(r"^(?:NOTE|STYLE|REGION)(?:\s|$)")
_SPOKEN_BY = re.compile(r"^(?:[-‐–]\s*)?([^\s:：\d][^:：]{0,29})[:：]\s*(?=\S)")
_ENDS = re.compile(r"[.!?。！？」』）)]\s*$")
_JAPANESE = re.compile("[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]")
_PAUSE = 4.0
_LONGEST = 600


@dataclass(slots=True)
class _Said:
    start: float
    end: float
    speaker: str
    text: str


class CaptionReader(BaseReader):
    """A file of subtitles or a transcript; consecutive lines of one speaker are one paragraph: ``[00:12:03] name: words``."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError: "undecodable", "empty", "damaged"."""
        text, notes = text_of(Path(file))
        lines = clean(text).split("\n")
        said = _without_repeats(_cues(lines))
        if not said and not any(_TIMES.match(line) for line in lines):
            raise ReadError("damaged", " (\u2260 VTT, SRT)")
        head = re.match(r"WEBVTT[ \t]+(.+)", lines[0])
        title = sensible_title(re.sub(r"^-\s*", "", head[1])) if head else ""
        body = "\n\n".join(map(_shown, _paragraphs(said)))
        return [page(body, title=title, markup=False, notes=notes)]


def _cues(lines: list[str]) -> Iterator[_Said]:
    """Each line that is said, with its times; notes, styles and numbers of cues are not said."""
    at = 0
    while at < len(lines):
        if _NO_SPEECH.match(lines[at]):
            while at < len(lines) and lines[at].strip() and not _TIMES.match(lines[at]):
                at += 1
            continue
        times = _TIMES.match(lines[at])
        at += 1
        if not times:
            continue
        words = []
        while at < len(lines) and lines[at].strip() and not _TIMES.match(lines[at]):
            words.append(lines[at])
            at += 1
        if at < len(lines) and _TIMES.match(lines[at]) and words and words[-1].strip().isdecimal():
            words.pop()  # no empty line before the number of the next cue
        start, end = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
        yield from _voices("\n".join(words), start, end)


def _voices(text: str, start: float, end: float) -> Iterator[_Said]:
    """A cue cut where another voice speaks."""
    pieces = _VOICE.split(_READING.sub(r"（\1）", _STRUCK.sub("", text)))
    for speaker, words in zip(["", *pieces[1::2]], pieces[::2], strict=True):
        for line in re.split(r"\n(?=[-‐–]\s*\S)", words):
            said = one_line(flat(html.unescape(_TAG.sub("", line))))
            who = one_line(html.unescape(speaker))
            if not who and (named := _SPOKEN_BY.match(said)):
                who, said = named[1].strip(), said[named.end() :]
            if said:
                yield _Said(start, end, who, said)


def _seconds(clock: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, parts = clock
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + float(f"0.{parts}")


def _without_repeats(cues: Iterator[_Said]) -> list[_Said]:
    """The cues without lines that stay on the screen while the next one comes, as those of automatic captions do."""
    said: list[_Said] = []
    for cue in cues:
        if said and cue.speaker == said[-1].speaker and cue.start - said[-1].end < 1:
            if cue.text == said[-1].text:
                said[-1].end = cue.end
                continue
            if cue.text.startswith(said[-1].text + " "):
                cue.text = cue.text[len(said[-1].text) + 1 :]
        said.append(cue)
    return said


def _paragraphs(said: list[_Said]) -> list[_Said]:
    joined: list[_Said] = []
    for cue in said:
        last = joined[-1] if joined else None
        goes_on = last is not None and last.speaker == cue.speaker and cue.start - last.end < _PAUSE
        if last is None or not goes_on or (len(last.text) > _LONGEST and _ENDS.search(last.text)):
            joined.append(_Said(cue.start, cue.end, cue.speaker, cue.text))
        else:
            gap = "" if _JAPANESE.match(last.text[-1:]) or _JAPANESE.match(cue.text[:1]) else " "
            last.text += gap + cue.text
            last.end = cue.end
    return joined


def _shown(said: _Said) -> str:
    whole = int(said.start)
    clock = f"[{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}]"
    return f"{clock} {said.speaker}: {said.text}" if said.speaker else f"{clock} {escape(said.text)}"
