"""Which files a scan finds, and what it says of the others."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qeu_rag.errors import UsageError
from qeu_rag.ingest.scan import scan


def put(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def sources(root: Path, **options: int) -> list[str]:
    return [file.source for file in scan([root], **options).files]


def reasons(root: Path, **options: int) -> dict[str, str]:
    return {source: error.reason for source, error in scan([root], **options).skipped}


def test_finds_files_below_in_stable_order_with_their_facts(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.TXT", "a/b/c.csv", "c.pdf"):
        put(tmp_path / name, "12345")
    found = scan([tmp_path])
    assert [f.source for f in found.files] == ["a/b/c.csv", "a/z.TXT", "b.md", "c.pdf"]
    file = found.files[0]
    assert file.path == tmp_path / "a/b/c.csv"
    assert file.path.is_absolute()
    assert (file.root, file.size, file.mtime_ns) == (tmp_path, 5, file.path.stat().st_mtime_ns)
    assert found == scan([tmp_path]) or [f.source for f in scan([tmp_path]).files] == [f.source for f in found.files]


def test_odd_names_become_sources_that_can_be_shown(tmp_path: Path) -> None:
    put(tmp_path / "two words.md")
    put(tmp_path / "😀 絵文字.md")
    put(tmp_path / "就業規則（第１版）.md")
    put(tmp_path / "か\u3099っこ.md")  # decomposed, as macOS writes it
    put(tmp_path / "line\nbreak.md")
    put(tmp_path / "esc\x1b[31m.md")
    found = {f.source: f.path.name for f in scan([tmp_path]).files}
    assert set(found) == {
        "two words.md", "😀 絵文字.md", "就業規則（第１版）.md", "がっこ.md", r"line\nbreak.md", r"esc\x1b[31m.md",
    }  # fmt: skip
    assert found["がっこ.md"] == "か\u3099っこ.md"


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="file names are Unicode here")
def test_a_name_that_is_no_utf8_is_found_and_can_be_encoded(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/" + "見積.txt".encode("cp932")
    with open(path, "w") as file:
        file.write("x")
    (found,) = scan([tmp_path]).files
    found.source.encode("utf-8")
    assert found.path.read_text() == "x"


def test_hidden_and_lock_files_are_passed_over_silently(tmp_path: Path) -> None:
    for name in (".hidden.md", ".git/config.txt", "~$book.xlsx", "Thumbs.db", "desktop.ini", "a.md"):
        put(tmp_path / name)
    found = scan([tmp_path])
    assert [f.source for f in found.files] == ["a.md"]
    assert found.skipped == ()


def test_ignore_files_hold_for_their_folder_and_inner_ones_win(tmp_path: Path) -> None:
    put(tmp_path / ".qeuignore", "# drafts\n*.log\n/old/\n下書き*\n!keep.log\n")
    put(tmp_path / "in/.qeuignore", "!*.log\nsecret.md\n")
    for name in ("a.log", "keep.log", "old/a.md", "in/old/a.md", "下書き1.md", "in/b.log", "in/secret.md", "secret.md"):
        put(tmp_path / name)
    assert sources(tmp_path) == ["in/b.log", "in/old/a.md", "keep.log", "secret.md"]
    assert scan([tmp_path]).skipped == ()


def test_an_ignore_file_that_cannot_be_read_stops_everything(tmp_path: Path) -> None:
    (tmp_path / ".qeuignore").write_bytes("秘密.md\n".encode("cp932"))
    put(tmp_path / "秘密.md")
    with pytest.raises(UsageError, match="qeuignore"):
        scan([tmp_path])


def test_the_reasons_for_what_is_left_out(tmp_path: Path) -> None:
    put(tmp_path / "empty.md", "")
    put(tmp_path / "movie.mp4")
    put(tmp_path / "noend")
    put(tmp_path / "big.txt", "x" * 1_000_001)
    put(tmp_path / "fits.txt", "x" * 1_000_000)
    assert reasons(tmp_path, max_file_mb=1) == {
        "empty.md": "empty",
        "movie.mp4": "unknown_type",
        "noend": "unknown_type",
        "big.txt": "too_large",
    }
    assert sources(tmp_path, max_file_mb=1) == ["fits.txt"]


def test_a_missing_path_is_an_error_and_a_file_is_its_own_root(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.md"):
        scan([tmp_path / "nowhere.md"])
    put(tmp_path / ".qeuignore", "*.md")
    given = put(tmp_path / "named.md")
    (file,) = scan([given]).files
    assert (file.source, file.root) == ("named.md", tmp_path)


def test_a_file_under_two_paths_is_found_once(tmp_path: Path) -> None:
    put(tmp_path / "a/b.md")
    found = scan([tmp_path, tmp_path / "a", tmp_path / "a/b.md"])
    assert [f.source for f in found.files] == ["a/b.md"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no fifos here")
def test_a_fifo_is_reported_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert reasons(tmp_path) == {"pipe.txt": "unknown_type"}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_are_followed_inside_the_root_only_and_loops_end(tmp_path: Path) -> None:
    root = tmp_path / "root"
    put(root / "a/real.md")
    put(tmp_path / "outside.md")
    put(tmp_path / "far/x.md")
    (root / "inside.md").symlink_to(root / "a/real.md")
    (root / "leak.md").symlink_to(tmp_path / "outside.md")
    (root / "broken.md").symlink_to(root / "gone.md")
    (root / "self.md").symlink_to(root / "self.md")
    (root / "a/loop").symlink_to(root)
    (root / "away").symlink_to(tmp_path / "far")
    assert sources(root) == ["a/real.md", "inside.md"]
    assert reasons(root) == dict.fromkeys(("away", "broken.md", "leak.md", "self.md"), "unreadable")


@pytest.mark.skipif(sys.platform == "win32", reason="no POSIX permissions there")
def test_what_may_not_be_read_is_reported(tmp_path: Path) -> None:
    put(tmp_path / "closed/a.md")
    put(tmp_path / "shut.md")
    put(tmp_path / "open.md")
    (tmp_path / "closed").chmod(0)
    (tmp_path / "shut.md").chmod(0)
    code = (
        "import sys, pathlib; from qeu_rag.ingest.scan import scan; s = scan([pathlib.Path(sys.argv[1])]);"
        "print([f.source for f in s.files], sorted((n, e.reason) for n, e in s.skipped))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    if os.geteuid() == 0:
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    try:
        out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]).stdout
    except (FileNotFoundError, subprocess.CalledProcessError) as e:
        pytest.skip(f"cannot drop the right to read everything: {e}")
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert out.strip() == "['open.md'] [('closed', 'unreadable'), ('shut.md', 'unreadable')]"
