"""The encoder before training: multilingual-e5-small with the pieces that Japanese and English need, for transformers.

``python benchmarks/training/base.py OUT [--data DIR] [--edict FILE] [--work FOLDER]``. EDICT is Debian's package ``edict``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import source
import torch
import vocabulary
from pack import MATRICES
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

LIKELY = -13.6
_PART = 2000


def texts(data: Path, edict: Path) -> Iterator[str]:
    """What tells which pieces are used: all shared texts of both languages, and a dictionary."""
    for path in (*sorted(data.glob("*/corpus.jsonl")), *sorted(data.glob("*/queries.jsonl"))):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield from _parts("\n".join(str(row.get(name) or "") for name in ("title", "text", "question")))
    for line in (data / "parallel-en-ja" / "pairs.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield from (row["en"], row["ja"])
    for folder in ("handbooks", "quality-engineering", "consultant-shared/docs"):
        for path in sorted((data / folder).rglob("*")):
            if path.suffix in (".md", ".rst", ".html", ".txt"):
                yield from _parts(path.read_text(encoding="utf-8", errors="replace"))
    yield from (line.replace("/", " ") for line in edict.read_text(encoding="euc-jp", errors="replace").splitlines())


def _parts(text: str) -> Iterator[str]:
    yield from (text[at : at + _PART] for at in range(0, len(text), _PART))


def weights(known: source.Source, kept: list[int]) -> dict[str, torch.Tensor]:
    """BERT's weights in float32, the words in the order of ``kept``."""
    width = known.width
    words = source.from_blocks(known.blocks("emb.word")).reshape(-1, width)[kept]
    types = known.tensor("emb.type", -1, width) if "emb.type" in known.directory else None
    found = {
        "embeddings.word_embeddings.weight": words,
        "embeddings.position_embeddings.weight": known.tensor("emb.pos", known.positions, width),
        "embeddings.token_type_embeddings.weight": types,
        "embeddings.LayerNorm.weight": known.tensor("emb.ln.w", width),
        "embeddings.LayerNorm.bias": known.tensor("emb.ln.b", width),
    }
    for layer in range(known.layers):
        at = f"encoder.layer.{layer}."
        for name, short in MATRICES.items():
            rows = known.inner if short == "fi" else width
            columns = known.inner if short == "fo" else width
            found[f"{at}{name}.weight"] = known.tensor(f"l{layer}.{short}.w", rows, columns)
            found[f"{at}{name}.bias"] = known.tensor(f"l{layer}.{short}.b", rows)
        for name, short in (("attention.output", "aln"), ("output", "oln")):
            found[f"{at}{name}.LayerNorm.weight"] = known.tensor(f"l{layer}.{short}.w", width)
            found[f"{at}{name}.LayerNorm.bias"] = known.tensor(f"l{layer}.{short}.b", width)
    return {name: torch.from_numpy(value) for name, value in found.items() if value is not None}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[3] / "shared" / "data")
    parser.add_argument("--edict", type=Path, default=Path("/usr/share/edict/edict"))
    parser.add_argument("--work", type=Path, default=Path(".encoder"))
    given = parser.parse_args()
    known = source.read(source.fetch(given.work))
    kept = vocabulary.needed(known.pieces, texts(given.data, given.edict), likely=LIKELY)
    state = weights(known, kept)
    config = BertConfig(
        vocab_size=len(kept),
        hidden_size=known.width,
        num_hidden_layers=known.layers,
        num_attention_heads=known.heads,
        intermediate_size=known.inner,
        max_position_embeddings=known.positions,
        type_vocab_size=len(state["embeddings.token_type_embeddings.weight"]),
        layer_norm_eps=known.epsilon,
        pad_token_id=vocabulary.SPECIAL.index("<pad>"),
    )
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict(state)
    model.save_pretrained(given.out)
    tokenizer = vocabulary.tokenizer_of([known.pieces[number] for number in kept])
    special = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token"), vocabulary.SPECIAL, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special, model_max_length=known.positions).save_pretrained(
        given.out
    )
    (given.out / "kept.json").write_text(json.dumps(kept), encoding="utf-8")
    print(f"{len(kept)} of {len(known.pieces)} pieces")


if __name__ == "__main__":
    main()
