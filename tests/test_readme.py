"""Every command of the README and of the pages in docs/ is run as it stands there, and every link leads somewhere."""

from __future__ import annotations

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Run

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
README = PAGES[0].read_text(encoding="utf-8")
BLOCKS = [
    block for page in PAGES for block in re.findall(r"```(\w+)\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
]
COMMANDS = [
    line.split("  #")[0].strip()
    for kind, block in BLOCKS
    if kind == "sh"
    for line in block.splitlines()
    if line.startswith(("qeu-rag", "echo"))
]
CARRIED = [line for line in COMMANDS if line.startswith(("qeu-rag export", "qeu-rag import"))]
"""These follow one another and write beside themselves."""
DAILY = [line for line in COMMANDS if line not in CARRIED]


def ran(command: str, home: Path, here: Run, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """What the line does: in this process, but where it is a pipe, which a shell runs with the installed command."""
    if "|" not in command:
        return here(*shlex.split(command)[1:], env={"QEU_RAG_HOME": str(home)}, cwd=cwd)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "QEU_RAG_HOME": str(home), "PATH": path}
    return subprocess.run(
        command, shell=True, capture_output=True, text=True, encoding="utf-8", env=environment, cwd=ROOT, timeout=240
    )


def test_there_are_daily_commands() -> None:
    assert len(DAILY) >= 12
    assert sum("|" in command for command in DAILY) >= 2  # lines that run the installed command


@pytest.fixture(scope="module")
def part_of_faq(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every second question of the list: the whole one is asked in test_corpus.py."""
    path = tmp_path_factory.mktemp("faq") / "faq.csv"
    with (
        (ROOT / "corpus" / "faq.csv").open(encoding="utf-8", newline="") as whole,
        path.open("w", encoding="utf-8") as part,
    ):
        head, *questions = csv.reader(whole)
        csv.writer(part).writerows([head, *questions[::2]])
    return path


@pytest.mark.parametrize("command", DAILY)
def test_daily_command(command: str, corpus_home: Path, part_of_faq: Path, tmp_path: Path, here: Run) -> None:
    # What a command writes goes elsewhere than into the checkout.
    own = command.replace("-o answers", f"-o {tmp_path}/answers").replace("/srv/qeu-rag", str(tmp_path / "home"))
    own = own.replace("corpus/faq.csv", str(part_of_faq))
    told = ran(own, corpus_home, here)
    assert told.returncode == 0, told.stderr
    assert told.stdout.strip()
    assert "Traceback" not in told.stderr


def test_a_home_is_carried_as_the_page_says(corpus_home: Path, tmp_path: Path, here: Run) -> None:
    assert [line.split()[1] for line in CARRIED] == ["export", "import"]
    for command in CARRIED:
        told = ran(command, corpus_home, here, tmp_path)
        assert told.returncode == 0, told.stderr
        assert told.stdout.strip()


TRANSCRIPT = re.findall(
    r'^\$ (qeu-rag ask ".*?")\n(.*?)(?=^\$ |\Z)', next(b for k, b in BLOCKS if k == "console"), re.S | re.M
)


@pytest.mark.parametrize(("command", "shown"), TRANSCRIPT)
def test_transcript(command: str, shown: str, corpus_home: Path, here: Run) -> None:
    assert ran(command, corpus_home, here).stdout.strip() == shown.strip()


def test_program_example(corpus_home: Path) -> None:
    (program,) = [block for kind, block in BLOCKS if kind == "python"]
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "QEU_RAG_HOME": str(corpus_home)},
        cwd=ROOT,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert "60日" in done.stdout
    assert "ja/proposal-writing.docx" in done.stdout


def test_install_lines_name_real_files() -> None:
    for kind, block in BLOCKS:
        if kind in ("sh", "powershell"):
            for name in re.findall(r"-r (\S+)", block):
                assert (ROOT / name).exists()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)|`make (\w+)`", README, re.M):
        assert re.search(rf"^{''.join(target)}:", makefile, re.M)


def test_the_front_page_is_short() -> None:
    assert len(README.splitlines()) <= 200
    assert len((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").splitlines()) <= 250


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        assert "://" in target or (page.parent / target).exists(), target


def test_modules_that_the_plan_names_are_there() -> None:
    plan = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    known = {path.name for path in (ROOT / "qeu_rag").rglob("*.py")} | {
        path.name for path in ROOT.glob("benchmarks/**/*.py")
    }
    known |= {path.name for path in (ROOT / "tests").rglob("*.py")}
    assert set(re.findall(r"\b([a-z][a-z0-9_]*\.py)\b", plan)) <= known


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(sys.platform == "win32", reason="the lines for macOS and Linux")
def test_plain_pip_lines(tmp_path: Path) -> None:
    """The install lines in a copy of the repository, with this Python; needs the package index."""
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".venv", ".git", ".*_cache", ".hypothesis"))
    block = next(block for kind, block in BLOCKS if kind == "sh" and "-m venv" in block)
    lines = block.replace("python3.12", sys.executable)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"QEU_RAG_HOME": str(tmp_path / "home")}
    done = subprocess.run(["sh", "-e", "-c", lines], cwd=copy, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "+55" in done.stdout
