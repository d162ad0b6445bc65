"""Measures the check of written sentences: which true claims of a file it shows, and which false ones.

    python benchmarks/claims.py [--wrong] [--least LOGIT]

``benchmarks/claims`` has 340 claims, half of them true, that two writers made about documents of consultant-shared without having
seen this program or its training claims; by them the thresholds were chosen. ``--claims benchmarks/claims_kept`` has 416 by two
others, written after that and kept back. A line holds ``evidence`` (document, start, end), ``question``, ``claim``, ``true`` and
``kind``. Of 106 of the 170 English ones a stretch stands among the texts of training claims, too, with other claims.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from question_sets import DATA, ROOT

from qeu_rag.answer.passage import whole
from qeu_rag.answer.verify import SUPPORTED, Verifier
from qeu_rag.config import load_settings
from qeu_rag.embed.cross_encoder import JUDGE, open_cross_encoder
from qeu_rag.embed.embedder import open_embedder
from qeu_rag.text.notation import lang_of
from qeu_rag.text.terms import Analyzer
from qeu_rag.types import Chunk, Span


def chunk(number: int, text: str) -> Chunk:
    """A chunk of nothing but ``text``."""
    span = Span(start=0, end=len(text))
    return Chunk(id=str(number), document_id=str(number), source=f"{number}.md", title="", headings=(), text=text,
                 span=span, lang=lang_of(text))  # fmt: skip


def claims(folder: Path) -> Iterator[dict[str, Any]]:
    """The claims of a folder, with the texts of their evidence."""
    documents = DATA / "consultant-shared" / "docs"
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            places = one["evidence"]
            one["evidence"] = [(documents / name).read_text(encoding="utf-8")[start:end] for name, start, end in places]
            yield {**one, "language": path.stem}


def main() -> None:
    """Prints the shares of claims that are shown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=Path, default=ROOT / "benchmarks" / "claims", help="a folder of claims")
    parser.add_argument("--wrong", action="store_true", help="name the claims that are judged wrongly")
    parser.add_argument("--least", type=float, default=SUPPORTED, help="the least logit of a claim that is shown")
    given = parser.parse_args()
    cache = load_settings().home / "cache"
    encode = open_embedder(model="bundled", cache=cache).embed_passages
    judge = open_cross_encoder(JUDGE, cache)
    analyze = Analyzer().word_terms
    shown: dict[str, list[bool]] = defaultdict(list)
    for one in claims(given.claims):
        passages = [whole(chunk(n, text)) for n, text in enumerate(one["evidence"])]
        checks = Verifier(passages=passages, question=one["question"], judge=judge, encode=encode, analyze=analyze)
        support = replace(checks, least=given.least).support(one["claim"])
        truth = "true" if one["true"] else "false"
        for name in (truth, f"{truth} {one['language']}", f"{truth} {one['kind']}"):
            shown[name].append(bool(support.units))
        if given.wrong and bool(support.units) != one["true"]:
            print(f"{one['id']} {truth} {one['kind']} ({support.fault or 'shown'}): {one['claim']}")
    for name in sorted(shown, key=lambda name: (name.split()[0] == "false", " " in name, name)):
        found = shown[name]
        print(f"{name:28} shown {sum(found):3} of {len(found):3}  {sum(found) / len(found):.3f}")


if __name__ == "__main__":
    main()
