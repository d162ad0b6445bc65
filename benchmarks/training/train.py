"""Trains the encoder's upper six layers on pairs, with negatives of the batch and near misses; keeps a checkpoint all the time.

``python benchmarks/training/train.py BASE OUT [--data DIR] [--extra DIR] [--minutes M] [--start CHECKPOINT]``: BASE is the
folder that ``base.py`` makes. InfoNCE at temperature .02 (van den Oord et al. 2018, arXiv 1807.03748), as e5 was made; the
weights kept are the running mean of those passed through, so that any checkpoint is a good one. Runs on two cores in the
background.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import torch
from pairs import Pair, everyday, glosses, headings, questions, rows, translations
from torch.nn import functional
from transformers import BertModel, PreTrainedTokenizerFast

_FROZEN = 6
_TEMPERATURE = 0.02
_RATE = 3e-5
_MEAN = 0.998
_TOKENS = 176
_WARM = 100


def sources(data: Path, extra: Path | None, edict: Path) -> dict[str, tuple[float, list[Pair]]]:
    """What is drawn from, each with its share of the batches."""
    asked = {
        row["question"].lower()
        for s in ("handbook-faq-en-shared", "handbook-faq-ja-shared")
        for row in rows(data / s / "queries.jsonl")
    }
    found = {
        "jaquad": (3.0, questions(data / "jaquad-train", whole=True)),
        "squad": (2.0, questions(data / "squad1-shared", whole=False) + questions(data / "squad2-shared", whole=False)),
        "covidqa": (0.5, questions(data / "covidqa-longdoc", whole=False)),
        "parallel": (2.0, translations(data / "parallel-en-ja")),
        "edict": (0.7, glosses(edict)),
        "headings": (1.0, headings(data / "handbooks", frozenset(asked))),
    }
    if extra is not None:
        found["everyday"] = (4.0, list(everyday(extra)))
    return {name: part for name, part in found.items() if len(part[1]) > 64}


def drawn(pairs: list[Pair], size: int, rng: random.Random) -> list[Pair]:
    """A batch without two pairs of one group: their windows would be each other's false negatives."""
    batch: dict[str, Pair] = {}
    start = rng.randrange(len(pairs))
    # Half of a batch are neighbours, of one document or subject: they are the hard negatives.
    near = [pairs[(start + step) % len(pairs)] for step in range(0, 4 * size, 2)]
    for pair in [*near, *rng.sample(pairs, min(len(pairs), 2 * size))]:
        if len(batch) == size // 2 and pair in near:
            continue
        batch.setdefault(pair.group, pair)
        if len(batch) == size:
            break
    return list(batch.values())


class Encoder(torch.nn.Module):
    """Texts to unit vectors."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        self.bert = BertModel.from_pretrained(folder, add_pooling_layer=False)
        for name, weight in self.bert.named_parameters():
            weight.requires_grad = name.startswith("encoder.layer.") and int(name.split(".")[2]) >= _FROZEN

    def forward(self, texts: list[str]) -> torch.Tensor:
        """Shape (texts, width)."""
        found = self.tokenizer(texts, truncation=True, max_length=_TOKENS, padding=True, return_tensors="pt")
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = self.bert(input_ids=found["input_ids"], attention_mask=found["attention_mask"]).last_hidden_state
        mask = found["attention_mask"].unsqueeze(-1)
        return functional.normalize((states.float() * mask).sum(1) / mask.sum(1), dim=1)


def loss_of(encoder: Encoder, batch: list[Pair]) -> torch.Tensor:
    """How badly each question tells its window from all others of the batch."""
    windows = ["passage: " + text for text in [*(p.window for p in batch), *(n for p in batch for n in p.near)]]
    asked = encoder(["query: " + pair.question for pair in batch])
    order = sorted(range(len(windows)), key=lambda i: len(windows[i]))
    half = len(order) // 2
    parts = [encoder([windows[i] for i in part]) for part in (order[:half], order[half:])]
    given = torch.cat(parts)[torch.argsort(torch.tensor(order))]
    return functional.cross_entropy(asked @ given.T / _TEMPERATURE, torch.arange(len(batch)))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("base", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[3] / "shared" / "data")
    parser.add_argument("--extra", type=Path, default=Path(__file__).parent / "everyday")
    parser.add_argument("--edict", type=Path, default=Path("/usr/share/edict/edict"))
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--start", type=Path)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    torch.manual_seed(args.seed)
    torch.set_num_threads(2)
    encoder = Encoder(args.base)
    if args.start:
        encoder.bert.load_state_dict(BertModel.from_pretrained(args.start, add_pooling_layer=False).state_dict())
    trained = {name: weight for name, weight in encoder.bert.named_parameters() if weight.requires_grad}
    mean = {name: weight.detach().clone() for name, weight in trained.items()}
    optimizer = torch.optim.AdamW(trained.values(), lr=_RATE, weight_decay=0.01)
    parts = sources(args.data, args.extra, args.edict)
    print({name: (share, len(pairs)) for name, (share, pairs) in parts.items()}, flush=True)
    began, told, step, seen = time.monotonic(), 0.0, 0, 0
    lost: dict[str, list[float]] = {name: [] for name in parts}
    args.out.mkdir(parents=True, exist_ok=True)
    while (spent := time.monotonic() - began) < args.minutes * 60:
        name = rng.choices(list(parts), [share for share, _ in parts.values()])[0]
        batch = drawn(parts[name][1], args.batch, rng)
        left = 1 - spent / (args.minutes * 60)
        for group in optimizer.param_groups:
            group["lr"] = _RATE * min(1.0, (step + 1) / _WARM) * max(0.1, min(1.0, 2 * left))
        loss = loss_of(encoder, batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained.values(), 1.0)
        optimizer.step()
        step, seen = step + 1, seen + len(batch)
        keep = min(_MEAN, step / (step + 10))
        for key, weight in trained.items():
            mean[key].lerp_(weight.detach(), 1 - keep)
        lost[name].append(loss.item())
        if time.monotonic() - told > 120:
            told = time.monotonic()
            state = {**encoder.bert.state_dict(), **mean}
            encoder.bert.save_pretrained(args.out / "kept", state_dict=state)
            recent = {key: round(sum(values[-20:]) / max(1, len(values[-20:])), 3) for key, values in lost.items()}
            print(f"{spent:.0f} s, step {step}, {seen} pairs, {recent}", flush=True)
    encoder.bert.save_pretrained(args.out / "kept", state_dict={**encoder.bert.state_dict(), **mean})
    print(f"done: step {step}, {seen} pairs", flush=True)


if __name__ == "__main__":
    main()
