from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from qeu_rag.errors import CollectionError
from qeu_rag.index.lexical import LexicalHit, LexicalIndex, LexicalItem

ITEMS = [
    LexicalItem(id="travel", above="旅費規程 日当", units=["国内出張の日当は3,000円とする。"]),
    LexicalItem(id="hotel", above="旅費規程 宿泊", units=["宿泊費の上限は一泊12,000円とする。", "領収書を添える。"]),
    LexicalItem(id="server", above="IT", units=["サーバーの見積もりは情報システム部が取る。"]),
    LexicalItem(id="audit", above="Supplier audit", units=["Major findings must be answered within ten days."]),
    LexicalItem(id="loss", above="Quality", units=["The loss function gives the cost of a deviation."]),
]


def build(folder: Path, items: list[LexicalItem], *, step: int = 100) -> LexicalIndex:
    index = LexicalIndex.create(folder)
    for start in range(0, len(items), step):
        index.add(items[start : start + step])
        index.commit()
    return index


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "generation" / "lexical"
    build(folder, ITEMS).close()
    return folder


@pytest.fixture
def index(folder: Path) -> LexicalIndex:
    return LexicalIndex.open(folder)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("日当はいくら", "travel"),
        ("領収書", "hotel"),
        ("宿泊費の上限", "hotel"),
        ("サーバの見積", "server"),
        ("When must a finding be answered?", "audit"),
        ("costs of deviating", "loss"),
        ("IT", "server"),
        ("quality", "loss"),
    ],
)
def test_the_right_chunk_comes_first(index: LexicalIndex, question: str, found: str) -> None:
    hits = index.search(question, 3)
    assert hits[0].id == found
    assert hits[0].score == pytest.approx(hits[0].bigram + hits[0].word)
    assert 0 < hits[0].score <= 2


@pytest.mark.parametrize(
    "question", ["", "?", "the of and", "\ud800", "zzzzz", "が", 'AND OR ("[:*~^', "id:travel", "\x00"]
)
def test_questions_that_match_nothing(index: LexicalIndex, question: str) -> None:
    assert index.search(question, 5) == []


def test_counts_ids_and_the_number_asked_for(index: LexicalIndex) -> None:
    assert index.count() == len(ITEMS)
    assert index.ids() == sorted(item.id for item in ITEMS)
    assert len(index.search("旅費規程", 1)) == 1
    assert {hit.id for hit in index.search("旅費規程", 9)} == {"travel", "hotel"}


def test_an_empty_index_answers(tmp_path: Path) -> None:
    index = LexicalIndex.create(tmp_path / "a" / "b" / "lexical")
    index.commit()
    assert (index.count(), index.ids(), index.search("日当", 5)) == (0, [], [])


def test_rare_terms_weigh_more(index: LexicalIndex) -> None:
    weights = index.idf(["規程", "領収", "未知", "w:旅費"])
    assert weights["規程"] < weights["領収"] < weights["未知"]
    assert weights["w:旅費"] == weights["規程"]
    asked = index.evidence("領収").weights
    assert asked["領収"] == weights["領収"]
    assert asked.keys() == {"領収", "w:領収"}


def test_removed_chunks_are_not_found_and_the_rest_is(index: LexicalIndex) -> None:
    index.remove(["travel", "unknown"])
    index.commit()
    assert index.count() == 4
    assert [hit.id for hit in index.search("旅費規程の日当", 5)] == ["hotel"]
    index.remove(index.ids())
    index.commit()
    assert (index.count(), index.search("旅費規程", 5)) == (0, [])
    assert all(weight > 0 for weight in index.evidence("旅費").weights.values())


def many(number: int) -> list[LexicalItem]:
    words = "品質 管理 監査 出張 旅費 規程 見積 契約 plan cost audit".split()
    return [
        LexicalItem(id=f"c{i:04d}", above=words[i % 11], units=[" ".join(words[(i * j) % 11] for j in range(2, 9))])
        for i in range(number)
    ]


def test_results_do_not_depend_on_the_order_or_the_number_of_commits(tmp_path: Path) -> None:
    items = many(60)
    at_once = build(tmp_path / "1", items)
    piecewise = build(tmp_path / "2", items[::-1], step=7)
    for question in ("品質管理の監査", "cost of an audit", "見積 plan"):
        found = at_once.search(question, 60)
        assert found
        assert found == piecewise.search(question, 60)
        assert found == sorted(found, key=lambda hit: (-hit.score, hit.id))


def test_threads_search_together(index: LexicalIndex) -> None:
    questions = ["日当はいくら", "cost of a deviation", "サーバの見積"]
    alone = [index.search(question, 5) for question in questions]
    failures: list[list[list[LexicalHit]]] = []

    def work() -> None:
        for _ in range(50):
            found = [index.search(question, 5) for question in questions]
            if found != alone:
                failures.append(found)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_another_process_reads_while_we_have_it_open(folder: Path, index: LexicalIndex) -> None:
    code = (
        "import sys; from pathlib import Path; from qeu_rag.index.lexical import LexicalIndex;"
        "print(LexicalIndex.open(Path(sys.argv[1])).search('領収書', 1)[0].id)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "hotel"
    assert index.search("領収書", 1)[0].id == "hotel"


def test_a_missing_index_is_said(tmp_path: Path) -> None:
    with pytest.raises(CollectionError):
        LexicalIndex.open(tmp_path / "none")


@pytest.mark.parametrize("kind", ["store", "term", "idx", "fieldnorm", "pos", "fast", "json"])
@pytest.mark.parametrize("how", ["empty", "half", "gone"])
def test_damage_is_an_error_and_never_a_crash(folder: Path, tmp_path: Path, kind: str, how: str) -> None:
    broken = shutil.copytree(folder, tmp_path / "broken")
    for path in broken.glob(f"*.{kind}") if kind != "json" else [broken / "meta.json"]:
        data = path.read_bytes()
        path.unlink()
        if how != "gone":
            path.write_bytes(data[: len(data) // 2 if how == "half" else 0])
    with pytest.raises(CollectionError):
        LexicalIndex.open(broken).search("旅費規程の日当 cost", 5)
