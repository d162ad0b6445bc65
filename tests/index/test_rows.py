"""Files of one name in several folders are told apart wherever they are named."""

import json
from pathlib import Path

import pytest

from qeu_rag.index.rows import told_apart


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (("/x/client-a/rules.md", "/x/client-b/rules.md"), ("client-a/rules.md", "client-b/rules.md")),
        (("/x/a/docs/rules.md", "/x/b/docs/rules.md"), ("a/docs/rules.md", "b/docs/rules.md")),
        (("C:\\a\\rules.md", "C:\\b\\rules.md"), ("a/rules.md", "b/rules.md")),
        (("/x/a/rules.md", "/x/rules.md"), ("a/rules.md", "x/rules.md")),
    ],
)
def test_as_much_of_the_path_as_it_takes(paths: tuple[str, ...], names: tuple[str, ...]) -> None:
    made = told_apart([("rules.md", path) for path in paths])
    assert tuple(made["rules.md", path] for path in paths) == names


def test_names_of_folders_below_and_of_attachments() -> None:
    made = told_apart([("sub/a.eml#b.pdf", f"/{top}/sub/a.eml") for top in ("x", "y")] + [("c.md", "/x/c.md")])
    assert dict(made) == {
        ("sub/a.eml#b.pdf", "/x/sub/a.eml"): "x/sub/a.eml#b.pdf",
        ("sub/a.eml#b.pdf", "/y/sub/a.eml"): "y/sub/a.eml#b.pdf",
    }


def test_citations_and_documents_tell_two_files_of_one_name_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from qeu_rag.cli.main import run

    home = str(tmp_path / "home")
    for client, limit in (("client-a", "A社の宿泊費の上限は11,000円"), ("client-b", "B社の宿泊費の上限は9,000円")):
        folder = tmp_path / client
        folder.mkdir()
        (folder / "rules.md").write_text(f"# 旅費\n\n{limit}とする。\n", encoding="utf-8")
        assert run(["ingest", str(folder), "--home", home]) == 0
    capsys.readouterr()
    assert run(["documents", "--json", "--home", home]) == 0
    names = [one["source"] for one in json.loads(capsys.readouterr().out)["documents"]]
    assert names == ["client-a/rules.md", "client-b/rules.md"]
    assert run(["ask", "A社の宿泊費の上限はいくらですか", "--lang", "ja", "--home", home]) == 0
    asked = capsys.readouterr().out
    assert "(client-a/rules.md)" in asked
    assert "異なります" not in asked
