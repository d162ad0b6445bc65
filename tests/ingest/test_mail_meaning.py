"""What a mail itself says is told from what it quotes, in whatever order and encoding its parts come."""

import time
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest

from qeu_rag.ingest.read import Parsed, parse


def read(tmp_path: Path, data: bytes) -> Parsed:
    path = tmp_path / "a.eml"
    path.write_bytes(data)
    return parse(path, "a.eml")


def plain(tmp_path: Path, body: str, subject: str = "Re: 納期", extra: str = "") -> str:
    head = f"From: a@x.example\nSubject: {subject}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8{extra}\n"
    return said(read(tmp_path, f"{head}Content-Transfer-Encoding: 8bit\n\n{body}".encode()))


def html(tmp_path: Path, body: str, subject: str = "Re: 納期") -> str:
    mail = MIMEText(body, "html", "utf-8")
    mail["From"], mail["Subject"] = "a@x.example", subject
    return said(read(tmp_path, mail.as_bytes()))


def said(parsed: Parsed) -> str:
    """The text below the head."""
    return parsed.documents[0].text.split("From: a@x.example", 1)[1].strip()


def mixed(*parts: MIMEBase, kind: str = "mixed") -> MIMEMultipart:
    mail = MIMEMultipart(kind)
    for part in parts:
        mail.attach(part)
    mail["From"], mail["Subject"] = "a@x.example", "件名"
    return mail


HEADER = "差出人: 森 <m@x.example>\n送信日時: 2025年6月2日 9:00\n宛先: 林\n件名: 納期\n\n納期は7月4日です。"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("7月18日です。\n\n> 納期は7月4日ですか。\n>> 前の前", "7月18日です。\n\n## 引用\n\n> 納期は7月4日ですか。\n> >> 前の前".replace(">> ", "> ")),  # noqa: E501
        ("7月18日です。\n\n2025年6月2日(月) 9:00 森 <m@x.example>:\n> 7月4日ですか。",
         "7月18日です。\n\n## 引用: 2025年6月2日(月) 9:00 森 <m@x.example>\n\n> 7月4日ですか。"),
        ("It is 18 July.\n\nOn Mon, 2 Jun 2025 at 09:00, Mori\n<m@x.example> wrote:\n\n> Is it 4 July?",
         "It is 18 July.\n\n## 引用: On Mon, 2 Jun 2025 at 09:00, Mori <m@x.example> wrote\n\n> Is it 4 July?"),
        (f"7月18日です。\n\n-----Original Message-----\n{HEADER}",
         "7月18日です。\n\n## 引用: 森 <m@x.example> (2025年6月2日 9:00)\n\n> " + HEADER.replace("\n\n", "\n\0\n").replace("\n", "\n> ").replace("> \0", ">")),  # noqa: E501
        (f"7月18日です。\n\n________________________________\n{HEADER}", None),
        (f"7月18日です。\n\n{HEADER}\n\n{HEADER.replace('森', '西')}", None),
        ("7月18日です。\n\nOn Mon, 2 Jun 2025 at 09:00, Mori <m@x.example> wrote:\n\n7月4日ですか。", None),
        ("> 納期はいつですか。\n7月18日です。\n\n> 価格はいくらですか。\n5,000円です。\n",
         "## Re: 納期はいつですか。\n\n7月18日です。\n\n## Re: 価格はいくらですか。\n\n5,000円です。"),
    ],
)  # fmt: skip
def test_what_is_quoted_stands_last(tmp_path: Path, body: str, told: str | None) -> None:
    found = plain(tmp_path, body)
    if told is None:
        own, _, quoted = found.partition("\n\n## 引用: ")
        assert "7月4日" not in own
        assert "7月18日" in own
        assert "> " in quoted
        assert "7月4日" in quoted
        told = found
    assert found == told


@pytest.mark.parametrize(
    "body",
    [
        '<p>7月18日です。</p><div class="gmail_quote"><div class="gmail_attr">2025年6月2日(月) 9:00 森 &lt;m@x.example&gt;:</div>'
        '<blockquote class="gmail_quote"><p>7月4日ですか。</p></blockquote></div>',
        '<p>7月18日です。</p><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>差出人:</b> 森<br><b>送信日時:</b> 2025年6月2日<br>'  # noqa: E501
        "<b>宛先:</b> 林<br><b>件名:</b> 納期</div><div><p>7月4日ですか。</p></div>",
        '<p>7月18日です。</p><div class="moz-cite-prefix">2025/06/02 9:00、森 さんは書きました:</div><blockquote type="cite"><p>7月4日ですか。</p></blockquote>',  # noqa: E501
        '<p>7月18日です。</p><div style="border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> 森<br><b>Sent:</b> 2025年6月2日<br><b>To:</b> 林<br>'  # noqa: E501
        "<b>Subject:</b> 納期</p></div><p>7月4日ですか。</p>",
    ],
)
def test_what_an_html_mail_quotes_stands_last(tmp_path: Path, body: str) -> None:
    own, _, quoted = html(tmp_path, body).partition("\n\n## 引用: ")
    assert own == "7月18日です。"
    assert "森" in quoted.split("\n")[0]
    assert "2025" in quoted.split("\n")[0]
    assert "> 7月4日ですか。" in quoted


def test_a_quoted_rule_in_an_html_mail_stays(tmp_path: Path) -> None:
    assert html(tmp_path, "<p>規程:</p><blockquote>第1条</blockquote><p>以上</p>") == "規程:\n\n> 第1条\n\n以上"


def test_a_forwarded_mail_is_the_content(tmp_path: Path) -> None:
    found = plain(tmp_path, f"---------- Forwarded message ---------\n{HEADER}", "Fwd: 納期")
    assert found == f"## 転送: 森 <m@x.example> (2025年6月2日 9:00)\n\n{HEADER}"
    assert plain(tmp_path, f"ご参考まで。\n\n{HEADER}", "転送: 納期").startswith("ご参考まで。\n\n## 転送: 森")


def test_a_mail_that_apple_forwards_and_a_rule_above_an_earlier_mail(tmp_path: Path) -> None:
    found = plain(
        tmp_path, "ご参考。\n\nBegin forwarded message:\n\n> From: 森\n> Date: 2025年6月2日\n> To: 林\n>\n> 7月4日"
    )
    assert found == "ご参考。\n\n## 転送: 森 (2025年6月2日)\n\nFrom: 森\nDate: 2025年6月2日\nTo: 林\n\n7月4日"
    assert plain(tmp_path, f"はい。\n\n________________\n{HEADER}").startswith(
        "はい。\n\n## 引用: 森 <m@x.example> (2025"
    )


def test_one_line_with_the_sign_is_no_quotation_in_a_first_mail(tmp_path: Path) -> None:
    assert plain(tmp_path, "操作:\n> 設定\nを開く", "手順") == "操作:\n> 設定\nを開く"


def test_flowed_text_and_signatures(tmp_path: Path) -> None:
    body = "納期は \n7月18日です。\n> 長い \n> 問い\n\n-- \n森\n電話 03-0000-0000"
    found = plain(tmp_path, body, extra="; format=flowed; delsp=yes")
    assert found == "納期は7月18日です。\n\n--\n森\n電話 03-0000-0000\n\n## 引用\n\n> 長い問い"


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(
    ("text", "page", "kept"),
    [
        ("HTML形式のメールです。HTML対応ソフトでご覧ください。", "<p>納期は6月20日です。</p>", "納期は6月20日です。"),
        ("納期は6月20日です。", "<p>納期は6月20日です。</p>", "納期は6月20日です。"),
        ("納期は6月20日です。品名 歯車", "<p>納期は6月20日です。</p><table><tr><th>品名<tr><td>歯車</table>", "納期は6月20日です。\n\n品名\n\n歯車"),  # noqa: E501
        ("期限は30日60日です。", "<p>期限は<s>30日</s>60日です。</p>", "期限は60日です。"),
        ("納期は6月20日です。場所は第2倉庫です。", "<p>納期は</p>", "納期は6月20日です。場所は第2倉庫です。"),
    ],
)  # fmt: skip
def test_the_richer_form_is_read(tmp_path: Path, text: str, page: str, kept: str, swapped: bool) -> None:
    parts = [MIMEText(text, "plain", "utf-8"), MIMEText(page, "html", "utf-8")]
    mail = mixed(*(reversed(parts) if swapped else parts), kind="alternative")
    assert said(read(tmp_path, mail.as_bytes())) == kept


def test_text_in_every_place_is_read_in_order(tmp_path: Path) -> None:
    csv = MIMEText("項目,値\n硬度,58", "csv", "utf-8")
    csv.add_header("Content-Disposition", "attachment", filename="検査票.csv")
    note = MIMEText("別の文書", "plain", "utf-8")
    note.add_header("Content-Disposition", "inline", filename="メモ.txt")
    picture = MIMEApplication(b"x", "octet-stream")
    picture.replace_header("Content-Type", "image/png")
    related = mixed(MIMEText("<p>中<img src='cid:1' alt='図面'></p>", "html", "utf-8"), picture, kind="related")
    signed = mixed(
        MIMEText("署名された文", "plain", "utf-8"),
        MIMEApplication(b"x", "pkcs7-signature", name="smime.p7s"),
        kind="signed",
    )
    mail = mixed(
        MIMEText("前", "plain", "utf-8"), csv, related, note, signed, MIMEText("<p>追伸：4,500円</p>", "html", "utf-8")
    )
    parsed = read(tmp_path, mail.as_bytes())
    assert said(parsed) == "前\n\n中 図面\n\n署名された文\n\n追伸：4,500円"
    assert [d.source for d in parsed.documents] == ["a.eml", "a.eml#検査票.csv", "a.eml#メモ.txt"]
    assert parsed.notes == ()


def test_calendar_parts_are_read(tmp_path: Path) -> None:
    ics = ("BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nBEGIN:VEVENT\r\nSUMMARY:設計\r\n 審査\r\nDTSTART;TZID=Asia/Tokyo:20250620T100000\r\n"  # noqa: E501
           "DTEND;TZID=Asia/Tokyo:20250620T113000\r\nLOCATION:第2会議室\\, 3階\r\nORGANIZER;CN=森:mailto:m@x.example\r\n"
           "BEGIN:VALARM\r\nDESCRIPTION:x\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")  # fmt: skip
    mail = mixed(MIMEText("ご案内", "plain", "utf-8"), MIMEText(ics, "calendar", "utf-8"))
    assert said(read(tmp_path, mail.as_bytes())) == (
        "ご案内\n\nこの予定は取り消されました。\n予定: 設計審査\n開始: 2025-06-20 10:00 (Asia/Tokyo)\n終了: 2025-06-20 11:30 (Asia/Tokyo)\n"  # noqa: E501
        "場所: 第2会議室, 3階\n主催: 森"
    )


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    mail = mixed(
        MIMEText("本文", "plain", "utf-8"),
        MIMEApplication(b"x", "ms-tnef", name="winmail.dat"),
        MIMEApplication(b"x", "zip"),
    )
    notes = [str(note) for note in read(tmp_path, mail.as_bytes()).notes]
    assert notes[0].startswith("winmail.dat cannot be read (Outlook's own format)")
    assert notes[1].startswith("attachment attachment.zip:")


NEC = bytes.fromhex("ada1adeafce2f9f5")


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("iso-2022-jp", b"\x1b$B" + bytes(b & 0x7F for b in NEC) + b"\x1b(B"),
        ("iso-2022-jp-ms", b"\x1b$B" + bytes(b & 0x7F for b in NEC) + b"\x1b(B"),
        ("euc-jp", "担当".encode("euc_jp") + NEC),
        ("shift_jis", "①㈱髙﨑".encode("cp932")),
        ("us-ascii", "担当者のなまえは①㈱髙﨑です".encode()),
        ("utf-8", "担当者のなまえは①㈱髙﨑です".encode("cp932")),
        ("no-such-charset", "担当者のなまえは①㈱髙﨑です".encode()),
        ("", "担当者のなまえは①㈱髙﨑です".encode()),
    ],
)
def test_bodies_in_every_japanese_encoding(tmp_path: Path, charset: str, body: bytes) -> None:
    kind = f"Content-Type: text/plain; charset={charset}\n".encode() if charset else b""
    text = said(read(tmp_path, b"From: a@x.example\n" + kind + b"Content-Transfer-Encoding: 8bit\n\n" + body))
    assert "①㈱髙﨑" in text


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("=?iso-2022-jp?B?GyRCLSEtahsoQg==?=", "①㈱"),
        ("=?utf-8?B?5q2v6A==?=\n =?utf-8?B?u4rjga7ntI3mnJ8=?=", "歯車の納期"),
        ("Re: =?UTF-8?Q?=E7=B4=8D_=E6?= =?UTF-8?Q?=9C=9F?= abc", "Re: 納 期 abc"),
        ("=?utf-8*ja?Q?=E7=B4=8D?= =?shift_jis?B?ivqT+g==?=", "納期日"),
        ("=?x?B?broken", "=?x?B?broken"),
    ],
)  # fmt: skip
def test_encoded_words_in_heads(tmp_path: Path, raw: str, told: str) -> None:
    document = read(tmp_path, f"From: a@x.example\nSubject: {raw}\n\nx".encode()).documents[0]
    assert document.title == told


@pytest.mark.parametrize(
    "disposition",
    [
        "attachment; filename*=utf-8''%E8%A6%8F%E7%A8%8B.txt",
        "attachment; filename*0*=utf-8''%E8%A6; filename*1*=%8F%E7%A8%8B.txt",
        'attachment; filename="=?utf-8?B?6KaP56iLLnR4dA==?="',
        "attachment; filename*=iso-2022-jp''%1B%24B5%2CDx%1B%28B.txt",
    ],
)
def test_names_of_attachments(tmp_path: Path, disposition: str) -> None:
    part = MIMEText("中身", "plain", "utf-8")
    part["Content-Disposition"] = disposition
    parsed = read(tmp_path, mixed(MIMEText("本文", "plain", "utf-8"), part).as_bytes())
    assert [d.source for d in parsed.documents] == ["a.eml", "a.eml#規程.txt"]


def test_quoted_printable_lines_are_joined(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["From"] = "a@x.example"
    mail.set_content("納期は7月18日です。" * 20, charset="utf-8", cte="quoted-printable")
    assert said(read(tmp_path, mail.as_bytes())) == "納期は7月18日です。" * 20


def test_a_hostile_mail_is_read_in_time(tmp_path: Path) -> None:
    start = time.monotonic()
    for line in (
        "From: a\n",
        "> x\ny\n",
        "On x wrote:\n",
        "begin 644 a\n",
        "-----Original Message-----\n",
        "=?utf-8?B?",
        "2025年1月1日 ",
    ):
        plain(tmp_path, line * 5000)
    read(tmp_path, b"From: a@x.example\nSubject: " + b"=?utf-8?B?5q2v?= " * 5000 + b"\n\nx")
    assert time.monotonic() - start < 30


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("規程:\n> 5日\n\n6日です", "規程:\n\n## Re: 5日\n\n6日です"),  # one line above that ends with a colon
        ("森さんは書きました:\n| 5日ですか。\n| 7円ですか。\n\n6日です。", "## Re: 5日ですか。 7円ですか。\n\n6日です。"),
        ("6日です。\n\nOn Mon, 2 Feb 2026\nMori <m@x.example> wrote:\n\nM> 5日ですか。",
         "6日です。\n\n## 引用: On Mon, 2 Feb 2026 Mori <m@x.example> wrote\n\n> 5日ですか。"),
        ("森 wrote:\n\n| a | b |\n|---|---|\n| 1 | 2 |", "森 wrote:\n\n\\| a | b |\n\\|---|---|\n\\| 1 | 2 |"),
        ("---- Forwarded message ----\nSubject:\t納期\nDate:\tMon\nFrom:\tC\nTo:\tD\n\n深い\n\nOn 1 Feb, E wrote:\n> 最も深い",
         "## 転送: C (Mon)\n\nSubject:\t納期\nDate:\tMon\nFrom:\tC\nTo:\tD\n\n深い\n\n## 引用: On 1 Feb, E wrote\n\n> 最も深い"),
    ],
)  # fmt: skip
def test_signs_of_other_mail_programs_quote(tmp_path: Path, body: str, told: str) -> None:
    assert plain(tmp_path, body) == told


def test_one_quoted_line_below_who_wrote_it_is_quoted_in_any_mail(tmp_path: Path) -> None:
    assert plain(tmp_path, "Mori wrote:\n> It is 5.\n\nNo, 6.", "納期") == "## Re: It is 5.\n\nNo, 6."


def test_typed_signs_in_an_html_reply_quote(tmp_path: Path) -> None:
    assert html(tmp_path, "<p>6日です。</p><p>&gt; 5日<br>&gt; 9円</p>") == "6日です。\n\n## 引用\n\n> 5日\n> 9円"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("markdown", "期限は~~30日~~60日です。"),
        ("rtf", r"{\rtf1\ansi \u26399?\u-27056?\u12399?{\strike 30\u26085?}60\u26085?\u12391?\u12377?\u12290?}"),
        ("plain", r"{\rtf1\ansi \u26399?\u-27056?\u12399?{\strike 30\u26085?}60\u26085?\u12391?\u12377?\u12290?}"),
    ],
)
def test_text_parts_of_other_kinds_say_what_they_show(tmp_path: Path, kind: str, body: str) -> None:
    parsed = read(tmp_path, mixed(MIMEText("件名のとおりです。"), MIMEText(body, kind, "utf-8")).as_bytes())
    assert said(parsed) == "件名のとおりです。\n\n期限は60日です。"
    assert [note.key for note in parsed.notes] == ["left_out_struck"]


def test_rtf_that_is_damaged_costs_no_mail(tmp_path: Path) -> None:
    assert r"{\rtf1" in said(read(tmp_path, mixed(MIMEText("a"), MIMEText(r"{\rtf1 " + "{" * 5000, "rtf")).as_bytes()))
