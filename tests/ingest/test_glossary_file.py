from __future__ import annotations

from pathlib import Path

import pytest

from qeu_rag import KnowHow
from qeu_rag.cli.present import document_line
from qeu_rag.errors import ReadError
from qeu_rag.evaluate.home import outdated
from qeu_rag.ingest.glossary import is_glossary, read_glossary

TEXT = """ja,en,abbreviation,synonyms,備考
着手会議,kick-off meeting,,キックオフ|KO会議,最初
秘密保持契約,non-disclosure agreement,NDA,,
"""


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
    assert found.notes == (
        "rows 2, 7, 8, 9: fewer than two different terms, left out",
        "rows 8, 9: a term of more than 100 characters, left out",
    )
    many = read_glossary(write(tmp_path, "ja,en\n" + "alone,\n" * 50 + f"a,{'|'.join(f'b{n}' for n in range(40))}\n"))
    assert len(many.rows[0]) == 30
    assert many.notes[0].startswith("rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 40 more: ")


@pytest.mark.parametrize("text", ["Term,Definition\nNDA,a contract\n", "a,b\nc,d\n", ",\n,\n"])
def test_another_table_of_that_name_is_a_document(tmp_path: Path, text: str) -> None:
    found = read_glossary(write(tmp_path, text))
    assert found.rows == ()
    assert found.notes == ("no columns ja, en, abbreviation or synonyms: read as a document",)


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
        assert report.notes == ("glossary.csv: row 3: fewer than two different terms, left out",)
        found = know_how.search(question)
        assert [s.chunk.source for s in found if s.parts.get("lexical")] == ["start.md"]
        assert found[0].parts["sentence"] == 1.0
        lines = [document_line(row, "en") for row in know_how.documents().documents]
        assert lines[0] == "glossary.csv  (the house glossary: looked up, never quoted)"
        assert outdated(know_how) == 0
        write(folder, "ja,en,abbreviation\n最終報告書,final paper,KO talk\n")
        assert know_how.ingest(folder).updated == 1
        assert [s.chunk.source for s in know_how.search(question) if s.parts.get("lexical")] == ["other.md"]
        path.unlink()
        assert know_how.ingest(folder).removed == 1
        assert not any(s.parts.get("lexical") for s in know_how.search(question))
