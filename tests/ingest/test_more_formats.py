"""Archives, electronic books, data, notebooks and transcripts, made here and read."""

# ruff: noqa: E501 - XML and RTF are easier to read in whole lines

import json
import os
import pickle
import shutil
import stat
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from archives import zipped
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from qeu_rag.errors import ReadError
from qeu_rag.ingest.read import Parsed, parse
from qeu_rag.ingest.readers import deadline


def parsed(path: Path, data: bytes | str) -> Parsed:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return parse(path, path.name)


def text_of(path: Path, data: bytes | str) -> str:
    (document,) = parsed(path, data).documents
    return document.text


def reason(path: Path) -> str:
    try:
        parse(path, path.name)
    except ReadError as e:
        return e.reason
    return ""


def told(read: Parsed) -> list[str]:
    """The remarks in English; they have to be there in Japanese, too, and survive the way between processes."""
    notes = pickle.loads(pickle.dumps(read.notes))
    assert all(note.render("ja") and "remark." not in note.render("ja") for note in notes)
    return [str(note) for note in notes]


# ZIP


def docx(path: Path, text: str) -> bytes:
    import docx as library

    made = library.Document()
    made.add_paragraph(text)
    made.save(str(path))
    return path.read_bytes()


def test_a_zip_is_read_as_a_folder(tmp_path: Path) -> None:
    word = docx(tmp_path / "x.docx", "出張の日当は3,000円とする。")
    mail = b"From: a@example.com\r\nSubject: mail\r\n\r\nsee you\r\n"
    path = zipped(
        tmp_path / "a.zip",
        {
            "規程/旅費.docx": word,
            "規程/mail.eml": mail,
            "b.md": "# B\n\ntext",
            "photo.jpg": b"\xff\xd8",
            "broken.xlsx": b"PK\x03\x04 broken",
            "__MACOSX/._b.md": b"x",
            ".hidden.md": "hidden",
            "dir/~$lock.docx": b"x",
            "dir/": b"",
        },
    )
    read = parse(path, "share/a.zip")
    assert [(d.source, d.title) for d in read.documents] == [
        ("share/a.zip#b.md", "B"),
        ("share/a.zip#規程/mail.eml", "mail"),
        ("share/a.zip#規程/旅費.docx", ""),
    ]
    assert "3,000円" in read.documents[2].text
    notes = told(read)
    assert len(notes) == 2
    assert notes[0].startswith("broken.xlsx in the archive: ")
    assert "not read (.jpg)" in notes[1]
    assert "アーカイブ内の photo.jpg" in read.notes[1].render("ja")


def _raw_name(path: Path, text: str, encoding: str) -> None:
    """An archive with one file whose name stands in ``encoding`` without a word about it."""
    stand_in = "x" * (len(text.encode(encoding)) - 4) + ".txt"
    zipped(path, {stand_in: "本文"})
    path.write_bytes(path.read_bytes().replace(stand_in.encode(), text.encode(encoding)))


@pytest.mark.parametrize("encoding", ["cp932", "utf-8"])
def test_names_in_a_zip_that_do_not_say_their_encoding(tmp_path: Path, encoding: str) -> None:
    _raw_name(tmp_path / "a.zip", "表示/ソ能.txt", encoding)
    (document,) = parse(tmp_path / "a.zip", "a.zip").documents
    assert document.source == "a.zip#表示/ソ能.txt"


def test_a_zip_keeps_to_itself(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("ok.txt", "fine")
        archive.writestr("../../escape.txt", "out")
        archive.writestr(link, "/etc/passwd")
    read = parse(tmp_path / "a.zip", "a.zip")
    assert [d.source for d in read.documents] == ["a.zip#ok.txt"]
    notes = told(read)
    assert len(notes) == 2
    assert all("outside the folder" in note for note in notes)
    assert not (tmp_path.parent / "escape.txt").exists()


def test_archives_in_archives(tmp_path: Path) -> None:
    third = zipped(tmp_path / "3.zip", {"c.txt": "third"}).read_bytes()
    second = zipped(tmp_path / "2.zip", {"b.txt": "second", "3.zip": third}).read_bytes()
    read = parse(zipped(tmp_path / "1.zip", {"a.txt": "first", "2.zip": second}), "1.zip")
    assert [d.source for d in read.documents] == ["1.zip#2.zip#b.txt", "1.zip#a.txt"]
    (note,) = told(read)
    assert note.startswith("3.zip in the archive: The file lies in archives within archives")
    assert [d.text for d in parse(tmp_path / "2.zip", "2.zip").documents] == ["third", "second"]


def test_a_member_with_a_password(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.txt": "secret", "b.txt": "open"})
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    read = parsed(path, bytes(data))
    assert [d.text for d in read.documents] == ["open"]
    assert told(read) == [
        "a.txt in the archive: The file is protected by a password. Save a copy without the password."
    ]
    path = zipped(tmp_path / "b.zip", {"a.txt": "secret"})
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    path.write_bytes(data)
    with pytest.raises(ReadError) as caught:
        parse(path, "b.zip")
    assert (caught.value.reason, caught.value.detail) == ("encrypted", " (a.txt)")


def test_a_bomb_in_a_zip_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ok.txt", "fine")
        with archive.open("bomb.txt", "w") as part:
            for _ in range(70):
                part.write(bytes(1 << 20))
    start = time.monotonic()
    read = parse(tmp_path / "a.zip", "a.zip")
    assert time.monotonic() - start < 5
    assert [d.text for d in read.documents] == ["fine"]
    assert "too large" in told(read)[0]


def test_many_files_in_a_zip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qeu_rag.ingest.readers import nested_file
    from qeu_rag.ingest.readers import zipped as module

    monkeypatch.setattr(nested_file.Budget.__init__, "__defaults__", (3, 1 << 30))
    monkeypatch.setattr(module, "_MAX_NAMED", 2)
    read = parse(zipped(tmp_path / "a.zip", {f"{i}.txt": f"text {i}" for i in range(9)}), "a.zip")
    assert len(read.documents) == 3
    notes = told(read)
    assert notes[0].startswith("3.txt in the archive: The file is too large")
    assert notes[2] == "files in the archive that were not read, beside those: 4"


def test_what_the_time_was_too_short_for_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qeu_rag.ingest.readers import zipped as module

    rest = iter([1.0, -1.0])
    monkeypatch.setattr(module, "left", lambda: next(rest))
    read = parse(zipped(tmp_path / "a.zip", {"a.txt": "in time", "b.txt": "late"}), "a.zip")
    assert [d.text for d in read.documents] == ["in time"]
    assert told(read)[0].startswith("b.txt in the archive: Reading took longer")


def test_the_clock() -> None:
    deadline.begin(100)
    assert 0 < deadline.left() < 100
    deadline.begin(float("inf"))
    assert deadline.left() > 1e9


@pytest.mark.parametrize(
    ("members", "why"),
    [({}, "empty"), ({"a.jpg": "x", "b.png": "y"}, "unknown_type"), ({"a.jpg": "x", "b.txt": " "}, "no_text")],
)
def test_a_zip_without_text(tmp_path: Path, members: dict[str, bytes | str], why: str) -> None:
    assert reason(zipped(tmp_path / "a.zip", members)) == why


# EPUB

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)


def epub(path: Path, chapters: dict[str, str], more: dict[str, bytes | str] | None = None) -> Path:
    items = "".join(
        f'<item id="{i}" href="{name}" media-type="application/xhtml+xml"{" properties=" + chr(34) + "nav" + chr(34) if "nav" in name else ""}/>'
        for i, name in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="{i}"/>' for i in range(len(chapters)))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>社員ハンドブック</dc:title></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    parts = {f"OEBPS/{name}": text for name, text in chapters.items() if text}
    return zipped(path, {"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER, "OEBPS/book.opf": package, **parts, **(more or {})})  # fmt: skip


def test_a_book_is_read_chapter_by_chapter(tmp_path: Path) -> None:
    chapters = {
        "nav.xhtml": "<html><body><nav>目次</nav></body></html>",
        "c2.xhtml": '<?xml version="1.0" encoding="UTF-8"?><html xmlns="http://www.w3.org/1999/xhtml"><body><h1>第1章</h1><p>絶縁抵抗は10<sup>6</sup> Ω以上。<del>旧値は5</del></p></body></html>',
        "c1.xhtml": "<html><body><h1>第2章</h1><table><tr><th>品</th><th>価格</th></tr><tr><td>A</td><td>5円</td></tr></table></body></html>",
        "gone.xhtml": "",
    }
    read = parse(epub(tmp_path / "a.epub", chapters), "a.epub")
    (document,) = read.documents
    assert document.title == "社員ハンドブック"
    assert document.text == "# 第1章\n\n絶縁抵抗は10⁶ Ω以上。\n\n# 第2章\n\n| 品 | 価格 |\n| --- | --- |\n| A | 5円 |"
    assert told(read) == ["struck-out passages left out: 1", "chapters that are missing or damaged: 1"]


def test_a_protected_book_says_so(tmp_path: Path) -> None:
    font = "http://www.idpf.org/2008/embedding"
    for method, why in ((font, ""), ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "encrypted")):
        locks = (
            '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:e="http://www.w3.org/2001/04/xmlenc#">'
            f'<e:EncryptedData><e:EncryptionMethod Algorithm="{method}"/><e:CipherData><e:CipherReference URI="OEBPS/a.xhtml"/>'
            "</e:CipherData></e:EncryptedData></encryption>"
        )
        book = epub(
            tmp_path / "a.epub", {"a.xhtml": "<html><body><p>x</p></body></html>"}, {"META-INF/encryption.xml": locks}
        )
        assert reason(book) == why
    assert reason(zipped(tmp_path / "b.epub", {"a.txt": "x"})) == "damaged"


def test_a_book_looks_as_its_style_sheets_have_it(tmp_path: Path) -> None:
    chapter = (
        '<html><head><link rel="stylesheet" href="../look/a%20b.css"/><link rel="stylesheet" href="none.css"/></head><body>'
        '<p>期限は<span class="old">30日</span>60日</p><p class="no">社内限り</p></body></html>'
    )
    sheet = ".old { text-decoration: line-through } .no { display: none }"
    read = parse(
        epub(tmp_path / "a.epub", {"text/a.xhtml": chapter}, {"OEBPS/look/a b.css": sheet}),
        "a.epub",
    )
    assert read.documents[0].text == "期限は60日"
    assert told(read) == ["struck-out passages left out: 1", "hidden passages left out: 1"]


# Data


def test_records_are_a_table_and_values_stay_as_written(tmp_path: Path) -> None:
    data = '[{"品名":"A","単価":1.10,"仕様":{"幅":"5|6"}},{"品名":"B","単価":2e3,"仕様":{"幅":7},"在庫":true}]'
    assert text_of(tmp_path / "a.json", data) == (
        "| 品名 | 単価 | 仕様.幅 | 在庫 |\n| --- | --- | --- | --- |\n| A | 1.10 | 5\\|6 |  |\n| B | 2e3 | 7 | true |"
    )


def test_other_data_are_lines_with_paths(tmp_path: Path) -> None:
    data = {
        "会社": {"名称": "山田", "tags": ["a", "b"], "none": None, "空": {}},
        "人": [{"name": "x"}, {"name": "y"}],
        "mixed": [{"a": [{"deep": "1"}]}, "text"],
        "note": "# no heading\nsecond",
    }
    assert text_of(tmp_path / "a.json", json.dumps(data, ensure_ascii=False)) == (
        "会社.名称: 山田\n会社.tags: a, b\n会社.none: null\n会社.空: {}\n\n人:\n\n| name |\n| --- |\n| x |\n| y |\n\n"
        "mixed[0].a[0].deep: 1\nmixed[1]: text\n\nnote:\n\\# no heading\nsecond"
    )


def test_a_key_that_comes_twice_is_not_lost(tmp_path: Path) -> None:
    assert text_of(tmp_path / "a.json", '{"上限": "5", "上限": "8"}') == "上限: 5\n上限 (2): 8"
    assert text_of(tmp_path / "a.yaml", "上限: 5\n上限: 8\n") == "上限: 5\n上限 (2): 8"


def test_lines_of_json(tmp_path: Path) -> None:
    lines = '{"a": 1, "b": "x"}\nbroken line\n{"a": 2, "b": "y"}\n'
    for name in ("a.jsonl", "a.ndjson", "a.json"):
        read = parsed(tmp_path / name, lines)
        assert read.documents[0].text == "| a | b |\n| --- | --- |\n| 1 | x |\n| 2 | y |\n\nbroken line"
        assert told(read) == ["row 2: no JSON, read as text"]


def test_what_is_no_json_or_yaml_is_read_as_text(tmp_path: Path) -> None:
    for name, data, kind in (("a.json", '{"limit": 5, // 上限\n', "JSON"), ("a.yml", "a: [1\nb: }", "YAML")):
        read = parsed(tmp_path / name, data)
        assert read.documents[0].text == data.strip()
        assert told(read) == [f"no valid {kind}: read as text"]


def test_yaml_with_its_comments(tmp_path: Path) -> None:
    text = """# 全社の設定
port: 010   # 変更不可
version: 1.10
on: yes
url: "http://x/#top"
base: &base
  unit: MPa
  limit: 5
# 特別
special:
  <<: *base
  limit: 8
text: |
  # not a comment
  second
users:
  - {name: 佐藤, role: admin}
  # 退職
  - {name: 鈴木, role: user}
tag: !Ref Name
---
second: document
# last
"""
    assert text_of(tmp_path / "a.yaml", text) == (
        "全社の設定\nport: 010 # 変更不可\nversion: 1.10\non: yes\nurl: http://x/#top\nbase.unit: MPa\nbase.limit: 5\n"
        "特別\nspecial.unit: MPa\nspecial.limit: 8\n\ntext:\n\\# not a comment\nsecond\n\n退職\n\nusers:\n\n"
        "| name | role |\n| --- | --- |\n| 佐藤 | admin |\n| 鈴木 | user |\n\ntag: Name\n\nsecond: document\n\nlast"
    )


def test_hostile_data_end_soon(tmp_path: Path) -> None:
    start = time.monotonic()
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    (tmp_path / "a.yaml").write_text(laughs)
    assert reason(tmp_path / "a.yaml") == "too_large"
    (tmp_path / "b.yaml").write_text("a: &a [*a]")
    assert reason(tmp_path / "b.yaml") == "too_large"
    (tmp_path / "a.json").write_text("[" * 100_000)
    assert reason(tmp_path / "a.json") == ""
    (tmp_path / "b.json").write_text("[" * 900 + "1" + "]" * 900)
    assert reason(tmp_path / "b.json") == ""
    assert time.monotonic() - start < 20


# Notebooks


def test_a_notebook(tmp_path: Path) -> None:
    book = {
        "nbformat": 4,
        "metadata": {"language_info": {"name": "python"}},
        "cells": [
            {"cell_type": "markdown", "source": ["# 解析\n", "本文 <!-- x -->です"]},
            {
                "cell_type": "code",
                "source": "# not a heading\nprint(1)",
                "outputs": [
                    {"output_type": "stream", "text": ["\x1b[31m1\x1b[0m\n"]},
                    {
                        "output_type": "execute_result",
                        "data": {
                            "text/plain": "   a\n0  1",
                            "text/html": "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>",
                        },
                    },
                    {"output_type": "display_data", "data": {"image/png": "xx", "text/plain": "<Figure>"}},
                    {"output_type": "error", "ename": "ValueError", "evalue": "bad"},
                ],
            },
            {"cell_type": "markdown", "source": "hidden", "metadata": {"tags": ["remove-cell"]}},
            {"cell_type": "raw", "source": "raw"},
        ],
    }
    read = parsed(tmp_path / "a.ipynb", json.dumps(book))
    (document,) = read.documents
    assert document.text == (
        "# 解析\n本文 です\n\n```python\n# not a heading\nprint(1)\n```\n\n```\n1\n```\n\n"
        "| a | b |\n| --- | --- |\n| 1 | 2 |\n\n```\nValueError: bad\n```\n\n```\nraw\n```"
    )
    assert [h.text for h in document.headings] == ["解析"]
    assert told(read) == ["hidden passages left out: 1", "pictures not read: 1"]
    (tmp_path / "b.ipynb").write_text('{"a": 1}')
    assert reason(tmp_path / "b.ipynb") == "damaged"


def test_marks_in_a_notebook_say_what_they_say_in_markdown(tmp_path: Path) -> None:
    book = {
        "cells": [
            {"cell_type": "markdown", "source": "- [x] 期限は~~30日~~60日[^1]。\n\n[^1]: 休日を除く。"},
            {
                "cell_type": "code",
                "source": "",
                "outputs": [
                    {"output_type": "display_data", "data": {"text/markdown": "率は~~1.2%~~0.8%"}},
                    {
                        "output_type": "display_data",
                        "data": {"text/html": "<table><tr><th>品<th>数<tr><td>軸<td><s>9</s>8</table>"},
                    },
                ],
            },
        ],
    }
    read = parsed(tmp_path / "a.ipynb", json.dumps(book))
    assert read.documents[0].text == (
        "- ☑ 期限は60日（注: 休日を除く）。\n\n率は0.8%\n\n| 品 | 数 |\n| --- | --- |\n| 軸 | 8 |"
    )
    assert told(read) == ["struck-out passages left out: 3"]


# Transcripts


def test_a_transcript_of_a_meeting(tmp_path: Path) -> None:
    text = """WEBVTT - 定例会議

NOTE made by hand

STYLE
::cue {}

intro
00:12:03.000 --> 00:12:05.000 align:start
<v 佐藤>納期は<b>4月</b></v>

00:12:05.200 --> 00:12:07.000
<v.loud 佐藤>15日です。</v>

01:02:03.000 --> 01:02:05.000
<v Suzuki>R&amp;D is <i>fine</i>.</v>

01:02:05.000 --> 01:02:07.000
<v Suzuki>Next week.</v>
"""
    read = parsed(tmp_path / "a.vtt", text)
    assert read.documents[0].title == "定例会議"
    assert read.documents[0].text == (
        "[00:12:03] 佐藤: 納期は4月15日です。\n\n[01:02:03] Suzuki: R&D is fine. Next week."
    )


def test_subtitles(tmp_path: Path) -> None:
    text = (
        "1\r\n00:00:01,000 --> 00:00:02,000\r\nHello there\r\n\r\n2\r\n00:00:02,100 --> 00:00:03,000\r\n"
        "Hello there\r\n3\r\n00:00:03,100 --> 00:00:04,000\r\n{\\an8}<font color=red>50 people</font>\r\n\r\n"
        "4\r\n00:01:00,000 --> 00:01:02,000\r\n鈴木：了解です\r\n\r\n"
    )
    assert text_of(tmp_path / "a.srt", text) == "[00:00:01] Hello there 50 people\n\n[00:01:00] 鈴木: 了解です"
    (tmp_path / "b.srt").write_text("just words")
    assert reason(tmp_path / "b.srt") == "damaged"


# Office 97-2003 by LibreOffice


def soffice(folder: Path, body: str) -> None:
    """A stand-in for LibreOffice on the PATH: a script with ``body``."""
    script = folder / "soffice"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)


COPY = """
for last; do :; done
prev=""
for a; do [ "$prev" = "--outdir" ] && out="$a"; [ "$prev" = "--convert-to" ] && kind="${a%%:*}"; prev="$a"; done
echo "$@" > "$0.log"
cp "$0.made" "$out/given.$kind"
"""


def ole(path: Path, stream: str) -> Path:
    """The least of an OLE container: a directory that names one stream, which is empty."""
    import struct

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        raw = name.encode("utf-16-le")
        return (
            raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw) + 2 if raw else 0, kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
            + bytes(36) + struct.pack("<III", start, size, 0)
        )  # fmt: skip

    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<I", 0) + b"\xff" * 432
    fat = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE) + b"".join(struct.pack("<I", i) for i in range(3, 10))
    fat += struct.pack("<I", 0xFFFFFFFE)
    fat = fat.ljust(512, b"\xff")
    folder = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry(stream, 2, 0xFFFFFFFF, 2, 4096) + bytes(256)
    path.write_bytes(header + fat + folder + bytes(4096))
    return path


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a stand-in with the given script on the PATH, and gives the folder that it lies in."""
    from qeu_rag.ingest.readers.office import libreoffice

    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/bin{os.pathsep}/usr/bin")
    monkeypatch.setattr(libreoffice, "usual_places", lambda: iter(()))

    def put(body: str) -> Path:
        soffice(folder, body)
        return folder

    return put


@pytest.mark.parametrize(("suffix", "stream"), [(".doc", "WordDocument"), (".ppt", "PowerPoint Document")])
def test_old_office_files_are_read_by_libreoffice(
    tmp_path: Path, office: Callable[[str], Path], suffix: str, stream: str
) -> None:
    folder = office(COPY)
    if suffix == ".doc":
        (folder / "soffice.made").write_bytes(docx(tmp_path / "x.docx", "本文です"))
    else:
        import pptx

        slides = pptx.Presentation()
        slides.slides.add_slide(slides.slide_layouts[5]).shapes.title.text = "本文です"
        slides.save(str(folder / "soffice.made"))
    read = parse(ole(tmp_path / f"a{suffix}", stream), "a")
    assert "本文です" in read.documents[0].text
    assert "read by way of LibreOffice" in told(read)
    command = (folder / "soffice.log").read_text()
    assert "-env:UserInstallation=file://" in command
    assert "--headless" in command
    assert not Path(command.split("UserInstallation=file://")[1].split()[0]).exists()


def test_old_workbooks_by_libreoffice_and_without(
    tmp_path: Path, office: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import openpyxl
    from llama_index.core.readers.base import BaseReader
    from llama_index.core.schema import Document as LlamaDocument

    from qeu_rag.ingest.readers.page import page
    from qeu_rag.ingest.readers.sheet import workbook_97

    class Cells(BaseReader):
        def __init__(self, way: object) -> None: ...

        def load_data(self, file: Path) -> list[LlamaDocument]:
            return [page("cells alone")]

    path = ole(tmp_path / "a.xls", "Workbook")
    assert reason(path) == "damaged"
    monkeypatch.setattr(workbook_97, "XlsReader", Cells)
    assert parse(path, "a").documents[0].text == "cells alone"
    folder = office(COPY)
    assert parse(path, "a").documents[0].text == "cells alone"  # it fails: there is no file to copy
    book = openpyxl.Workbook()
    book.active.append(["品名", "単価"])
    book.active.append(["A", 5])
    book.save(folder / "soffice.made")
    read = parse(path, "a")
    assert "| A | 5 |" in read.documents[0].text
    assert "read by way of LibreOffice" in told(read)


def test_libreoffice_that_fails(tmp_path: Path, office: Callable[[str], Path]) -> None:
    path = ole(tmp_path / "a.doc", "WordDocument")
    office("exit 1")
    assert reason(path) == "damaged"
    office("exit 0")
    assert reason(path) == "damaged"
    office(COPY)  # there is no file to copy
    assert reason(path) == "damaged"


def test_libreoffice_that_hangs_is_ended(
    tmp_path: Path, office: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from qeu_rag.ingest.readers.office import libreoffice

    folder = office('echo $$ > "$0.pid"; sleep 60 & sleep 61')
    monkeypatch.setattr(libreoffice, "_LIMIT_S", 0.5)
    start = time.monotonic()
    assert reason(ole(tmp_path / "a.doc", "WordDocument")) == "timeout"
    assert time.monotonic() - start < 10
    with pytest.raises(ProcessLookupError):
        os.kill(int((folder / "soffice.pid").read_text()), 0)


def test_without_libreoffice_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qeu_rag.ingest.readers.office import libreoffice

    monkeypatch.setattr(libreoffice, "usual_places", lambda: iter(()))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ReadError) as caught:
        parse(ole(tmp_path / "a.doc", "WordDocument"), "a.doc")
    assert caught.value.reason == "no_libreoffice"
    assert "Install LibreOffice" in caught.value.render("en")
    assert "save it as .docx" in caught.value.render("en")
    assert "LibreOffice をインストール" in caught.value.render("ja")


def test_what_only_bears_the_name_of_an_old_file(tmp_path: Path) -> None:
    (tmp_path / "a.doc").write_bytes(docx(tmp_path / "x.docx", "newer"))
    assert parse(tmp_path / "a.doc", "a").documents[0].text == "newer"
    assert text_of(tmp_path / "b.doc", "<html><body><p>page</p></body></html>") == "page"
    assert text_of(tmp_path / "c.doc", r"{\rtf1\ansi words\par}") == "words"
    assert reason(ole(tmp_path / "d.doc", "PowerPoint Document")) == "damaged"
    data = bytearray(ole(tmp_path / "e.doc", "WordDocument").read_bytes())
    data[512 * 3 + 11] |= 1
    (tmp_path / "e.doc").write_bytes(data)
    assert reason(tmp_path / "e.doc") == "encrypted"


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize(("suffix", "old"), [(".docx", ".doc"), (".xlsx", ".xls"), (".pptx", ".ppt")])
def test_files_that_libreoffice_itself_made(tmp_path: Path, suffix: str, old: str) -> None:
    import docx
    import pptx

    new = tmp_path / f"a{suffix}"
    if suffix == ".docx":
        written = docx.Document()
        run = written.add_paragraph("期限は").add_run("30日")
        run.font.strike = True
        written.paragraphs[0].add_run("60日")
        written.save(str(new))
    elif suffix == ".xlsx":
        book = openpyxl.Workbook()
        struck, plain = InlineFont(strike=True), InlineFont(strike=False)
        book.active["A1"], book.active["B1"] = (
            "期限は",
            CellRichText(TextBlock(struck, "30日"), TextBlock(plain, "60日")),
        )
        book.save(new)
    else:
        deck = pptx.Presentation()
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = "期限は60日"
        deck.save(str(new))
    profile = (tmp_path / "profile").as_uri()
    command = [
        "soffice",
        f"-env:UserInstallation={profile}",
        "--headless",
        "--convert-to",
        old[1:],
        "--outdir",
        str(tmp_path),
    ]
    subprocess.run([*command, str(new)], check=True, capture_output=True, timeout=200)
    read = parse(tmp_path / f"a{old}", f"a{old}")
    assert "60日" in read.documents[0].text
    assert "30日" not in read.documents[0].text
    assert "converted" in [note.key for note in read.notes]
