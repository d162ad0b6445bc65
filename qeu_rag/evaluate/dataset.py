"""Reads a question set in a folder: corpus.jsonl and queries.jsonl, checked line by line before anything costs time.

``corpus.jsonl`` holds {id, title, text}; ``queries.jsonl`` holds {id, question, answers, gold, answerable, lang, kind}, of
which ``question`` alone must be there. ``gold`` names rows of the corpus. UTF-8, one JSON object a line, blank lines ignored.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from qeu_rag.errors import UsageError
from qeu_rag.evaluate.json_lines import Line, objects
from qeu_rag.text.notation import lang_of

CORPUS, QUERIES = "corpus.jsonl", "queries.jsonl"

_NAMED = 10
_EXAMPLES = {CORPUS: '{"id": "1", "title": "…", "text": "…"}', QUERIES: '{"id": "1", "question": "…"}'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of a gold set.

    ``gold`` are the names (``Chunk.source``) of the documents that answer it, ``passage`` the words that do, where the set
    says them. ``answers`` are the accepted answers; empty where none is given. ``line`` is its row or line in the file.
    """

    id: str
    question: str
    lang: str
    answerable: bool
    answers: tuple[str, ...] = ()
    gold: tuple[str, ...] = ()
    passage: str = ""
    kind: str = ""
    line: int = 0


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

        Raises UsageError: ``eval_file_missing``, ``eval_file_unreadable``, ``eval_line_encoding``, ``eval_line_json``,
        ``eval_field_…`` and ``eval_duplicate`` with the number of the line, ``eval_unknown_gold``, ``eval_no_documents``,
        ``eval_no_questions``.
        What an unanswerable question names need not be there.
        """
        self.folder = folder
        self.path = folder / QUERIES
        if missing := [name for name in (CORPUS, QUERIES) if not (folder / name).is_file()]:
            raise UsageError("eval_file_missing", folder=folder, missing=", ".join(missing))
        seen, mark = Seen(folder / CORPUS), Mark()
        self._names: dict[str, str] = {}
        for number, (line, row) in enumerate(self._rows()):
            seen.add(line, row.id)
            mark.add(row.id, row.title, row.text)
            self._names[row.id] = source_name(number)
        if not self._names:
            raise UsageError("eval_no_documents", path=folder / CORPUS)
        seen = Seen(self.path)
        unknown = Unknown("eval_unknown_gold", self.path)
        self.count = 0
        for line, question, names in self._questions():
            seen.add(line, question.id)
            mark.add_question(question)
            unknown.add(line, names if question.answerable else ())
            self.count += 1
        unknown.check()
        if not self.count:
            raise UsageError("eval_no_questions", path=self.path)
        self.mark = mark.text

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
        for line, found in objects(self.folder / CORPUS, example=_EXAMPLES[CORPUS]):
            row = Line(path=self.folder / CORPUS, line=line, values=found)
            yield line, Row(id=row.word("id"), title=row.text("title"), text=row.text("text", needed=True))

    def _questions(self) -> Iterator[tuple[int, Question, tuple[str, ...]]]:
        """Each with its line and with the ids of its gold that the corpus does not have."""
        for line, found in objects(self.path, example=_EXAMPLES[QUERIES]):
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
                    line=line,
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


class Mark:
    """A short text that tells one question set from another: a hash of what is asked and of what counts as right."""

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=8)

    def add(self, *texts: str) -> None:
        """Takes in some texts."""
        lengths = ",".join(str(len(text)) for text in texts)
        self._hash.update(f"{lengths};{''.join(texts)}".encode("utf-8", "surrogatepass"))

    def add_question(self, question: Question) -> None:
        """Takes a question in."""
        right = (str(question.answerable), question.passage, *question.answers, "gold", *question.gold)
        self.add(question.id, question.question, *right)

    @property
    def text(self) -> str:
        """16 hexadecimal digits."""
        return self._hash.hexdigest()


class Unknown:
    """What a file's questions say that nobody knows: documents that are not there, marks without a meaning."""

    def __init__(self, key: str, path: Path) -> None:
        """``key`` is that of the error for the file at ``path``."""
        self._key, self._path = key, path
        self._first: list[tuple[int, str]] = []
        self._count = 0

    def add(self, line: int, names: Iterable[str]) -> None:
        """Takes in what one line says in vain."""
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
