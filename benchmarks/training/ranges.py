"""Adds to the packed encoder what goes into its products: the least and the most of each input over texts of both languages.

``python benchmarks/training/ranges.py [--data DIR]``, after ``pack.py``; the graph with products in eight bits needs it. The
texts are drawn from what the encoder was trained on and from company passages written for training, never from a test.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from pairs import everyday, questions, rows
from safetensors.numpy import save_file
from transformers import BertModel

from qeu_rag.embed.encoder.module import PackedEncoder
from qeu_rag.embed.encoder.packed import FOLDER, RANGES, SUMS

_HERE = Path(__file__).parent
_TEXTS = 400


def texts(data: Path) -> list[str]:
    """Questions and windows as the encoder gets them, as many of each, and some that say nothing: their states are extreme."""
    rng = random.Random(1)
    pairs = [*everyday(_HERE / "everyday"), *questions(data / "squad1-shared", whole=False)[:1800]]
    pairs += rng.sample(questions(data / "jaquad-train", whole=True), 1800)
    found = [text for one in pairs for text in ("query: " + one.question, "passage: " + one.window)]
    for path in sorted((_HERE / "reading").glob("*.jsonl")):
        found += ["passage: " + row["p"] for row in rows(path)]
    short = [
        prefix + text for prefix in ("query: ", "passage: ") for text in ("", "a", "1", "料", "x" * 400, "0 " * 120)
    ]
    return [*short, *rng.sample(found, _TEXTS)]


def ranges(bert: BertModel, run: Callable[[], object]) -> dict[str, np.ndarray]:
    """Half floats (2, inputs) by the name of each product of ``bert`` that is computed in eight bits, over what ``run`` runs."""
    found: dict[str, np.ndarray] = {}
    mask = torch.zeros(0)

    def masked(_module: torch.nn.Module, _inputs: object, given: dict[str, torch.Tensor]) -> None:
        nonlocal mask
        mask = given["attention_mask"].bool()

    def watch(name: str) -> None:
        def seen(_module: torch.nn.Module, inputs: tuple[torch.Tensor, ...], _output: torch.Tensor) -> None:
            own = inputs[0][mask].float()
            limits = torch.stack([own.min(0).values, own.max(0).values]).numpy()
            known = found.get(name, limits)
            found[name] = np.stack([np.minimum(known[0], limits[0]), np.maximum(known[1], limits[1])])

        bert.get_submodule(name).register_forward_hook(seen)

    bert.register_forward_pre_hook(masked, with_kwargs=True)
    for layer in range(bert.config.num_hidden_layers):
        for part in ("attention.self.query", "attention.output.dense", "intermediate.dense"):
            watch(f"encoder.layer.{layer}.{part}")
    with torch.no_grad():
        run()
    return {name: limits.astype(np.float16) for name, limits in found.items()}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[3] / "shared" / "data")
    given = parser.parse_args()
    encoder, drawn = PackedEncoder.load(str(FOLDER)), texts(given.data)
    found = ranges(
        encoder.bert,
        lambda: [encoder.forward(encoder.tokenize(drawn[at : at + 16])) for at in range(0, len(drawn), 16)],
    )
    save_file(found, FOLDER / RANGES)
    sums = json.loads((FOLDER / SUMS).read_text(encoding="utf-8"))
    sums[RANGES] = hashlib.sha256((FOLDER / RANGES).read_bytes()).hexdigest()
    (FOLDER / SUMS).write_text(json.dumps(sums, indent=1), encoding="utf-8")
    print(f"{len(found)} products, {(FOLDER / RANGES).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
