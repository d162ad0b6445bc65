"""The bundled reader: whether a window answers a question, from its weights to the search that it looks over."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from qeu_rag.embed.reader.run import FOLDER, PROBE_PAIRS, Reader, open_reader, weights

from qeu_rag import KnowHow
from qeu_rag.embed.encoder.packed import PROBES, RANGES, SUMS, WEIGHTS
from qeu_rag.embed.reader import run
from qeu_rag.errors import ModelError

PASSAGE = (
    "Travel policy\nTaxis\nTaxi fares are paid back after the last train. Receipts must be handed in within two weeks."
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def reader(cache: Path) -> Reader:
    return open_reader(cache)


def test_its_logits_are_those_of_the_network_in_float32(reader: Reader) -> None:
    found = [reader.read(question, [window])[0] for question, window in PROBE_PAIRS]
    assert np.abs(np.array(found) - np.load(FOLDER / PROBES)).max() < 0.35
    assert reader.runtime.startswith("onnxruntime")


def test_a_window_that_answers_is_told_from_one_on_another_subject(reader: Reader) -> None:
    other = "Calibration\nCallipers are calibrated every twelve months against gauge blocks of grade 1."
    for question in ("When do I have to hand in taxi receipts?", "タクシーの領収書はいつまで？"):
        mine, others = reader.read(question, [PASSAGE, other])
        assert mine > others + 0.5, question


def test_a_reading_does_not_depend_on_what_is_read_beside_it(reader: Reader) -> None:
    question, windows = "Who pays for taxis?", [PASSAGE, "日当は3,000円とする。", "x " * 2000, ""]
    assert reader.read(question, windows) == [reader.read(question, [one])[0] for one in windows]
    assert reader.read(question, []) == []


def test_a_question_longer_than_its_room_is_read_as_far_as_it_goes(reader: Reader) -> None:
    long = "taxi " * 3000
    assert np.isfinite(reader.read(long, [PASSAGE])).all()
    assert reader.read(long, [PASSAGE]) == reader.read(long + "more", [PASSAGE])


def test_only_what_training_moved_is_kept_beside_the_encoder() -> None:
    own = {name for name in run.unpack(FOLDER) if name.startswith("encoder.layer.")}
    assert {int(name.split(".")[2]) for name in own} == set(range(6, 12))
    assert "whether.weight" in weights()
    assert (FOLDER / WEIGHTS).stat().st_size < 12_000_000


def test_altered_or_missing_files_are_an_error_that_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "reader"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setattr(run, "FOLDER", folder)
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[-3] ^= 1
    (folder / WEIGHTS).write_bytes(content)
    with pytest.raises(ModelError) as altered:
        open_reader(tmp_path / "a")
    assert str(folder / WEIGHTS) in str(altered.value)
    (folder / SUMS).unlink()
    with pytest.raises(ModelError):
        open_reader(tmp_path / "b")


def test_a_machine_whose_bytes_give_other_logits_gets_float32(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.numpy import load_file, save_file

    folder = tmp_path / "reader"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    save_file({name: limits / 40 for name, limits in load_file(folder / RANGES).items()}, folder / RANGES)
    sums = json.loads((folder / SUMS).read_text(encoding="utf-8"))
    sums[RANGES] = hashlib.sha256((folder / RANGES).read_bytes()).hexdigest()
    (folder / SUMS).write_text(json.dumps(sums), encoding="utf-8")
    monkeypatch.setattr(run, "FOLDER", folder)
    found = open_reader(tmp_path / "cache")
    assert found.runtime == "onnxruntime"
    assert found.read(*_pair(0)) == pytest.approx([float(np.load(FOLDER / PROBES)[0])], abs=0.01)


def _pair(number: int) -> tuple[str, list[str]]:
    question, window = PROBE_PAIRS[number]
    return question, [window]


def test_the_best_windows_of_a_search_are_read(know_how: KnowHow, docs: Path) -> None:
    know_how.ingest(docs)
    found = know_how.evidence("国内出張の日当はいくらですか", k=8).windows
    assert all(0 < one.parts["reads"] < 1 for one in found[:3])
    assert "reads" not in found[3].parts
