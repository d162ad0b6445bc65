"""Counts the words of everyday sentences, for the gate: python training/everyday.py (seconds).

Writes qeu_rag/answer/gate/everyday.txt: every word that at least two of the 50,500 sentence pairs of ``parallel-en-ja`` hold
(Tanaka corpus, as kept by Tatoeba, CC BY 2.0 FR), and in how many. A word of both languages has the greater count.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from texts import DATA

from qeu_rag.index.analyze import Analyzer

OUT = Path(__file__).parents[1] / "qeu_rag" / "answer" / "gate" / "everyday.txt"
LEAST = 2


def main() -> None:
    """The command line."""
    analyzer = Analyzer()
    counts: dict[str, Counter[str]] = {"en": Counter(), "ja": Counter()}
    for line in (DATA / "parallel-en-ja" / "pairs.jsonl").read_text(encoding="utf-8").splitlines():
        pair = json.loads(line)
        for lang, found in counts.items():
            found.update(set(analyzer.word_terms(pair[lang])))
    words = {word: max(found[word] for found in counts.values()) for found in counts.values() for word in found}
    kept = sorted((word for word in words if words[word] >= LEAST), key=lambda word: (-words[word], word))
    note = "# Words of the Tanaka corpus (tatoeba.org, CC BY 2.0 FR) and how many of 50,500 sentences hold each."
    OUT.write_text(
        "\n".join([note, *(f"{word}\t{words[word]}" for word in kept)]) + "\n", encoding="utf-8", newline="\n"
    )
    print(f"{len(kept)} words in {OUT}")


if __name__ == "__main__":
    main()
