"""Reads the rows of an Excel workbook's sheets, a row at a time, with values as a person sees them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qeu_rag.errors import ReadError, UsageError

Row = tuple[str, ...]


@contextmanager
def opened(path: Path, *, values: bool, changing: bool = False) -> Iterator[Any]:
    """The workbook, with results in the place of formulas where ``values``, read as it is asked for unless ``changing``.

    Raises UsageError: ``batch_unreadable``, ``batch_encrypted``, ``batch_damaged``.
    """
    import openpyxl

    from qeu_rag.tables.office_file import check_ooxml

    try:
        source = check_ooxml(path, "xl/workbook.xml")
        keep_vba = changing and path.suffix.lower() == ".xlsm"
        book = openpyxl.load_workbook(source, read_only=not changing, data_only=values, keep_vba=keep_vba)
    except ReadError as error:
        key = "batch_encrypted" if error.reason == "encrypted" else "batch_damaged"
        raise UsageError(key, path=path, detail=error) from error
    except OSError as error:
        raise UsageError("batch_unreadable", path=path, detail=error) from error
    except Exception as error:  # openpyxl raises whatever its parsers do
        raise UsageError("batch_damaged", path=path, detail=ReadError("damaged")) from error
    try:
        yield book
    except ReadError as error:
        raise UsageError("batch_damaged", path=path, detail=error) from error
    finally:
        book.close()


def pictured(path: Path) -> bool:
    """Whether a workbook holds pictures, which a copy made by openpyxl does not keep."""
    with zipfile.ZipFile(path) as archive:
        return any(name.startswith("xl/media/") for name in archive.namelist())


def rows_of(sheet: Any) -> Iterator[tuple[int, Row]]:
    """Each row's number and its cells as text. Raises ReadError where the sheet turns out to be damaged."""
    from qeu_rag.tables.cells import shown

    # A sheet may claim other dimensions than it has.
    if hasattr(sheet, "reset_dimensions"):
        sheet.reset_dimensions()
    for number, cells in enumerate(sound(sheet.iter_rows()), 1):
        yield number, tuple("" if cell.value is None else shown(cell.value, cell.number_format) for cell in cells)


def sound(rows: Iterator[Any]) -> Iterator[Any]:
    """The same rows. Raises ReadError where openpyxl finds, as it reads them, that the sheet is damaged."""
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except Exception as error:  # openpyxl raises whatever its parsers do
            raise ReadError("damaged") from error
        yield row
