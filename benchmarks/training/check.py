"""Figures of encoders on what they were not trained on, side by side: ``python benchmarks/training/check.py FOLDER...``.

FOLDER is a folder of a model, ``bundled``, or a checkpoint of ``train.py``, whose tokenizer is that of ``--base``. By vectors:
a document is as near to a question as its nearest window. Of squad1-shared only the documents that training leaves out are there;
of the sentence pairs a thousand that it leaves out, each to be the nearest of the thousand in both directions.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pairs import kept_back, pair_kept_back, rows, under, windows

from qeu_rag.embed.embedder import Embedder, open_embedder

SETS = ("squad1-shared", "jsquad-valid", "covid-faq-en", "handbook-faq-en-shared", "handbook-faq-ja-shared")
PAIRS = "parallel-en-ja"
_HALVED = "squad1-shared"
_SENTENCES = 1000


def found_in(embedder: Embedder, folder: Path, *, most: int) -> dict[str, float]:
    """hit@1 and hit@5 of at most ``most`` questions of a set."""
    documents = [row for row in rows(folder / "corpus.jsonl") if _counts(folder, row)]
    here = {row["id"] for row in documents}
    asked = [row for row in rows(folder / "queries.jsonl") if here & set(row["gold"])]
    asked = random.Random(1).sample(asked, min(most, len(asked)))
    texts = [under(row["title"], part) for row in documents for part in windows(row["text"]) or [""]]
    owner = np.repeat(np.arange(len(documents)), [max(1, len(windows(row["text"]))) for row in documents])
    starts = np.searchsorted(owner, np.arange(len(documents)))
    near = _queries(embedder, [row["question"] for row in asked]) @ embedder.embed_passages(texts).T
    best = np.argsort(-np.maximum.reduceat(near, starts, axis=1), axis=1)[:, :5]
    hits = np.array([[documents[i]["id"] in row["gold"] for i in five] for five, row in zip(best, asked, strict=True)])
    return {"hit@1": float(hits[:, 0].mean()), "hit@5": float(hits.any(axis=1).mean())}


def _counts(folder: Path, row: dict[str, Any]) -> bool:
    return folder.name != _HALVED or kept_back(row["title"] or row["id"])


def translated(embedder: Embedder, folder: Path) -> dict[str, float]:
    """How many sentences that training leaves out find their translation before 999 others, in both directions."""
    kept = {row["en"]: row["ja"] for row in rows(folder / "pairs.jsonl") if pair_kept_back(row["en"])}
    kept = dict(list(kept.items())[:_SENTENCES])
    right = np.arange(len(kept))
    figures = {}
    for name, asked, given in (
        ("ja to en", list(kept.values()), list(kept)),
        ("en to ja", list(kept), list(kept.values())),
    ):
        near = _queries(embedder, asked) @ embedder.embed_passages(given).T
        figures[name] = float((near.argmax(axis=1) == right).mean())
    return figures


def _queries(embedder: Embedder, texts: Sequence[str]) -> np.ndarray:
    return np.stack([embedder.embed_query(text) for text in texts])


def whole(folder: str, base: Path, work: Path) -> str:
    """``folder``, or for a checkpoint a folder in ``work`` with its weights and the tokenizer of ``base``."""
    if folder == "bundled" or (Path(folder) / "tokenizer.json").exists():
        return folder
    joined = Path(tempfile.mkdtemp(dir=work))
    shutil.copytree(base, joined, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.safetensors"))
    (joined / "model.safetensors").symlink_to(Path(folder).resolve() / "model.safetensors")
    return str(joined)


def main() -> None:
    """The command: a Markdown table, one row as soon as it is measured for all folders."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--base", type=Path, default=Path(".encoder") / "base")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[3] / "shared" / "data")
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--sets", nargs="*", default=[*SETS, PAIRS])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        embedders = [
            open_embedder(
                model=whole(folder, args.base, Path(work)),
                cache=Path(work) / "cache",
                query_prefix="query: ",
                passage_prefix="passage: ",
            )
            for folder in args.folders
        ]
        print("| set | " + " | ".join(args.folders) + " |\n|---|" + "---|" * len(embedders))
        for name in args.sets:
            measure: Callable[[Embedder], dict[str, float]] = (
                (lambda one: translated(one, args.data / PAIRS))
                if name == PAIRS
                else (lambda one, name=name: found_in(one, args.data / name, most=args.questions))  # type: ignore[misc]
            )
            cells = [", ".join(f"{key} {value:.3f}" for key, value in measure(one).items()) for one in embedders]
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
