"""Reads a gold set of questions over the current collection from a table, as ``corpus/faq.csv`` is one.

A delimited text in any encoding and with any usual delimiter, or an Excel workbook. Its header stands among the first rows; its
columns, by their English names (``gold_columns`` has the Japanese): ``question``, ``gold_document`` (a document's name) and,
where there are, ``gold_passage`` (the words that answer), ``expected_answer``, ``answerable`` (yes or no), ``id``, ``lang``,
``kind``. CSV as in RFC 4180.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path

from qeu_rag.errors import UsageError
from qeu_rag.evaluate.dataset import Mark, Question, Seen, Unknown
from qeu_rag.evaluate.gold_columns import DOCUMENT, Documents, language, places, truth
from qeu_rag.tables.columns import SEARCHED_ROWS
from qeu_rag.tables.delimited import decoded, read_bytes, records
from qeu_rag.tables.workbook import opened, rows_of
from qeu_rag.text.notation import lang_of

_WORKBOOKS = (".xlsx", ".xlsm")
_LISTED = 20


class GoldSet:
    """A table of questions, checked when it is opened."""

    def __init__(self, path: Path, documents: Collection[str]) -> None:
        """Reads and checks the table; ``documents`` are the names in the collection.

        Raises UsageError: ``eval_gold_columns``, ``eval_no_questions``; with the row's number, as a spreadsheet counts,
        ``eval_question_blank``, ``eval_row_long``, ``eval_duplicate``, ``eval_answerable_unclear``, ``eval_unknown_document``;
        and what ``lists`` raises for a file that cannot be read. What an unanswerable question names need not be there.
        """
        self.path = path
        self._book = path.suffix.lower() in _WORKBOOKS
        self._text = "" if self._book else decoded(read_bytes(path), path)
        self._documents = Documents(documents)
        self._sheet = ""
        seen, mark = Seen(path), Mark()
        unknown, unclear = Unknown("eval_unknown_document", path), Unknown("eval_answerable_unclear", path)
        self.count = 0
        for row, question, lost, odd in self._questions():
            seen.add(row, question.id)
            mark.add_question(question)
            unclear.add(row, odd)
            unknown.add(row, lost if question.answerable else ())
            self.count += 1
        unclear.check()
        unknown.check()
        if not self.count:
            raise UsageError("eval_no_questions", path=path)
        self.mark = mark.text

    def questions(self, chosen: frozenset[int] | None = None) -> Iterator[Question]:
        """The questions in their order, all or those at the places (from 0) ``chosen``."""
        for place, (_, question, _, _) in enumerate(self._questions()):
            if chosen is None or place in chosen:
                yield question

    def _questions(self) -> Iterator[tuple[int, Question, tuple[str, ...], tuple[str, ...]]]:
        """Each with its row, the documents that it names in vain, and what says neither yes nor no."""
        head = [row for _, row in islice(self._rows(), SEARCHED_ROWS)]
        header, at = places(head)
        if header is None or DOCUMENT not in at:
            raise self._no_columns(head if header is None else [header.names], at)
        for place, (number, row) in enumerate(self._rows()):
            if place <= header.row or not any(map(str.strip, row)):
                continue
            if not self._book and any(map(str.strip, row[len(header.names) :])):
                raise UsageError("eval_row_long", path=self.path, line=number)
            cells = {name: row[column].strip() if column < len(row) else "" for name, column in at.items()}
            if not cells["question"]:
                raise UsageError("eval_question_blank", path=self.path, line=number)
            question, lost = self._question(number, cells)
            said = cells.get("answerable", "")
            yield number, question, lost, (said,) if truth(said) is None else ()

    def _question(self, number: int, cells: dict[str, str]) -> tuple[Question, tuple[str, ...]]:
        words, passage = cells["question"], cells.get("gold_passage", "")
        gold, lost = self._documents.find(cells[DOCUMENT])
        question = Question(
            id=cells.get("id") or str(number),
            question=words,
            lang=language(cells.get("lang", "")) or lang_of(words),
            answerable=truth(cells.get("answerable", "")) is not False,
            answers=tuple(filter(None, (cells.get("expected_answer", ""), passage))),
            gold=gold,
            passage=passage,
            kind=cells.get("kind", ""),
            line=number,
        )
        return question, lost

    def _rows(self) -> Iterator[tuple[int, Sequence[str]]]:
        """The rows of the text, or of the workbook's first visible sheet that has the columns, else of its first one."""
        if not self._book:
            yield from records(self._text, self.path)
            return
        with opened(self.path, values=True) as book:
            sheets = {sheet.title: sheet for sheet in book.worksheets if sheet.sheet_state == "visible"}
            if not self._sheet:
                heads = {
                    name: [row for _, row in islice(rows_of(sheet), SEARCHED_ROWS)] for name, sheet in sheets.items()
                }
                having = (name for name, head in heads.items() if DOCUMENT in places(head)[1])
                self._sheet = next(having, next(iter(sheets), ""))
            if self._sheet:
                yield from rows_of(sheets[self._sheet])

    def _no_columns(self, rows: Sequence[Sequence[str]], at: dict[str, int]) -> UsageError:
        first = next((row for row in rows if any(map(str.strip, row))), ())
        found = ", ".join(name.strip()[:40] for name in first[:_LISTED] if name.strip())
        lacking = ["gold_document (正解文書)"] if "question" in at else ["question (質問)", "gold_document (正解文書)"]
        return UsageError("eval_gold_columns", path=self.path, columns=", ".join(lacking), found=found or "-")
