from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qeu_rag import KnowHow
from qeu_rag.cli.present import document_line
from qeu_rag.errors import ReadError
from qeu_rag.evaluate.corpus_home import outdated
from qeu_rag.ingest.glossary import is_glossary, read_glossary, shared_terms
from qeu_rag.ingest.read import parse
from qeu_rag.ingest.remark import Remark

TEXT = """ja,en,abbreviation,synonyms,備考
着手会議,kick-off meeting,,キックオフ|KO会議,最初
秘密保持契約,non-disclosure agreement,NDA,,
"""


def told(notes: Iterable[Remark]) -> list[str]:
    return list(map(str, notes))


def write(folder: Path, text: str | bytes, name: str = "glossary.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16", "euc-jp"])
def test_rows_whatever_excel_wrote(tmp_path: Path, encoding: str) -> None:
    assert read_glossary(write(tmp_path, TEXT.encode(encoding))).rows == (
        ("着手会議", "kick-off meeting", "キックオフ", "KO会議"),
        ("秘密保持契約", "non-disclosure agreement", "NDA"),
    )


def test_a_row_may_part_its_terms_as_people_do(tmp_path: Path) -> None:
    text = '用語,英語,略語\n"見積、見積書\n見積り",quote; quotation,\n再現性（利得の）,GR&R (gauge study),\n'
    assert read_glossary(write(tmp_path, text, "用語集.csv")).rows == (
        ("見積", "見積書", "見積り", "quote", "quotation"),
        ("再現性", "GR&R"),
    )


def test_bad_rows_are_named_and_the_others_kept(tmp_path: Path) -> None:
    rows = [
        "ja,en",
        "単価,",
        ",",
        "日当,per diem",
        "per diem,日当",
        "!?,…",
        "同じ,同じ",
        f"長い,{'x' * 101}",
        "x" * 200,
        "経理,accounting,extra,cells",
    ]
    found = read_glossary(write(tmp_path, "\n".join(rows)))
    assert found.rows == (("日当", "per diem"), ("経理", "accounting"))
    assert told(found.notes) == [
        "row 10: more cells than the header has; what stands beyond is not used "
        "(put a cell with a comma in it between quotation marks)",
        "rows 2, 7, 8, 9: fewer than two different terms, left out",
        "rows 8, 9: a term of more than 100 characters, left out",
        'rows 4, 5: all have the term "per diem", so a question with it looks for the terms of each',
        'rows 4, 5: all have the term "日当", so a question with it looks for the terms of each',
    ]
    many = read_glossary(write(tmp_path, "ja,en\n" + "alone,\n" * 50 + f"a,{'|'.join(f'b{n}' for n in range(40))}\n"))
    assert len(many.rows[0]) == 30
    assert str(many.notes[0]).startswith("rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 40 more: ")


def test_a_quotation_mark_that_is_not_closed_swallows_no_row(tmp_path: Path) -> None:
    text = 'ja,en,abbreviation\nSN比,"SN ratio,SNR\n日当,per diem,\n"単価,unit price,\n旅費,"travel\nexpenses",\n'
    text += '経理,"accounts,\n'
    found = read_glossary(write(tmp_path, text))
    assert found.rows == (("日当", "per diem"), ("旅費", "travel", "expenses"))
    assert told(found.notes) == ["rows 2, 4, 6: a quotation mark is not closed, left out"]
    assert found.notes[0].render("ja") == '2、4、6 行目: 引用符（"）が閉じていないため、使いません。'
    assert read_glossary(write(tmp_path, 'ja,en\n"経"理,acc"ounts"\n')).rows == (("経理", 'acc"ounts"'),)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=12), st.sampled_from(['"{},x', '{},"x', '"{},"x', '{},"x""']))
def test_every_row_is_kept_or_named(broken: list[bool], form: str) -> None:
    lines = [form.format(f"壊{n}") if bad else f"用語{n},term {n}" for n, bad in enumerate(broken)]
    with tempfile.TemporaryDirectory() as folder:
        found = read_glossary(write(Path(folder), "\n".join(["ja,en", *lines, ""])))
    assert found.rows == tuple((f"用語{n}", f"term {n}") for n, bad in enumerate(broken) if not bad)
    named = tuple(n + 2 for n, bad in enumerate(broken) if bad)
    assert [note.values["rows"] for note in found.notes] == ([named] if named else [])


def test_terms_of_several_rows_are_named_but_for_those_told_apart_by_a_remark(tmp_path: Path) -> None:
    rows = ["再現性（利得の）,gain", "再現性（測定の）,gauge", *(f"語{n % 12},word {n}" for n in range(24))]
    found = read_glossary(write(tmp_path, "\n".join(["ja,en", *rows])))
    assert len(found.rows) == 26
    assert [note.key for note in found.notes] == ["glossary_twice"] * 10 + ["glossary_twice_more"]
    assert str(found.notes[0]).startswith('rows 4, 16: all have the term "語0"')
    assert str(found.notes[-1]) == "terms that stand in several rows beside those: 2"


def test_other_tables_too_keep_the_rows_after_an_open_quotation_mark(tmp_path: Path) -> None:
    parsed = parse(write(tmp_path, '品名,単価\n"ボルト,10\nナット,"5\nばね,20\n', "a.csv"), "a.csv")
    assert parsed.documents[0].text.split("\n")[2:] == ["| ボルト | 10 |", "| ナット | 5 |", "| ばね | 20 |"]
    assert told(parsed.notes) == ["rows 2, 3: a quotation mark is not closed; read without it"]


def test_many_open_quotation_marks_take_no_time(tmp_path: Path) -> None:
    start = time.monotonic()
    path = write(tmp_path, "ja,en\n" + '"用語,term\n' * 20_000 + 'a"b,"c"d\n' * 20_000)
    assert len(read_glossary(path).notes[0].values["rows"]) == 20_000  # type: ignore[arg-type]
    assert time.monotonic() - start < 15


@pytest.mark.parametrize("text", ["Term,Definition\nNDA,a contract\n", "a,b\nc,d\n", ",\n,\n"])
def test_another_table_of_that_name_is_a_document(tmp_path: Path, text: str) -> None:
    found = read_glossary(write(tmp_path, text))
    assert found.rows == ()
    assert told(found.notes) == ["no columns ja, en, abbreviation or synonyms: read as a document"]


def test_names_and_broken_bytes(tmp_path: Path) -> None:
    assert is_glossary(Path("x/Glossary.CSV"))
    assert not is_glossary(Path("glossary.md"))
    with pytest.raises(ReadError) as caught:
        read_glossary(write(tmp_path, bytes(range(256)) * 20))
    assert caught.value.reason == "undecodable"


def test_ten_thousand_rows(tmp_path: Path) -> None:
    lines = "\n".join(f"用語{n}番,term number {n},T{n}," for n in range(10_000))
    found = read_glossary(write(tmp_path, f"ja,en,abbreviation,synonyms\n{lines}\n"))
    assert (len(found.rows), found.notes) == (10_000, ())


def test_a_glossary_is_looked_up_and_never_quoted(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "start.md").write_text("# 始め方\n\n着手会議は契約の翌週に開く。\n", encoding="utf-8")
    (folder / "other.md").write_text("# 終わり方\n\n最終報告書は契約の翌月に送る。\n", encoding="utf-8")
    with KnowHow.open(home=tmp_path / "home", lang="en") as know_how:
        know_how.ingest(folder)
        question = "When is the KO talk?"
        assert not any(s.parts.get("lexical") for s in know_how.search(question))
        path = write(folder, "ja,en,abbreviation\n着手会議,kick-off talk,KO talk\n単価,\n")
        report = know_how.ingest(folder)
        assert (report.added, report.unchanged, report.chunks) == (1, 2, 2)
        assert told(report.notes) == ["glossary.csv: row 3: fewer than two different terms, left out"]
        assert report.notes[0].render("ja") == "glossary.csv: 3 行目: 異なる用語が二つ以上ないため、使いません。"
        found = know_how.search(question)
        assert [s.chunk.source for s in found if s.parts.get("lexical")] == ["start.md"]
        assert found[0].parts["held"] > 0.9
        lines = [document_line(row, "en") for row in know_how.documents().documents]
        assert lines[0] == "glossary.csv  (the house glossary: looked up, never quoted)"
        assert outdated(know_how) == 0
        write(folder, "ja,en,abbreviation\n最終報告書,final paper,KO talk\n")
        assert know_how.ingest(folder).updated == 1
        assert [s.chunk.source for s in know_how.search(question) if s.parts.get("lexical")] == ["other.md"]
        path.unlink()
        assert know_how.ingest(folder).removed == 1
        assert not any(s.parts.get("lexical") for s in know_how.search(question))


def test_a_term_of_two_glossaries_with_different_rows_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    for name, text in (
        ("a", "ja,en\n単価,unit price\n日当,per diem\nSN比,SN ratio\n"),
        ("b", "英語,日本語\nper diem,日当\nunit price,見積単価\nfee,料金\n"),
        ("c", "ja,en\nＳＮ比,signal-to-noise ratio\n"),
    ):
        (folder / name).mkdir(parents=True)
        write(folder / name, text)
    with KnowHow.open(home=tmp_path / "home", lang="en") as know_how:
        notes = know_how.ingest(folder).notes
        each = ", too, so a question with it looks for the terms of each"
        assert told(notes) == [
            f'a/glossary.csv: the term "unit price" stands in b/glossary.csv{each}',
            f'a/glossary.csv: the term "SN比" stands in c/glossary.csv{each}',
        ]
        assert notes[0].render("ja").startswith("a/glossary.csv: 用語「unit price」は b/glossary.csv にもあります。")
        (folder / "other.md").write_text("# 料金\n\n料金は別に定める。\n", encoding="utf-8")
        assert know_how.ingest(folder).notes == ()  # no glossary changed
        write(folder / "b", "ja,en\n料金,fee\n")
        assert len(know_how.ingest(folder).notes) == 1


def test_glossaries_of_one_name_in_two_folders_are_told_by_their_paths(tmp_path: Path) -> None:
    paths = []
    for name, text in (("x", "ja,en\n単価,unit price\n"), ("y", "ja,en\n単価,price each\n")):
        (tmp_path / name).mkdir()
        paths.append(write(tmp_path / name, text))
    with KnowHow.open(home=tmp_path / "home", lang="en") as know_how:
        (note,) = know_how.ingest([tmp_path / "x", tmp_path / "y"]).notes
    assert {note.source, note.values["others"]} == set(map(str, paths))


def test_of_many_shared_terms_ten_are_named() -> None:
    files = {name: [(f"用語{n}", f"{name} {n}") for n in range(12)] for name in "ab"}
    notes = shared_terms(files)
    assert [note.key for note in notes] == ["glossary_shared"] * 10 + ["glossary_shared_more"]
    assert str(notes[-1]) == "terms that stand in several glossaries beside those: 2"
    assert shared_terms({"a": files["a"], "b": [row[::-1] for row in files["a"]]}) == []
