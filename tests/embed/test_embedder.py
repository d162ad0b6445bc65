"""Embedders: the bundled one as sentence-transformers gives it, other folders, damage, and what people type."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from qeu_rag.embed import model_files
from qeu_rag.embed.embedder import Embedder, open_embedder
from qeu_rag.embed.encoder.packed import FOLDER, RANGES, SUMS
from qeu_rag.embed.runners import IN_BYTES, IN_FLOATS, _ahead
from qeu_rag.errors import ModelError, NetworkNeeded

TEXTS = [
    "What is the quality loss function?",
    "How is the signal-to-noise ratio computed?",
    "旅費規程の日当はいくらですか。",
    "測定器の校正は年1回とし、記録を10年間保管する。",
    "ｶﾞｲﾄﾞﾗｲﾝ　㈱１２３",
    "a",
    "",
    "Supplier audits take two days. " * 80,
    "監査は二日間で行う。" * 60,
    *[f"Finding {i} must be answered within {i} working days " + "and filed " * (i % 40) for i in range(10)],
]

BYTES = 0.997
"""The least cosine of the bundled model's vectors, whose products have eight bits, with those of sentence-transformers."""


def bundled(cache: Path, **options: Any) -> Embedder:
    return open_embedder(model="bundled", cache=cache, **options)


def likeness(ours: Any, theirs: Any) -> float:
    """The least cosine of vectors in pairs; both sides are unit vectors."""
    np.testing.assert_allclose(np.linalg.norm(ours, axis=-1), 1, atol=1e-5)
    return float(np.sum(ours * theirs, axis=-1).min())


# The bundled model


@pytest.fixture(scope="module")
def reference() -> Any:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(FOLDER), device="cpu", trust_remote_code=True)
    model.max_seq_length = 256
    return model


def test_vectors_are_those_of_sentence_transformers(embedder: Embedder, reference: Any) -> None:
    passages = embedder.embed_passages(TEXTS)
    assert embedder.runtime == IN_BYTES
    assert passages.shape == (len(TEXTS), embedder.dimension) == (len(TEXTS), 384)
    assert passages.dtype == np.float32
    assert likeness(passages, reference.encode_document(TEXTS)) > BYTES
    questions = np.stack([embedder.embed_query(text) for text in TEXTS])
    assert likeness(questions, reference.encode_query(TEXTS)) > BYTES
    assert likeness(questions, passages) < 0.99


def test_a_machine_whose_bytes_give_other_vectors_gets_them_in_float32(tmp_path: Path, reference: Any) -> None:
    """As a processor without AVX2 or one that loses what overflows might; here the ranges are wrong."""
    folder = shutil.copytree(FOLDER, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__"))
    limits = load_file(folder / RANGES)
    save_file({name: limit / 100 for name, limit in limits.items()}, folder / RANGES)
    sums = json.loads((folder / SUMS).read_text(encoding="utf-8"))
    sums[RANGES] = hashlib.sha256((folder / RANGES).read_bytes()).hexdigest()
    (folder / SUMS).write_text(json.dumps(sums), encoding="utf-8")
    found = open_embedder(model=str(folder), cache=tmp_path / "cache")
    assert found.runtime == IN_FLOATS
    assert likeness(found.embed_passages(TEXTS), reference.encode_document(TEXTS)) > 0.9999


def test_a_vector_does_not_depend_on_its_company(embedder: Embedder) -> None:
    together = embedder.embed_passages(TEXTS)
    alone = np.concatenate([embedder.embed_passages([text]) for text in TEXTS])
    assert np.abs(together - alone).max() < 1e-5
    assert np.array_equal(together, embedder.embed_passages(TEXTS))


JAPANESE = {
    "出張の泊まりはいくらまで出ますか": "宿泊費の上限は一泊12,000円とし、領収書を添える。",
    "熱が出たので今日は休みたい": "病気により欠勤するときは、始業時刻までに上長へ連絡する。",
    "はかる道具は何年ごとに点検に出すの": "測定器の校正は年1回行い、記録を保管する。",
    "パスワードを忘れた": "ログイン情報の再発行は情報システム課に申請する。",
    "会社をやめたいときはどうすれば": "退職を希望する者は、30日前までに退職届を提出する。",
}
"""Everyday questions, and the official sentence that answers each."""
ENGLISH = {
    "How much can I spend on a hotel?": "The upper limit for accommodation is 12,000 yen a night, against a receipt.",
    "I'm ill and can't come in today": "An employee absent through sickness shall notify the supervisor before work starts.",
    "How often do we get our gauges checked?": "Measuring instruments shall be calibrated once a year and records be kept.",
    "I can't remember my password": "Credentials are reissued by the IT section upon application.",
    "How do I leave the company for good?": "Notice of resignation shall be submitted at least 30 days in advance.",
}
"""The same in English, in the same order."""


def right(embedder: Embedder, questions: dict[str, str], passages: dict[str, str]) -> int:
    """How many of ``questions`` are nearer to the passage in the same place than to any other."""
    asked = np.stack([embedder.embed_query(question) for question in questions])
    near = asked @ embedder.embed_passages(list(passages.values())).T
    return int((near.argmax(axis=1) == np.arange(len(questions))).sum())


@pytest.mark.parametrize("pairs", [JAPANESE, ENGLISH], ids=["ja", "en"])
def test_an_everyday_question_is_nearest_to_what_answers_it(embedder: Embedder, pairs: dict[str, str]) -> None:
    assert right(embedder, pairs, pairs) == len(pairs)


def test_so_are_four_of_five_where_the_answer_is_in_the_other_language(embedder: Embedder) -> None:
    assert right(embedder, JAPANESE, ENGLISH) >= 4
    assert right(embedder, ENGLISH, JAPANESE) >= 4


def test_no_texts(embedder: Embedder) -> None:
    assert embedder.embed_passages([]).shape == (0, 384)


ODD = {
    "emoji": "👍🏽👨‍👩‍👧 日当は？ 🎉",
    "right to left": "ما هي مدة صلاحية العرض؟ כמה זמן",
    "nothing": "",
    "blank": " \t\n\u3000\u200b",
    "control": "\x00\x07\x1b[31m",
    "no punctuation": "見積書の有効期限" * 1250,
    "one word": "x" * 10_000,
    "lone surrogates": "\ud800\udfff cost \udc00",
    "combining": "が" + "\u0301" * 500,
    "private use": "\ue000\U0010fffd",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_texts_get_a_unit_vector_and_harm_no_other(embedder: Embedder, text: str) -> None:
    plain = "The per diem is 3,000 yen."
    (odd, beside), (alone,) = embedder.embed_passages([text, plain]), embedder.embed_passages([plain])
    assert np.linalg.norm(odd) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(embedder.embed_query(text)) == pytest.approx(1, abs=1e-5)
    assert np.abs(beside - alone).max() < 1e-5


def test_a_long_text_is_read_to_the_limit_and_no_further(embedder: Embedder) -> None:
    start = "校正の記録は十年間保管する。" * 100
    cut, other = embedder.embed_passages([start, start + "宿泊費の上限は一泊12,000円とする。"])
    assert np.array_equal(cut, other)
    short, other = embedder.embed_passages(["校正の記録。" * 5, "校正の記録。" * 5 + "宿泊費の上限。"])
    assert short @ other < 0.999


def test_lone_surrogates_are_spaces(embedder: Embedder) -> None:
    assert np.array_equal(embedder.embed_query("a\ud800b"), embedder.embed_query("a b"))


def test_progress_counts_up_to_all(embedder: Embedder) -> None:
    seen: list[int] = []
    embedder.embed_passages([f"text {i}" for i in range(1100)], seen.append)
    assert seen == sorted(set(seen))
    assert seen[-1] == 1100


def test_who_rests_between_two_batches_holds_the_others_back() -> None:
    begun: list[list[int]] = []

    def work(batch: list[int]) -> Any:
        begun.append(batch)
        return np.array(batch)

    batches = [[number] for number in range(20)]
    with ThreadPoolExecutor(2) as pool:
        told = []
        for taken, (batch, made) in enumerate(_ahead(pool, work, batches, 4)):
            time.sleep(0.01)
            assert len(begun) <= taken + 4
            told.append((batch, made.tolist()))
    assert told == [(batch, batch) for batch in batches]


def test_prefixes_are_put_before_texts(embedder: Embedder, embedder_cache: Path) -> None:
    none = bundled(embedder_cache, query_prefix="", passage_prefix="")
    assert np.array_equal(embedder.embed_query("cost"), none.embed_query("query: cost"))
    assert np.array_equal(embedder.embed_passages(["cost"]), none.embed_passages(["passage: cost"]))
    assert not np.array_equal(embedder.embed_query("cost"), none.embed_query("cost"))


def test_the_fingerprint_covers_all_that_shapes_vectors(embedder: Embedder, embedder_cache: Path) -> None:
    prints = {
        embedder.fingerprint,
        bundled(embedder_cache, query_prefix="q").fingerprint,
        bundled(embedder_cache, passage_prefix="q").fingerprint,
        bundled(embedder_cache, query_prefix="q", passage_prefix="q").fingerprint,
        bundled(embedder_cache, query_prefix="").fingerprint,
    }
    assert len(prints) == 5
    assert bundled(embedder_cache, batch_size=3).fingerprint == embedder.fingerprint
    named = bundled(embedder_cache, query_prefix="query: ", passage_prefix="passage: ")
    assert named.fingerprint == embedder.fingerprint


def test_fewer_tokens_than_the_known_vectors_are_of_and_no_code_of_the_folder_is_run(
    tmp_path: Path, embedder: Embedder, reference: Any
) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "evil.py").write_text("import pathlib\npathlib.Path(__file__).with_name('ran').touch()\n")
    (folder / "modules.json").write_text('[{"idx": 0, "name": "0", "path": "", "type": "evil.Evil"}]')
    short = open_embedder(model=str(folder), cache=tmp_path / "cache", max_tokens=16)
    assert not (folder / "ran").exists()
    assert short.runtime == IN_BYTES
    assert short.fingerprint != embedder.fingerprint
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference[0], "max_seq_length", 16)
        expected = reference.encode(TEXTS, prompt_name="passage")
    assert likeness(short.embed_passages(TEXTS), expected) > BYTES


SCRIPT = (
    "import sys; from pathlib import Path; from qeu_rag.embed.embedder import open_embedder;"
    "e = open_embedder(model='bundled', cache=Path(sys.argv[1]));"
    "print(e.runtime, e.fingerprint, len(e.embed_query('cost')), "
    "sorted({'torch', 'transformers', 'huggingface_hub'} & set(sys.modules)))"
)


def test_two_processes_export_at_once_and_neither_needs_torch(tmp_path: Path, embedder: Embedder) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "cache")]
    pipes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = {pipe.communicate(timeout=240)[0].strip() for pipe in pipes}
    assert said == {f"{IN_BYTES} {embedder.fingerprint} 384 []"}
    assert [path.name for path in (tmp_path / "cache" / "onnx").iterdir() if "building" in path.name] == []


def damage(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    path.unlink()
    if how == "altered":
        data[len(data) // 2] ^= 0xFF
    if how != "gone":
        path.write_bytes(data if how == "altered" else data[: len(data) // 3])


# The cache


@pytest.fixture
def own_cache(prompted: Path, tmp_path: Path) -> Path:
    """A cache with the export of a small model in it: the bundled one's takes ten times as long to make."""
    open_embedder(model=str(prompted), cache=tmp_path / "cache")
    return tmp_path / "cache"


def all_of(model: Path, cache: Path) -> tuple[str, str, list[float]]:
    found = open_embedder(model=str(model), cache=cache)
    return found.runtime, found.fingerprint, found.embed_query("cost").tolist()


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "meta.json"])
@pytest.mark.parametrize("how", ["truncated", "altered", "gone"])
def test_a_damaged_export_is_made_anew(own_cache: Path, prompted: Path, name: str, how: str) -> None:
    before = all_of(prompted, own_cache)
    (path,) = own_cache.glob(f"onnx/*/{name}")
    whole = path.read_bytes()
    damage(path, how)
    assert all_of(prompted, own_cache) == before
    assert path.read_bytes() == whole


@pytest.mark.parametrize("name", ["model.onnx", "weights.bin"])
def test_a_damaged_export_of_the_bundled_model_is_made_anew_without_torch(
    embedder_cache: Path, tmp_path: Path, embedder: Embedder, name: str
) -> None:
    for meta in embedder_cache.glob("onnx/*/meta.json"):
        shutil.copytree(meta.parent, tmp_path / "onnx" / meta.parent.name)
        damage(tmp_path / "onnx" / meta.parent.name / name, "altered")
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=240)
    assert done.stdout.strip() == f"{IN_BYTES} {embedder.fingerprint} 384 []"


def test_notes_of_hashes_may_be_damaged_or_unwritable(own_cache: Path, prompted: Path) -> None:
    before = all_of(prompted, own_cache)
    for number, note in enumerate(sorted((own_cache / "verified").iterdir())):
        note.write_text(["", "[]", '{"state": 1}'][number % 3])
    assert all_of(prompted, own_cache) == before
    shutil.rmtree(own_cache / "verified")
    (own_cache / "verified").write_text("in the way")
    assert all_of(prompted, own_cache) == before


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, no folder")
    with pytest.raises(ModelError, match="cache"):
        bundled(tmp_path / "cache")


# Damage to the bundled model


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the bundled model, in its place."""
    folder = shutil.copytree(FOLDER, tmp_path / "encoder", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(model_files, "FOLDER", folder)
    return folder


SHIPPED = ("weights.safetensors", "config.json", "tokenizer.json", "probes.npy", "sums.json")


@pytest.mark.parametrize(
    ("name", "how"),
    [
        *((name, how) for name in SHIPPED for how in ("altered", "truncated", "gone")),
        ("config_sentence_transformers.json", "truncated"),
        ("config_sentence_transformers.json", "gone"),
    ],
)
def test_a_damaged_bundled_model_is_refused(shipped: Path, embedder_cache: Path, name: str, how: str) -> None:
    damage(shipped / name, how)
    with pytest.raises(ModelError) as caught:
        bundled(embedder_cache)
    assert caught.value.key == "embedder_altered"
    for lang, said in (("en", "pip install --force-reinstall"), ("ja", "もう一度インストール")):
        assert said in caught.value.render(lang)
        assert str(shipped) in caught.value.render(lang)


def test_a_sound_copy_of_the_bundled_model_is_the_bundled_model(
    shipped: Path, embedder: Embedder, embedder_cache: Path
) -> None:
    assert bundled(embedder_cache).fingerprint == embedder.fingerprint
    by_path = open_embedder(model=str(shipped), cache=embedder_cache)
    assert by_path.fingerprint == embedder.fingerprint


# Other models

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    *"abcdefghijklmnopqrstuvwxyz:",
    "query",
    "cost",
    "long",
    "text",
    "日",
    "当",
]
OWN_PROMPTS = {"query": "query: ", "passage": "text: "}


def make_bert(
    folder: Path, *, prompts: dict[str, str] | None = None, pooling: str = "mean", kind: str = "bert"
) -> Path:
    """A small BERT (or DistilBERT) with random weights, as sentence-transformers saves it."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordPiece({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    torch.manual_seed(7)
    model: Any
    if kind == "bert":
        model = BertModel(
            BertConfig(
                vocab_size=len(WORDS),
                hidden_size=32,
                num_hidden_layers=2,
                num_attention_heads=4,
                intermediate_size=64,
                max_position_embeddings=64,
                initializer_range=0.5,
            )
        )
    else:
        model = DistilBertModel(
            DistilBertConfig(
                vocab_size=len(WORDS),
                dim=32,
                n_layers=2,
                n_heads=4,
                hidden_dim=64,
                max_position_embeddings=64,
                initializer_range=0.5,
            )
        )
    plain = folder.with_name(f"{folder.name}-plain")
    model.save_pretrained(plain)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(plain)
    modules = [Transformer(str(plain)), Pooling(32, pooling_mode=pooling), Normalize()]
    SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save(str(folder))
    return folder


def theirs(folder: Path, texts: Sequence[str], prefix: str = "") -> Any:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    model.max_seq_length = 64
    return model.encode([prefix + text for text in texts], prompt="", normalize_embeddings=True)


SMALL = ["cost", "", "long text " * 400, "日当 cost: text", "unknown 漢"]


@pytest.fixture(scope="module")
def prompted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return make_bert(tmp_path_factory.mktemp("models") / "prompted", prompts=OWN_PROMPTS)


def test_another_folder_s_prompts_are_taken_unless_others_are_given(prompted: Path, tmp_path: Path) -> None:
    own = open_embedder(model=str(prompted), cache=tmp_path, max_tokens=100_000)
    assert (own.runtime, own.dimension) == ("onnxruntime", 32)
    assert likeness(own.embed_passages(SMALL), theirs(prompted, SMALL, "text: ")) > 0.9999
    questions = np.stack([own.embed_query(text) for text in SMALL])
    assert likeness(questions, theirs(prompted, SMALL, "query: ")) > 0.9999
    none = open_embedder(model=str(prompted), cache=tmp_path, query_prefix="", passage_prefix="", max_tokens=100_000)
    assert likeness(none.embed_passages(SMALL), theirs(prompted, SMALL)) > 0.9999
    assert likeness(none.embed_passages(SMALL), own.embed_passages(SMALL)) < 0.99
    assert none.fingerprint != own.fingerprint


def test_a_folder_that_names_no_prompts_has_none(tmp_path: Path) -> None:
    folder = make_bert(tmp_path / "bare")
    (folder / "config_sentence_transformers.json").unlink()
    found = open_embedder(model=str(folder), cache=tmp_path / "cache")
    assert likeness(found.embed_passages(SMALL), theirs(folder, SMALL)) > 0.9999
    assert np.array_equal(found.embed_query("cost"), found.embed_passages(["cost"])[0])


@pytest.mark.parametrize(("kind", "pooling"), [("bert", "cls"), ("distilbert", "mean"), ("distilbert", "cls")])
def test_other_poolings_and_kinds_are_exported_too(tmp_path: Path, kind: str, pooling: str) -> None:
    folder = make_bert(tmp_path / "model", pooling=pooling, kind=kind)
    found = open_embedder(model=str(folder), cache=tmp_path / "cache", max_tokens=100_000)
    assert found.runtime == "onnxruntime"
    assert likeness(found.embed_passages(SMALL), theirs(folder, SMALL)) > 0.9999
    other = make_bert(tmp_path / "other", pooling="cls" if pooling == "mean" else "mean", kind=kind)
    assert likeness(found.embed_passages(SMALL), theirs(other, SMALL)) < 0.99


def test_a_model_that_does_not_export_runs_by_sentence_transformers(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    weights = np.random.default_rng(1).normal(size=(tokenizer.get_vocab_size(), 16)).astype(np.float32)
    folder = tmp_path / "static"
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights)]).save(str(folder))
    static = open_embedder(model=str(folder), cache=tmp_path / "cache")
    assert (static.runtime, static.dimension) == ("sentence-transformers", 16)
    found = static.embed_passages(["cost", "of deviation"])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(static.embed_query("cost"), found[0], atol=1e-5)
    assert static.embed_passages([]).shape == (0, 16)


def test_a_model_that_is_not_here_needs_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(NetworkNeeded, match="intfloat/multilingual-e5-small"):
        open_embedder(model="intfloat/multilingual-e5-small", cache=tmp_path)


@pytest.mark.parametrize("name", ["/no/such/folder", "", "two words", "a/b/c", "bilingual"])
def test_what_is_no_model_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises((ModelError, NetworkNeeded)):
        open_embedder(model=name, cache=tmp_path)


@pytest.mark.parametrize("how", ["empty", "cut", "foreign"])
def test_a_folder_without_a_sound_model_is_said(prompted: Path, tmp_path: Path, how: str) -> None:
    folder = tmp_path / "model"
    if how == "empty":
        folder.mkdir()
    else:
        shutil.copytree(prompted, folder)
        weights = folder / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:1000] if how == "cut" else os.urandom(1000))
    with pytest.raises(ModelError) as caught:
        open_embedder(model=str(folder), cache=tmp_path / "cache")
    assert caught.value.key == "embedder_missing"
