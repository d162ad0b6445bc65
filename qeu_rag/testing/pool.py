"""What any pool of readers must do: give each file's text in order, and let no file cost another one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qeu_rag.errors import ReadError
from qeu_rag.ingest.scan import FoundFile, scan
from qeu_rag.ingest.split import SplitFile

if TYPE_CHECKING:
    from qeu_rag.ingest.sync import Pool


def written(folder: Path, count: int) -> tuple[FoundFile, ...]:
    """``count`` documents in ``folder``, the first of which takes longest to read."""
    for number in range(count):
        words = "word " * (2_000 if number == 0 else 1)
        (folder / f"{number:02}.md").write_text(f"# Document {number}\n\n{words}\n", encoding="utf-8")
    return scan([folder]).files


def titles(results: Sequence[tuple[FoundFile, SplitFile | ReadError]]) -> list[str]:
    """The first line of each file, or the reason for which it was not read."""
    return [
        result.reason if isinstance(result, ReadError) else result.documents[0].document.text.partition("\n")[0]
        for _, result in results
    ]


class PoolContract:
    """Inherit this and override ``pool`` with a fixture that gives an open pool, which may be the same for all tests."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """An empty folder beside whatever the pool's own fixtures made."""
        made = tmp_path / "read-by-pool"
        made.mkdir()
        return made

    @pytest.fixture
    def pool(self) -> Pool:
        """The pool under test."""
        raise NotImplementedError("override the fixture `pool`")

    def test_files_come_back_in_order_each_with_its_text(self, pool: Pool, folder: Path) -> None:
        """However long each takes; and each chunk is the text of its span."""
        files = written(folder, 12)
        results = list(pool.read_all(iter(files)))
        assert [file for file, _ in results] == list(files)
        assert titles(results) == [f"# Document {number}" for number in range(12)]
        for _, result in results:
            assert isinstance(result, SplitFile)
            for split in result.documents:
                assert split.chunks
                assert all(chunk.span.of(split.document.text) == chunk.text for chunk in split.chunks)

    def test_a_damaged_file_costs_only_itself(self, pool: Pool, folder: Path) -> None:
        """It comes in its place, as the error that says why."""
        for name, spoilt in {"00.docx": b"PK\x03\x04 no archive", "01.txt": bytes(range(256)) * 10}.items():
            (folder / name).write_bytes(spoilt)
        files = written(folder, 3)
        results = list(pool.read_all(files))
        assert [file for file, _ in results] == list(files)
        assert dict(zip((file.path.name for file in files), titles(results), strict=True)) == {
            "00.docx": "damaged",
            "00.md": "# Document 0",
            "01.md": "# Document 1",
            "01.txt": "undecodable",
            "02.md": "# Document 2",
        }

    def test_no_files_give_nothing(self, pool: Pool) -> None:
        """An empty list is no error."""
        assert list(pool.read_all([])) == []

    def test_leaving_early_leaves_the_pool_usable(self, pool: Pool, folder: Path) -> None:
        """Who takes one result and goes can read the same files again."""
        files = written(folder, 8)
        assert next(pool.read_all(files))[0] == files[0]
        assert titles(list(pool.read_all(files))) == [f"# Document {number}" for number in range(8)]
