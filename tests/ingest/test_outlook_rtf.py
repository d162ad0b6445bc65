"""Messages that Outlook saved and RTF files, made here, read for what they say."""

# ruff: noqa: E501 - XML and RTF are easier to read in whole lines

import datetime
import struct
from pathlib import Path

import pytest

from qeu_rag.errors import ReadError
from qeu_rag.ingest.read import Parsed, parse
from qeu_rag.ingest.readers.options import Way
from qeu_rag.ingest.readers.rtf.packed import unpacked, wrapped_html

Tree = dict[str, "bytes | Tree"]

# A writer of OLE containers


def ole(path: Path, tree: Tree) -> Path:
    entries: list[list[object]] = [
        ["Root Entry", 5, -1, 0, 0]
    ]  # name, kind, child, start, size; the next sibling is added
    siblings: list[int] = [-1]
    small, big = bytearray(), []

    def add(parent: int, content: Tree) -> None:
        before = -1
        for name, value in content.items():
            number = len(entries)
            siblings.append(-1)
            if before < 0:
                entries[parent][2] = number
            else:
                siblings[before] = number
            before = number
            if isinstance(value, dict):
                entries.append([name, 1, -1, 0, 0])
                add(number, value)
            elif len(value) >= 4096:
                entries.append([name, 2, -1, ("big", len(big)), len(value)])
                big.append(value)
            else:
                entries.append([name, 2, -1, len(small) // 64, len(value)])
                small.extend(value.ljust(-(-len(value) // 64) * 64, b"\0"))

    add(0, tree)
    minifat = b""
    for entry in entries:
        if entry[1] == 2 and isinstance(entry[3], int) and entry[4]:
            first, count = entry[3], -(-int(str(entry[4])) // 64)
            minifat += b"".join(struct.pack("<I", first + i + 1 if i + 1 < count else 0xFFFFFFFE) for i in range(count))
    chains: list[bytes] = []
    starts: list[int] = []

    def put(data: bytes) -> int:
        start = sum(len(chain) // 512 for chain in chains)
        starts.append(start)
        chains.append(data.ljust(-(-len(data) // 512) * 512, b"\0"))
        return start if data else 0xFFFFFFFE

    bigs = [put(value) for value in big]
    entries[0][3], entries[0][4] = put(bytes(small)), len(small)
    minifat_at = put(minifat.ljust(-(-len(minifat) // 512) * 512, b"\xff"))
    folder = b""
    for (name, kind, child, start, size), sibling in zip(entries, siblings, strict=True):
        raw = str(name).encode("utf-16-le")
        at = bigs[start[1]] if isinstance(start, tuple) else start
        folder += raw.ljust(64, b"\0") + struct.pack(
            "<HBBIII", len(raw) + 2, kind, 1, 0xFFFFFFFF, sibling & 0xFFFFFFFF, int(str(child)) & 0xFFFFFFFF
        )
        folder += bytes(36) + struct.pack("<IQ", at, size)
    folder_at = put(folder)
    total = sum(len(chain) // 512 for chain in chains)
    fat = []
    for chain in chains:
        start, count = len(fat), len(chain) // 512
        fat += [start + i + 1 if i + 1 < count else 0xFFFFFFFE for i in range(count)]
    sectors = -(-(total + total // 100 + 2) // 128)
    fat += [0xFFFFFFFD] * sectors
    table = b"".join(struct.pack("<I", value) for value in fat).ljust(sectors * 512, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack(
        "<IIIIIIIII",
        0,
        sectors,
        folder_at,
        0,
        4096,
        minifat_at,
        len(minifat) // 512 + 1 if minifat else 0,
        0xFFFFFFFE,
        0,
    )
    header += b"".join(struct.pack("<I", total + i) for i in range(sectors)).ljust(436, b"\xff")
    path.write_bytes(header + b"".join(chains) + table)
    return path


def fixed(head: int, **numbers: int) -> bytes:
    """A stream of properties of fixed size: ``i3705=5`` a whole number, ``t0039=...`` a time."""
    data = bytes(head)
    for name, value in numbers.items():
        kind = 0x0003 if name[0] == "i" else 0x0040
        data += struct.pack("<HHIQ", kind, int(name[1:], 16), 6, value & 0xFFFFFFFFFFFFFFFF)
    return data


def ticks(when: datetime.datetime) -> int:
    return int((when - datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)).total_seconds()) * 10_000_000


def words(**texts: str | bytes) -> Tree:
    """Properties by their keys: text as Unicode, bytes as binary data."""
    made: Tree = {}
    for key, value in texts.items():
        kind = "001F" if isinstance(value, str) else "0102"
        made[f"__substg1.0_{key[1:]}{kind}"] = value.encode("utf-16-le") if isinstance(value, str) else value
    return made


SENT = fixed(32, t0039=ticks(datetime.datetime(2024, 4, 1, 0, 30, tzinfo=datetime.UTC)))


def message(**texts: str | bytes) -> Tree:
    base: dict[str, str | bytes] = {
        "k001A": "IPM.Note",
        "k0037": "見積書の件",
        "k0042": "佐藤",
        "k5D02": "sato@example.com",
    }
    return {"__properties_version1.0": SENT, **words(**(base | texts))}


def attached(name: str, data: bytes, **more: str | bytes) -> Tree:
    return {"__properties_version1.0": fixed(8, i3705=1), **words(k3707=name, k3701=data, **more)}


def read(path: Path, tree: Tree) -> Parsed:
    return parse(ole(path, tree), path.name)


def test_a_message_with_attachments(tmp_path: Path) -> None:
    tree = message(k1000="お世話になります。\r\n納期は4月15日です。\r\n")
    for i, (kind, name, address) in enumerate(
        [(1, "鈴木", "suzuki@example.com"), (1, "/O=EX/CN=X", ""), (2, "CC", "cc@example.com")]
    ):
        tree[f"__recip_version1.0_#{i:08X}"] = {
            "__properties_version1.0": fixed(8, i0C15=kind),
            **words(k3001=name, k39FE=address),
        }
    inner = message(k0037="元のメール", k1000="内側の本文")
    tree["__attach_version1.0_#00000000"] = attached("規程.md", "# 規程\n\n本文".encode() * 300)
    tree["__attach_version1.0_#00000001"] = attached("run.exe", b"MZ")
    tree["__attach_version1.0_#00000002"] = attached("logo.png", b"x", k3712="cid1")
    tree["__attach_version1.0_#00000003"] = {
        "__properties_version1.0": fixed(8, i3705=5),
        "__substg1.0_3701000D": {**inner, "__properties_version1.0": SENT[8:]},
        **words(k3001="元のメール"),
    }
    parsed = read(tmp_path / "a.msg", tree)
    own = parsed.documents[0]
    assert own.title == "見積書の件"
    assert own.text == (
        "# 見積書の件\n\nFrom: 佐藤 <sato@example.com>\nTo: 鈴木 <suzuki@example.com>, /O=EX/CN=X\nCc: CC <cc@example.com>\n"
        "Date: Mon, 01 Apr 2024 00:30:00 +0000\n\nお世話になります。\n納期は4月15日です。"
    )
    assert [d.source for d in parsed.documents[1:]] == ["a.msg#規程.md", "a.msg#元のメール.eml"]
    assert "内側の本文" in parsed.documents[2].text
    (note,) = map(str, parsed.notes)
    assert note.startswith("attachment run.exe: ")


def test_a_message_of_html(tmp_path: Path) -> None:
    page = '<html><head><meta charset="shift_jis"></head><body><p>期限は<s>5日</s>8日。</p><table><tr><th>品</th><th>円</th></tr><tr><td>A</td><td>5</td></tr></table></body></html>'
    tree = message(k1013=page.encode("cp932"), k007D="Received: x\r\nDate: Tue, 02 Apr 2024 09:00:00 +0900\r\n")
    parsed = read(tmp_path / "a.msg", tree)
    assert "Date: Tue, 02 Apr 2024 09:00:00 +0900" in parsed.documents[0].text
    assert parsed.documents[0].text.endswith("期限は8日。\n\n| 品 | 円 |\n| --- | --- |\n| A | 5 |")
    assert list(map(str, parsed.notes)) == ["struck-out passages left out: 1"]


def test_a_message_in_the_sender_s_code_page(tmp_path: Path) -> None:
    tree: Tree = {"__properties_version1.0": fixed(32, i3FFD=932)}
    for key, text in (("001A", "IPM.Note"), ("0037", "会議"), ("1000", "①会議室㈱")):
        tree[f"__substg1.0_{key}001E"] = text.encode("cp932")
    assert read(tmp_path / "a.msg", tree).documents[0].text == "# 会議\n\n①会議室㈱"


def packed(rtf: bytes) -> bytes:
    return struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf


def test_a_message_of_rtf_alone(tmp_path: Path) -> None:
    rtf = rb"{\rtf1\ansi\ansicpg932 \'8a\'fa\'8c\'c0\strike 5\strike0 8\par}"
    parsed = read(tmp_path / "a.msg", message(k1009=packed(rtf), k1000="期限58"))
    assert parsed.documents[0].text.endswith("\n\n期限8")
    assert list(map(str, parsed.notes)) == ["struck-out passages left out: 1"]


def test_html_within_rtf(tmp_path: Path) -> None:
    rtf = (
        rb"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fcharset128 Gothic;}}{\*\htmltag19 <html>}{\*\htmltag64 <p>}"
        rb"\htmlrtf {\f0 \htmlrtf0 \'8a\'fa\'8c\'c0 {\*\htmltag84 <s>}5{\*\htmltag92 </s>}\u26085?{\*\htmltag84 &lt;}\htmlrtf <\htmlrtf0 8\htmlrtf }\htmlrtf0 {\*\htmltag72 </p>}}"
    )
    assert wrapped_html(rtf) == "<html><p>期限 <s>5</s>日&lt;8</p>"
    parsed = read(tmp_path / "a.msg", message(k1009=packed(rtf)))
    assert parsed.documents[0].text.endswith("\n\n期限 日<8")
    assert wrapped_html(rb"{\rtf1 x}") == ""


def test_packed_rtf() -> None:
    # The two examples of MS-OXRTFCP, sections 4.1.1 and 4.1.2.
    simple = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert unpacked(simple) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    crossing = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert unpacked(crossing) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
    for wrong in (b"", b"x" * 40):
        with pytest.raises(ValueError, match=r"short|kind"):
            unpacked(wrong)


def test_a_meeting_and_a_contact(tmp_path: Path) -> None:
    start = datetime.datetime(2024, 4, 5, 1, 0, tzinfo=datetime.UTC)
    tree = message(k001A="IPM.Appointment", k8000="第2会議室", k1000="議題")
    tree["__properties_version1.0"] = fixed(32, t0060=ticks(start), t0061=ticks(start + datetime.timedelta(hours=1)))
    names = struct.pack("<IHH", 0x8208, 0, 0)
    tree["__nameid_version1.0"] = {"__substg1.0_00030102": names}
    text = read(tmp_path / "a.msg", tree).documents[0].text
    assert "第2会議室" in text
    assert "2024-04-05" in text
    tree = message(k001A="IPM.Contact", k3001="山田 太郎", k3A16="山田製作所", k3A08="03-0000-0000")
    assert "Company: 山田製作所\nPhone: 03-0000-0000" in read(tmp_path / "b.msg", tree).documents[0].text


def test_messages_that_are_not_read(tmp_path: Path) -> None:
    for name, tree, why in (
        ("a.msg", message(k001A="IPM.Note.SMIME"), "encrypted"),
        ("b.msg", {"WordDocument": b"x"}, "damaged"),
    ):
        with pytest.raises(ReadError) as caught:
            read(tmp_path / name, tree)
        assert caught.value.reason == why
    signed = message(k001A="IPM.Note.SMIME.MultipartSigned")
    mime = b'Content-Type: multipart/signed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nsigned words\r\n--b--\r\n'
    signed["__attach_version1.0_#00000000"] = attached("smime.p7m", mime)
    assert "signed words" in read(tmp_path / "c.msg", signed).documents[0].text
    data = (tmp_path / "c.msg").read_bytes()
    for cut in (600, 1100, len(data) // 2):
        (tmp_path / "d.msg").write_bytes(data[:cut])
        with pytest.raises(ReadError):
            parse(tmp_path / "d.msg", "d.msg")


# RTF

HEAD = (
    rb"{\rtf1\ansi\ansicpg932\deff0{\fonttbl{\f0\fnil\fcharset128 MS Gothic;}{\f1\fnil\fcharset2 Symbol;}{\f2\fcharset0 Arial;}"
    rb"{\f3\fcharset2 Wingdings;}}{\colortbl;\red255\green255\blue255;\red0\green0\blue128;}"
    rb"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\*\cs10 Default;}}"
)


def rtf(tmp_path: Path, body: bytes) -> Parsed:
    (tmp_path / "a.rtf").write_bytes(HEAD + body + b"}")
    return parse(tmp_path / "a.rtf", "a.rtf", Way(comments=True))


@pytest.mark.parametrize(
    ("body", "shown", "told"),
    [
        (rb"\f0 \'91\'e61\'8f\'cd\u35215?\par", "第1章規", ""),
        (rb"\f2 caf\'e9\par", "café", ""),
        (rb"\f0 \'83A\par", "ア", ""),
        (rb"\u-10179?\u-8704?\par", "😀", ""),
        (rb"{\uc2\u35215\'8b\'4bx}\par", "規x", ""),
        (rb"10{\super 6} {\up6 2}H{\sub 2}O\par", "10⁶ ²H₂O", ""),
        (rb"{\strike old}new{\striked1 x}\par", "new", "struck-out passages left out: 2"),
        (rb"{\v hid}new\par", "new", "hidden passages left out: 1"),
        (rb"{\cf1 white}new{\cf1\highlight2 seen}\par", "newseen", "passages that cannot be seen (no size, white on white) left out: 1"),
        (rb"{\fs1 tiny}new\par", "new", "passages that cannot be seen (no size, white on white) left out: 1"),
        (rb"{\deleted gone}{\revised new}\par", "new", "deleted passages (tracked changes) left out: 1"),
        (rb"{\f1 m}m {\f3 \'fe}\par", "μm ☑", ""),
        (rb"\pard\s1 title\par\pard\plain text\par", "# title\n\ntext", ""),
        (rb"{\listtext\tab 1.\tab}first\par{\listtext\tab (a)\tab}second\par", "1. first\n\n(a) second", ""),
        (rb"{\pntext\f1\'B7\tab}one\par{\pntext\f1\'B7\tab}two\par", "- one\n- two", ""),
        (rb"fact{\super\chftn}{\footnote\pard\plain{\super\chftn} the note} ends.\par", "fact (note 1: the note) ends.", ""),
        (rb"a{\*\atnauthor X}{\*\annotation remark}b\par", "a[Comment by X: remark]b", ""),
        (rb"a{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}b{\*\unknown no}{\pict 0abc}\par", "alinkb", ""),
        (rb"{\shp{\*\shpinst{\sp{\sn x}{\sv 1}}{\shptxt boxed\par}}{\shprslt twice\par}}x\par", "boxed\n\nx", ""),
        (rb"x{\upr{ansi}{\*\ud{\u20013?}}}y\line z\tab\{\}\\\par", "x中y\nz {}\\", ""),
        (rb"{\header REV. 3\par}{\footer Page 1\par}text\par", "REV. 3\n\ntext", ""),
        (rb"a\bin3 }}}b\par", "ab", ""),
        (rb"{\mmath{\*\moMath{\mf{\mnum{\mr a+b}}{\mden{\mr 2}}}{\mr =}{\msSup{\me{\mr x}}{\msup{\mr 2}}}}}\par", "(a+b)/2=x^2", ""),
        (rb"{\mmath{\*\moMath{\mrad{\mradPr{\mdegHide on}}{\mdeg}{\me{\mr 2}}}{\mrad{\mdeg{\mr 3}}{\me{\mr x}}}}}\par", "√2 ³√x", ""),
        (rb"# no heading\par", "\\# no heading", ""),
    ],
)  # fmt: skip
def test_what_rtf_says(tmp_path: Path, body: bytes, shown: str, told: str) -> None:
    parsed = rtf(tmp_path, body)
    assert parsed.documents[0].text == shown
    assert "; ".join(map(str, parsed.notes)) == told


def test_tables_of_rtf(tmp_path: Path) -> None:
    body = (
        rb"\trowd\trhdr\clvmgf\cellx1000\cellx3000\pard\intbl A\cell B\cell\row\trowd\trhdr\clvmrg\cellx1000\cellx2000\cellx3010"
        rb"\pard\intbl\cell C\cell D\cell\row\trowd\cellx1000\cellx2000\cellx3000\pard\intbl 1\cell 2\cell 3\par 4\cell\row\pard after\par"
    )
    assert rtf(tmp_path, body).documents[0].text == "| A | B C | B D |\n| --- | --- | --- |\n| 1 | 2 | 3 4 |\n\nafter"
    merged = (
        rb"\trowd\clmgf\cellx1000\clmrg\cellx2000\cellx3000\pard\intbl A\cell\cell B\cell\row"
        rb"\trowd\cellx1000\cellx2000\cellx3000\pard\intbl 1\cell 2\cell 3\cell\row\pard"
    )
    assert "| 1 | 2 | 3 |" in rtf(tmp_path, merged).documents[0].text
    nested = (
        rb"\trowd\cellx1000\cellx2000\pard\intbl h1\cell h2\cell\row\trowd\cellx1000\cellx2000\pard\intbl out\cell\pard\intbl\itap2 in1\nestcell in2\nestcell"
        rb"{\*\nesttableprops\trowd\cellx500\cellx900\nestrow}{\nonesttables\par}\pard\intbl\itap1\cell\row\pard end\par"
    )
    text = rtf(tmp_path, nested).documents[0].text
    assert all(part in text for part in ("out", "in1", "in2", "end"))


def test_the_title_and_damaged_rtf(tmp_path: Path) -> None:
    assert rtf(tmp_path, rb"{\info{\title \u35215?\u31243?}{\author X}}text\par").documents[0].title == "規程"
    (tmp_path / "b.rtf").write_bytes(HEAD + rb"\trowd\cellx1000\pard\intbl cut off")
    assert "cut off" in parse(tmp_path / "b.rtf", "b.rtf").documents[0].text
    for data in (b"words", b"{\\rtf1" + b"{" * 100_000):
        (tmp_path / "c.rtf").write_bytes(data)
        with pytest.raises(ReadError) as caught:
            parse(tmp_path / "c.rtf", "c.rtf")
        assert caught.value.reason == "damaged"
