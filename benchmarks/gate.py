"""Fits the gate's weights and says how good each method is on questions that it was not fitted on.

``python benchmarks/gate.py collect --homes FOLDER --out signals.npz`` asks the questions of the public sets (``QEU_RAG_DATA``,
else ../shared/data), of benchmarks/gate/questions.csv and of corpus/faq.csv, each set in its own home below FOLDER (made where
it is missing), and keeps the signals: minutes. ``python benchmarks/gate.py fit signals.npz`` fits and prints the figures:
seconds; ``--ship`` writes qeu_rag/answer/gate/shipped.json. corpus/faq.csv is judged and never fitted on.
"""

from __future__ import annotations

import argparse
import csv
import functools
import hashlib
import json
import os
import random
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from qeu_rag import KnowHow
from qeu_rag.answer.gate.judge import GATE_VERSION, THRESHOLD, regime_of
from qeu_rag.answer.gate.logistic import Logistic, Platt, fit_platt
from qeu_rag.answer.gate.model import METHODS, Method, Model, fit
from qeu_rag.answer.gate.signals import DENSE, LEXICAL, measure
from qeu_rag.answer.liken import liken, quote_of
from qeu_rag.answer.weigh import weigh
from qeu_rag.evaluate.made import questions_of
from qeu_rag.evaluate.statistics import auroc, wilson
from qeu_rag.index.analyze import Analyzer
from qeu_rag.index.notation import lang_of
from qeu_rag.types import ScoredChunk

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("QEU_RAG_DATA", ROOT.parent / "shared" / "data"))
QUESTIONS = ROOT / "benchmarks" / "gate" / "questions.csv"
"""Questions written by the project, as colleagues ask, on the rules of three small companies (handbooks of the public data), and
such as none of the documents of three sets answers (their key words stand nowhere there)."""

COMPANIES = ROOT / "benchmarks" / "companies"
"""Documents of three invented companies, with questions that people there would ask, and such that nothing there answers."""

NAMES = (*LEXICAL, *DENSE)
Opening = Callable[[str], KnowHow]
FOUND_AMONG = 5
SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question to one collection: ``own``, ``unanswerable`` (as the set says), ``left_out`` (its document's chunks
    removed from what was found) or ``foreign`` (another set's). ``group`` are questions that must stay on one side of a split."""

    home: str
    question: str
    kind: str
    group: str
    gold: tuple[str, ...] = ()
    passage: str = ""
    detail: str = ""


def rows(name: str) -> list[dict[str, object]]:
    """The questions of a public set, in their order."""
    return [json.loads(line) for line in (DATA / name / "queries.jsonl").read_text(encoding="utf-8").splitlines()]


def corpus_of(name: str) -> dict[str, tuple[str, str]]:
    """The documents' names (as ``collect`` writes them) and titles, by id."""
    found = {}
    for number, line in enumerate((DATA / name / "corpus.jsonl").read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        found[row["id"]] = (f"{number:06d}.md", str(row["title"]))
    return found


def own(name: str, limit: int, *, left_out: bool) -> Iterator[Asked]:
    """Questions of a set put to its own documents, and again without the document that answers."""
    documents = corpus_of(name)
    chosen = rows(name)
    random.Random(SEED).shuffle(chosen)
    for row in chosen[:limit]:
        gold = tuple(documents[i][0] for i in row["gold"])
        group = documents[row["gold"][0]][1] if gold else str(row["id"])
        shared = {"home": name, "question": str(row["question"]), "group": group, "gold": gold}
        kind = "own" if row["answerable"] else "unanswerable"
        yield Asked(**shared, kind=kind, detail=str(row.get("kind") or ""))
        if left_out and row["answerable"]:
            yield Asked(**shared, kind="left_out")


def foreign(home: str, name: str, limit: int) -> Iterator[Asked]:
    """Questions of another set."""
    chosen = rows(name)
    random.Random(SEED + 1).shuffle(chosen)
    for row in chosen[:limit]:
        yield Asked(home=home, question=str(row["question"]), kind="foreign", group=str(row["id"]))


def gold_set(path: Path, home: str) -> Iterator[Asked]:
    """A CSV gold set, and its answerable questions once more without the document that answers."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if row.get("home", home) != home:
                continue
            gold = (row["gold_document"],) if row["gold_document"] else ()
            shared = {
                "home": home,
                "question": row["question"],
                "group": row["gold_document"] + row["gold_passage"] or str(number),
                "gold": gold,
                "detail": row["kind"],
            }
            # The sample corpus's documents are short, and its passages may be cells; the handbooks' chapters are long.
            yield Asked(
                **shared,
                kind="own" if gold else "unanswerable",
                passage="" if home == "corpus" else row["gold_passage"],
            )
            if gold:
                yield Asked(**shared, kind="left_out")


def elsewhere(home: str, lang: str) -> Iterator[Asked]:
    """The answerable questions of benchmarks/gate/questions.csv, put to documents that know nothing of that company."""
    for one in gold_set(QUESTIONS, "rules"):
        if (
            one.kind == "own"
            and one.detail != "cross"
            and lang_of(one.question) == lang
            and "srenext" not in one.gold[0]
        ):
            yield replace(one, home=home, kind="foreign", gold=(), passage="")


def crossed(source: str, home: str, limit: int, opening: Opening) -> Iterator[Asked]:
    """Questions made of one half of a handbook in two languages, asked of the other half; a page has the same name in both."""
    chunks = [chunk for chunk in opening(source).chunks() if chunk.source.startswith("freee/")]
    for one in questions_of(chunks, limit=limit, seed=SEED):
        shared = {"home": home, "question": one.question, "group": one.gold[0], "gold": one.gold[:1], "detail": "cross"}
        yield Asked(**shared, kind="own")
        yield Asked(**shared, kind="left_out")


def crossed_faq(asked: str, home: str) -> Iterator[Asked]:
    """The questions that two sets hold in one language each, asked of the other one's documents."""
    documents = corpus_of(home)
    for row in rows(asked):
        gold = re.sub(r"-(?:ja|en)$", f"-{home.split('-')[2]}", str(row["gold"][0]))
        if gold.startswith("freee"):
            shared = {"home": home, "question": str(row["question"]), "group": gold, "gold": (documents[gold][0],)}
            yield Asked(**shared, kind="own", detail="cross")
            yield Asked(**shared, kind="left_out", detail="cross")


def companies() -> list[str]:
    """The names of the invented companies."""
    return sorted(path.parent.name for path in COMPANIES.glob("*/questions.csv"))


PARTS: dict[str, Callable[[Opening], Iterable[Asked]]] = {
    "corpus": lambda _: [
        *gold_set(ROOT / "corpus" / "faq.csv", "corpus"),
        *foreign("corpus", "aio-quiz-shared", 80),
        *foreign("corpus", "squad1-shared", 80),
    ],
    "rules": lambda _: [
        *gold_set(QUESTIONS, "rules"),
        *foreign("rules", "aio-quiz-shared", 60),
        *foreign("rules", "squad1-shared", 60),
    ],
    "cross": lambda opening: [
        *crossed("freee-ja", "freee-en", 90, opening),
        *crossed("freee-en", "freee-ja", 90, opening),
        *crossed_faq("handbook-faq-ja-shared", "handbook-faq-en-shared"),
        *crossed_faq("handbook-faq-en-shared", "handbook-faq-ja-shared"),
        *foreign("freee-en", "aio-quiz-shared", 60),
        *foreign("freee-ja", "squad1-shared", 60),
        *foreign("handbook-faq-en-shared", "aio-quiz-shared", 30),
        *foreign("handbook-faq-ja-shared", "squad1-shared", 30),
    ],
    "ja": lambda _: [
        *own("ja-abstain-shared", 240, left_out=False),
        *own("jsquad-valid", 30, left_out=True),
        *foreign("jsquad-valid", "handbook-faq-ja-shared", 34),
        *own("handbook-faq-ja-shared", 100, left_out=True),
        *foreign("handbook-faq-ja-shared", "aio-quiz-shared", 40),
        *gold_set(QUESTIONS, "handbook-faq-ja-shared"),
        *elsewhere("handbook-faq-ja-shared", "ja"),
        *elsewhere("jsquad-valid", "ja"),
    ],
    "en": lambda _: [
        *own("handbook-faq-en-shared", 1000, left_out=True),
        *own("covid-faq-en", 80, left_out=True),
        *own("squad1-shared", 40, left_out=True),
        *foreign("handbook-faq-en-shared", "squad1-shared", 60),
        *foreign("covid-faq-en", "squad1-shared", 40),
        *foreign("covid-faq-en", "handbook-faq-en-shared", 40),
        *gold_set(QUESTIONS, "covid-faq-en"),
        *gold_set(QUESTIONS, "handbook-faq-en-shared"),
        *elsewhere("covid-faq-en", "en"),
        *elsewhere("squad1-shared", "en"),
    ],
    "companies": lambda _: [one for home in companies() for one in gold_set(COMPANIES / home / "questions.csv", home)],
    "squad2": lambda _: [*own("squad2-shared", 300, left_out=False)],
}

HANDBOOKS = {
    "rules": ("tuqulore-rules-ja", "srenext-rules-ja", "clef-handbook"),
    "freee-en": ("tuqulore-rules-ja", "srenext-rules-ja", "freee-a11y-ja-en/en/source"),
    "freee-ja": ("clef-handbook", "freee-a11y-ja-en/ja/source"),
}
"""Homes of several handbooks: rules of two small Japanese companies and one English; the last one's pages in one language."""


def opened(name: str, homes: Path, profile: str | None) -> KnowHow:
    """The collection of a set, read in where it is missing."""
    know_how = KnowHow.open(profile=profile, home=homes / name)
    if not know_how.collection.ledger_path.exists():
        if name == "corpus":
            know_how.ingest(ROOT / "corpus")
        elif name in companies():
            know_how.ingest(COMPANIES / name / "docs")
        elif name in HANDBOOKS:
            know_how.ingest(_copied(HANDBOOKS[name], homes / name / "documents"))
        else:
            know_how.ingest(_written(name, homes / name / "documents"))
    return know_how


def _written(name: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, line in enumerate((DATA / name / "corpus.jsonl").read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        title = " ".join(str(row["title"] or "").split())
        (folder / f"{number:06d}.md").write_text(f"# {title}\n\n{row['text']}\n", encoding="utf-8")
    return folder


def _copied(handbooks: Sequence[str], folder: Path) -> Path:
    """The Markdown of ``handbooks``, and reStructuredText as Markdown."""
    for name in handbooks:
        root, under = DATA / "handbooks" / name, name.partition("-a11y")[0]
        for path in sorted(root.rglob("*.*")):
            if path.suffix in (".md", ".rst") and "ISSUE_TEMPLATE" not in path.parts:
                target = folder / under / path.relative_to(root).with_suffix(".md")
                target.parent.mkdir(parents=True, exist_ok=True)
                if path.suffix == ".md":
                    shutil.copy(path, target)
                else:
                    target.write_text(_markdown(path.read_text(encoding="utf-8")), encoding="utf-8")
    return folder


_RULE = re.compile(r"([#*=\-^\"~])\1{3,}\s*$")


def _markdown(text: str) -> str:
    """reStructuredText's headings as Markdown's, its directives and comments left out, its roles as their words."""
    lines, kept, levels = text.splitlines(), list[str](), list[tuple[str, bool]]()
    for number, line in enumerate(lines):
        below = _RULE.match(lines[number + 1]) if number + 1 < len(lines) else None
        if below and line.strip() and not _RULE.match(line):
            mark = (below[1], bool(number and _RULE.match(lines[number - 1])))
            levels += [] if mark in levels else [mark]
            kept.append(f"{'#' * min(6, levels.index(mark) + 1)} {line.strip()}")
        elif not _RULE.match(line) and not re.match(r"\s*\.\. |\s*:[a-z-]+:(?:\s|$)", line):
            kept.append(re.sub(r":[a-z:-]+:`([^`<]*)(?:<[^`]*>)?`", r"\1", line))
    return "\n".join(kept)


def collect(parts: Sequence[str], homes: Path, out: Path, profile: str | None) -> None:
    """Asks every question and writes the signals (nan: not measured), regimes, truths and what they belong to."""
    k = 8
    analyze = functools.lru_cache(200_000)(Analyzer().evidence_terms)
    opening = functools.cache(lambda name: opened(name, homes, profile))
    asked = [one for part in parts for one in PARTS[part](opening)]
    signals, found, regime = [], [], []
    for number, one in enumerate(asked):
        hits = opening(one.home).evidence(one.question, k=40 if one.kind == "left_out" else k)
        evidence = _without(hits.chunks, one.gold)[:k] if one.kind == "left_out" else hits.chunks
        read = hits.reading(analyze)
        ranked = liken(one.question, weigh(one.question, evidence, hits.weights, read), opening(one.home).likeness)
        measured = measure(one.question, evidence, hits.weights, read, quote_of(ranked))
        signals.append([measured.get(name, np.nan) for name in NAMES])
        regime.append(regime_of(one.question, evidence, measured))
        found.append(any(_answers(scored, one) for scored in evidence[:FOUND_AMONG]))
        if number % 100 == 0:
            print(number, len(asked), flush=True)
    text = {
        name: np.array([getattr(one, name) for one in asked])
        for name in ("home", "question", "kind", "group", "detail")
    }
    lang = np.array([lang_of(one.question) for one in asked])
    rest = {"found": np.array(found), "regime": np.array(regime), "lang": lang}
    np.savez_compressed(out, names=np.array(NAMES), signals=np.array(signals), **rest, **text)


def _answers(scored: ScoredChunk, one: Asked) -> bool:
    named = {scored.chunk.source, *scored.chunk.other_sources} & set(one.gold)
    return bool(named) and one.passage in f"{scored.chunk.header}\n{scored.chunk.text}"


def _without(chunks: Sequence[ScoredChunk], gold: Sequence[str]) -> tuple[ScoredChunk, ...]:
    return tuple(s for s in chunks if not {s.chunk.source, *s.chunk.other_sources} & set(gold))


def half(group: str) -> int:
    """0 or 1 by a hash, so that the halves share no article."""
    return hashlib.blake2b(group.encode(), digest_size=2).digest()[0] % 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What ``collect`` wrote, of all parts together."""

    signals: np.ndarray
    found: np.ndarray
    regime: np.ndarray
    lang: np.ndarray
    home: np.ndarray
    kind: np.ndarray
    half: np.ndarray
    question: np.ndarray
    detail: np.ndarray

    @classmethod
    def read(cls, paths: Sequence[Path]) -> Collected:
        """All parts together; stops where they were collected with other signals."""
        parts = [np.load(path) for path in paths]
        if any(tuple(part["names"]) != NAMES for part in parts):
            raise SystemExit("these signals are of another version: collect them again")
        joined = {key: np.concatenate([part[key] for part in parts]) for key in parts[0].files if key != "names"}
        halves = np.array([half(group) for group in joined.pop("group")])
        return cls(**joined, half=halves)

    def weight(self, regime: str, homes: Collection[str] = ()) -> np.ndarray:
        """Each set counts alike: its cells (its own, the unanswerable, ...) have these totals; unfound own questions none.

        With ``homes`` only these count, all alike. The test set has no weight.
        """
        weight = np.zeros(len(self.home))
        usable = rows_of(self, regime) & ~((self.kind == "own") & ~self.found) & (self.home != TEST)
        for home in sorted(set(self.home) & (set(homes) or set(self.home))):
            for kind, total in CELLS.items():
                cell = usable & (self.home == home) & (self.kind == kind)
                if cell.any():
                    weight[cell] = 100 * total * (1.0 if homes else SET_WEIGHT.get(home, 1.0)) / cell.sum()
        return np.minimum(weight, MOST)


TEST = "corpus"
"""Nothing is fitted on the sample corpus and its questions, nor chosen by them."""

CELLS = {"own": 1.0, "unanswerable": 1.0, "foreign": 1.0, "left_out": 0.3}
"""Total weights of the cells of a set. Many a question whose document was left out is answered by another one."""

SET_WEIGHT = {
    "jsquad-valid": 0.3,
    "squad1-shared": 0.3,
    "squad2-shared": 0.2,
    "rules": 2.0,
    **dict.fromkeys(companies(), 2.0),
}
"""Sets whose questions were written with the passage in sight count less: real ones share fewer words with it."""

MOST = 4.0
"""The most that one question counts."""

AS_ASKED = (
    *companies(),
    "rules",
    "handbook-faq-en-shared",
    "handbook-faq-ja-shared",
    "covid-faq-en",
    "freee-en",
    "freee-ja",
)
"""Sets that are asked as people ask who do not know the documents: these set where the threshold of .5 lies."""

REGIMES: dict[str, tuple[str, ...]] = {
    "ja": ("chunk", "found_anywhere", "strange", "kind", "said"),
    "ja+dense": ("chunk", "found_anywhere", "strange", "odds", "ahead", "kind", "said"),
    "ja+cross": ("odds", "cosine_of_first"),
    "en": ("chunk", "found_anywhere", "rarest_found", "names_missing", "strange", "kind", "heaviest_said"),
    "en+dense": ("chunk", "odds", "cosine_of_first", "kind", "said", "heaviest_said", "cosine_of_quote"),
    "en+cross": ("odds",),
}
"""The signals of each regime. Without an embedding English is fitted on the same evidence, less its dense signals."""


def rows_of(data: Collected, regime: str) -> np.ndarray:
    """Which questions a regime is fitted and measured on: its own; those by words alone on the same evidence as with vectors."""
    base, _, how = regime.partition("+")
    wider = (how,) if how else ("", "dense")
    return np.isin(data.regime, [f"{base}+{one}".rstrip("+") for one in wider])


LIKENESS: tuple[Method, ...] = ("rt-method", "mt-method")
"""Methods that judge by the distance from the questions that are answered; of these nearly all have one value of ``kind``."""


def fitted(data: Collected, regime: str, method: Method, use: np.ndarray, names: Sequence[str]) -> Model:
    """A model of the questions ``use``, whose score is then made a probability by those that are asked as people ask."""
    names = [name for name in names if name != "kind" or method not in LIKENESS]
    values = np.nan_to_num(data.signals[:, [NAMES.index(name) for name in names]])
    truth = (data.kind == "own").astype(float)
    weight, asked = data.weight(regime) * use, data.weight(regime, AS_ASKED) * use
    model = fit(method, names, values[weight > 0], truth[weight > 0], weight[weight > 0])
    scores = np.array([model.scorer.score(row) for row in values[asked > 0].tolist()])
    platt = fit_platt(scores, truth[asked > 0], asked[asked > 0])
    if isinstance(model.scorer, Logistic):
        # Calibration is pulled towards these weights, so that they are kept as they count.
        slope, bias = platt.slope, platt.slope * model.scorer.bias + platt.shift
        scorer = Logistic(bias=bias, weights=tuple(slope * weight for weight in model.scorer.weights))
        return replace(model, scorer=scorer, platt=Platt(slope=1.0, shift=0.0))
    return replace(model, platt=platt)


def judged(data: Collected, model: Model, at: np.ndarray) -> np.ndarray:
    """The model's confidence in the questions ``at`` (true where it is wanted)."""
    values = np.nan_to_num(data.signals[at][:, [NAMES.index(name) for name in model.names]])
    return np.array([model.probability(dict(zip(model.names, row, strict=True))) for row in values.tolist()])


def held_out(data: Collected, regime: str, method: Method, names: Sequence[str], folds: np.ndarray) -> np.ndarray:
    """The confidence in each question by a model fitted on the questions of the other ``folds``; nan outside the regime."""
    confidence = np.full(len(data.home), np.nan)
    for fold in sorted(set(folds[rows_of(data, regime)])):
        at = rows_of(data, regime) & (folds == fold)
        confidence[at] = judged(data, fitted(data, regime, method, folds != fold, names), at)
    return confidence


def report(data: Collected, regime: str, methods: Sequence[Method], names: Sequence[str]) -> None:
    """One line a set and method: AUROC and both errors at the threshold, held out by halves and by whole sets."""
    print(f"\n{regime}: {', '.join(names)}")
    print("| questions | method | AUROC, halves | AUROC, other sets | false answers | false refusals |")
    print("| --- | --- | --- | --- | --- | --- |")
    here = rows_of(data, regime) & (data.home != TEST)
    for method in methods:
        by_half = held_out(data, regime, method, names, data.half)
        by_set = held_out(data, regime, method, names, data.home)
        for home in sorted(set(data.home[here])):
            own = here & (data.home == home) & (data.kind == "own")
            for kind in ("unanswerable", "foreign", "left_out"):
                others = here & (data.home == home) & (data.kind == kind)
                if own.sum() < 10 or others.sum() < 5:
                    continue
                areas = [auroc(c[own], c[others]) for c in (by_half, by_set)]
                cells = [f"{area[0]:.3f}" if area else "" for area in areas]
                wrong = [f"{(by_half[others] >= THRESHOLD).mean():.3f}", f"{(by_half[own] < THRESHOLD).mean():.3f}"]
                counts = f"{home}: {own.sum()} own, {others.sum()} {kind}"
                print(f"| {counts} | {method} | {' | '.join(cells + wrong)} |")
        asked = here & np.isin(data.home, AS_ASKED)
        wrong = [(by_half[asked & (data.kind == k)] >= THRESHOLD).mean() for k in ("unanswerable", "foreign")]
        mine = asked & (data.kind == "own") & data.found
        print(
            f"{method}, as people ask: answered {np.round(wrong, 3)}, refused {(by_half[mine] < THRESHOLD).mean():.3f}"
        )


def tested(data: Collected, methods: Sequence[Method], regimes: Mapping[str, Sequence[str]]) -> None:
    """The test set by kind, judged by a fit on everything else: both errors with their 95 % intervals, and the AUROC."""
    here = data.home == TEST
    if not here.any():
        return
    for method in methods:
        confidence = np.full(len(data.home), np.nan)
        for regime in sorted(set(data.regime[here])):
            at = here & (data.regime == regime)
            model = fitted(data, str(regime), method, ~here, regimes[str(regime)])
            confidence[at] = judged(data, model, at)
        print(f"\n{TEST}, {method}: questions, wrongly answered or refused [95 %], mean confidence")
        for lang in ("en", "ja", ""):
            for kind in sorted(set(data.detail[here])) if lang else ["all"]:
                for own in ("own", "unanswerable", "left_out", "foreign"):
                    at = here & (data.kind == own) & (not lang or data.lang == lang)
                    at = at & (data.detail == kind) if lang else at
                    if at.any():
                        wrong = int(((confidence[at] >= THRESHOLD) != (own == "own")).sum())
                        low, high = wilson(wrong, int(at.sum()))
                        print(
                            f"{lang or 'both'} {own} {kind}: {at.sum()}, {wrong / at.sum():.3f} [{low:.3f}, {high:.3f}],"
                            f" {confidence[at].mean():.2f}; found {data.found[at].mean():.2f}"
                        )
            own, others = (here & (data.kind == k) & (not lang or data.lang == lang) for k in ("own", "unanswerable"))
            print(f"{lang or 'both'} AUROC, own and unanswerable: {auroc(confidence[own], confidence[others])}")


def ship(data: Collected, regimes: Sequence[str]) -> None:
    """Fits every method to all questions of ``regimes`` and writes them where the program reads them, beside the others."""
    path = ROOT / "qeu_rag" / "answer" / "gate" / "shipped.json"
    kept = json.loads(path.read_text(encoding="utf-8"))["methods"] if path.exists() else {}
    everything = np.ones(len(data.home), dtype=bool)
    methods: dict[str, dict[str, object]] = {}
    for method in METHODS:
        models = {regime: model for regime, model in kept.get(method, {}).items() if regime in REGIMES}
        for regime in regimes:
            models[regime] = _rounded(fitted(data, regime, method, everything, REGIMES[regime]).to_json())
        methods[method] = dict(sorted(models.items()))
    text = json.dumps({"version": GATE_VERSION, "methods": methods}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def _rounded(value: object) -> object:
    """Six significant digits: what another machine's last ones would be does not matter."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list | tuple) else value


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    collecting = commands.add_parser("collect")
    collecting.add_argument("--homes", type=Path, required=True)
    collecting.add_argument("--out", type=Path, required=True)
    collecting.add_argument("--part", choices=sorted(PARTS), action="append")
    collecting.add_argument("--profile")
    fitting = commands.add_parser("fit")
    fitting.add_argument("signals", type=Path, nargs="+")
    fitting.add_argument("--method", choices=METHODS, action="append")
    fitting.add_argument("--regime", choices=sorted(REGIMES), action="append")
    fitting.add_argument("--test", action="store_true", help="judge corpus/faq.csv too")
    fitting.add_argument("--ship", action="store_true")
    given = parser.parse_args()
    if given.command == "collect":
        collect(given.part or sorted(PARTS), given.homes, given.out, given.profile)
        return
    data = Collected.read(given.signals)
    regimes = given.regime or [name for name in REGIMES if (rows_of(data, name) & (data.kind != "own")).sum() > 20]
    for regime in regimes:
        report(data, regime, given.method or METHODS, REGIMES[regime])
    if given.test:
        tested(data, given.method or METHODS, REGIMES)
    if given.ship:
        ship(data, regimes)


if __name__ == "__main__":
    main()
