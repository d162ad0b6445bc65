"""The worker processes: limits, replacement, and no process left behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from archives import unzipped, zipped

from qeu_rag.errors import ReadError
from qeu_rag.ingest.pool import ReaderPool
from qeu_rag.ingest.scan import FoundFile, scan
from qeu_rag.ingest.split import SplitFile

_STARTUP_S = 90


def found(path: Path) -> FoundFile:
    (file,) = scan([path]).files
    return file


def endless(path: Path) -> FoundFile:
    """A file that takes minutes to read, but not at once much memory."""
    path.write_bytes(b"<p>a</p>" * 6_000_000)
    return found(path)


def outcome(result: SplitFile | ReadError) -> str:
    return result.reason if isinstance(result, ReadError) else result.documents[0].document.text


@pytest.fixture
def own_workers() -> Iterator[set[int]]:
    """The worker processes that the test leaves behind."""
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    left: set[int] = set()
    yield left
    left |= {child.pid for child in psutil.Process().children(recursive=True)} - before
    assert not left


@pytest.mark.usefixtures("own_workers")
def test_workers_are_kept_and_ended(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}.md").write_text(f"# {number}")
    files = scan([tmp_path]).files
    before = set(psutil.Process().children())
    with ReaderPool(workers=2, timeout_s=60, memory_mb=1000) as pool:
        list(pool.read_all(files))
        workers = set(psutil.Process().children()) - before
        assert [outcome(result) for _, result in pool.read_all(files[:1])] == ["# 0"]
        assert workers <= set(psutil.Process().children())
    assert 1 <= len(workers) <= 2


def test_no_worker_is_started_without_a_file() -> None:
    before = psutil.Process().children()
    with ReaderPool(workers=2, timeout_s=5, memory_mb=500) as pool:
        assert list(pool.read_all([])) == []
        assert psutil.Process().children() == before


@pytest.mark.usefixtures("own_workers")
def test_a_hanging_file_costs_itself_alone(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("first")
    (tmp_path / "c.md").write_text("third")
    files = [found(tmp_path / "a.md"), endless(tmp_path / "b.html"), found(tmp_path / "c.md")]
    with ReaderPool(workers=1, timeout_s=2, memory_mb=8000) as pool:
        next(pool.read_all(files[:1]))
        start = time.monotonic()
        results = [r for _, r in pool.read_all(files)]
    assert [outcome(r) for r in results] == ["first", "timeout", "third"]
    assert "2 s" in str(results[1])
    assert time.monotonic() - start < 2 + _STARTUP_S


@pytest.mark.usefixtures("own_workers")
def test_a_memory_hog_costs_itself_alone(tmp_path: Path) -> None:
    """A table of many small cells: little on disk, a great deal as objects."""
    (tmp_path / "hog.csv").write_text("\n".join(",".join("1" * 60) for _ in range(100_000)))
    (tmp_path / "small.md").write_text("small")
    files = [found(tmp_path / "small.md"), found(tmp_path / "hog.csv"), found(tmp_path / "small.md")]
    with ReaderPool(workers=1, timeout_s=120, memory_mb=150) as pool:
        results = [r for _, r in pool.read_all(files)]
    assert [outcome(r) for r in results] == ["small", "memory", "small"]
    assert isinstance(results[1], ReadError)
    assert "150 MB" in str(results[1])


@pytest.mark.usefixtures("own_workers")
def test_a_bomb_below_the_declared_limits_meets_the_memory_limit(tmp_path: Path) -> None:
    """A Word file of 60 MB unpacked is within what an archive may declare; the worker's limit is the second wall."""
    body = b"<w:p><w:r><w:t>a</w:t></w:r></w:p>" * 1_700_000
    head = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
    import docx

    plain = tmp_path / "plain.docx"
    docx.Document().save(str(plain))
    bomb = tmp_path / "bomb.docx"
    zipped(bomb, {**unzipped(plain), "word/document.xml": head + body + b"</w:body></w:document>"})
    with ReaderPool(workers=1, timeout_s=120, memory_mb=200) as pool:
        ((_, result),) = pool.read_all([found(bomb)])
    assert outcome(result) == "memory"


@pytest.mark.usefixtures("own_workers")
def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("text")
    file = found(tmp_path / "a.md")
    with ReaderPool(workers=1, timeout_s=30, memory_mb=500) as pool:
        before = set(psutil.Process().children())
        assert outcome(next(pool.read_all([file]))[1]) == "text"
        (worker,) = set(psutil.Process().children()) - before
        worker.kill()
        worker.wait()
        assert outcome(next(pool.read_all([file]))[1]) == "text"


@pytest.mark.usefixtures("own_workers")
def test_leaving_early_ends_a_busy_worker_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("text")
    slow = endless(tmp_path / "b.html")
    with ReaderPool(workers=1, timeout_s=500, memory_mb=8000) as pool:
        assert outcome(next(pool.read_all([found(tmp_path / "a.md"), slow, slow]))[1]) == "text"
        start = time.monotonic()
    assert time.monotonic() - start < 5


_PARENT = """
    import sys
    from pathlib import Path
    from qeu_rag.ingest.pool import ReaderPool
    from qeu_rag.ingest.scan import FoundFile

    def file(path):
        return FoundFile(path=path, root=path.parent, source=path.name, size=1, mtime_ns=0)

    with ReaderPool(workers=1, timeout_s=300, memory_mb=8000) as pool:
        for _, result in pool.read_all([file(Path(p)) for p in sys.argv[1:]]):
            print("read", flush=True)
"""


def parent(tmp_path: Path) -> tuple[subprocess.Popen[str], psutil.Process]:
    """A program, without a main guard, whose worker hangs on its second file; and that worker."""
    script = tmp_path / "parent.py"
    script.write_text(textwrap.dedent(_PARENT))
    (tmp_path / "a.md").write_text("text")
    endless(tmp_path / "b.html")
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "a.md"), str(tmp_path / "b.html")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "read\n"
    (worker,) = psutil.Process(process.pid).children()
    return process, worker


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_outlives_a_killed_or_interrupted_parent(tmp_path: Path, how: signal.Signals) -> None:
    process, worker = parent(tmp_path)
    try:
        time.sleep(1)  # the worker is deep in its second file
        start = time.monotonic()
        process.send_signal(how)
        process.wait(timeout=10)
        worker.wait(timeout=10)
        assert time.monotonic() - start < 10
    finally:
        process.kill()
        if worker.is_running():
            worker.kill()
