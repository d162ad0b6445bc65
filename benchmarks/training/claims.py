"""Trains what judges claims: whether a passage says what a sentence claims in answer to a question; it starts from the reader.

``python benchmarks/training/claims.py OUT [--data DIR] [--minutes M] [--start CHECKPOINT]``. Question and claim
are read together with the passage, and some claims without their question, as the Verifier reads each once more. The claims
and what is wrong with the false ones were written by others than who train; true claims beside the likest passage of
another are false, too, and questions with the answers of others of the same paragraph are ballast. The same network goes
on learning whether a window answers a question, unless ``--alone`` is given.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from pairs import kept_back, rows, under, windows
from reader import Example, Parts, Reader, embedding, hard, is_held, questions, train

from qeu_rag.answer.verify import without_yes
from qeu_rag.embed.cross_encoder import READER, Bundled, weights
from qeu_rag.embed.encoder.packed import FOLDER
from qeu_rag.text.sentences import sentences
from qeu_rag.text.terms import Analyzer

_SHORTENED = ("claims", "swapped", "squad1")
_MOST_SENTENCES = 3
_OF_QUESTION = frozenset("offtopic other empty model short yesno".split())
"""Kinds of claims that are true or false only as answers to their question, or may be."""
_LEAST_WORDS, _LEAST_CHARACTERS = 5, 15
"""Of a claim that is read by itself, in English and in Japanese."""
_SHORT = 30
"""A longer answer may be a sentence, which is true whatever was asked."""


def asked(question: str, claim: str) -> str:
    """A claim with the question that it answers, as they are read."""
    return f"{question} {claim}"


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims about one passage: ``asked`` behind their questions, ``bare`` those that are true or false without one."""

    window: str
    asked: list[Example]
    bare: list[Example]

    @classmethod
    def of(cls, window: str, told: Iterable[tuple[str, str, int, str]]) -> Claims:
        """Of questions, claims, whether they are true, and their kinds."""
        each = list(told)
        return cls(
            window,
            [Example(asked(question, claim), window, bool(true)) for question, claim, true, _ in each],
            [
                Example(without_yes(claim), window, bool(true))
                for _, claim, true, kind in each
                if _stands_alone(claim, kind)
            ],
        )


def _stands_alone(claim: str, kind: str) -> bool:
    long = len(claim.split()) >= _LEAST_WORDS if claim.isascii() else len(claim) >= _LEAST_CHARACTERS
    return kind not in _OF_QUESTION and long


def written(reading: Path) -> Iterator[Claims]:
    """The claims written by hand about written passages."""
    for path in sorted(reading.glob("*.jsonl")):
        for row in rows(path):
            told = ((row["yes"][at], claim, true, kind) for at, claim, true, kind in row.get("c", ()))
            yield Claims.of(row["p"], told)


def quoted(folder: Path, data: Path) -> Iterator[Claims]:
    """The claims written by hand about stretches of the shared sets, which stay where they are."""
    texts: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for row in rows(path):
            if row["set"] not in texts:
                texts[row["set"]] = {one["id"]: one["text"] for one in rows(data / row["set"] / "corpus.jsonl")}
            window = under(row["title"], texts[row["set"]][row["doc"]][row["start"] : row["end"]])
            yield Claims.of(window, row["c"])


def exchanged(folder: Path, rng: random.Random, *, whole: bool) -> list[Example]:
    """Questions with their answer, and with the answer to another question of the same window."""
    documents = {row["id"]: row for row in rows(folder / "corpus.jsonl")}
    by_document: dict[str, list[tuple[str, str]]] = {}
    for row in rows(folder / "queries.jsonl"):
        if row["answerable"] and row["gold"] and row["answers"]:
            by_document.setdefault(row["gold"][0], []).append((row["question"], row["answers"][0]))
    found = []
    for name, told in by_document.items():
        title = documents[name]["title"]
        if not whole and kept_back(title or name):
            continue
        parts = windows(documents[name]["text"])
        for question, answer in told:
            holding = [part for part in parts if answer in part]
            if not holding:
                continue
            window = holding[len(question) % len(holding)]
            found.append(Example(asked(question, answer), under(title, window), True))
            others = [a for _, a in told if a in window and a not in answer and answer not in a and len(a) <= _SHORT]
            if others:
                found.append(Example(asked(question, rng.choice(others)), under(title, window), False))
    return found


def swapped(reading: Path) -> Iterator[Example]:
    """The questions of a written passage with their answer, and with a short answer to another of them."""
    for path in sorted(reading.glob("*.jsonl")):
        for row in rows(path):
            told = list(zip(row["yes"], row["ans"], strict=False))
            for at, (question, answer) in enumerate(told):
                yield Example(asked(question, answer), row["p"], True)
                other = told[(at + 1) % len(told)][1]
                if len(other) <= _SHORT and other not in answer and answer not in other:
                    yield Example(asked(question, other), row["p"], False)


def short(examples: Iterable[Example]) -> Iterator[Example]:
    """The examples whose claim's words stand in a part of their window, with that part alone: short documents have no more."""
    analyze = Analyzer().evidence_terms
    known: dict[str, tuple[list[str], list[set[str]]]] = {}
    for one in examples:
        if one.window not in known:
            parts = [span.of(one.window).strip() for span in sentences(one.window)]
            known[one.window] = parts, [set(analyze(part)) for part in parts]
        parts, terms = known[one.window]
        wanted = set(analyze(one.question)) & set().union(*terms)
        runs = ((a, b) for size in range(1, min(_MOST_SENTENCES, len(parts) - 1) + 1)
                for a, b in zip(range(len(parts)), range(size, len(parts) + 1), strict=False))  # fmt: skip
        found = next(((a, b) for a, b in runs if wanted <= set().union(*terms[a:b])), None)
        if found is not None:
            yield replace(one, window="\n".join(parts[found[0] : found[1]]))


class Judge(Reader):
    """The reader with more room, since a claim stands beside the question and the passage is read whole."""

    bundled = Bundled(READER.folder, 112, 320)


def main() -> None:
    """The command."""
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=here.parents[2] / "shared" / "data")
    parser.add_argument("--reading", type=Path, default=here / "reading")
    parser.add_argument("--quoted", type=Path, default=here / "quoted")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--start", type=Path, help="a checkpoint to go on from; the reader's weights else")
    parser.add_argument("--rate", type=float, default=1.0, help="share of the usual rate, where training goes on")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--everyday", type=Path, default=here / "everyday")
    parser.add_argument(
        "--mined", type=int, default=15000, help="true claims that are set beside the likest passage of another"
    )
    parser.add_argument("--alone", action="store_true", help="claims alone, without the reader's questions")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    judge = Judge(FOLDER)
    own = {
        name if name.startswith("whether.") else f"bert.{name}": torch.from_numpy(w)
        for name, w in weights(READER).items()
    }
    judge.eval()  # while the likest windows are looked for, by the encoder as it is shipped
    parts, kept = claims(judge, args, rng)
    if not args.alone:
        asked_parts, kept["questions"] = questions(judge, args, rng)
        # As much of the one as of the other.
        ratio = sum(share for share, _ in parts.values()) / sum(share for share, _ in asked_parts.values())
        parts |= {f"asked: {name}": (ratio * share, found) for name, (share, found) in asked_parts.items()}
    judge.train()
    judge.load_state_dict(torch.load(args.start) if args.start else own, strict=False)
    train(judge, parts, kept, args, rng)


def claims(judge: Reader, args: argparse.Namespace, rng: random.Random) -> tuple[Parts, dict[str, list[Example]]]:
    """Whether a passage says what is claimed: what is trained on, each with its share, and what is held back, both ways."""
    every = [one for one in (*written(args.reading), *quoted(args.quoted, args.data)) if one.asked]
    shown = [one for one in every if not is_held(one.window)]
    told = [example for one in shown for example in one.asked]
    true = [one for one in told if one.answers]
    elsewhere = hard(rng.sample(true, min(len(true), args.mined)), embedding(judge), 1)
    parts = {
        "elsewhere": (1.0, elsewhere),
        "jaquad": (0.8, rng.sample(exchanged(args.data / "jaquad-train", rng, whole=True), 16000)),
        "squad1": (0.4, exchanged(args.data / "squad1-shared", rng, whole=False)),
        "squad2": (0.3, exchanged(args.data / "squad2-shared", rng, whole=False)),
        "swapped": (0.7, [one for one in swapped(args.reading) if not is_held(one.window)]),
        "claims": (9.0, told),
        "bare": (3.0, [example for one in shown for example in one.bare]),
    }
    parts |= {
        f"short {name}": (share, list(short(found))) for name, (share, found) in parts.items() if name in _SHORTENED
    }
    back = [one for one in every if is_held(one.window)]
    rng.shuffle(back)
    return parts, {name: [example for one in back for example in getattr(one, name)] for name in ("asked", "bare")}


if __name__ == "__main__":
    main()
