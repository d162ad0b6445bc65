"""The models commands from outside, in processes of their own."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import pytest
from conftest import Run

sys.path.insert(0, str(Path(__file__).parent.parent / "models"))

from gguf_files import write_gguf
from test_ggml_file import write as write_gptj

from qeu_rag.models.catalog import read_catalog

COMMANDS = ("inspect", "list", "pull", "verify", "remove", "path")


def test_help_loads_nothing_heavy(qeu_rag: Run) -> None:
    text = qeu_rag("models", "--help").stdout
    for name in COMMANDS:
        assert f"\n  {name} " in text
        shown = qeu_rag("models", name, "--help", env={"PYTHONPROFILEIMPORTTIME": "1"})
        assert shown.returncode == 0
        loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in shown.stderr.splitlines()}
        assert not loaded & {"numpy", "yaml", "pydantic", "gpt4all", "langchain_core", "psutil", "urllib3", "tqdm"}
        for option in ("--home", "--profile", "--lang"):
            assert option in shown.stdout


def test_inspect_prints_the_facts_and_what_runs_it(here: Run, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", type="q4_k", more={"general.file_type": 15})
    done = here("models", "inspect", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    facts = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert facts["kind"] == "GGUF model"
    assert facts["state"] == "whole"
    assert (facts["architecture"], facts["quantisation"], facts["context (tokens)"]) == ("llama", "Q4_K_M", "512")
    assert facts["tokenizer"] == "gpt2 qwen2"
    assert f"--model {path}" in done.stdout.splitlines()[-1]
    japanese = here("models", "inspect", str(write_gptj(tmp_path / "j.bin")), "--lang", "ja")
    assert japanese.returncode == 0
    assert "状態: 完全" in japanese.stdout
    assert "GPT4All-J として" in japanese.stdout.splitlines()[-1]


def test_inspect_of_what_cannot_run_says_what_to_do_and_exits_with_3(here: Run, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(write_gguf(tmp_path / "m.gguf").read_bytes()[:-1000])
    page = tmp_path / "page.bin"
    page.write_text("<!DOCTYPE html><html>404</html>")
    for path, said in (
        (cut, "data is not within the file bounds"),
        (page, "web page"),
        (write_gguf(tmp_path / "j.gguf", "gptj"), "unsupported model architecture: 'gptj'"),
        (write_gguf(tmp_path / "b.gguf", more={"llama.pooling_type": 1}), "embedding model"),
    ):
        done = here("models", "inspect", str(path))
        assert (done.returncode, done.stderr) == (3, "")
        assert said in done.stdout
    gone = here("models", "inspect", str(tmp_path / "gone.gguf"))
    assert (gone.returncode, gone.stdout) == (3, "")
    assert "There is no model file" in gone.stderr


def test_inspect_says_of_a_base_model_that_it_is_none_that_answers(here: Run, tmp_path: Path) -> None:
    done = here("models", "inspect", str(write_gguf(tmp_path / "m.gguf", template="")))
    assert done.returncode == 0
    assert "chat template: none: this is not an instruct model" in done.stdout


def test_inspect_as_json(here: Run, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf")
    shown = json.loads(here("models", "inspect", "--json", str(path)).stdout)
    assert (shown["schema_version"], shown["kind"], shown["engine"], shown["runs"]) == (1, "gguf", "llama.cpp", True)
    assert (shown["path"], shown["size_bytes"]) == (str(path), path.stat().st_size)
    assert bytes.fromhex(shown["first_bytes"]) == path.read_bytes()[:16]
    empty = tmp_path / "empty.bin"
    empty.touch()
    done = here("models", "inspect", "--json", str(empty))
    assert done.returncode == 3
    assert json.loads(done.stdout)["runs"] is False


@pytest.mark.skipif(sys.platform == "win32", reason="names are text there")
def test_names_that_steer_a_terminal_do_not(here: Run, tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31mb.gguf"
    path.write_bytes(b"\x1b[2J\x1b[31m" * 10)
    done = here("models", "inspect", str(path))
    assert done.returncode == 3
    assert "\x1b" not in done.stdout + done.stderr


def test_a_model_is_copied_listed_verified_and_removed(here: Run, home: Path, tmp_path: Path) -> None:
    name = "multilingual-e5-small"
    entry = read_catalog()[name]
    # The real catalogue: of its files only the wrong ones can be made here, and they must be refused.
    usb = tmp_path / "usb"
    for file in entry.files:
        (usb / file.path).parent.mkdir(parents=True, exist_ok=True)
        (usb / file.path).touch()
        os.truncate(usb / file.path, file.size)
    refused = here("models", "pull", name, "--from", str(usb))
    assert refused.returncode == 3
    assert "checksum" in refused.stderr
    assert not (home / "models" / name).exists()

    (home / "models").mkdir(exist_ok=True)
    path = write_gguf(home / "models" / "mine.gguf")
    listed = here("models", "list").stdout
    assert "mine.gguf" in listed
    assert "gpt4all-j" in listed
    models = {model["name"]: model for model in json.loads(here("models", "list", "--json").stdout)["models"]}
    assert (models["mine.gguf"]["state"], models["mine.gguf"]["engine"]) == ("whole", "llama.cpp")
    assert models["gpt4all-j"]["confirmed"] is False
    assert here("models", "path").stdout.strip() == str(home / "models")
    assert here("models", "path", "mine").stdout.strip() == str(path)

    assert here("models", "verify").stdout.startswith("mine.gguf: whole")
    os.truncate(path, path.stat().st_size - 1000)
    wrong = here("models", "verify", "--json")
    assert wrong.returncode == 3
    assert json.loads(wrong.stdout)["models"][0]["result"] == "wrong"

    unasked = here("models", "remove", "mine")
    assert unasked.returncode == 2
    assert path.exists()
    assert here("models", "remove", "mine", "--yes").returncode == 0
    assert not path.exists()


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("pull", "gpt4all-j"), 3, "--sha256"),
        (("pull", "gpt4all"), 3, "Did you mean gpt4all-j?"),
        (("pull", "gpt4all-j", "--sha256", "12"), 2, "not a SHA-256"),
        (("pull", "qwen2.5-0.5b", "--from", "/no/such/place"), 3, "no model file /no/such/place"),
        (("path", "qwen2.5-0.5b"), 3, "models pull qwen2.5-0.5b"),
        (("verify", "nothing.gguf"), 3, "no model called nothing.gguf"),
        (("inspect", ""), 2, "No model is named"),
        (("path", ""), 2, "No model is named"),
        (("remove", "nothing.gguf", "--yes"), 3, "nothing.gguf"),
        (("inspect",), 2, "FILE"),
    ],
)
def test_what_goes_wrong_is_one_message(args: tuple[str, ...], code: int, said: str, here: Run) -> None:
    done = here("models", *args)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_pull_reaches_for_the_network_only_when_asked(qeu_rag: Run, here: Run, home: Path) -> None:
    # The guard of the tests refuses every address outside: the message is the one for a machine without a network.
    for args in (("list",), ("verify",), ("path",)):
        assert here("models", *args).returncode == 0
    assert not (home / "models").exists()
    digest = hashlib.sha256(b"").hexdigest()
    done = qeu_rag("models", "pull", "gpt4all-j", "--sha256", digest, env={"http_proxy": "", "https_proxy": ""})
    assert done.returncode == 5
    assert "--from FILE" in done.stderr
