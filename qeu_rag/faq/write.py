"""Writes the answered list under a temporary name and puts it in its place when it is whole; says beforehand if it cannot be."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from qeu_rag.errors import StorageError, UsageError
from qeu_rag.faq.outcome import OUTCOMES, Outcome, Record
from qeu_rag.faq.sheet import QuestionList, QuestionRow

OutputKind = Literal["xlsx", "csv", "tsv", "jsonl", "md", "html"]
KINDS: dict[str, OutputKind] = {
    ".xlsx": "xlsx", ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".md": "md", ".html": "html",
    ".htm": "html",
}  # fmt: skip

COLOURS: dict[Outcome, str] = {
    "supported": "C6E7CE", "likely": "CDE2F8", "partly": "FFEBB0", "conflict": "F9CFA8", "not_in_documents": "DDDDDD",
    "error": "F4B6B6", "waiting": "FFFFFF",
}  # fmt: skip
"""The colour behind each outcome (RGB), light enough for black text; the word always stands beside it."""

Row = tuple[QuestionRow, Outcome, Record | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is written: ``rows`` gives the rows anew each time it is called, ``facts`` are named lines for the summary.

    ``source`` is the workbook that the list came from, None where it came from none. ``bom``: CSV begins with a byte order mark.
    """

    questions: QuestionList
    rows: Callable[[], Iterator[Row]]
    title: str
    lang: str
    facts: tuple[tuple[str, str], ...] = ()
    source: Path | None = None
    bom: bool = False

    def parts(self) -> list[Sheet]:
        """A sheet for each of the list's own, with its rows; this one where there is but one."""
        made, start = [], 0
        for part in self.questions.parts:
            made.append(replace(self, questions=part, rows=partial(self._part, part, start)))
            start += len(part.rows)
        return made or [self]

    def _part(self, part: QuestionList, start: int) -> Iterator[Row]:
        own = itertools.islice(self.rows(), start, start + len(part.rows))
        return ((row, outcome, record) for row, (_, outcome, record) in zip(part.rows, own, strict=True))

    @property
    def own_rows(self) -> bool:
        """Whether the answers go into the rows of the list's own sheet, which must have a row for their headers."""
        return self.source is not None and self.questions.header_row > 0


@dataclass(slots=True)
class Tally:
    """Counts of rows by outcome, the numbers of those that failed and why the first did, gathered while rows pass by."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    reason: str = ""

    def taking(self, rows: Iterator[Row]) -> Iterator[Row]:
        """``rows``, counted."""
        for row, outcome, record in rows:
            self.counts[outcome] += 1
            if outcome == "error":
                self.failed.append(row.place)
                self.reason = self.reason or " ".join(str(record.payload.get("detail", "") if record else "").split())
            yield row, outcome, record

    def shares(self) -> list[tuple[Outcome, int]]:
        """Every outcome with its count; ``waiting`` only where there is any."""
        return [(name, self.counts[name]) for name in OUTCOMES if name != "waiting" or self.counts[name]]


def check_output(output: Path, source: Path | None) -> OutputKind:
    """What kind of file ``output`` will be. Raises UsageError and StorageError where it cannot be written there.

    ``batch_output_kind``, ``batch_same_file``, ``batch_no_folder``, ``batch_open_elsewhere``, ``batch_unwritable``.
    """
    kind = KINDS.get(output.suffix.lower())
    if kind is None:
        raise UsageError("batch_output_kind", path=output, endings=", ".join(KINDS))
    if output.is_dir() or not output.parent.is_dir():
        raise UsageError("batch_no_folder", path=output)
    if (
        source is not None
        and source.exists()
        and (output.resolve() == source.resolve() or (output.exists() and output.samefile(source)))
    ):
        raise UsageError("batch_same_file", path=output)
    for name in (f"~${output.name}", f".~lock.{output.name}#"):
        if (mark := output.with_name(name)).exists() and output.exists():
            raise UsageError("batch_open_elsewhere", path=output, mark=mark)
    try:
        if output.exists():
            with output.open("r+b"):
                pass
        probe = _temporary(output)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StorageError("batch_unwritable", path=output, detail=error) from error
    return kind


def write(output: Path, kind: OutputKind, sheet: Sheet, *, note: Callable[[str], None] = lambda digest: None) -> Tally:
    """Writes ``output`` whole or not at all and gives the counts; ``note`` gets the SHA-256 of its bytes before and after.

    Raises StorageError(``batch_unwritten``): no space, or the file is open in another program; the journal holds the answers.
    """
    tally = Tally()
    temporary = _temporary(output)
    try:
        _sweep(output)
        _writer(kind)(temporary, sheet, tally)
        with temporary.open("r+b") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        note(digest)
        os.replace(temporary, output)
        note(digest)
    except OSError as error:
        raise StorageError("batch_unwritten", path=output, detail=error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return tally


def set_aside(output: Path) -> Path:
    """Renames ``output`` to a free name beside it (answers.1.xlsx), and gives that. Raises StorageError(``batch_unwritable``)."""
    numbers = itertools.count(1)
    aside = next(path for n in numbers if not (path := output.with_name(f"{output.stem}.{n}{output.suffix}")).exists())
    try:
        output.rename(aside)
    except OSError as error:
        raise StorageError("batch_unwritable", path=output, detail=error.strerror or error) from error
    return aside


def digest_of(path: Path) -> str:
    """The SHA-256 of a file's bytes; "" where there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StorageError("batch_unwritable", path=path, detail=error) from error


def _sweep(output: Path) -> None:
    """Removes what killed runs left half written; the caller is the only one that writes ``output``."""
    for left in output.parent.glob(f".{glob.escape(output.name)}.*.qeu-tmp*"):
        left.unlink(missing_ok=True)


def _temporary(output: Path) -> Path:
    return output.with_name(f".{output.name}.{os.getpid()}.qeu-tmp")


def _writer(kind: OutputKind) -> Callable[[Path, Sheet, Tally], None]:
    if kind == "xlsx":
        from qeu_rag.faq.write_xlsx import write_xlsx

        return write_xlsx
    if kind == "html":
        from qeu_rag.faq.write_html import write_html

        return write_html
    from qeu_rag.faq import write_text

    return {
        "csv": write_text.write_csv,
        "tsv": write_text.write_tsv,
        "jsonl": write_text.write_jsonl,
        "md": write_text.write_markdown,
    }[kind]
