"""The command line from outside, in processes of its own: what it loads, says and returns before any index is there."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import qeu_rag
from qeu_rag.cli.main import run
from qeu_rag.config.settings import setting_keys

ROOT = Path(qeu_rag.__file__).parent.parent
HEAVY = {
    "chromadb", "langchain_core", "llama_index", "numpy", "onnxruntime", "pydantic", "sentence_transformers",
    "sqlite3", "sudachipy", "tantivy", "tokenizers", "torch", "tqdm", "transformers", "watchfiles", "yaml",
}  # fmt: skip
COMMANDS = ("ingest", "ask", "search", "status", "documents", "doctor", "eval")

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Runs the real command with a new home, outside the repository; ``env`` adds to the environment."""

    def call(*args: str, env: dict[str, str] | None = None, stdin: bytes | None = None, flags: tuple[str, ...] = ()):
        python_path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        plain = {name: value for name, value in os.environ.items() if not name.startswith("QEU_RAG_")}
        done = subprocess.run(
            [sys.executable, *flags, "-m", "qeu_rag", *args],
            cwd=tmp_path,
            env={
                **plain,
                "PYTHONPATH": python_path,
                "QEU_RAG_HOME": str(tmp_path / "home"),
                "LC_ALL": "C",
                **(env or {}),
            },
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=60,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
        )

    return call


@pytest.fixture
def inside(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """As ``cli``, in this process, where a process of its own is not the point."""

    def call(*args: str, env: dict[str, str] | None = None, stdin: bytes | None = None):
        with monkeypatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("QEU_RAG_")]:
                patch.delenv(name)
            for name, value in {"QEU_RAG_HOME": str(tmp_path / "home"), "LC_ALL": "C", **(env or {})}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin or b""), encoding="utf-8"))
            patch.chdir(tmp_path)
            capsys.readouterr()
            code = run(args)
            out, err = capsys.readouterr()
        return subprocess.CompletedProcess(args, code, out, err)

    return call


def loaded(importtime: str) -> set[str]:
    """The top-level packages in what ``-X importtime`` wrote."""
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in importtime.splitlines() if "|" in line}


@pytest.mark.parametrize("args", [(), *((name,) for name in COMMANDS), ("config", "show"), ("completion",)])
def test_help_is_there_and_loads_nothing_heavy(args: tuple[str, ...], cli: Cli) -> None:
    done = cli(*args, "--help", flags=("-X", "importtime"))
    assert done.returncode == 0
    assert "Usage: qeu-rag" in done.stdout
    assert "click" in loaded(done.stderr)
    assert not loaded(done.stderr) & HEAVY


def test_help_documents_every_exit_code(cli: Cli) -> None:
    text = cli("--help").stdout
    assert re.findall(r"^  +(\d)  ", text, re.MULTILINE) == list("01234567")
    for name in (*COMMANDS, "config", "completion"):
        assert re.search(rf"^  {name} ", text, re.MULTILINE)


@pytest.mark.parametrize("name", [*COMMANDS, "config show"])
def test_every_command_takes_the_common_options(name: str, inside: Cli) -> None:
    text = inside(*name.split(), "--help").stdout
    for option in ("--home", "--profile", "--collection", "--lang", "--json"):
        assert option in text


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("nonsense",), "nonsense"),
        (("ask", "--nonsense", "x"), "--nonsense"),
        (("ask", "-k", "0", "x"), "-k"),
        (("ask", "-k", "many", "x"), "-k"),
        (("ask", "--lang", "fr", "x"), "--lang"),
        (("ask",), "no words"),
        (("ask", ""), "no words"),
        (("ask", "-"), "no words"),
        (("search", "???"), "no words"),
        (("ask", "あ" * 20_000), "20000"),
        (("ingest", "--watch", "--dry-run"), "--dry-run"),
        (("ingest", "--watch", "--rebuild"), "--rebuild"),
        (("ingest", "nowhere"), "nowhere"),
    ],
)
def test_usage_errors(args: tuple[str, ...], said: str, inside: Cli) -> None:
    done = inside(*args)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("args", "env", "said"),
    [
        (("--profile", "gpt4al"), {}, "Did you mean gpt4all?"),
        (("--collection", "a/b"), {}, "'a/b'"),
        ((), {"QEU_RAG_RETREIVE__K": "3"}, "QEU_RAG_RETRIEVE__K"),
        ((), {"QEU_RAG_RETRIEVE__K": "x"}, "retrieve.k"),
        ((), {"QEU_RAG_LANG": "fr"}, "auto, en, ja"),
        ((), {"QEU_RAG_PROFILE": "nothing"}, "nothing"),
    ],
)
def test_configuration_errors(args: tuple[str, ...], env: dict[str, str], said: str, inside: Cli) -> None:
    done = inside("ask", "x", *args, env=env)
    assert done.returncode == 3
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["ask x", "search x", "status", "documents"])
def test_no_index_yet(command: str, inside: Cli, tmp_path: Path) -> None:
    done = inside(*command.split())
    assert done.returncode == 4
    assert "qeu-rag ingest" in done.stderr
    assert done.stdout == ""


def test_errors_speak_the_users_language(inside: Cli) -> None:
    japanese = "質問に言葉がありません"
    assert japanese in inside("ask", "", "--lang", "ja").stderr
    assert japanese in inside("ask", "", env={"QEU_RAG_LANG": "ja"}).stderr
    assert japanese in inside("ask", "", env={"LC_ALL": "", "LANG": "ja_JP.UTF-8"}).stderr
    assert japanese in inside("ask", "", env={"QEU_RAG_LANG": "auto", "LC_ALL": "", "LANG": "ja_JP.UTF-8"}).stderr
    assert japanese not in inside("ask", "", "--lang", "en", env={"QEU_RAG_LANG": "ja"}).stderr


def test_config_show(inside: Cli, tmp_path: Path) -> None:
    done = inside("config", "show", "--collection", "営業", "--origin", env={"QEU_RAG_RETRIEVE__K": "3"})
    assert done.returncode == 0
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert lines.keys() == setting_keys().keys()
    assert lines["collection"] == "営業  # flag"
    assert lines["retrieve.k"] == "3  # QEU_RAG_RETRIEVE__K"
    assert lines["answer.max_chars"] == "1400  # default"
    assert lines["embedder.model"] == f"bundled  # {ROOT / 'configs' / 'default.yaml'}"
    assert not (tmp_path / "home").exists()


def test_what_config_show_prints_is_a_profile(inside: Cli, tmp_path: Path) -> None:
    args = ("config", "show", "--profile")
    shown = inside(*args, "server", "--origin").stdout
    (tmp_path / "copy.yaml").write_text(shown, encoding="utf-8")
    assert inside(*args, "copy.yaml").stdout == inside(*args, "server").stdout != ""


def test_config_show_json(inside: Cli) -> None:
    done = inside("config", "show", "--json", "--origin", "--collection", "営業")
    assert "営業" in done.stdout
    shown = json.loads(done.stdout)
    assert shown["schema_version"] == 1
    assert shown["origins"]["collection"] == "flag"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_and_how_to_install_it(shell: str, cli: Cli, tmp_path: Path) -> None:
    done = cli("completion", shell)
    assert done.returncode == 0
    assert done.stdout.startswith("# To install it")
    assert f"qeu-rag completion {shell}" in done.stdout.splitlines()[1]
    assert f"_QEU_RAG_COMPLETE={shell}_complete" in done.stdout
    assert cli("completion", env={"SHELL": f"/bin/{shell}"}).stdout == done.stdout
    if shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(done.stdout, encoding="utf-8")
        assert subprocess.run([shell, "-n", str(script)], capture_output=True).returncode == 0


def test_the_tab_key(cli: Cli) -> None:
    env = {"_QEU_RAG_COMPLETE": "bash_complete", "COMP_WORDS": "qeu-rag ask --fail", "COMP_CWORD": "2"}
    assert cli(env=env).stdout.strip() == "plain,--fail-on-abstain"


@pytest.mark.parametrize(
    ("args", "stdin"),
    [
        (("ask",), "日当はいくら".encode()),
        (("ask", "-"), "\ufeff日当はいくら\r\n".encode()),
        (("ask",), "日当はいくら".encode("cp932")),
        (("search",), b"What is x"),
        (("search", "-"), b"What is x"),
    ],
)
def test_a_piped_question_is_read(args: tuple[str, ...], stdin: bytes, inside: Cli) -> None:
    # Past the question, the missing collection is what is wrong.
    assert inside(*args, stdin=stdin).returncode == 4


def test_a_piped_question_that_is_too_long_or_empty(inside: Cli) -> None:
    assert "4000" in inside("ask", stdin=b"x" * 20_000).stderr
    assert inside("ask", stdin=b"").returncode == 2


def test_undecodable_arguments_do_not_crash(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("arguments are UTF-16 there")
    command = [
        os.fsencode(sys.executable),
        b"-m",
        b"qeu_rag",
        b"ask",
        b"\xff\xfe",
        b"x",
        b"--home",
        b"\xff" + os.urandom(0),
    ]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, timeout=60)
    assert done.returncode == 4
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps folders that are in use")
def test_what_nobody_expected_is_one_line_unless_debugging(tmp_path: Path) -> None:
    # A working folder that is gone makes a relative home an error that no part of ours foresees.
    gone = tmp_path / "gone"
    script = f'mkdir "{gone}" && cd "{gone}" && rmdir "{gone}" && exec "$0" -m qeu_rag config show --home here'
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for debug in ("", "0", "1"):
        done = subprocess.run(
            ["sh", "-c", script, sys.executable], env={**env, "QEU_RAG_DEBUG": debug}, capture_output=True, text=True
        )
        assert done.returncode == 1
        assert done.stdout == ""
        *trace, message = done.stderr.splitlines()
        assert "FileNotFoundError" in message
        assert "QEU_RAG_DEBUG=1" in message
        assert ("Traceback (most recent call last):" in trace) == (debug == "1")
        assert bool(trace) == (debug == "1")


def test_a_reader_that_leaves_early_is_no_drama(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    read, write = os.pipe()
    os.close(read)
    try:
        command = [sys.executable, "-m", "qeu_rag", "config", "show"]
        done = subprocess.run(command, env=env, stdout=write, stderr=subprocess.PIPE, timeout=60)
    finally:
        os.close(write)
    assert done.stderr == b""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_ends_with_130_and_one_word(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "QEU_RAG_HOME": str(tmp_path)}
    command = [sys.executable, "-u", "-X", "importtime", "-m", "qeu_rag", "ask", "-", "--lang", "en"]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "qeu_rag.answer.question" in line:  # the last import before it waits for the question
                break
        for _ in range(10):  # a signal that falls into an import's own bookkeeping is lost by Python
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=3)
                break
        else:
            process.kill()
        rest = process.stderr.read()
        assert process.returncode == 130
    assert "Stopped." in rest
    assert "Traceback" not in rest


def test_run_gives_its_code_to_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema_version"] == 1
    assert run(["ask", ""]) == 2
    assert capsys.readouterr().out == ""
