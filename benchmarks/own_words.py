"""Measures answers in a model's own words beside the documents' own: facts, sentences that hold, seconds.

    python benchmarks/own_words.py --file SmolLM2-135M-Instruct.Q4_1.gguf
    python benchmarks/own_words.py --base-url http://127.0.0.1:11434/v1 --name qwen3:4b --set faq --set en

Sets: ``faq`` (corpus/faq.csv), and ``en``, ``ja``, ``qe`` of consultant-shared. ``--shown FILE`` keeps every answer with
its quotes, one JSON line each, for people to read: a false one among them counts more than all other figures.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from question_sets import DATA, ROOT, Asked, Set, plain, read_set

from qeu_rag import Answer, KnowHow
from qeu_rag.text.figures import repeats
from qeu_rag.text.notation import lang_of
from qeu_rag.text.terms import Analyzer
from qeu_rag.text.values import values

_WORDS = 0.6
"""The least share of an expected answer's words that an answer without figures must hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected(Asked):
    """A question of the FAQ: an answer is right that holds the figures of the expected one, or most of its words."""

    def right(self, text: str) -> bool:
        """Whether ``text`` holds what is expected."""
        wanted, found = values(self.contains), values(text)
        if wanted:
            return all(
                any(repeats(replace(one, bound=""), replace(other, bound="")) for other in found) for one in wanted
            )
        words = set(Analyzer().evidence_terms(self.contains))
        return len(words & set(Analyzer().evidence_terms(text))) >= _WORDS * len(words)


@dataclass(slots=True)
class Tally:
    """What became of the answers to one set of questions."""

    asked: int = 0
    right: int = 0
    right_extractive: int = 0
    own: int = 0
    replies: int = 0
    refused: int = 0
    kept: int = 0
    fallen: int = 0
    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    extractive: list[float] = field(default_factory=list)


def sets(wanted: list[str]) -> Iterator[Set]:
    """The sets that are asked for."""
    if "faq" in wanted:
        with (ROOT / "corpus" / "faq.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["answerable"] == "true"]
        asked = tuple(
            Expected(question=row["question"], kind=row["kind"], answerable=True, contains=row["expected_answer"])
            for row in rows
        )
        yield Set(name="faq", documents=(ROOT / "corpus" / "en", ROOT / "corpus" / "ja"), questions=asked)
    for one in read_set(DATA / "consultant-shared") if set(wanted) - {"faq"} else ():
        if one.name.rsplit("/", 1)[-1] in wanted:
            yield one


def measure(one: Set, given: argparse.Namespace, home: Path) -> Tally:
    """Asks every question that the documents answer, with the model and without."""
    flags = {
        "model__base_url": given.base_url,
        "model__name": given.name,
        "model__file": given.file,
        "collection": plain(one.name).replace("/", "-"),
    }
    flags["model__engine"] = "server" if given.base_url else "auto"
    tally = Tally()
    with KnowHow.open(home=home, **flags) as know_how:
        know_how.ingest(list(one.documents))
        know_how.prepare()
        asked = [q for q in one.questions if q.answerable and (given.lang in ("", lang_of(q.question)))]
        for question in asked[: given.limit]:
            tally.asked += 1
            began = time.perf_counter()
            first = 0.0
            for piece in know_how.stream(question.question):
                first = first or time.perf_counter() - began
                if isinstance(piece, Answer):
                    _count(question, piece, first, time.perf_counter() - began, tally, given)
            began = time.perf_counter()
            documents = know_how.ask_documents(question.question)
            tally.extractive.append(time.perf_counter() - began)
            tally.right_extractive += question.right(documents.text)
    return tally


def _count(
    question: Asked, answer: Answer, first: float, whole: float, tally: Tally, given: argparse.Namespace
) -> None:
    right = question.right(answer.text)
    tally.right += right
    written = answer.engine not in ("extractive", "approved")
    replied = written or "reply_unchecked" in answer.notes or "reply_empty" in answer.notes
    tally.replies += replied
    tally.refused += answer.reason == "engine_abstained"
    if replied:
        tally.first.append(first)
        tally.whole.append(whole)
    tally.own += written and answer.status == "answered"
    quotes = {plain(citation.quote) for citation in answer.citations}
    sentences = (
        [part for part in re.split(r"(?:\[\d+\])+\s*", answer.text) if part.strip()]
        if written and answer.status == "answered"
        else []
    )
    own = [part for part in sentences if plain(part) not in quotes]
    tally.kept += len(own)
    tally.fallen += "claim_unsupported" in answer.notes
    if given.shown:
        line = {"question": question.question, "right": right, "engine": answer.engine, "notes": answer.notes,
                "reason": answer.reason, "seconds": [round(first, 2), round(whole, 2)], "text": answer.text,
                "expected": question.contains or question.keys,
                "quotes": [citation.quote for citation in answer.citations]}  # fmt: skip
        with given.shown.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def main() -> None:
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", help="a server's OpenAI-compatible address")
    parser.add_argument("--name", help="the model's name there")
    parser.add_argument("--file", type=Path, help="a model file, in place of a server")
    parser.add_argument("--set", action="append", choices=("faq", "en", "ja", "qe"), help="[faq, en]")
    parser.add_argument("--lang", default="", help="only questions in this language")
    parser.add_argument("--limit", type=int, help="so many questions of each set")
    parser.add_argument("--shown", type=Path, help="keep the answers here")
    parser.add_argument("--home", type=Path, help="work here and leave it [a temporary folder]")
    given = parser.parse_args()
    print(
        "| set | asked | facts, own words | facts, extractive | replies | refused | answers with own words | own"
        " sentences | answers with a fallen sentence | s to first | s to end | s extractive |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="qeu-rag-own-") as folder:
        for one in sets(given.set or ["faq", "en"]):
            t = measure(one, given, given.home or Path(folder))
            mid = [statistics.median(seconds) if seconds else 0.0 for seconds in (t.first, t.whole, t.extractive)]
            cells = (
                one.name,
                t.asked,
                t.right,
                t.right_extractive,
                t.replies,
                t.refused,
                t.own,
                t.kept,
                t.fallen,
                *(f"{s:.2f}" for s in mid),
            )
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
