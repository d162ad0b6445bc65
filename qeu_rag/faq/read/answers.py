"""Reads what ``qeu-rag batch`` wrote, as it stands now: answers that a person edited or marked, with what they cite.

An output is read back from XLSX, CSV and JSON lines. Where things stand (columns by header, in either language; where two columns
have one name, the one further right is ours):

- ``answer`` / 回答: the text now. ``status`` / 判定. ``approved`` / 承認: empty, or any of ``YES``: a person approved the row.
- ``source`` / 出典, ``quotes`` / 引用: where the answer stands; read where a person changed them or wrote an answer of their own.
- ``qeu_rag``, the last column (hidden in XLSX): the JSON of ``trace``, whose quotes stand verbatim in the cited chunks.
- JSON lines: the keys of ``ask --json`` (``answer``, ``citations``, ``evidence``, each with ``passage_hash``) and ``row``,
  ``outcome``, ``approved_row`` (true, or any of ``YES``) and ``sources`` (lines as in the column ``source``, by a person alone).

CSV cells that begin as a formula would are written with ``'`` before them; it is taken off again (``shielded``, ``bared``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qeu_rag.errors import UsageError
from qeu_rag.faq.approve import CitedPassage
from qeu_rag.faq.cells import TOP, TRACE, bared
from qeu_rag.faq.read.question_list import kind_of
from qeu_rag.language import CATALOGUES
from qeu_rag.tables.columns import SEARCHED_ROWS, find_header, folded
from qeu_rag.tables.delimited import decoded, read_bytes, records
from qeu_rag.tables.workbook import opened, rows_of

YES = frozenset("approved yes y x true 1 ok ○ 〇 ◯ ✓ ✔ ☑ はい 済 済み 承認 承認済 承認済み 可".split())
NO = frozenset("no n false 0 not rejected reject open いいえ 否 不可 未 未承認 却下 保留 ×".split())
"""Marks that say that a row is not approved, as an empty cell does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredRow:
    """A row of an output: ``number`` of the list's row, ``answer`` as it stands now, ``evidence`` hashes of the first found.

    ``mark`` is what stands in the column "approved". ``sources`` and ``quotes`` are what a person wrote into these columns;
    empty where they are as they were written.
    """

    number: int
    question: str
    answer: str
    status: str
    mark: str
    citations: tuple[CitedPassage, ...]
    evidence: tuple[str, ...]
    sources: str = ""
    quotes: str = ""

    @property
    def approved(self) -> bool:
        """Whether a person marked the row as approved."""
        return folded(self.mark) in YES

    @property
    def unclear(self) -> bool:
        """Whether the mark says neither yes nor no."""
        return bool(self.mark.strip()) and folded(self.mark) not in YES | NO and self.mark.strip() not in "-–—ー－"

    @property
    def failed(self) -> bool:
        """Whether the list says that the question could not be answered, in the words of any language."""
        return folded(self.status) in {"error", *(folded(m["batch.status.error"]) for m in CATALOGUES.values())}


def read_answers(path: Path) -> tuple[AnsweredRow, ...]:
    """The rows of an output of ``qeu-rag batch`` that hold a question.

    Raises UsageError as ``read_questions`` does, and ``batch_no_answers`` for a file that holds no answers of ours,
    ``answers_line`` for a line of JSON that is none.
    """
    kind = kind_of(path)
    if kind == "xlsx":
        rows = tuple(_of_workbook(path))
    elif kind == "csv":
        rows = tuple(_of_table(records(decoded(read_bytes(path), path), path), bare=True))
    elif kind == "jsonl":
        rows = tuple(_of_json(decoded(read_bytes(path), path), path))
    else:
        rows = ()
    if not rows:
        raise UsageError("batch_no_answers", path=path)
    return rows


def headings(key: str) -> frozenset[str]:
    """The folded names of one of our columns in all languages."""
    return frozenset(folded(messages[f"batch.column.{key}"]) for messages in CATALOGUES.values())


def _of_workbook(path: Path) -> Iterator[AnsweredRow]:
    with opened(path, values=True) as book:
        for sheet in book.worksheets:
            yield from _of_table(rows_of(sheet), bare=False)


def _of_table(rows: Iterable[tuple[int, Sequence[str]]], *, bare: bool) -> Iterator[AnsweredRow]:
    """The rows below the first row that names our columns, and below each further one."""
    places: dict[str, int] = {}
    for seen, (number, row) in enumerate(rows):
        if named := _places(row):
            places = named
            continue
        if not places:
            if seen >= SEARCHED_ROWS:
                return
            continue
        cells = [bared(cell) for cell in row] if bare else row
        at = {key: cells[place] if place < len(cells) else "" for key, place in places.items()}
        traced = _traced(at[TRACE])
        question = at.get("question", "").strip() or str(traced.get("question", ""))
        if question:
            kept = traced.get("row")
            yield _row(kept if isinstance(kept, int) else number, question, at, traced)


def _places(row: Sequence[str]) -> dict[str, int]:
    """Where each column stands, if ``row`` is the header of an output: the one with ``TRACE``."""
    if TRACE not in row:
        return {}
    names = [folded(name) for name in row]
    header = find_header([row])
    places = {TRACE: len(names) - 1 - names[::-1].index(folded(TRACE))}
    if header is not None:
        places["question"] = header.question
    for key in ("answer", "status", "approved", "source", "quotes"):
        wanted = headings(key)
        found = [place for place, name in enumerate(names) if name in wanted]
        if found:
            places[key] = found[-1]
    return places


def _row(number: int, question: str, at: Mapping[str, str], traced: Mapping[str, Any]) -> AnsweredRow:
    sources, quotes = _changed_sources(at.get("source", ""), at.get("quotes", ""), traced)
    return AnsweredRow(
        number=number,
        question=question,
        answer=at.get("answer", ""),
        status=at.get("status", ""),
        mark=at.get("approved", ""),
        citations=tuple(_cited(one) for one in traced.get("citations", ())),
        evidence=tuple(map(str, traced.get("evidence", ()))),
        sources=sources,
        quotes=quotes,
    )


def _changed_sources(sources: str, quotes: str, traced: Mapping[str, Any]) -> tuple[str, str]:
    """The two columns where a person changed one of them, else nothing; an emptied column says nothing."""
    cited = traced.get("citations", ())
    if not cited:
        return sources.strip(), quotes.strip()
    written = str(traced.get("places", ""))
    known = [f"[{one['marker']}] {one['quote']}" for one in cited if one["quote"]]
    changed = bool(sources.strip() and written) and _squeezed(sources) != _squeezed(written)
    if len(known) == len(cited) and quotes.strip():
        changed = changed or _squeezed(quotes) != _squeezed("".join(known))
    return (sources.strip() or written, quotes.strip()) if changed else ("", "")


def _squeezed(text: str) -> str:
    return re.sub(r"[\s\x00-\x1f\x7f]+", "", text)


def _traced(text: str) -> Mapping[str, Any]:
    """The trace in a cell; nothing where a person changed it to what is none."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _cited(one: Mapping[str, Any]) -> CitedPassage:
    return CitedPassage(
        marker=int(one["marker"]),
        source=str(one["source"]),
        document_id=str(one["document_id"]),
        passage_hash=str(one["passage_hash"]),
        quote=str(one["quote"]),
    )


def _of_json(text: str, path: Path) -> Iterator[AnsweredRow]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            mark = value.get("approved_row", False)
            yield AnsweredRow(
                number=int(value["row"]),
                question=str(value["question"]),
                answer=str(value["answer"]),
                status=str(value["outcome"]),
                mark="" if mark is False else str(mark),
                citations=tuple(_cited(one) for one in value["citations"]),
                evidence=tuple(str(one["passage_hash"]) for one in value["evidence"][:TOP]),
                sources=_lines(value.get("sources", "")),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError("answers_line", path=path, line=number) from error


def _lines(sources: str | list[str]) -> str:
    return sources if isinstance(sources, str) else "\n".join(map(str, sources))
