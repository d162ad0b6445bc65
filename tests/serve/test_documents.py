"""Documents over HTTP: taken in under safe names, shown with their pages, read again and removed."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from serve.serving import Own, Server, job_of

from qeu_rag.errors import UsageError
from qeu_rag.ingest.readers.pdf.picture import found_at
from qeu_rag.serve.uploads import clean_name, store

YELLOW = (255, 233, 122)


def linked_archive() -> bytes:
    """An archive with a document, a link to /etc/passwd and a name that climbs out."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("inside.md", "# Inside\n\nThe inner WALRUS note.")
        link = zipfile.ZipInfo("link.md")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("../../climbed.md", "# Climbed\n\nThis climbed out.")
    return made.getvalue()


def test_uploads_are_read_shown_and_removed(own: Own) -> None:
    client = own().client()
    files = [
        ("files", ("../../etc/passwd.md", b"# Passwords\n\nPasswords have 12 characters at least.")),
        ("files", ("a/same.md", b"# One\n\nThe first of two.")),
        ("files", ("b\\same.md", b"# Two\n\nThe second of two.")),
        ("files", ("broken.pdf", b"%PDF-1.4 nothing")),
        ("files", ("archive.zip", linked_archive())),
        ("files", (".hidden.md", b"# Shown\n\nA dot before a name hides nothing.")),
    ]
    answer = client.post("/api/documents", files=files)
    assert answer.status_code == 202
    job = job_of(client, answer.json())
    results = {one["name"]: one for one in job["files"]}
    assert set(results) == {"passwd.md", "same.md", "same (2).md", "broken.pdf", "archive.zip", "hidden.md"}
    assert {name for name, one in results.items() if one["state"] == "failed"} == {"broken.pdf"}
    assert results["broken.pdf"]["reason"] == "damaged"
    assert results["broken.pdf"]["message"]
    uploads = own.home / "uploads" / "default"
    assert {path.name for path in uploads.iterdir()} == set(results)
    assert not (own.home.parent / "etc").exists()
    texts = [client.get("/api/document", params={"path": one["source"]}).json()["text"] for one in listed(client)]
    assert any("WALRUS" in text for text in texts)
    assert not any("root:" in text for text in texts)
    assert "12 characters" in client.post("/api/ask", json={"question": "How long must passwords be?"}).json()["answer"]

    again = client.post(
        "/api/documents", files={"files": ("passwd.md", b"# Passwords\n\nPasswords have 16 characters.")}
    )
    assert job_of(client, again.json())["report"]["updated"] == 1
    assert "16 characters" in client.get("/api/document", params={"path": "passwd.md"}).json()["text"]
    assert {one["source"] for one in listed(client) if one["removable"]} >= {"passwd.md", "same.md"}
    gone = client.delete("/api/documents", params={"path": "passwd.md"})
    assert job_of(client, gone.json())["report"]["removed"] == 1
    assert client.get("/api/document", params={"path": "passwd.md"}).status_code == 404
    assert client.delete("/api/documents", params={"path": "travel.md"}).status_code == 409
    assert client.post("/api/documents", files={"files": ("...", b"x")}).json()["error"]["code"] == "upload_name"
    job = job_of(client, client.post("/api/sync", json={}).json())
    assert (job["state"], job["report"]["added"]) == ("done", 0)


def listed(client: object) -> list[dict[str, object]]:
    found: list[dict[str, object]] = client.get("/api/documents").json()["documents"]  # type: ignore[attr-defined]
    return found


def test_a_page_is_drawn_with_its_quote_marked(server: Server) -> None:
    client = server.client()
    shown = client.get("/api/document", params={"path": "safety.pdf"}).json()
    assert shown["pictures"] is True
    assert [page["number"] for page in shown["pages"]] == [1, 2]
    start = shown["text"].index("Helmets are worn")
    place = {"path": "safety.pdf", "page": 2, "start": start, "end": start + len("Helmets are worn"), "width": 800}
    answer = client.get("/api/document/page.png", params=place)
    assert (answer.status_code, answer.headers["x-marked"]) == (200, "yes")
    picture = Image.open(io.BytesIO(answer.content))
    assert picture.width == 800
    rows, columns = np.nonzero((np.asarray(picture.convert("RGB")) == YELLOW).all(axis=2))
    # The words begin 80 points from the left of 595, and their line stands 700 points from the bottom of 842.
    assert abs(columns.min() - 800 * 80 / 595) < 6
    assert columns.max() < 800 * 260 / 595
    assert abs(rows.max() - 800 * (842 - 700) / 595) < 12
    assert client.get("/api/document/page.png", params={**place, "page": 1}).headers["x-marked"] == "no"
    assert client.get("/api/document/page.png", params={**place, "page": 3}).status_code == 404
    assert client.get("/api/document/page.png", params={**place, "path": "travel.md"}).status_code == 404
    assert client.get("/api/document/page.png", params={**place, "page": 0}).status_code == 422


def test_a_file_that_changed_is_not_drawn_as_what_was_read(own: Own) -> None:
    client = own().client()
    path = Path(client.get("/api/document", params={"path": "safety.pdf"}).json()["source"])
    assert path.name == "safety.pdf"
    with Image.new("RGB", (10, 10)) as other:
        # The copy's ledger names the files of the first home; what it says of this one is changed in its place.
        other.save(own.home / "other.pdf")
    import sqlite3

    with sqlite3.connect(own.home / "collections" / "default" / "ledger.sqlite") as ledger:
        ledger.execute("UPDATE files SET hash='0' WHERE source='safety.pdf'")
    answer = client.get("/api/document/page.png", params={"path": "safety.pdf", "page": 1})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "document_changed")


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("north hall", ["northhall"]),
        ("the **north**\nhall", ["thenorthhall"]),
        ("| helmets | north |", ["helmets", "north"]),
        ("nothing of it", []),
        ("ＮＯＲＴＨ ﬁ", []),
        ("", []),
    ],
)
def test_a_quote_is_found_by_its_letters(quote: str, found: list[str]) -> None:
    page = "Wear helmets in the north- \r\nhall."
    places = found_at(page, quote)
    assert ["".join(c for c in page[a : a + n].lower() if c.isalnum()) for a, n in places] == found


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\System32\\a.pdf", "a.pdf"),
        ("con.txt", "_con.txt"),
        (".htaccess", "htaccess"),
        ("~$lock.docx", "lock.docx"),
        ("a\0b\x1b\n.md", "ab.md"),
        ("経費 規程（改訂）.xlsx", "経費 規程（改訂）.xlsx"),
        ("か\u3099.md", "が.md"),
        ("x#y%2f?.md", "xy2f.md"),
        ("\u202egnp.exe.md", "gnp.exe.md"),
        ("長" * 300 + ".pdf", "長" * 58 + ".pdf"),
    ],
)
def test_a_name_is_made_safe(given: str, kept: str) -> None:
    assert clean_name(given) == kept


@given(st.text(max_size=300))
def test_no_name_leads_out_of_its_folder(given: str) -> None:
    try:
        name = clean_name(given)
    except UsageError:
        return
    assert Path("/base", name).parent == Path("/base")
    assert Path(name).name == name
    assert name[0] not in ".~"
    assert len(name.encode()) <= 181
    assert clean_name(name) == name


def test_two_files_of_one_name_stay_two_and_a_bad_name_keeps_all_out(tmp_path: Path) -> None:
    def content() -> io.BytesIO:
        return io.BytesIO(b"x")

    assert store(tmp_path, [("a.md", content()), ("A.md", content())]) == ["a.md", "A (2).md"]
    with pytest.raises(UsageError):
        store(tmp_path / "new", [("b.md", content()), ("/", content())])
    assert not (tmp_path / "new").exists()
