"""Reads a file of JSON objects, one a line, and takes values out of them with a check of their kinds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from qeu_rag.errors import UsageError


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


def objects(path: Path, *, example: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    """The JSON objects of the file with the numbers of their lines (from 1); ``example`` shows what a line should be.

    Raises UsageError: ``eval_file_unreadable``, ``eval_line_encoding``, ``eval_line_json``.
    """
    with _opened(path) as file:
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
                raise UsageError("eval_line_json", path=path, line=number, example=example) from error
            if not isinstance(value, dict):
                raise UsageError("eval_line_json", path=path, line=number, example=example)
            yield number, value


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageError("eval_file_unreadable", path=path, detail=error) from error
