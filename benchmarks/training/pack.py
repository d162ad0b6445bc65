"""Packs a trained encoder into the program: ``python benchmarks/training/pack.py BASE CHECKPOINT [--work FOLDER]``.

BASE is what ``base.py`` made, with ``kept.json``; of it, and of the layers that training leaves alone, the 4-bit blocks of the
source go into the package as they are. Trained layers are kept in 8 bits a weight. Writes qeu_rag/embed/encoder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import source
from safetensors.numpy import load_file, save_file

from qeu_rag.embed.embedder import PROBE_TEXTS
from qeu_rag.embed.encoder.packed import CONFIG, FOLDER, PROBES, PROMPTS, SUMS, WEIGHTS, to_q8

FROZEN = 6
MATRICES = {
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "intermediate.dense": "fi",
    "output.dense": "fo",
}


def packed(known: source.Source, kept: list[int], checkpoint: Path) -> dict[str, np.ndarray]:
    """The tensors of the package, by name."""
    trained = {name.removeprefix("bert."): value for name, value in load_file(checkpoint / "model.safetensors").items()}
    blocks = known.width // source.BLOCK
    words = known.blocks("emb.word").reshape(-1, blocks, 18)[kept].reshape(-1, 18)
    found: dict[str, np.ndarray] = {"embeddings.word_embeddings.weight.q4": np.ascontiguousarray(words)}
    for layer in range(known.layers):
        for name, short in MATRICES.items():
            full = f"encoder.layer.{layer}.{name}.weight"
            if layer < FROZEN:
                found[f"{full}.q4"] = known.blocks(f"l{layer}.{short}.w").copy()
            else:
                found[f"{full}.q8"], found[f"{full}.scales"] = to_q8(trained[full])
    for name, value in trained.items():
        if not any(f"{name}{end}" in found for end in (".q4", ".q8")):
            found[name] = value
    return found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--work", type=Path, default=Path(".encoder"))
    given = parser.parse_args()
    known = source.read(source.fetch(given.work))
    kept = json.loads((given.base / "kept.json").read_text(encoding="utf-8"))
    save_file(packed(known, kept, given.checkpoint), FOLDER / WEIGHTS)
    config = json.loads((given.base / "config.json").read_text(encoding="utf-8"))
    (FOLDER / CONFIG).write_text(json.dumps(config, indent=1), encoding="utf-8")
    shutil.copyfile(given.base / "tokenizer.json", FOLDER / "tokenizer.json")
    module = {"idx": 0, "name": "0", "path": "", "type": "qeu_rag.embed.encoder.module.PackedEncoder"}
    (FOLDER / "modules.json").write_text(json.dumps([module]), encoding="utf-8")
    prompts = {"query": "query: ", "document": "passage: ", "passage": "passage: "}
    named = {"prompts": prompts, "default_prompt_name": None, "similarity_fn_name": "cosine"}
    (FOLDER / PROMPTS).write_text(json.dumps(named), encoding="utf-8")
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(FOLDER), device="cpu", trust_remote_code=True)
    np.save(FOLDER / PROBES, model.encode(list(PROBE_TEXTS), normalize_embeddings=True).astype(np.float32))
    names = (WEIGHTS, CONFIG, PROMPTS, "tokenizer.json", PROBES)
    sums = {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in names}
    (FOLDER / SUMS).write_text(json.dumps(sums, indent=1), encoding="utf-8")
    print({path.name: path.stat().st_size for path in sorted(FOLDER.iterdir()) if path.is_file()})


if __name__ == "__main__":
    main()
