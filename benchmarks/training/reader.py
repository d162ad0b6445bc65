"""Trains a reader: whether a window answers a question, and where; it starts from the encoder and keeps its lower six layers.

``python benchmarks/training/reader.py OUT [--data DIR] [--extra DIR] [--minutes M] [--start CHECKPOINT]``. A question and a
window are read together; the mean of all tokens gives the logit that the window answers, each token of the window one that
it is of the answer (the loss has both). Near misses, written by others than who train, are a third of what it sees.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from pairs import kept_back, rows, under, windows
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import BertConfig, BertModel

from qeu_rag.embed.cross_encoder import READER
from qeu_rag.embed.encoder.packed import CONFIG, FOLDER, unpack

FROZEN = 6
_RATE = 8e-5
_MEAN = 0.998
_WARM = 100
_WHERE = 0.5
"""What the loss of where the answer is counts beside that of whether there is one."""


@dataclass(frozen=True, slots=True)
class Example:
    """A question and a window; ``answer`` is the verbatim stretch that answers, "" where none is known."""

    question: str
    window: str
    answers: bool
    answer: str = ""


def squad(folder: Path, *, whole: bool) -> list[Example]:
    """Questions with the window that holds their answer, or where none does the likest of the paragraph by words."""
    texts = {row["id"]: row for row in rows(folder / "corpus.jsonl")}
    found = []
    for row in rows(folder / "queries.jsonl"):
        if not row["gold"]:
            continue
        document = texts[row["gold"][0]]
        title = document["title"]
        if not whole and kept_back(title or document["id"]):
            continue
        parts = windows(document["text"])
        if row["answerable"] and row["answers"]:
            holding = [w for w in parts if row["answers"][0] in w]
            others = [w for w in parts if not any(a in w for a in row["answers"])]
            if holding:
                window = under(title, holding[len(row["question"]) % len(holding)])
                found.append(Example(row["question"], window, True, row["answers"][0]))
                if others:
                    other = max(others, key=lambda w: _shared(row["question"], w))
                    found.append(Example(row["question"], under(title, other), False))
        elif not row["answerable"] and parts:
            found.append(
                Example(row["question"], under(title, max(parts, key=lambda w: _shared(row["question"], w))), False)
            )
    return found


def _shared(question: str, window: str) -> int:
    pieces = {question[at : at + 3].lower() for at in range(len(question) - 2)}
    return sum(piece in window.lower() for piece in pieces)


def everyday(folder: Path) -> list[Example]:
    """Everyday questions with the passage that answers and a near miss, and with the passages of their neighbours."""
    found = []
    for path in sorted(folder.rglob("pairs.jsonl")):
        kept = list(rows(path))
        for number, row in enumerate(kept):
            found.append(Example(row["q"], row["p"], True))
            found.append(Example(row["q"], row["n"], False))
            far = kept[(number + 7) % len(kept)]["p"]
            found.append(Example(row["q"], far, False))
    return found


def reading(folder: Path) -> Iterator[list[Example]]:
    """Passages with questions that they answer and near misses: a list for each passage."""
    for path in sorted(folder.glob("*.jsonl")):
        for row in rows(path):
            yes = [
                Example(q, row["p"], True, a if a in row["p"] else "")
                for q, a in zip(row["yes"], row["ans"], strict=False)
            ]
            yield yes + [Example(q, row["p"], False) for q in row["no"]]


def hard(examples: list[Example], embed: Callable[[list[str]], np.ndarray], count: int) -> list[Example]:
    """For each answered question the windows of others that are likest to it by the encoder, but not its own's twins."""
    pool = list(dict.fromkeys(one.window for one in examples))
    vectors = embed(["passage: " + text for text in pool])
    asked = [one for one in examples if one.answers]
    queries = embed(["query: " + one.question for one in asked])
    found = []
    for one, query in zip(asked, queries, strict=True):
        own = vectors[pool.index(one.window)]
        best = [
            at
            for at in np.argsort(-(vectors @ query))[: count + 6]
            if pool[at] != one.window and float(vectors[at] @ own) < 0.8
        ]
        found += [Example(one.question, pool[at], False) for at in best[:count]]
    return found


Parts = dict[str, tuple[float, list[Example]]]
"""What is trained on, by name: its share, and the examples."""


class Reader(torch.nn.Module):
    """Questions and windows to logits."""

    bundled = READER

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        config = BertConfig(**json.loads((folder / CONFIG).read_text(encoding="utf-8")))
        self.bert = BertModel(config, add_pooling_layer=False)
        self.bert.load_state_dict({name: torch.from_numpy(weight) for name, weight in unpack(folder).items()})
        for name, weight in self.bert.named_parameters():
            weight.requires_grad = name.startswith("encoder.layer.") and int(name.split(".")[2]) >= FROZEN
        # Step by step and with nothing dropped it takes a quarter less time than the fused kernel, which is slow backwards.
        self.bert.set_attn_implementation("eager")
        for layer in self.bert.encoder.layer:
            layer.attention.self.dropout.p = 0.0
        self.whether = torch.nn.Linear(2 * config.hidden_size, 1)
        self.where = torch.nn.Linear(config.hidden_size, 1)

    def train(self, mode: bool = True) -> Reader:
        """Nothing is dropped in the layers that are not trained."""
        super().train(mode)
        self.bert.embeddings.eval()
        for layer in self.bert.encoder.layer[:FROZEN]:
            layer.eval()
        return self

    def encoded(self, one: Example) -> tuple[list[int], list[int], list[int]]:
        """Token ids, which of them are the window's, and which of these are the answer's."""
        asked = self.tokenizer.encode("query: " + one.question).ids[: self.bundled.asked_tokens]
        given = self.tokenizer.encode("passage: " + one.window)
        start = one.window.find(one.answer) + len("passage: ") if one.answer else -1
        end = start + len(one.answer)
        room = self.bundled.tokens - len(asked)
        ids, offsets = given.ids[1:][:room], given.offsets[1:][:room]
        mine = [int(start >= 0 and a < end and b > start and b > a) for a, b in offsets]
        return asked + ids, [0] * len(asked) + [1] * len(ids), [0] * len(asked) + mine

    def forward(
        self, batch: list[Example], *, exact: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits (n,), token logits (n, tokens), which tokens are the window's and the answer's; in float32 if ``exact``."""
        encoded = [self.encoded(one) for one in batch]
        longest = max(len(ids) for ids, _, _ in encoded)
        ids = torch.full((len(batch), longest), 1)
        mask, windowed, told = (torch.zeros(len(batch), longest) for _ in range(3))
        for at, (one, own, answer) in enumerate(encoded):
            ids[at, : len(one)] = torch.tensor(one)
            mask[at, : len(one)] = 1
            windowed[at, : len(one)] = torch.tensor(own, dtype=torch.float)
            told[at, : len(one)] = torch.tensor(answer, dtype=torch.float)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not exact):
            states = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        states = states.float()
        mean = (states * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
        whether = self.whether(torch.cat([states[:, 0], mean], dim=1)).squeeze(1)
        return whether, self.where(states).squeeze(2), windowed, told


def loss_of(reader: Reader, batch: list[Example]) -> torch.Tensor:
    """Cross entropy of whether, and of where for those whose answer's place is known or that have none."""
    whether, where, windowed, told = reader(batch)
    truth = torch.tensor([float(one.answers) for one in batch])
    loss = functional.binary_cross_entropy_with_logits(whether, truth)
    known = torch.tensor([float(bool(one.answer) or not one.answers) for one in batch]).unsqueeze(1) * windowed
    each = functional.binary_cross_entropy_with_logits(where, told, reduction="none")
    return loss + _WHERE * (each * known).sum() / known.sum().clamp(min=1)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[3] / "shared" / "data")
    parser.add_argument("--everyday", type=Path, default=Path(__file__).parent / "everyday")
    parser.add_argument("--reading", type=Path, default=Path(__file__).parent / "reading")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--start", type=Path)
    parser.add_argument("--rate", type=float, default=1.0, help="share of the usual rate, where training goes on")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--threads", type=int, default=2, help="1 beside other work: two threads then wait for each other"
    )
    args = parser.parse_args()
    rng = random.Random(args.seed)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    reader = Reader(FOLDER)
    parts, held = questions(reader, args, rng)
    if args.start:  # after mining, which needs the encoder as it is shipped
        reader.load_state_dict(torch.load(args.start))
    train(reader, parts, {"questions": held}, args, rng)


def is_held(passage: str) -> bool:
    """Whether nothing is trained on a written passage: on one in twelve."""
    return hashlib.md5(passage.encode(), usedforsecurity=False).digest()[0] % 12 == 0


def questions(reader: Reader, args: argparse.Namespace, rng: random.Random) -> tuple[Parts, list[Example]]:
    """Whether a window answers a question: what is trained on, each with its share, and what is held back."""
    passages = [part for part in reading(args.reading) if part]
    own = [one for part in passages if not is_held(part[0].window) for one in part]
    parts = {
        "jaquad": (1.0, rng.sample(squad(args.data / "jaquad-train", whole=True), 16000)),
        "squad2": (2.0, squad(args.data / "squad2-shared", whole=False)),
        "squad1": (0.5, squad(args.data / "squad1-shared", whole=False)),
        "everyday": (2.0, everyday(args.everyday)),
        "reading": (6.0, own),
    }
    parts |= mined(reader, own, parts["everyday"][1])
    return parts, [one for part in passages if is_held(part[0].window) for one in part]


def embedding(reader: Reader) -> Callable[[list[str]], np.ndarray]:
    """Texts to unit vectors by the encoder that a reader begins from, before it is trained."""

    def embed(texts: list[str]) -> np.ndarray:
        found = []
        with torch.no_grad():
            for at in range(0, len(texts), 64):
                encoded = [reader.tokenizer.encode(text).ids[:176] for text in texts[at : at + 64]]
                longest = max(map(len, encoded))
                ids = torch.tensor([one + [1] * (longest - len(one)) for one in encoded])
                mask = torch.tensor([[1.0] * len(one) + [0.0] * (longest - len(one)) for one in encoded])
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    states = reader.bert(input_ids=ids, attention_mask=mask).last_hidden_state.float()
                found.append(functional.normalize((states * mask.unsqueeze(-1)).sum(1), dim=1).numpy())
        return np.concatenate(found)

    return embed


def mined(reader: Reader, own: list[Example], daily: list[Example]) -> Parts:
    """Other windows that are likest to a question: of the written passages, and of the everyday ones."""
    embed, known = embedding(reader), reader.bert.training
    reader.bert.eval()
    found = {"hard everyday": (1.0, hard(daily, embed, 2))}
    if own:
        found["hard reading"] = (1.5, hard(own, embed, 2))
    reader.bert.train(known)
    return found


def train(
    reader: Reader, parts: Parts, held: dict[str, list[Example]], args: argparse.Namespace, rng: random.Random
) -> None:
    """Runs for the time given; keeps the running mean of the weights, prints the area under the curve on what is held back."""
    parts = {name: part for name, part in parts.items() if part[1]}
    print({name: (share, len(found)) for name, (share, found) in parts.items()}, flush=True)
    trained = {name: weight for name, weight in reader.named_parameters() if weight.requires_grad}
    mean = {name: weight.detach().clone() for name, weight in trained.items()}
    optimizer = torch.optim.AdamW(trained.values(), lr=_RATE, weight_decay=0.01)
    flow = {name: _endless(found, rng) for name, (_, found) in parts.items()}
    began, told, step = time.monotonic(), time.monotonic(), 0
    lost: list[float] = []
    args.out.mkdir(parents=True, exist_ok=True)

    def keep() -> None:
        torch.save({**reader.state_dict(), **mean}, args.out / "kept.new")
        (args.out / "kept.new").rename(args.out / "kept.pt")

    while (spent := time.monotonic() - began) < args.minutes * 60:
        names = rng.choices(list(parts), [share for share, _ in parts.values()], k=args.batch)
        batch = sorted((next(flow[name]) for name in names), key=lambda one: len(one.window))
        left = 1 - spent / (args.minutes * 60)
        for group in optimizer.param_groups:
            group["lr"] = args.rate * _RATE * min(1.0, (step + 1) / _WARM) * max(0.05, min(1.0, 1.5 * left))
        optimizer.zero_grad()
        for at in range(0, args.batch, args.batch // 4):
            loss = loss_of(reader, batch[at : at + args.batch // 4]) / 4
            loss.backward()
            lost.append(4 * loss.item())
        torch.nn.utils.clip_grad_norm_(trained.values(), 1.0)
        optimizer.step()
        step += 1
        ratio = min(_MEAN, step / (step + 10))
        for key, weight in trained.items():
            mean[key].lerp_(weight.detach(), 1 - ratio)
        if time.monotonic() - told > 240:
            keep()
            areas = {name: round(area(reader, found[:300]), 3) for name, found in held.items()}
            print(f"{spent:.0f} s, step {step}, loss {np.mean(lost[-400:]):.4f}, held {areas}", flush=True)
            told = time.monotonic()
    keep()
    reader.load_state_dict({**reader.state_dict(), **mean})
    areas = {name: round(area(reader, found), 3) for name, found in held.items()}
    print(f"done: step {step}, held {areas}", flush=True)


def _endless(found: list[Example], rng: random.Random) -> Iterator[Example]:
    while True:
        rng.shuffle(found)
        yield from found


def area(reader: Reader, held: list[Example]) -> float:
    """The share of pairs of an answered and an unanswered question that the logit orders rightly."""
    if not held:
        return 0.0
    reader.eval()
    with torch.no_grad():
        scores = torch.cat([reader(held[at : at + 32])[0] for at in range(0, len(held), 32)]).numpy()
    reader.train()
    truth = np.array([one.answers for one in held])
    return float((scores[truth][:, None] > scores[~truth][None, :]).mean())


if __name__ == "__main__":
    main()
