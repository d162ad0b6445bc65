"""What any reader of a kind of file must do: read its text, leave the file as it is, and fail with our error alone."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qeu_rag.errors import QeuRagError, ReadError

if TYPE_CHECKING:
    from llama_index.core.readers.base import BaseReader

_SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "half": lambda data: data[: len(data) // 2],
    "noise": lambda data: random.Random(0).randbytes(2000),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A reader, a small file of its kind, and a phrase of this file."""

    reader: BaseReader
    file: Path
    phrase: str

    def read(self, file: Path | None = None) -> list[tuple[str, object]]:
        """Text and metadata of each document in ``file``, by default the sample's own."""
        return [(document.text, document.metadata) for document in self.reader.load_data(file or self.file)]


class DocumentReaderContract:
    """Inherit this and override ``sample`` with a fixture that gives a reader and a file for it."""

    @pytest.fixture
    def sample(self) -> Sample:
        """The reader under test and what it reads."""
        raise NotImplementedError("override the fixture `sample`")

    def test_the_phrase_is_read(self, sample: Sample) -> None:
        """What the file says is in the text of its documents."""
        assert sample.phrase in "\n".join(text for text, _ in sample.read())

    def test_reading_twice_gives_the_same(self, sample: Sample) -> None:
        """The same documents, with the same metadata, in the same order."""
        assert sample.read() == sample.read()

    def test_the_file_is_left_as_it_is(self, sample: Sample, tmp_path: Path) -> None:
        """Neither the file changes nor anything comes to lie beside it."""
        copy = tmp_path / "alone" / sample.file.name
        copy.parent.mkdir()
        shutil.copy(sample.file, copy)
        before = copy.read_bytes(), copy.stat().st_mtime_ns
        sample.read(copy)
        assert (copy.read_bytes(), copy.stat().st_mtime_ns) == before
        assert list(copy.parent.iterdir()) == [copy]

    @pytest.mark.parametrize("spoil", _SPOILT.values(), ids=_SPOILT)
    def test_a_spoilt_file_raises_our_error_alone(
        self, sample: Sample, tmp_path: Path, spoil: Callable[[bytes], bytes]
    ) -> None:
        """An empty file, half a file and noise give documents or ReadError, and the next file is read as ever."""
        whole = sample.read()
        spoilt = tmp_path / f"spoilt{sample.file.suffix}"
        spoilt.write_bytes(spoil(sample.file.read_bytes()))
        with suppress(ReadError):
            sample.read(spoilt)
        assert sample.read() == whole

    def test_a_file_that_is_gone_is_a_plain_error(self, sample: Sample, tmp_path: Path) -> None:
        """The system's error or ours, which whoever reads a folder can tell from a fault of the program."""
        with pytest.raises((OSError, QeuRagError)):
            sample.read(tmp_path / f"gone{sample.file.suffix}")
