"""What Markdown and plain text say by their marks is read, and what does not count is left out and told."""

import time
from pathlib import Path

import pytest

from qeu_rag.ingest.read import Parsed, parse
from qeu_rag.text.encoding import decode


def read(tmp_path: Path, text: str, name: str = "a.md") -> Parsed:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return parse(path, name)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("日当は3,000円とする[^1]。\n\n[^1]: 10月からは3,500円とする。", "日当は3,000円とする（注: 10月からは3,500円とする）。"),
        ("It is 5 days.[^a] Next.\n\n[^a]: Six for\n    new staff.\n\nEnd", "It is 5 days. (note: Six for new staff) Next.\n\n\nEnd"),  # noqa: E501
        ("| a[^1] |\n| --- |\n| 1 |\n\n[^1]: x | y", "| a (note: x \\| y) |\n| --- |\n| 1 |"),
        ("# 見出し[^1]\n\n本文\n\n[^1]: 注記", "# 見出し\n\n注: 注記\n\n本文"),
        ("手順^[夜間は不可]を守る", "手順（注: 夜間は不可）を守る"),
        ("`[^1]` はそのまま[^2]", "`[^1]` はそのまま[^2]"),
        ("- [ ] 未\n- [x] 済", "- ☐ 未\n- ☑ 済"),
        ("10^6^ Ω、H~2~O、10~20日、5~6日", "10⁶ Ω、H₂O、10~20日、5~6日"),
        ("10<sup>6</sup> Ω と m<sup>3</sup>", "10⁶ Ω と m³"),
        ("| a | b |\n| --- | :-: |\n| x<br>y | `A\\|B` |", "| a | b |\n| --- | :-: |\n| x y | `A\\|B` |"),
        ("a | b\n--- | ---\n1 | 2\n\nc", "| a | b |\n| --- | --- |\n| 1 | 2 |\n\nc"),
        ("前\n\n<table><tr><th>部品</th><th>周期</th></tr><tr><td>ベルト</td><td>6か月</td></tr></table>\n\n後",
         "前\n\n\n| 部品 | 周期 |\n| --- | --- |\n| ベルト | 6か月 |\n\n\n後"),
        ("# a\n\n<details>\n<summary>返品は何日以内ですか</summary>\n\n14日です。\n\n</details>", "# a\n\n\n## 返品は何日以内ですか\n\n\n14日です。"),  # noqa: E501
        ('<p align="center"><img src="a.png" alt="警告"> 開けるな</p> <host> は名前', " 警告  開けるな <host> は名前"),
        ("[規程][r] と [R] と ![図][r]\n\n[r]: https://x.example/a \"題\"", "[規程](https://x.example/a) と [R](https://x.example/a) と ![図](https://x.example/a)"),  # noqa: E501
        ("![図](data:image/png;base64,iVBORw0KGgo=) a", "図 a"),
        ("> [!WARNING]\n> 開けるな", "> WARNING:\n> 開けるな"),
        (":::message alert\n開けるな\n:::", "ALERT:\n開けるな"),
        ('!!! danger "高温"\n    開けるな\n\n後', "高温:\n\n開けるな\n\n後"),
        ("<!-- 下書き -->本文", "本文"),
        ("<dl><dt>納期</dt><dd>6月</dd></dl>", "納期\n  6月"),
        ("式 $a^2 ~~b~~$ と <kbd>Esc</kbd>", "式 $a^2 ~~b~~$ と Esc"),
        ("```\n~~a~~ <br> [^1]\n```", "```\n~~a~~ <br> [^1]\n```"),
        ('+++\ntitle = "題"\ndate = 2025-01-02\n+++\n本文', "date: 2025-01-02\n\n本文"),
        ("---\ntitle: 題\nstatus: 廃止\n有効期限: 令和7年3月\n---\n本文", "status: 廃止\n有効期限: 令和7年3月\n\n本文"),
        ("---\ntitle: 題\nversion: 3.1\nnumber: QM-12\ntags: [a, b]\nlayout: doc\n承認:\n  - 森\n  - 林\ndraft: false\n---\n本文",
         "version: 3.1\nnumber: QM-12\n承認: 森, 林\n\n本文"),
        ("10&deg;C&#9745; a &lt; b &#42;x&#42; &lt;s&gt; `&nbsp;`", "10°C☑ a \\< b \\*x\\* \\<s\\> `&nbsp;`"),
        ("前 <ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>", "前 漢字（かんじ）"),
        ("# F\n\n<details><summary>返品は何日以内ですか</summary>\n\n14日\n\n<details><summary>例外</summary>\n\n食品\n\n</details>\n\n送料は別\n\n</details>\n\n後",  # noqa: E501
         "# F\n\n\n## 返品は何日以内ですか\n\n\n14日\n\n\n### 例外\n\n\n食品\n\n\n## 返品は何日以内ですか\n\n\n送料は別\n\n\n# F\n\n\n後"),  # noqa: E501
    ],
)  # fmt: skip
def test_marks_are_said(tmp_path: Path, source: str, said: str) -> None:
    assert read(tmp_path, source).documents[0].text == said


@pytest.mark.parametrize(
    ("source", "left", "told"),
    [
        ("期限は~~30日~~ 60日とする。", "期限は60日とする。", "struck-out passages left out: 1"),
        ("a\n\n~~10%まで認める。~~\n\n- ~~x~~\n- b\n\n| c | d |\n| --- | --- |\n| ~~1~~ | ~~2~~ |\n| 3 | 4 |",
         "a\n\n\n- b\n\n| c | d |\n| --- | --- |\n| 3 | 4 |", "struck-out passages left out: 4"),
        ("期限は<del>30日</del>60日、<s>x</s>", "期限は60日、", "struck-out passages left out: 2"),
        ('a<span style="display:none">b</span>\n\n<div hidden>\n\nc\n\n</div>', "a", "hidden passages left out: 2"),
    ],
)  # fmt: skip
def test_what_does_not_count_is_left_out_and_told(tmp_path: Path, source: str, left: str, told: str) -> None:
    parsed = read(tmp_path, source)
    assert parsed.documents[0].text == left
    assert [str(note) for note in parsed.notes] == [told]


@pytest.mark.parametrize(
    "source", ["a ~~~~ b", "~~a\n\nb~~", "\\~~a~~b", "x < 5 and y > 3", "List<String> と <host>", "a ~ b ~ c"]
)
def test_what_is_no_mark_stays(tmp_path: Path, source: str) -> None:
    parsed = read(tmp_path, source)
    assert (parsed.documents[0].text, parsed.notes) == (source, ())


def test_a_long_note_stands_below_its_paragraph(tmp_path: Path) -> None:
    long = "長い注記" * 100
    assert read(tmp_path, f"本文[^1]。\n\n次\n\n[^1]: {long}").documents[0].text == f"本文。\n\n注: {long}\n\n次"


def test_plain_text_as_it_was_typed(tmp_path: Path) -> None:
    struck = "".join(f"{c}\u0336" for c in "30日")
    parsed = read(tmp_path, f"期限は{struck}60日。\x1b[31m赤\x1b[0m N\x08NA\x08A" + "、" * 200, "a.txt")
    assert parsed.documents[0].text == "期限は60日。赤 NA" + "、" * 200
    assert [str(note) for note in parsed.notes] == ["struck-out passages left out: 1"]


def test_hostile_markdown_is_read_in_time(tmp_path: Path) -> None:
    start = time.monotonic()
    for piece in (
        "~~a ",
        "<div hidden>",
        "[^1]",
        "[a][",
        "`",
        "$a",
        "<table>",
        "a|b\n",
        "<details><summary>",
        "![](data:",
        "^[",
    ):
        read(tmp_path, "x\n\n" + piece * 5000)
    assert time.monotonic() - start < 30


def test_the_signs_of_nec_and_ibm_in_every_japanese_encoding() -> None:
    pairs = bytes.fromhex("ada1adeafce2f9f5")
    seven = (
        b"\x1b$B"
        + bytes(byte & 0x7F for byte in pairs)
        + b"\x1b(B\nok\x1b$B"
        + bytes(b & 0x7F for b in "日".encode("euc_jp"))
        + b"\x1b(B"
    )
    assert decode("担当者のなまえは".encode("euc_jp") + pairs + b" ok") == ("担当者のなまえは①㈱髙﨑 ok", "euc-jp")
    assert decode(seven, "iso-2022-jp") == ("①㈱髙﨑\nok日", "iso-2022-jp")
    assert decode(b"\x1b$B-!\x1b(B\x1b(I12\x1b(B")[0] == "①ｱｲ"


def test_utf_8_that_is_declared_as_another_encoding() -> None:
    assert decode("歯車の納期です".encode(), "shift_jis") == ("歯車の納期です", "utf-8")
    assert decode("歯車の納期です".encode("cp932"), "utf-8") == ("歯車の納期です", "cp932")
