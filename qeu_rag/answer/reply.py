"""Reads a streamed reply, JSON or plain, sentence by sentence, and ends it where a small model leaves the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

from qeu_rag.text.notation import without_surrogates
from qeu_rag.text.sentences import sentences

CUT = "reply_cut"
"""What is reported where a reply was cut."""
LONGEST_SENTENCE = 240
"""Characters of a sentence at most, where a reply can be held to a form."""
REFUSED = "refused"
"""What is reported where a model refuses."""

_MARKERS = re.compile(r"\s*(?:\[\d{1,3}\]\s*)*")
_TURN = re.compile(
    r"(?:[#*>\-]+[ \t]*)?(?:question|prompt|instruction|human|user|assistant|answer|response|evidence|system|q"
    r"|質問|問い?|根拠|回答|答え?|ユーザー|指示)[ \t]*\d*[ \t]*\**[ \t]*[:：]",
    re.I,
)
_HASHES = re.compile(r"(?:^|\s)###")
_CONTROL = re.compile(r"<\|?[a-z_]{2,20}\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>", re.I)
_OPENING = re.compile(r"\s*(?:[#*]+[ \t]*)?(?:answer|response|assistant|回答|答え?)[ \t]*\**[ \t]*[:：\n]\**", re.I)
_HEADING_BEGUN = re.compile(r"\s*###[^\n:：]{0,20}")
_ASKED_AGAIN = re.compile(r"\s*(?:[#*]+[ \t]*)?(?:question|質問|問い?)[ \t]*\**[ \t]*[:：]", re.I)
_ENDS = "。！？!?\n"
_CLOSING = "」』）)\"'”’*"
_SENTENCE = re.compile(
    rf"(?:[。！？!?][{re.escape(_CLOSING)}]*|\.[{re.escape(_CLOSING)}]*(?=[\s\[［]))(?:\s*[\[［]\d{{1,3}}[\]］])*[^\S\n]*\Z"
)
_SHORT = 8
"""A sentence of fewer letters and digits may stand twice."""
_LONGEST_BLOCK = 80
_REFUSE = "refuse true"
"""How a refusal in JSON is handed on."""
_LONGEST_REPLY = 4000
"""Characters after which no reply is an answer any more."""
_HEADING = re.compile(r"#{1,6}\s|\*\*[^*\n]{1,60}\*\*[:：]?$|[^\s.。!！?？]{1,20}(?: [^\s.。!！?？]{1,20}){0,3}[:：]$")
"""A line that only heads what follows."""
_ITEM_MARK = re.compile(r"^(?:[-*+•・]\s*|\(?\d{1,2}[.)．）]\s+|[①-⑳]\s*)")
_BEGUN = re.compile(r'"sentence"\s*:\s*"(.*)\Z', re.S)
_CITED = re.compile(r"\s*[\[［]\d{1,3}[\]］]")


def written(
    pieces: Iterable[str],
    *,
    refusals: Sequence[str],
    echoes: Sequence[str] = (),
    report: Callable[[str], None] = lambda word: None,
) -> Generator[str]:
    """The sentences of a reply, each as soon as it is whole, without list marks and markers; "" ends a reply that refuses.

    A reply that begins with "[" or "{" is read as JSON: objects with a ``sentence``, or one with a true ``refuse``. Any other
    is plain text, read as ``guarded`` says. Headings, labels and what is cut in the middle of an object are left out. The source
    is closed at the end, which ends its work.
    """
    bare = {_bare(line) for line in (*refusals, _REFUSE)}
    echoed = {_bare(line) for line in echoes}
    begun = False
    seen: set[str] = set()
    for text in _told(pieces, echoes, report):
        for line in without_surrogates(text).split("\n"):
            sentence = _CITED.sub("", _ITEM_MARK.sub("", line.strip())).strip().strip('"“”')
            key = _bare(sentence)
            if not key or key in echoed or _HEADING.match(sentence):
                continue
            if key in bare:
                if not begun:
                    yield ""
                    return
                continue
            if key in seen:
                report(CUT)
                return
            seen.add(key)
            begun = True
            yield sentence


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


def _told(pieces: Iterable[str], echoes: Sequence[str], report: Callable[[str], None]) -> Iterator[str]:
    """The sentences of a plain reply, or those in the objects of a JSON one; a refusal there as ``_REFUSE``."""
    source = iter(pieces)
    opening = ""
    try:
        for piece in source:
            opening += piece
            begun = "".join(opening.split())
            if len(begun) > 1 or (begun and begun != "["):
                break
        rest = _joined(opening, source)
        if "".join(opening.split()).startswith(("{", "[{")):
            yield from _objects(rest, report)
        else:
            yield from guarded(rest, echoes=echoes, report=report)
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()


def _joined(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _objects(pieces: Iterable[str], report: Callable[[str], None]) -> Iterator[str]:
    """The sentences of the innermost objects of a JSON text, each as soon as its object ends."""
    held, quoted, escaped, length = "", False, False, 0
    for piece in pieces:
        for character in piece:
            length += 1
            if length > _LONGEST_REPLY or (quoted and _loops(held)):
                report(CUT)
                yield from _begun_in(held)
                return
            if character == "{" and not quoted:
                held = ""
            held += character
            if quoted:
                quoted = escaped or character != '"'
                escaped = character == "\\" and not escaped
            elif character == '"':
                quoted = True
            elif character == "}":
                yield from _sentence_of(held)
                held = ""
    yield from _begun_in(held)


def _begun_in(text: str) -> Iterator[str]:
    """The whole sentences of an object that was cut, without its last, unfinished one."""
    if (found := _BEGUN.search(text)) is not None:
        said = found[1].replace('\\"', '"').replace("\\n", "\n")
        for span in sentences(said)[:-1]:
            yield span.of(said)


def _sentence_of(text: str) -> Iterator[str]:
    try:
        found = json.loads(text)
    except ValueError:
        return
    if found.get("refuse") is True:
        yield _REFUSE
    elif isinstance(found.get("sentence"), str):
        said = found["sentence"]
        # A string that fills its room was cut, and so was its last sentence.
        spans = sentences(said)
        cut = len(said) >= LONGEST_SENTENCE and not said.endswith((*_ENDS, "."))
        yield from [span.of(said) for span in spans[:-1]] if cut else [said]


def guarded(
    pieces: Iterable[str], *, echoes: Sequence[str] = (), report: Callable[[str], None] = lambda word: None
) -> Iterator[str]:
    """The reply up to where it stops being an answer; then ``report(CUT)``, and the source is closed, which ends its work.

    It ends before an invented turn ("Question:", "質問:", "### Prompt", ``<|im_start|>``), before a line that is one of
    ``echoes`` (the prompt's own lines), before a sentence that was there already, and in a block of words repeated over
    and over. A reply that opens with "Answer:" or the question again is read without that. Text is given out by whole
    sentences, each as soon as what follows it and its markers has begun (a marker may also stand on the next line, alone).
    What is given out depends on the text alone, not on how it was cut into pieces.
    """
    reader = _Reader(echoes)
    try:
        for piece in pieces:
            for character in piece:
                if ready := reader.take(character):
                    yield ready
                if reader.cut:
                    report(CUT)
                    return
        if last := reader.rest():
            yield last
        if reader.cut:
            report(CUT)
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()


class _Reader:
    """Reads one character at a time, so that no rule can see where the pieces were cut."""

    def __init__(self, echoes: Sequence[str]) -> None:
        self.cut = False
        self._echoes = {line.strip() for line in echoes if len(line.strip()) >= _SHORT}
        self._seen: set[str] = set()
        self._unit = ""
        self._opened = False
        self._skipping = False
        self._line_begins = True

    def take(self, character: str) -> str:
        """What is safe to give out now that ``character`` came; may set ``cut``."""
        if self._skipping:
            self._skipping = character != "\n"
            return ""
        ready = self._finished() if self._ends_before(character) else ""
        if not self.cut:
            self._unit += character
            ready += self._checked(character)
        return ready

    def rest(self) -> str:
        """What is left at the end of the reply."""
        if _HASHES.search(self._unit):
            self.cut, self._unit = True, ""
        return self._finished()

    def _ends_before(self, character: str) -> bool:
        line = self._unit.lstrip()
        if line and self._line_begins and any(echo.startswith(line) for echo in self._echoes):
            return False
        unit = self._unit
        if not unit or unit[-1] == "\n":
            return bool(unit)
        # A space, a marker and what closes a quotation still belong to the sentence before them.
        if character.isspace() or character in "[［" or (character in _CLOSING + _ENDS and not unit[-1].isspace()):
            return False
        # An abbreviation's point ends no sentence.
        return bool(_SENTENCE.search(unit)) and len(sentences(f"{_CITED.sub('', unit).strip()} Xx")) > 1

    def _finished(self) -> str:
        """The whole unit, unless it was there already; then only the markers before it, which belong to the last one."""
        unit, self._unit = self._unit, ""
        line_begins, self._line_begins = self._line_begins, unit.endswith("\n")
        if line_begins and unit.strip() in self._echoes:
            self.cut = True
            return ""
        key = "".join(filter(str.isalnum, _MARKERS.sub("", re.sub(r"\[\d{1,3}\]", "", unit)))).lower()
        if len(key) >= _SHORT and key in self._seen:
            self.cut = True
            return self._leading(unit)
        self._seen.add(key)
        self._opened |= bool(key) and not _HEADING.match(unit.strip())
        return unit

    def _checked(self, character: str) -> str:
        """Nothing, but where the unit shows that the answer is over: then its leading markers."""
        unit = self._unit
        if not self._opened and character in ":：*\n":
            if _ASKED_AGAIN.fullmatch(unit):
                self._unit, self._skipping = "", True
                return ""
            if _OPENING.fullmatch(unit):
                self._unit = ""
                return ""
        if not self._opened and _HEADING_BEGUN.fullmatch(unit):
            return ""  # it may become "### Response:"
        begun = unit[len(self._leading(unit)) :]
        if (control := _CONTROL.search(unit)) is not None:
            self.cut, self._unit = True, ""
            return unit[: control.start()]
        if _TURN.match(begun) or _HASHES.search(unit) or _loops(unit):
            self.cut, self._unit = True, ""
            return self._leading(unit)
        return ""

    @staticmethod
    def _leading(unit: str) -> str:
        match = _MARKERS.match(unit)
        return match.group() if match else ""


def _loops(text: str) -> bool:
    """Whether ``text`` ends in one block of letters repeated at least three times over 16 characters or more."""
    for size in range(1, min(_LONGEST_BLOCK, len(text) // 3) + 1):
        times = max(4 if size < 20 else 3, -(-16 // size))
        block = text[-size:]
        if text.endswith(block * times) and any(map(str.isalpha, block)):
            return True
    return False
