"""``qeu-rag doctor`` from outside, in processes of its own."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from conftest import Run

sys.path.insert(0, str(Path(__file__).parent.parent / "models"))

from gguf_files import write_gguf
from test_ggml_file import write as write_gptj

NATIVE = {
    "gpt4all",
    "ctranslate2",
    "ctransformers",
    "torch",
    "chromadb",
    "tantivy",
    "sudachipy",
    "onnxruntime",
    "openai",
}


def test_one_page_for_a_newcomer(qeu_rag: Run, noted: Path) -> None:
    done = qeu_rag("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert "[warning] documents: There is no collection here yet" in done.stdout
    assert "    Next: Read your documents in first with: qeu-rag ingest PATHS" in done.stdout
    assert "requirements.lock" in done.stdout
    before = os.times()
    done = qeu_rag("doctor", "--home", str(noted))
    after = os.times()
    # Processor time, as tests run on busy machines: 1 s on a quiet one.
    assert after.children_user + after.children_system - before.children_user - before.children_system < 3
    assert (done.returncode, done.stderr) == (0, "")
    assert "[problem]" not in done.stdout
    assert "[ok] documents: 4 (chunks: " in done.stdout
    assert len(done.stdout.splitlines()) < 30


def test_japanese(here: Run, tmp_path: Path) -> None:
    done = here("doctor", "--lang", "ja", "--model", str(tmp_path / "none.gguf"))
    assert done.returncode == 3
    lines = done.stdout.splitlines()
    for line in lines[:-1]:
        assert re.match(r"\[(正常|注意|問題)\] |    次の手順: ", line), line
    assert sum(line.startswith("[問題]") for line in lines) == 1
    assert "問題が 1 件" in lines[-1]


def test_json_and_the_exit_code(here: Run, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(write_gguf(tmp_path / "m.gguf").read_bytes()[:-1000])
    done = here("doctor", "--json", "--model", str(cut))
    assert done.returncode == 3
    shown = json.loads(done.stdout)
    assert shown["schema_version"] == 1
    for check in shown["checks"]:
        assert check.keys() == {"name", "state", "message", "next"}
        assert check["state"] in ("ok", "warning", "problem")
        assert check["message"]
    by_name = {check["name"]: check for check in shown["checks"]}
    assert by_name["model"]["state"] == "problem"
    assert "not within the file bounds" in by_name["model"]["message"]


def test_nothing_that_could_crash_or_take_long_is_loaded(qeu_rag: Run, noted: Path, tmp_path: Path) -> None:
    for model in (write_gguf(tmp_path / "m.gguf"), write_gptj(tmp_path / "j.bin")):
        done = qeu_rag("doctor", "--home", str(noted), "--model", str(model), env={"PYTHONPROFILEIMPORTTIME": "1"})
        loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
        assert "click" in loaded
        assert not loaded & NATIVE


@pytest.mark.parametrize(
    ("args", "env"),
    [
        (("--profile", "multilingal"), {}),
        ((), {"QEU_RAG_RETREIVE__K": "3"}),
        (("--collection", "a/b"), {}),
        (("--profile", "gpt4all"), {}),
    ],
)
def test_wrong_settings_are_findings_too(args: tuple[str, ...], env: dict[str, str], here: Run) -> None:
    done = here("doctor", *args, env=env)
    assert (done.returncode, done.stderr) == (3, "")
    assert "[problem]" in done.stdout
    assert "[ok] Python" in done.stdout
