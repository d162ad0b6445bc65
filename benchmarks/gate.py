"""Fits the gate: how likely the best window answers, by each method, judged on whole sets that it was not fitted on.

``python benchmarks/gate.py collect signals.json --homes FOLDER`` asks the questions of benchmarks/colloquial (written by
others than who fits), of the companies, of half of consultant-shared and a part of the public sets, each set in its own
home below FOLDER (made where it is missing), and keeps the signals. ``python benchmarks/gate.py fit signals.json`` fits and
prints the figures; ``--ship`` writes qeu_rag/answer/gate/shipped.json. benchmarks/kept_back, colloquial/held_out and the
other half of consultant-shared are judged by ``benchmarks/asked.py`` alone, never here.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from question_sets import DATA, ROOT, Asked, Set, read_set

from qeu_rag import KnowHow
from qeu_rag.answer.compose import shown
from qeu_rag.answer.gate.judge import GATE_VERSION
from qeu_rag.answer.gate.logistic import Logistic, Platt
from qeu_rag.answer.gate.model import METHODS, Method, Model, fit
from qeu_rag.answer.gate.signals import NAMES, measure
from qeu_rag.answer.gate.thresholds import thresholds
from qeu_rag.answer.passage import Passage
from qeu_rag.evaluate.statistics import auroc

COLLOQUIAL = ("ja_hr", "en_hr", "ja_qe", "en_qe")
PUBLIC = {"squad2-shared": 300, "ja-abstain-shared": 300}
"""Public sets and how many of their questions are asked: a formal manner of asking beside the everyday one."""
STRANGE = {
    "ja_hr": "ja_qe",
    "ja_qe": "ja_hr",
    "en_hr": "en_qe",
    "en_qe": "en_hr",
    "aoba": "ja_qe",
    "northgate": "en_hr",
}
"""Whose questions a set is asked, too: every second one, which its documents do not answer, as they are about another field."""
SHARE = {"strange": 1.0, "colloquial": 1.0, "companies": 1.0, "consultant": 1.0, "public": 0.25}
"""What a question of each group weighs: people ask as in the first three."""


def sets() -> Iterator[tuple[str, Set]]:
    """The groups and their sets; of consultant-shared the half that may be fitted on."""
    for name in COLLOQUIAL:
        yield from (("colloquial", one) for one in read_set(ROOT / "benchmarks" / "colloquial" / name))
    for folder in sorted((ROOT / "benchmarks" / "companies").iterdir()):
        yield from (("companies", one) for one in read_set(folder))
    for one in read_set(DATA / "consultant-shared"):
        half = tuple(asked for asked in one.questions if not asked.kept_back)
        yield "consultant", Set(name=one.name, documents=one.documents, questions=half)


def public(folder: Path, count: int, into: Path) -> Set:
    """A public set as documents in ``into`` and every n-th of its questions; answers must stand there word for word."""
    into.mkdir(parents=True, exist_ok=True)
    for number, line in enumerate((folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        heading = f"# {row['title']}\n\n" if row["title"] else ""
        (into / f"{number:05d}.md").write_text(heading + row["text"], encoding="utf-8")
    rows = [json.loads(line) for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if not row["answerable"] or row["answers"]]
    chosen = rows[:: max(1, len(rows) // count)][:count]
    asked = tuple(
        Asked(
            question=row["question"],
            kind=folder.name,
            answerable=row["answerable"],
            contains=row["answers"][0] if row["answerable"] else "",
        )
        for row in chosen
    )
    return Set(name=folder.name, documents=(into,), questions=asked)


def collect(homes: Path, out: Path, flags: dict[str, object]) -> None:
    """Asks everything and writes one row a question: set, group, whether it has an answer, is right, and the signals."""
    found: list[dict[str, object]] = []
    every = list(sets())
    known = {one.name: one for _, one in every}
    every += [("public", public(DATA / name, count, homes / "docs" / name)) for name, count in PUBLIC.items()]
    for group, one in every:
        with KnowHow.open(home=homes / one.name.replace("/", "-"), **flags) as know_how:
            know_how.ingest(list(one.documents))
            found += (row(know_how, one, group, asked) for asked in one.questions)
            strangers = known[STRANGE[one.name]].questions[::2] if one.name in STRANGE else ()
            found += (row(know_how, one, "strange", replace(asked, answerable=False)) for asked in strangers)
        print(one.name, len(one.questions), len(strangers), flush=True)
        out.write_text(json.dumps(found), encoding="utf-8")


def row(know_how: KnowHow, one: Set, group: str, asked: Asked) -> dict[str, object]:
    """What came of one question."""
    evidence = know_how.evidence(asked.question, k=know_how.settings.retrieve.k)
    texts = [shown(Passage.of(window), marker=1).text for window in evidence.windows[:3]]
    return {
        "set": one.name,
        "group": group,
        "answerable": asked.answerable,
        "right": asked.answerable and bool(texts) and asked.right(texts[0]),
        "right_in_three": asked.answerable and asked.right("\n".join(texts)),
        "signals": measure(asked.question, evidence.windows),
    }


def fitted(rows: list[dict[str, object]], method: Method) -> Model:
    """``method`` fitted to ``rows``; the regression is the mean of one over all signals and one without the reader.

    A reader that has seen 1,200 passages must not outvote all else: with the whole weight that the fit gives it, plain
    questions on formulas and definitions, which it has not learnt, were refused.
    """
    whole = _fitted(rows, method, NAMES)
    if method != "logistic":
        return whole
    return _mean(whole, _fitted(rows, method, tuple(name for name in NAMES if name != "reads")))


def _fitted(rows: list[dict[str, object]], method: Method, names: tuple[str, ...]) -> Model:
    signals = np.array([[row["signals"][name] for name in names] for row in rows])  # type: ignore[index]
    truth = np.array([float(bool(row["right"])) for row in rows])
    weight = np.array([SHARE[str(row["group"])] for row in rows])
    return fit(method, names, signals, truth, weight)


def _mean(*models: Model) -> Model:
    """The regression whose logit is the mean of those of ``models``, over all signals."""
    bias, weights = 0.0, dict.fromkeys(NAMES, 0.0)
    for model in models:
        assert isinstance(model.scorer, Logistic)
        slope, shift = model.platt.slope, model.platt.shift
        bias += (slope * model.scorer.bias + shift) / len(models)
        for name, value in zip(model.names, model.scorer.weights, strict=True):
            weights[name] += slope * value / len(models)
    scorer = Logistic(bias=bias, weights=tuple(weights.values()))
    return Model(method="logistic", names=NAMES, scorer=scorer, platt=Platt(slope=1.0, shift=0.0))


def report(rows: list[dict[str, object]], method: Method) -> list[float]:
    """Prints each set judged by a fit on all others, and gives these confidences."""
    confidences: dict[int, float] = {}
    for name in dict.fromkeys(str(row["set"]) for row in rows):
        model = fitted([row for row in rows if row["set"] != name], method)
        own = [number for number, row in enumerate(rows) if row["set"] == name]
        confidences |= {number: model.probability(rows[number]["signals"]) for number in own}  # type: ignore[arg-type]
        of_answer = auroc(
            *([confidences[n] for n in own if bool(rows[n]["answerable"]) is kind] for kind in (True, False))
        )
        of_right = auroc(*([confidences[n] for n in own if bool(rows[n]["right"]) is kind] for kind in (True, False)))
        shares = [sum(bool(rows[n][key]) for n in own) for key in ("answerable", "right", "right_in_three")]
        figures = [f"{area[0]:.3f}" if area else "-" for area in (of_answer, of_right)]
        print(f"| {method} | {name} | {len(own)} | {' | '.join(map(str, shares))} | {' | '.join(figures)} |")
    return [confidences[number] for number in range(len(rows))]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("collect", "fit"))
    parser.add_argument("signals", type=Path)
    parser.add_argument("--homes", type=Path, default=ROOT / ".gate-homes")
    parser.add_argument("--ship", action="store_true")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    given = parser.parse_args()
    if given.what == "collect":
        collect(given.homes, given.signals, dict(pair.split("=", 1) for pair in given.set))
        return
    rows = json.loads(given.signals.read_text(encoding="utf-8"))
    print("| method | set | questions | answerable | first right | first three | AUROC answerable | AUROC right |")
    gates = {}
    for method in METHODS:
        confidences = report(rows, method)
        asked = [n for n, row in enumerate(rows) if row["group"] not in ("public", "strange")]
        truth = [[bool(rows[n][key]) for n in asked] for key in ("right", "right_in_three")]
        sure, likely = thresholds([confidences[n] for n in asked], *truth)
        judged = {
            name: (
                sum(bool(rows[n]["right"]) for n in asked if low <= confidences[n] < high),
                sum(bool(rows[n]["right_in_three"]) for n in asked if low <= confidences[n] < high),
                sum(bool(rows[n]["answerable"]) for n in asked if low <= confidences[n] < high),
                sum(low <= confidences[n] < high for n in asked),
            )
            for name, low, high in (("sure", sure, 2.0), ("likely", likely, sure), ("refused", -1.0, likely))
        }
        print(
            method, f"sure from {sure:.3f}, likely from {likely:.3f}; right, right in three, answerable, all: {judged}"
        )
        model = fitted(rows, method)
        gates[method] = {"sure": round(sure, 3), "likely": round(likely, 3), "model": model.to_json()}
    if given.ship:
        target = ROOT / "qeu_rag" / "answer" / "gate" / "shipped.json"
        target.write_text(json.dumps({"version": GATE_VERSION, "gates": gates}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
