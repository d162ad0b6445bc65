"""The bundled cross-encoders, from their weights to the search that the reader looks over."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qeu_rag import KnowHow
from qeu_rag.embed.cross_encoder import (
    JUDGE,
    PROBE_PAIRS,
    READER,
    Bundled,
    CrossEncoder,
    open_cross_encoder,
    weights,
)
from qeu_rag.embed.encoder.packed import PROBES, RANGES, SUMS, WEIGHTS, unpack
from qeu_rag.errors import ModelError

PASSAGE = (
    "Travel policy\nTaxis\nTaxi fares are paid back after the last train. Receipts must be handed in within two weeks."
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def reader(cache: Path) -> CrossEncoder:
    return open_cross_encoder(READER, cache)


@pytest.fixture(scope="module")
def judge(cache: Path) -> CrossEncoder:
    return open_cross_encoder(JUDGE, cache)


@pytest.mark.parametrize("bundled", [READER, JUDGE], ids=lambda bundled: bundled.folder.name)
def test_its_logits_are_those_of_the_network_in_float32(bundled: Bundled, cache: Path) -> None:
    network = open_cross_encoder(bundled, cache)
    found = [network.read(asked, [text])[0] for asked, text in PROBE_PAIRS]
    assert np.abs(np.array(found) - np.load(bundled.folder / PROBES)).max() < 0.35
    assert network.runtime.startswith("onnxruntime")


def test_a_window_that_answers_is_told_from_one_on_another_subject(reader: CrossEncoder) -> None:
    other = "Calibration\nCallipers are calibrated every twelve months against gauge blocks of grade 1."
    for question in ("When do I have to hand in taxi receipts?", "タクシーの領収書はいつまで？"):
        mine, others = reader.read(question, [PASSAGE, other])
        assert mine > others + 0.5, question


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("When do I have to hand in taxi receipts?", "You have two weeks for that.", "You can keep them."),
        ("Do they pay for a cab?", "Yes, once no train runs any more.", "Yes, at any time of the day."),
        ("タクシー代は出ますか", "はい、終電の後なら出ます。", "はい、いつでも出ます。"),
    ],
)
def test_a_claim_that_a_passage_supports_is_told_from_one_that_says_more(
    question: str, right: str, wrong: str, judge: CrossEncoder
) -> None:
    (supported,) = judge.read(f"{question} {right}", [PASSAGE])
    (unsupported,) = judge.read(f"{question} {wrong}", [PASSAGE])
    assert supported > unsupported


def test_what_is_longer_than_its_room_is_read_as_far_as_it_goes(reader: CrossEncoder) -> None:
    long = "taxi " * 3000
    assert reader.read(long, [PASSAGE]) == reader.read(long + "more", [PASSAGE])


@pytest.mark.parametrize("bundled", [READER, JUDGE], ids=lambda bundled: bundled.folder.name)
def test_only_what_training_moved_is_kept_beside_the_encoder(bundled: Bundled) -> None:
    own = {name for name in unpack(bundled.folder) if name.startswith("encoder.layer.")}
    assert {int(name.split(".")[2]) for name in own} == set(range(6, 12))
    assert "whether.weight" in weights(bundled)
    assert (bundled.folder / WEIGHTS).stat().st_size < 12_000_000


def copied(folder: Path) -> Bundled:
    shutil.copytree(READER.folder, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return replace(READER, folder=folder)


def test_altered_or_missing_files_are_an_error_that_names_them(tmp_path: Path) -> None:
    own = copied(tmp_path / "reader")
    content = bytearray((own.folder / WEIGHTS).read_bytes())
    content[-3] ^= 1
    (own.folder / WEIGHTS).write_bytes(content)
    with pytest.raises(ModelError) as altered:
        open_cross_encoder(own, tmp_path / "a")
    assert str(own.folder / WEIGHTS) in str(altered.value)
    (own.folder / SUMS).unlink()
    with pytest.raises(ModelError):
        open_cross_encoder(own, tmp_path / "b")


def test_a_machine_whose_bytes_give_other_logits_gets_float32(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    own = copied(tmp_path / "reader")
    save_file({name: limits / 40 for name, limits in load_file(own.folder / RANGES).items()}, own.folder / RANGES)
    sums = json.loads((own.folder / SUMS).read_text(encoding="utf-8"))
    sums[RANGES] = hashlib.sha256((own.folder / RANGES).read_bytes()).hexdigest()
    (own.folder / SUMS).write_text(json.dumps(sums), encoding="utf-8")
    found = open_cross_encoder(own, tmp_path / "cache")
    assert found.runtime == "onnxruntime"
    assert found.read(*_pair(0)) == pytest.approx([float(np.load(READER.folder / PROBES)[0])], abs=0.01)


def _pair(number: int) -> tuple[str, list[str]]:
    question, window = PROBE_PAIRS[number]
    return question, [window]


def test_the_best_window_of_a_search_is_read(know_how: KnowHow, docs: Path) -> None:
    know_how.ingest(docs)
    found = know_how.evidence("国内出張の日当はいくらですか", k=8).windows
    assert 0 < found[0].parts["reads"] < 1
    assert not any("reads" in one.parts for one in found[1:])
