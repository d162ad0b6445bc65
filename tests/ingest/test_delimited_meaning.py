"""Delimited files with any separator, and with lines above and below their table."""

# ruff: noqa: E501 (the files that are written here have lines that are longer)

from pathlib import Path

import pytest

from qeu_rag.ingest.read import parse


def text_of(path: Path, data: str) -> str:
    path.write_bytes(data.encode())
    (document,) = parse(path, path.name).documents
    return document.text


@pytest.mark.parametrize("sign", [",", ";", "\t", "|", "^", "~", "¦", "、", "，", ":", "!"])
def test_any_sign_separates(tmp_path: Path, sign: str) -> None:
    lines = [["品名", "担当", "単価"], ["軸", "森", "1,5"], ["輪", "林", "2,25"], ["歯車", "原", "0,75"]]
    if sign == ",":
        lines = [[cell.replace(",", ".") for cell in line] for line in lines]
    text = text_of(tmp_path / "a.csv", "\n".join(sign.join(line) for line in lines))
    assert text.splitlines() == [
        "| " + " | ".join(lines[0]) + " |",
        "| --- | --- | --- |",
        *("| " + " | ".join(line) + " |" for line in lines[1:]),
    ]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Teil;Preis\nA;1,5\nB;0,3\n", "| Teil | Preis |\n| --- | --- |\n| A | 1,5 |\n| B | 0,3 |"),
        ("A;1,5\nB;0,3\nC;0,7\n", "| A | 1,5 |\n| --- | --- |\n| B | 0,3 |\n| C | 0,7 |"),
        ("時刻,値\n10:30,5\n11:45,6\n", "| 時刻 | 値 |\n| --- | --- |\n| 10:30 | 5 |\n| 11:45 | 6 |"),
        ("項目,説明\n甲,\"一行目\n二行目\"\n乙,\"a,b\"\n", "| 項目 | 説明 |\n| --- | --- |\n| 甲 | 一行目 二行目 |\n| 乙 | a,b |"),
        ("sep=^\na^b,c\n1^2\n", "| a | b,c |\n| --- | --- |\n| 1 | 2 |"),
        ('"sep=;"\na;b,c\n1;2\n', "| a | b,c |\n| --- | --- |\n| 1 | 2 |"),
        ("sep=\\t\na\tb\n1\t2\n", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("一覧,,\n出力日,2025/04/01,\n装置,担当,周期\n甲,森,30日\n", "一覧\n\n出力日: 2025/04/01\n\n| 装置 | 担当 | 周期 |\n| --- | --- | --- |\n| 甲 | 森 | 30日 |"),
        ("一覧\n部署;品質\n\n装置;担当;周期\n甲;森;30日\n", "一覧\n\n部署: 品質\n\n| 装置 | 担当 | 周期 |\n| --- | --- | --- |\n| 甲 | 森 | 30日 |"),
        ("装置,周期\n甲,30日\n\n乙,7日\n", "| 装置 | 周期 |\n| --- | --- |\n| 甲 | 30日 |\n| 乙 | 7日 |"),
        ("装置,周期\n甲,30日\n\n役割,氏名\n班長,森\n", "| 装置 | 周期 |\n| --- | --- |\n| 甲 | 30日 |\n\n| 役割 | 氏名 |\n| --- | --- |\n| 班長 | 森 |"),
        ("工程,2024年度,,2025年度,\n,上期,下期,上期,下期\n塗装,1%,2%,3%,4%\n",
         "| 工程 | 2024年度 上期 | 2024年度 下期 | 2025年度 上期 | 2025年度 下期 |\n| --- | --- | --- | --- | --- |\n| 塗装 | 1% | 2% | 3% | 4% |"),
        ("分野\n会計\n医療\n", "| 分野 |\n| --- |\n| 会計 |\n| 医療 |"),
        ("品    周期    率\nベルト  6か月   0.8\n 輪    1年     1.2\n", "| 品 | 周期 | 率 |\n| --- | --- | --- |\n| ベルト | 6か月 | 0.8 |\n| 輪 | 1年 | 1.2 |"),
        ("a,  b,  c\n1,  2,  3\n", "| a | b | c |\n| --- | --- | --- |\n| 1 | 2 | 3 |"),
    ],
)  # fmt: skip
def test_what_stands_in_a_delimited_file(tmp_path: Path, data: str, text: str) -> None:
    assert text_of(tmp_path / "a.csv", data) == text


def test_prose_is_not_cut_at_rare_signs(tmp_path: Path) -> None:
    data = "注意: 手袋を着用、眼鏡も着用\n手順: 電源を切る、札を掛ける\n確認: 責任者が見る\n"
    text = text_of(tmp_path / "a.csv", data)
    assert "手袋を着用、眼鏡も着用" in text


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ("品名,金額,日\nA,1,234,4/1\nB,5,4/2\nC,6,4/3\n", (2,)),
        ("一覧\n\n番号,値\n1,2,3\n4,5,6\n", (4, 5)),
        ("品名,金額,\nA,1,234\nB,5,\n", ()),
        ("出力日,2025/04/01\n装置,担当,周期\n甲,森,30日\n乙,林,7日\n", ()),
        ("寸法,値\n幅,10\n\n材質,強度,備考\nSUS,520,有\n", ()),
    ],
)
def test_rows_with_more_cells_than_names_are_told(tmp_path: Path, data: str, rows: tuple[int, ...]) -> None:
    (tmp_path / "a.csv").write_text(data, encoding="utf-8")
    told = [note.values["rows"] for note in parse(tmp_path / "a.csv", "a.csv").notes if note.key == "ragged"]
    assert told == ([rows] if rows else [])


def test_keys_without_a_name(tmp_path: Path) -> None:
    text = text_of(tmp_path / "a.csv", "一月,二月\n東京,1,2\n大阪,3,4\n")
    assert text == "|  | 一月 | 二月 |\n| --- | --- | --- |\n| 東京 | 1 | 2 |\n| 大阪 | 3 | 4 |"


@pytest.mark.parametrize("encoding", ["cp932", "euc_jp"])
def test_signs_alone_in_cells_tell_the_encoding(tmp_path: Path, encoding: str) -> None:
    data = "品名,外観,寸法\n" + "".join(f"A-{i},○,×\nB-{i},△,※\n" for i in range(10))
    (tmp_path / "a.csv").write_bytes(data.encode(encoding))
    (document,) = parse(tmp_path / "a.csv", "a.csv").documents
    assert "| A-0 | ○ | × |\n| B-0 | △ | ※ |" in document.text


def test_signs_and_letters_of_shift_jis_alone(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("①品名,㎜,髙橋\nA,10,―\n".encode("cp932"))
    (document,) = parse(tmp_path / "a.csv", "a.csv").documents
    assert document.text == "| ①品名 | ㎜ | 髙橋 |\n| --- | --- | --- |\n| A | 10 | ― |"
