"""Writes the answered list whole or not at all, by way of a temporary file, and checks beforehand that it can be written."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import itertools
import os
from collections.abc import Callable
from pathlib import Path

from qeu_rag.errors import StorageError, UsageError
from qeu_rag.faq.write import text
from qeu_rag.faq.write.html import write_html
from qeu_rag.faq.write.sheet import KINDS, OutputKind, Sheet, Tally
from qeu_rag.faq.write.workbook import write_xlsx

_WRITERS: dict[OutputKind, Callable[[Path, Sheet, Tally], None]] = {
    "xlsx": write_xlsx,
    "html": write_html,
    "csv": text.write_csv,
    "tsv": text.write_tsv,
    "jsonl": text.write_jsonl,
    "md": text.write_markdown,
}


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
        _WRITERS[kind](temporary, sheet, tally)
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
