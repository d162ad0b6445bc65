"""Reads a question set in a folder: corpus.jsonl and queries.jsonl, checked line by line before anything costs time.

``corpus.jsonl`` holds {id, title, text}; ``queries.jsonl`` holds {id, question, answers, gold, answerable, lang, kind}, of
which ``question`` alone must be there. ``gold`` names rows of the corpus. UTF-8, one JSON object a line, blank lines ignored.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from qeu_rag.errors import UsageError
from qeu_rag.index.notation import lang_of

CORPUS, QUERIES = "corpus.jsonl", "queries.jsonl"

_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of a gold set.

    ``gold`` are the names (``Chunk.source``) of the documents that answer it, ``passage`` the words that do, where the set
    says them. ``answers`` are the accepted answers; empty where none is given.
    """

    id: str
    question: str
    lang: str
    answerable: bool
    answers: tuple[str, ...] = ()
    gold: tuple[str, ...] = ()
    passage: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a corpus, which becomes one document."""

    id: str
    title: str
    text: str

    @property
    def markdown(self) -> bytes:
        """The document as a file: the title as its heading, then the text; UTF-8, lone surrogates as ``?``."""
        title = " ".join(self.title.split())
        head = f"# {title}\n\n" if title else ""
        return f"{head}{self.text}\n".encode("utf-8", "replace")


def source_name(number: int) -> str:
    """The name of the document that row ``number`` (from 0) of a corpus becomes."""
    return f"{number:06d}.md"


class QuestionSet:
    """A folder with a corpus and questions, checked when it is opened; rows are read again whenever they are asked for.

    What stays in memory is about 100 bytes a row and a question.
    """

    def __init__(self, folder: Path) -> None:
        """Reads and checks both files.

        Raises UsageError: ``eval_file_missing``, ``eval_line_encoding``, ``eval_line_json``, ``eval_field_…`` and
        ``eval_duplicate`` with the number of the line, ``eval_unknown_gold``, ``eval_no_documents``, ``eval_no_questions``.
        What an unanswerable question names need not be there.
        """
        self.folder = folder
        self.path = folder / QUERIES
        for path in (folder / CORPUS, self.path):
            if not path.is_file():
                raise UsageError("eval_file_missing", path=path, folder=folder)
        seen = Seen(folder / CORPUS)
        self._names: dict[str, str] = {}
        for number, (line, row) in enumerate(self._rows()):
            seen.add(line, row.id)
            self._names[row.id] = source_name(number)
        if not self._names:
            raise UsageError("eval_no_documents", path=folder / CORPUS)
        seen = Seen(self.path)
        unknown = Unknown("eval_unknown_gold", self.path)
        self.count = 0
        for line, question, names in self._questions():
            seen.add(line, question.id)
            unknown.add(line, names if question.answerable else ())
            self.count += 1
        unknown.check()
        if not self.count:
            raise UsageError("eval_no_questions", path=self.path)

    @property
    def documents(self) -> int:
        """How many rows the corpus has."""
        return len(self._names)

    def rows(self) -> Iterator[Row]:
        """The corpus in its order."""
        for _, row in self._rows():
            yield row

    def questions(self, chosen: frozenset[int] | None = None) -> Iterator[Question]:
        """The questions in their order, all or those at the places (from 0) ``chosen``."""
        for place, (_, question, _) in enumerate(self._questions()):
            if chosen is None or place in chosen:
                yield question

    def _rows(self) -> Iterator[tuple[int, Row]]:
        for line, found in _objects(self.folder / CORPUS):
            row = Line(path=self.folder / CORPUS, line=line, values=found)
            yield line, Row(id=row.word("id"), title=row.text("title"), text=row.text("text", needed=True))

    def _questions(self) -> Iterator[tuple[int, Question, tuple[str, ...]]]:
        """Each with its line and with the ids of its gold that the corpus does not have."""
        for line, found in _objects(self.path):
            row = Line(path=self.path, line=line, values=found)
            words = row.word("question")
            gold = row.texts("gold")
            yield (
                line,
                Question(
                    id=row.word("id") if "id" in found else str(line),
                    question=words,
                    lang=row.text("lang") or lang_of(words),
                    answerable=row.truth("answerable", default=True),
                    answers=tuple(filter(None, row.texts("answers"))),
                    gold=tuple(self._names[name] for name in gold if name in self._names),
                    kind=row.text("kind"),
                ),
                tuple(name for name in gold if name not in self._names),
            )


def choose(count: int, limit: int | None, seed: int) -> frozenset[int] | None:
    """The places of ``limit`` questions of ``count``: the first of a shuffle by ``seed``; None for all of them."""
    if limit is None or limit >= count:
        return None
    return frozenset(random.Random(seed).sample(range(count), limit))


@dataclass(slots=True)
class Seen:
    """The ids met so far in one file, 8 bytes of a hash of each."""

    path: Path
    _hashes: set[bytes] = field(default_factory=set)

    def add(self, line: int, name: str) -> None:
        """Takes an id in. Raises UsageError("eval_duplicate") for one that was met before."""
        mark = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if mark in self._hashes:
            raise UsageError("eval_duplicate", path=self.path, line=line, id=name)
        self._hashes.add(mark)


class Unknown:
    """The documents that a file's questions name and that are not there."""

    def __init__(self, key: str, path: Path) -> None:
        """``key`` is that of the error for the file at ``path``."""
        self._key, self._path = key, path
        self._first: list[tuple[int, str]] = []
        self._count = 0

    def add(self, line: int, names: Iterable[str]) -> None:
        """Takes in what one line names in vain."""
        for name in names:
            self._count += 1
            if len(self._first) < _NAMED:
                self._first.append((line, name))

    def check(self) -> None:
        """Raises UsageError with the first ten, their lines and the count, where there are any."""
        if self._first:
            named = ", ".join(f"{line}: {name}" for line, name in self._first)
            more = ", …" if self._count > _NAMED else ""
            raise UsageError(self._key, path=self._path, line=self._first[0][0], count=self._count, names=named + more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line's values, taken out with a check of their kinds.

    A wrong one raises UsageError: ``eval_field_missing``, ``eval_field_blank``, ``eval_field_text``, ``eval_field_texts``,
    ``eval_field_truth``. A whole number is taken as its text.
    """

    path: Path
    line: int
    values: Mapping[str, object]

    def text(self, name: str, *, needed: bool = False) -> str:
        """A text; "" where it is missing or null, unless it is ``needed``."""
        value = self.values.get(name)
        if value is None:
            if needed:
                raise self.wrong(name, "missing")
            return ""
        text = _text(value)
        if text is None:
            raise self.wrong(name, "text")
        return text

    def word(self, name: str) -> str:
        """A text that is not blank, without the space around it."""
        value = self.text(name, needed=True).strip()
        if not value:
            raise self.wrong(name, "blank")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty where it is missing or null."""
        value = self.values.get(name)
        if value is None:
            return ()
        texts = [_text(item) for item in value] if isinstance(value, list) else [None]
        if None in texts:
            raise self.wrong(name, "texts")
        return tuple(text for text in texts if text is not None)

    def truth(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            raise self.wrong(name, "truth")
        return value

    def wrong(self, name: str, how: str) -> UsageError:
        """The error for a field that is ``how``: missing, blank, or no text, texts or truth."""
        return UsageError(f"eval_field_{how}", path=self.path, line=self.line, field=name)


def _text(value: object) -> str | None:
    """A text, or a whole number as its text; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def _objects(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    """The JSON objects of the file with the numbers of their lines (from 1)."""
    with path.open("rb") as file:
        for number, data in enumerate(file, start=1):
            try:
                text = data.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise UsageError("eval_line_encoding", path=path, line=number) from error
            if not text.strip():
                continue
            try:
                value = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise UsageError("eval_line_json", path=path, line=number) from error
            if not isinstance(value, dict):
                raise UsageError("eval_line_json", path=path, line=number)
            yield number, value
