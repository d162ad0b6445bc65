"""The report: one page that needs nothing else, says what was measured, and draws it where it belongs."""

from __future__ import annotations

import random
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sets import write_set

from qeu_rag.cli.main import run
from qeu_rag.config import load_settings
from qeu_rag.evaluate.plots import Axis, Line, plot
from qeu_rag.evaluate.ranking import GoldRank
from qeu_rag.evaluate.report import page
from qeu_rag.evaluate.run import Plan, evaluate
from qeu_rag.evaluate.summary import summarise
from qeu_rag.evaluate.trial import Outcome

FACTS = {
    "dataset": "<set>",
    "questions": 2,
    "planned": 2,
    "partial": False,
    "documents": 3,
    "embedder": "bundled",
    "engine": "extractive",
    "unusable": 0,
}


class Fetches(HTMLParser):
    """Collects whatever a browser would load, and every element that is left open."""

    void = frozenset(("meta",))

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "img", "iframe", "object", "embed", "base"):
            self.found.append((tag, ""))
        self.found += [(tag, name) for name, _ in attrs if name in ("src", "href", "xlink:href", "srcset", "onload")]
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(text: str) -> None:
    parser = Fetches()
    parser.feed(text)
    assert parser.found == []
    assert parser.open == []
    assert not re.search(r"https?://|url\(|@import", text)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_page_stands_alone(lang: str) -> None:
    places = {name: GoldRank(rank=2, ndcg=0.6) for name in ("lexical", "dense", "rrf", "ours")}
    outcomes = [
        Outcome(id="a", question="<b>What & why?</b>", lang="en", kind="", answerable=True, placed=places, ms=12.0),
        Outcome(id="b", question="日当", lang="ja", kind="", answerable=False, answered=True, confidence=0.7, ms=30.0),
    ]
    text = page({**FACTS, **summarise(outcomes, threshold=0.5)}, outcomes, lang)
    checked(text)
    assert text.count("<svg") == 3
    assert "&lt;b&gt;What &amp; why?" in text
    assert "<b>" not in text
    assert f'<html lang="{lang}">' in text
    assert "(0.70)" in text


def test_a_page_of_many_questions_stays_light() -> None:
    chance = random.Random(0)
    places = [
        {name: GoldRank(rank=rank, ndcg=0.0) for name in ("lexical", "dense", "rrf", "ours")}
        for rank in (1, 1, 1, 3, 0)
    ]
    outcomes = [
        Outcome(
            id=str(n), question=f"{n} 番目の質問は何ですか", lang="ja", kind="", answerable=n % 3 > 0, placed=places[n % 5],
            confidence=chance.random(), ms=chance.lognormvariate(3, 1), answered=n % 2 > 0,
        )
        for n in range(10_000)
    ]  # fmt: skip
    figures = {**FACTS, **summarise(outcomes, threshold=0.5), "questions": 10_000, "planned": 200_000, "partial": True}
    text = page(figures, outcomes, "ja")
    checked(text)
    assert "200000 件のうち 10000 件で中断" in text
    assert len(text.encode()) < 200_000
    assert len(page(figures, outcomes[:100], "ja")) < len(text)


def test_a_line_is_where_its_points_are() -> None:
    x, y = Axis(name="k", low=1, high=10, ticks=(1, 10)), Axis(name="share", low=0, high=1, ticks=(0, 1))
    root = ElementTree.fromstring(plot([Line(name="a", points=((1, 0.0), (10, 1.0), (20, 2.0)))], x, y, title="t"))
    (drawn,) = (path.get("d", "") for path in root.iter("path") if "L" in path.get("d", ""))
    points = [tuple(map(float, point.split())) for point in drawn.removeprefix("M").split("L")]
    axes = next(
        path.get("d", "") for path in root.iter("path") if "H" in path.get("d", "") and "V" in path.get("d", "")
    )
    left, top, bottom, right = map(float, re.findall(r"[\d.]+", axes))
    assert points == [(left, bottom), (right, top)]  # the last two fall on one spot


def test_a_page_is_written_beside_the_figures(
    tmp_path: Path, embedder_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_set(tmp_path / "set")
    path = tmp_path / "report.html"
    kept = tmp_path / "kept"
    evaluate(Plan(dataset=folder, keep=kept), load_settings(flags={"home": tmp_path / "own"}))
    assert run(["eval", str(folder), "--home", str(kept), "--html", str(path)]) == 0
    assert "report.html" in capsys.readouterr().err
    checked(path.read_text(encoding="utf-8"))
    assert run(["eval", str(folder), "--home", str(kept), "--html", str(tmp_path / "nowhere" / "x.html")]) == 1
    assert "--html" in capsys.readouterr().err
    assert run(["eval", str(folder), "--html", str(tmp_path), "--lang", "ja"]) == 1
    assert "directory" not in capsys.readouterr().err
    assert run(["eval", str(folder), "--home", str(kept), "--limit", "1", "--html", str(path)]) == 0  # once more


def test_a_run_that_fails_leaves_the_page_of_before_or_none(
    tmp_path: Path, embedder_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, kept, page_of = write_set(tmp_path / "set"), tmp_path / "kept", tmp_path / "page.html"
    given = ["eval", str(folder), "--keep", str(kept), "--html", str(page_of)]
    (kept / "mine").mkdir(parents=True)
    for lang in ("en", "ja"):
        assert run([*given, "--lang", lang]) == 2
        assert "--keep" in capsys.readouterr().err
        assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "set"]
    (kept / "mine").rmdir()
    assert run(given) == 0
    before = page_of.read_text(encoding="utf-8")
    (folder / "queries.jsonl").write_text("{", encoding="utf-8")
    assert run(given) == 2
    assert page_of.read_text(encoding="utf-8") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "page.html", "set"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_page_goes_to_where_a_link_leads(tmp_path: Path, embedder_cache: Path) -> None:
    folder, link = write_set(tmp_path / "set"), tmp_path / "link.html"
    link.symlink_to(tmp_path / "page.html")
    assert run(["eval", str(folder), "--limit", "1", "--html", str(link)]) == 0
    assert link.is_symlink()
    checked((tmp_path / "page.html").read_text(encoding="utf-8"))


def test_a_file_that_is_no_report_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_set(tmp_path / "set")
    for name, text in (("run.json", '{"per_question": []}'), ("own.html", "<!DOCTYPE html>\n<html><p>mine</p></html>")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        given = ["eval", str(folder), "--keep", str(tmp_path / "kept"), "--html", str(tmp_path / name)]
        assert run(given) == 2
        assert name in capsys.readouterr().err
        assert (tmp_path / name).read_text(encoding="utf-8") == text
    assert not (tmp_path / "kept").exists()
