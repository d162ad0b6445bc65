"""Reads a gold set of questions over the current collection from a CSV file, as ``corpus/faq.csv`` is one.

Columns: ``question``, ``gold_document`` (a document's name as ``qeu-rag documents`` shows it), and, where there are,
``gold_passage`` (the words that answer), ``expected_answer``, ``answerable`` (true or false), ``id``, ``lang``, ``kind``.
The file is read in the encoding that its bytes tell: UTF-8 with or without a BOM, UTF-16, cp932. CSV as in RFC 4180.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from pathlib import Path

from qeu_rag.errors import ReadError, UsageError
from qeu_rag.evaluate.dataset import Line, Question, Seen, Unknown
from qeu_rag.index.notation import lang_of

_NEEDED = ("question", "gold_document")
_TRUTH = {"true": True, "yes": True, "1": True, "": True, "false": False, "no": False, "0": False}


class GoldSet:
    """A CSV file of questions, checked when it is opened."""

    def __init__(self, path: Path, documents: Collection[str]) -> None:
        """Reads and checks the file; ``documents`` are the names in the collection.

        Raises UsageError: ``eval_csv_encoding``, ``eval_csv_columns``, and, each with the number of the line,
        ``eval_line_csv``, ``eval_field_…``, ``eval_duplicate``, ``eval_unknown_document``; ``eval_no_questions``.
        What an unanswerable question names need not be there.
        """
        from qeu_rag.ingest.readers.encoding import decode

        self.path = path
        try:
            self._text, _ = decode(path.read_bytes())
        except ReadError as error:
            raise UsageError("eval_csv_encoding", path=path) from error
        except OSError as error:
            raise UsageError("eval_file_unreadable", path=path, detail=error) from error
        seen, unknown = Seen(path), Unknown("eval_unknown_document", path)
        self.count = 0
        for line, question in self._questions():
            seen.add(line, question.id)
            if question.answerable:
                unknown.add(line, (name for name in question.gold if name not in documents))
            self.count += 1
        unknown.check()
        if not self.count:
            raise UsageError("eval_no_questions", path=path)

    def questions(self, chosen: frozenset[int] | None = None) -> Iterator[Question]:
        """The questions in their order, all or those at the places (from 0) ``chosen``."""
        for place, (_, question) in enumerate(self._questions()):
            if chosen is None or place in chosen:
                yield question

    def _questions(self) -> Iterator[tuple[int, Question]]:
        reader = csv.DictReader(io.StringIO(self._text, newline=""), strict=True)
        try:
            columns = [name.strip() for name in reader.fieldnames or ()]
            if missing := [name for name in _NEEDED if name not in columns]:
                raise UsageError("eval_csv_columns", path=self.path, columns=", ".join(missing))
            reader.fieldnames = columns
            for values in reader:
                if any(isinstance(value, str) and value.strip() for value in values.values()):
                    yield reader.line_num, self._question(reader.line_num, values)
        except csv.Error as error:
            raise UsageError("eval_line_csv", path=self.path, line=reader.line_num) from error

    def _question(self, number: int, values: dict[str, str]) -> Question:
        row = Line(path=self.path, line=number, values=values)
        if None in values:  # cells beyond the header's
            raise UsageError("eval_line_csv", path=self.path, line=number)
        answerable = _TRUTH.get(row.text("answerable").strip().lower())
        if answerable is None:
            raise row.wrong("answerable", "truth")
        words = row.word("question")
        document, passage = row.text("gold_document").strip(), row.text("gold_passage").strip()
        return Question(
            id=row.text("id").strip() or str(number),
            question=words,
            lang=row.text("lang").strip() or lang_of(words),
            answerable=answerable,
            answers=tuple(filter(None, (row.text("expected_answer").strip(), passage))),
            gold=(document,) if document else (),
            passage=passage,
            kind=row.text("kind").strip(),
        )
