"""The figures of the bilingual embedder's card, on what it was not trained on: ``python training/check.py [FOLDER]``.

- Japanese to English: of held-back sentence pairs, is the English one the nearest of all, or among ten?
- jsquad-valid: is the nearest passage, by vectors alone, the one that answers?
- freee-a11y-ja-en: do the Japanese headings of a guideline find their English page among five (a page is as near as its
  nearest part of about 900 characters)?

Passages get their vectors as in a collection: the text's, and a share of the title's (``qeu_rag.ingest.vectors``).
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from texts import DATA, is_held_back, rows

from qeu_rag.index.embed import Embedder, open_embedder
from qeu_rag.index.runners import Floats
from qeu_rag.ingest.vectors import CONTEXT

_UNDERLINE = re.compile(r"([=\-~^\"'#*+])\1{2,}\s*")
_JAPANESE = re.compile("[\u3041-\u30ff\u4e00-\u9fff]")
_PART = 900


def sentence_pairs(embedder: Embedder) -> dict[str, float]:
    """Each English sentence once, so that no other is as right."""
    pairs = {" ".join(row["en"].split()): row["ja"] for row in rows(DATA / "parallel-en-ja" / "pairs.jsonl")}
    held = [(english, japanese) for english, japanese in pairs.items() if is_held_back(english)]
    near = embedder.embed_passages([ja for _, ja in held]) @ embedder.embed_passages([en for en, _ in held]).T
    ranks = (near >= near.diagonal()[:, None]).sum(1)
    return {"pairs": len(held), "rank 1": float((ranks == 1).mean()), "rank 10": float((ranks <= 10).mean())}


def questions(embedder: Embedder, name: str = "jsquad-valid") -> dict[str, float]:
    """By the passages of Wikipedia articles."""
    documents = list(rows(DATA / name / "corpus.jsonl"))
    asked = [row for row in rows(DATA / name / "queries.jsonl") if row["gold"]]
    passages = _passages(embedder, [(row["title"], row["text"]) for row in documents])
    near = embedder.embed_passages([row["question"] for row in asked]) @ passages.T
    best = np.argsort(-near, axis=1)[:, :5]
    hits = [[documents[i]["id"] in row["gold"] for i in five] for five, row in zip(best, asked, strict=True)]
    return {
        "questions": len(asked),
        "hit@1": float(np.mean([h[0] for h in hits])),
        "hit@5": float(np.mean([any(h) for h in hits])),
    }


def headings(embedder: Embedder) -> dict[str, float]:
    """Every heading with a Japanese character of the pages that are there in both languages."""
    root = DATA / "handbooks" / "freee-a11y-ja-en"
    pages = [path.relative_to(root / "en") for path in sorted((root / "en").rglob("*.rst"))]
    pages = [page for page in pages if (root / "ja" / page).exists()]
    asked = [(h, page) for page in pages for h in _headings((root / "ja" / page).read_text()) if _JAPANESE.search(h)]
    parts = [(part, page) for page in pages for part in _parts((root / "en" / page).read_text())]
    near = embedder.embed_passages([h for h, _ in asked]) @ _passages(embedder, [part for part, _ in parts]).T
    found = 0
    for (_, page), order in zip(asked, np.argsort(-near, axis=1), strict=True):
        found += page in list(dict.fromkeys(parts[i][1] for i in order))[:5]
    return {"headings": len(asked), "pages": len(pages), "hit@5": found / len(asked)}


def _headings(text: str) -> Iterator[str]:
    lines = text.split("\n")
    for above, line in pairwise(lines):
        if _UNDERLINE.fullmatch(line) and above.strip() and not _UNDERLINE.fullmatch(above):
            yield above.strip()


def _passages(embedder: Embedder, passages: Sequence[tuple[str, str]]) -> Floats:
    """The vectors of passages, each with its title."""
    titles, texts = (embedder.embed_passages([passage[n] for passage in passages]) for n in (0, 1))
    vectors = texts + CONTEXT * titles
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """The page's title with each part of it."""
    title = next(_headings(text), "")
    part = ""
    for paragraph in text.split("\n\n"):
        if part and len(part) + len(paragraph) > _PART:
            yield title, part
            part = ""
        part += paragraph + "\n\n"
    if part.strip():
        yield title, part


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="bilingual")
    parser.add_argument("--work", type=Path, default=Path(".bilingual"))
    options = parser.parse_args()
    embedder = open_embedder(model=options.model, cache=options.work / "cache", languages=frozenset({"en", "ja"}))
    for figures in (sentence_pairs, questions, headings):
        print(figures.__name__, json.dumps(figures(embedder)), flush=True)


if __name__ == "__main__":
    main()
