"""What an HTML page says by its elements is read, and what does not count is left out and told."""

import time
from pathlib import Path

import pytest

from qeu_rag.ingest.read import Parsed, parse


def read(tmp_path: Path, body: str, head: str = "") -> Parsed:
    path = tmp_path / "a.html"
    path.write_text(f'<html><head><meta charset="utf-8">{head}</head><body>{body}</body></html>', encoding="utf-8")
    return parse(path, path.name)


def text(tmp_path: Path, body: str, head: str = "") -> str:
    return read(tmp_path, body, head).documents[0].text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<p>絶縁抵抗は10<sup>6</sup> Ω、漏れは5×10<sup>-4</sup> Pa·m<sup>3</sup>/s</p>", "絶縁抵抗は10⁶ Ω、漏れは5×10⁻⁴ Pa·m³/s"),  # noqa: E501
        ("<p>H<sub>2</sub>O, V<sub>max</sub></p>", "H₂O, V_(max)"),
        ("<p>日当は3,000円<sup>1</sup>とする。</p>", "日当は3,000円¹とする。"),
        ("<p>円<sup>注1</sup>とする<sup>※2</sup>。the 1<sup>st</sup> item<sup>[3]</sup> X<sup>TM</sup></p>",
         "円（注1）とする※2。the 1st item[3] X™"),
        ("<p>1<sup>3</sup>/<sub>4</sub> インチ</p>", "1 3/4 インチ"),
        ("<pre>10<sup>6</sup></pre>", "```\n10⁶\n```"),
        ("<h2>面積（m<sup>2</sup>）</h2><p>a</p>", "## 面積（m²）\n\na"),
        ("<p>期限は<ins>60日</ins>です<wbr>。</p>", "期限は60日です。"),
        ('<p><abbr title="品質保証部">QA</abbr>が見る。<abbr title="品質保証部">QA</abbr></p>', "QA（品質保証部）が見る。QA"),
        ('<p><dfn title="signal-to-noise">S/N</dfn> ratio</p>', "S/N (signal-to-noise) ratio"),
        ("<p><q>止める</q>と言う <q>stop</q></p>", "「止める」と言う “stop”"),
        ("<blockquote><p>条文</p></blockquote>", "> 条文"),
        ("<p><ruby>漢字<rp>(</rp><rt>かんじ</rt></ruby>、<ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby></p>", "漢字（かんじ）、漢字"),
        ("<p>x &lt; 5 &amp; y &ge; 3&nbsp;mm</p>", "x < 5 & y ≥ 3\xa0mm"),
        ("<p>use the &lt;s&gt; tag</p>", "use the \\<s> tag"),
        ('<p><input type="checkbox" checked>要 <input type="radio">不要</p>', "☑ 要 ☐ 不要"),
        ("<p><label><input type=radio checked>振込</label><label><input type=radio>現金</label></p>", "☑ 振込 ☐ 現金"),
        ('<p>部数<input value="5"><input type="hidden" value="x"><input type="submit" value="送信"></p>', "部数 5"),
        ("<p>支払<select><option>現金<option selected>振込</select></p>", "支払 振込"),
        ('<p>配送<select><option value="">選択<option>通常<option>速達</select></p>', "配送 通常 / 速達"),
        ("<p><textarea>自由記述</textarea></p>", "自由記述"),
        ('<p>進み <progress value="3" max="10"></progress></p>', "進み 3/10"),
        ('<p><img alt="警告" src="w.png">開けるな</p>', "警告 開けるな"),
        ('<p>a<img alt="logo" src="a.png"><img alt="IMG_1.jpg"><img src="data:image/png;base64,AAAA"></p>', "a"),
        (r'<p>値は<img class="tex" alt="\frac{a}{b}"></p>', "値は a/b"),
        ("<svg><title>icon</title><text>入口</text><text>出口</text></svg>", "入口 / 出口"),
        ('<svg role="img" aria-label="流れ図"></svg>', "流れ図"),
        ('<table><tr><th>項<th>可</tr><tr><td>A<td><i class="fa" role="img" aria-label="対応"></i></tr></table>', "| A | 対応 |"),
        ('<table><tr><th>項<th>可</tr><tr><td>A<td><i class="fa fa-check" aria-hidden="true"></i><span class="sr-only">可能</span></table>',  # noqa: E501
         "| A | 可能 |"),
        ("<figure><img alt='図の説明' src='a.png'><figcaption aria-hidden='true'>図1 炉</figcaption></figure>", "図の説明\n\n図1 炉"),  # noqa: E501
        ('<p><span aria-hidden="true">5,000円</span></p>', "5,000円"),
    ],
)  # fmt: skip
def test_inline_elements_are_said(tmp_path: Path, body: str, said: str) -> None:
    found = text(tmp_path, body)
    assert found == said if not body.startswith("<table") else said in found


@pytest.mark.parametrize(
    ("body", "head", "left", "told"),
    [
        ("<p>期限は<del>30日</del><ins>60日</ins>とする。</p><p><s>10%まで認める。</s></p>", "", "期限は60日とする。", "struck-out passages left out: 2"),  # noqa: E501
        ('<p>a<span style="text-decoration: line-through red">b</span><strike>c</strike></p>', "", "a", "struck-out passages left out: 2"),  # noqa: E501
        ('<p>a</p><p class="old">b</p>', "<style>p.old{text-decoration-line:line-through}</style>", "a", "struck-out passages left out: 1"),  # noqa: E501
        ("<p>a</p><p hidden>b</p><div style='display : none'>c</div>", "", "a", "hidden passages left out: 2"),
        ('<p>a</p><p id="x">b</p><p class="y z">c</p>', "<style>/* x */ #x, div .q{display:none} .z{visibility:hidden}</style>", "a",  # noqa: E501
         "hidden passages left out: 2"),
        ('<div style="visibility:hidden">b<p style="visibility:visible">a</p></div>', "", "a", "hidden passages left out: 1"),
        ('<p>a<span style="font-size:0">b</span><span style="color:#FFF">c</span></p>', "", "a", "(no size, white on white) left out: 2"),  # noqa: E501
        ('<p>a<font color="white">c</font><span style="color:transparent">d</span></p>', "", "a", "(no size, white on white) left out: 2"),  # noqa: E501
        ('<p style="background:#333">a<span style="color:#333">b</span></p>', "", "a", "(no size, white on white) left out: 1"),
        ('<p>a<span style="mso-hide:all">b</span></p>', "", "a", "hidden passages left out: 1"),
        ("<p>a</p><dialog>b</dialog>", "", "a", "hidden passages left out: 1"),
        ('<p>a</p><p style="position:absolute;left:-9999px">b</p>', "", "a", "hidden passages left out: 1"),
        ('<p>a</p><p class="x">b</p>', "<style>.x{position:absolute; top:-999em}</style>", "a", "hidden passages left out: 1"),
        ('<p>a<span style="position:absolute;clip:rect(0, 0, 0, 0)">b</span></p>', "", "a", "hidden passages left out: 1"),
        ('<p>a<span style="clip-path:inset(50%)">b</span></p>', "", "a", "hidden passages left out: 1"),
    ],
)  # fmt: skip
def test_what_does_not_count_is_left_out_and_told(tmp_path: Path, body: str, head: str, left: str, told: str) -> None:
    parsed = read(tmp_path, body, head)
    assert parsed.documents[0].text == left
    (note,) = map(str, parsed.notes)
    assert note.endswith(told)


@pytest.mark.parametrize(
    ("body", "head"),
    [
        ('<div style="font-size:0"><p style="font-size:16px">a</p></div>', ""),
        ('<p class="x" style="display:block">a</p>', "<style>.x{display:none}</style>"),
        ('<p class="x on">a</p>', "<style>.x{display:none} .x.on{display:block}</style>"),
        ('<p class="x">a</p>', "<style>@media print{.x{display:none}} .x:hover{display:none}</style>"),
        ('<p style="background:#036"><b style="color:#fff">a</b></p>', ""),
        ('<table bgcolor="navy"><tr><td><font color="white">a</font></td></tr></table>', ""),
        ('<button aria-expanded="false" aria-controls="p"></button><div id="p" hidden>a</div>', ""),
        ('<div role="tabpanel" hidden>a</div>', ""),
        ('<p class="head" style="color:white">a</p>', '<link rel="stylesheet" href="x.css">'),
        ('<div hidden="until-found">a</div>', ""),
        ("<dialog open>a</dialog>", ""),
        ('<a href="/x"><span style="position:absolute;left:-9999px">a</span></a>', ""),
        ('<p style="position:absolute;left:-40px">a</p>', ""),
        ('<p style="clip-path:inset(10%)">a</p>', ""),
        ('<my-card><template shadowrootmode="open"><p>a</p></template></my-card>', ""),
    ],
)
def test_what_is_seen_is_read(tmp_path: Path, body: str, head: str) -> None:
    parsed = read(tmp_path, body, head)
    assert (parsed.documents[0].text, parsed.notes) == ("a", ())


def test_the_parts_of_an_article_are_content_and_those_of_the_page_are_not(tmp_path: Path) -> None:
    page = """<header><a href="/">ロゴ</a><p>文書番号 QM-12　改訂 2025-04-01</p><h1>炉</h1></header><nav>メニュー</nav>
    <aside class="sidebar"><a href="/x">人気の記事</a></aside>
    <main><article><header><h2>操作</h2><p>対象は2号炉</p></header><p>扉を開ける前に温度計を見る。</p>
    <aside aria-label="注意"><p>80℃を超えるときは開けない。</p></aside><aside><ul><li><a href="/y">関連する記事</a></ul></aside>
    <noscript>JavaScript</noscript><template>型</template><footer>担当は森</footer></article></main>
    <footer><p>最終更新日 2025年5月1日</p><p>© 2025 会社</p></footer>"""
    assert text(tmp_path, page) == (
        "# 炉\n\n文書番号 QM-12　改訂 2025-04-01\n\n## 操作\n\n対象は2号炉\n\n扉を開ける前に温度計を見る。\n\n"
        "80℃を超えるときは開けない。\n\n担当は森\n\n最終更新日 2025年5月1日"
    )


def test_a_caution_beside_the_main_part_is_content(tmp_path: Path) -> None:
    page = "<main><h1>炉</h1><p>扉を開ける前に温度計を見る。</p></main><aside><p>停電時は使わない。</p></aside>"
    assert text(tmp_path, page) == "# 炉\n\n扉を開ける前に温度計を見る。\n\n停電時は使わない。"


def test_a_main_part_within_a_side_note(tmp_path: Path) -> None:
    assert text(tmp_path, "<aside><p>a</p><main><p>本文です。</p></main></aside>") == "本文です。"


def test_questions_that_open_are_headings(tmp_path: Path) -> None:
    page = """<h1>FAQ</h1><details><summary>返品は何日以内ですか</summary><p>14日以内です。</p>
    <details><summary>例外</summary>食品</details></details><details><summary>送料は</summary>無料です。</details>"""
    document = read(tmp_path, page).documents[0]
    assert [(h.level, h.text) for h in document.headings] == [
        (1, "FAQ"),
        (2, "返品は何日以内ですか"),
        (3, "例外"),
        (2, "送料は"),
    ]
    assert "## 返品は何日以内ですか\n\n14日以内です。" in document.text
    after = "<details><summary>例外</summary>食品</details><p>送料は別</p></details><p>後</p>"
    assert text(tmp_path, f"<h1>FAQ</h1><details><summary>返品は可能ですか</summary>14日{after}") == (
        "# FAQ\n\n## 返品は可能ですか\n\n14日\n\n### 例外\n\n食品\n\n## 返品は可能ですか\n\n送料は別\n\n# FAQ\n\n後"
    )
    assert text(tmp_path, "<h1>a</h1><details><summary>補足</summary>b</details><p>c</p>") == "# a\n\n補足\n\nb\n\nc"
    asked = text(tmp_path, "<dl><dt>納期は?<dd>6月20日<dt>価格は?<dd>3,000円</dl>")
    assert asked == "# 納期は?\n\n6月20日\n\n# 価格は?\n\n3,000円"


def test_definitions_stay_apart(tmp_path: Path) -> None:
    assert text(tmp_path, "<dl><dt>納期<dd>6月20日<dt>価格<dd>3,000円</dl>") == "納期\n  6月20日\n\n価格\n  3,000円"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<ol start="3"><li>a<li value="7">b<li>c</ol>', "3. a\n7. b\n8. c"),
        ("<ol reversed><li>a<li>b</ol>", "2. a\n1. b"),
        ('<ol type="a"><li>x<li>y</ol>', "- a) x\n- b) y"),
        ('<ol type="I" start="4"><li>x</ol>', "- IV) x"),
        ("<ol><li><s>古い</s><li>新しい</ol>", "2. 新しい"),
    ],
)
def test_lists_keep_their_numbers(tmp_path: Path, body: str, said: str) -> None:
    assert text(tmp_path, body) == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<thead><tr><th rowspan=2>工程<th colspan=2>2025年度<tr><th>上期<th>下期<tbody><tr><th>塗装<td>1.2%<td>0.8%",
         "| 工程 | 2025年度 上期 | 2025年度 下期 |\n| --- | --- | --- |\n| 塗装 | 1.2% | 0.8% |"),
        ("<tr><th colspan=2>表の題<tr><th>a<th>b<tr><td>1<td>2", "表の題\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("<tr><th>区分<th colspan=2>2025年度<tr><td><td>上期<td>下期<tr><td>A<td>1<td>2",
         "| 区分 | 2025年度 上期 | 2025年度 下期 |\n| --- | --- | --- |\n| A | 1 | 2 |"),
        ("<tr><td>a<td colspan=2>b<tr><td>x<td>森<td>林", "| a | b | b |\n| --- | --- | --- |\n| x | 森 | 林 |"),
        ("<caption>表1</caption><tfoot><tr><td colspan=2>税別</tfoot><tr><th>a<th>b<tr><td>1<td>2<tr><td colspan=2>3",
         "表1\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 |  |\n\n税別"),
        ("<tr><th>a<th>b<th>c<tr><td rowspan=2>x<td colspan=2>共通<tr><td>1<td>2",
         "| a | b | c |\n| --- | --- | --- |\n| x | 共通 | 共通 |\n| x | 1 | 2 |"),
        ("<tr><th>会社名<td>A社<tr><th>住所<td>東京", "|  |  |\n| --- | --- |\n| 会社名 | A社 |\n| 住所 | 東京 |"),
        ("<tr><th>機種<th>条件<tr><td>A<td><table><tr><td>温度<td>80℃<tr><td>圧力<td>5 MPa</table>",
         "| 機種 | 条件 |\n| --- | --- |\n| A | 温度: 80℃; 圧力: 5 MPa |"),
        ("<tr><th>a<th>b<tr><td>1<td><ul><li>x<li>-5</ul>", "| a | b |\n| --- | --- |\n| 1 | x / -5 |"),
        ("<tr><th>a<th>b<tr><td><s>1</s><td>2<tr style='text-decoration:line-through'><td>3<td>4",
         "| a | b |\n| --- | --- |\n|  | 2 |"),
        ("<tr><th>費目<th>額<tr><td colspan=2>国内<tr><td>宿泊<td>1<tr><td>小計<td>1<tr><th colspan=2>海外<tr><td>宿泊<td>2<tr><td>小計<td>2<tr><td>合計<td>3",  # noqa: E501
         "| 費目 | 額 |\n| --- | --- |\n| 国内: 宿泊 | 1 |\n| 国内: 小計 | 1 |\n| 海外: 宿泊 | 2 |\n| 海外: 小計 | 2 |\n| 合計 | 3 |"),  # noqa: E501
        ("<tr><th colspan=2>国内<tr><th>費目<th>額<tr><td>宿泊<td>1<tr><th colspan=2>海外<tr><th>費目<th>額<tr><td>宿泊<td>2",
         "国内\n\n| 費目 | 額 |\n| --- | --- |\n| 国内: 宿泊 | 1 |\n| 海外: 宿泊 | 2 |"),
        ("<tr><th>費目<th>額<tr><td><b>国内</b><td><tr><td>宿泊<td>1<tbody><tr><td>日当<td>9<tr><td colspan=2>※税別とする。<tr><td>昼食<td>2",  # noqa: E501
         "| 費目 | 額 |\n| --- | --- |\n| 国内: 宿泊 | 1 |\n| 日当 | 9 |\n| ※税別とする。 |  |\n| 昼食 | 2 |"),
        ("<tr><th>a<th>b<tr><td>x|y<td>10<sup>6</sup>", "| a | b |\n| --- | --- |\n| x\\|y | 10⁶ |"),
    ],
)  # fmt: skip
def test_tables_hold_every_cell_at_its_place(tmp_path: Path, body: str, said: str) -> None:
    assert text(tmp_path, f"<table>{body}</table>") == said


def test_a_note_stands_in_its_sentence(tmp_path: Path) -> None:
    page = """<p>日当は3,000円とする<sup><a href="#fn1" id="fnref1">1</a></sup>。</p>
    <section class="footnotes"><ol><li id="fn1"><p>10月から3,500円。<a href="#fnref1">↩</a></p></li></ol></section>"""
    assert text(tmp_path, page) == "日当は3,000円とする（注: 10月から3,500円）。"


def test_formulas_are_read_once(tmp_path: Path) -> None:
    math = "<math><semantics><mfrac><mi>a</mi><mi>b</mi></mfrac><annotation encoding='application/x-tex'>\\frac{a}{b}</annotation></semantics></math>"  # noqa: E501
    katex = f'<span class="katex"><span class="katex-mathml">{math}</span><span class="katex-html" aria-hidden="true">ab</span></span>'  # noqa: E501
    wiki = f'<span class="mwe-math-element"><span style="display: none;">{math}</span><img class="mwe-math-fallback-image" alt="a/b"></span>'  # noqa: E501
    parsed = read(tmp_path, f"<p>値は{katex}と{wiki}です</p>")
    assert (parsed.documents[0].text, parsed.notes) == ("値はa/bとa/bです", ())


def test_data_within_a_page_is_no_text(tmp_path: Path) -> None:
    assert text(tmp_path, f"<p>図 {'iVBORw0KGgo1' * 40}== の説明</p>") == "図 の説明"


def test_a_hostile_page_is_read_in_time(tmp_path: Path) -> None:
    wide = "<tr>" + "<td colspan=999999 rowspan=999999>x" * 30
    deep = "<div><span>" * 5000 + "<math>" + "<mrow>" * 5000 + "<mi>x" + "</math>"
    css = "<style>" + ".a{display:none}" * 3000 + "</style>"
    assert text(tmp_path, f"<p>ok</p><table>{wide}</table>{deep}" + "<p class=b>b" * 2000, css)


TABS = """<h2>日当</h2><ul role="tablist"><li><a role="tab" id="t1" aria-controls="p1" href="#p1">国内</a><li><a role="tab"
aria-controls="p2">海外</a></ul><div><div role="tabpanel" id="p1" aria-labelledby="t1"><p>3,000円</p></div>
<div role="tabpanel" id="p2" hidden><p>7,000円</p></div></div>"""


def test_what_stands_in_a_tab_stands_below_its_name(tmp_path: Path) -> None:
    assert text(tmp_path, TABS) == "## 日当\n\n### 国内\n\n3,000円\n\n### 海外\n\n7,000円"
    after = text(tmp_path, f"{TABS}<p>税別です。</p>")
    assert after == "## 日当\n\n国内:\n\n3,000円\n\n海外:\n\n7,000円\n\n税別です。"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<p>10<span style='vertical-align: super'>6</span> Ω</p>", "10⁶ Ω"),
        ("<style>.c3{vertical-align:super}.c4{vertical-align:sub}</style><p>10<span class=c3>4</span> H<span class=c4>2</span>O</p>",  # noqa: E501
         "10⁴ H₂O"),
        ("<p><span role=checkbox aria-checked=true>済</span><span role=checkbox aria-checked=false>要</span></p>", "☑ 済 ☐ 要"),
        ("<div role=table><div role=row><span role=columnheader>型</span><span role=columnheader>荷重</span></div>"
         "<div role=row><span role=cell>K1</span><span role=cell>33</span></div></div>",
         "| 型 | 荷重 |\n| --- | --- |\n| K1 | 33 |"),
        ("<style>.u::after{content:'万円'} .m:before{content:\"-\"} li::before{content:'•'} .c:before{content:'\\2611'} .i::before{content:'\\f00c'}"  # noqa: E501
         " .n::before{content:attr(data-no) '：'}</style><p><b class=u>5</b> <b class=m>3</b> <i class=c>済</i><i class=i></i></p>"  # noqa: E501
         "<p class=n data-no=第3条>本文<ul><li>a</ul>", "5万円 -3 ☑済\n\n第3条：本文\n\n- a"),
        ("<p><button>上期</button><button>下期</button></p>", "上期 下期"),
        ("<p>本文</p><footer>文書番号 QS-9 <b>第3版</b> <a href=x>会社</a></footer>", "本文\n\n文書番号 QS-9 第3版"),
        ("<p>本文</p><div id='cookie-consent'>Cookieは30日保存します。<button>同意</button></div>", "本文"),
    ],
)  # fmt: skip
def test_what_roles_and_styles_say_is_read(tmp_path: Path, body: str, said: str) -> None:
    assert text(tmp_path, body) == said


def test_tables_in_tables_without_end_are_read_soon(tmp_path: Path) -> None:
    start = time.process_time()
    assert text(tmp_path, "<table><tr><td>" * 1500 + "x" + "</table>" * 1500) == "x"
    assert time.process_time() - start < 15
