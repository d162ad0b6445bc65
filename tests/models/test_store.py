"""The models folder and the cache: where a name leads, what is listed, verified and deleted."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from gguf_files import write_gguf
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from test_ggml_file import write as write_gptj

from qeu_rag.errors import ModelError, QeuRagError
from qeu_rag.models import store
from qeu_rag.models.catalog import read_catalog
from qeu_rag.models.ggml_file import read_gptj
from qeu_rag.models.gptj.cache import make_once
from qeu_rag.models.gptj.repack import repack
from qeu_rag.models.removal import removable, remove
from qeu_rag.models.store import find, models_folder, stored_models, verify

NAME = "qwen2.5-0.5b"


def sparse_entry(folder: Path, name: str = NAME, missing: int = 0) -> Path:
    """A file in a catalogue model's place and of its length, but with holes for content."""
    entry = read_catalog()[name]
    path = entry.place(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_gguf(path, "qwen2")
    os.truncate(path, entry.size - missing)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = models_folder(tmp_path)
    folder.mkdir()
    return folder


def test_a_name_leads_to_its_file(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = write_gguf(folder / "mine.v2.gguf")
    assert find("mine.v2.gguf", folder) == mine
    assert find("mine.v2", folder) == mine
    assert find(mine, folder) == mine
    assert find(str(mine), folder) == mine
    fetched = sparse_entry(folder)
    assert find(NAME, folder) == fetched
    elsewhere = write_gguf(tmp_path / "here.gguf")
    monkeypatch.chdir(tmp_path)
    assert find("here.gguf", folder).resolve() == elsewhere.resolve()
    assert find("./here.gguf", folder).resolve() == elsewhere.resolve()
    monkeypatch.setenv("HOME", str(tmp_path))
    if sys.platform != "win32":
        assert find("~/here.gguf", folder) == elsewhere


@pytest.mark.parametrize(
    ("name", "key", "said"),
    [
        (NAME, "model_not_pulled", f"pull {NAME}"),
        ("qwen2.5-0.5", "model_name_unknown", f"Did you mean {NAME}?"),
        ("mien.gguf", "model_name_unknown", "Did you mean mine.gguf?"),
        ("", "model_unnamed", "No model is named"),
        ("nothing.gguf", "model_name_far", "models list"),
        ("/no/such/file.gguf", "model_missing", "file.gguf"),
        ("a\0b", "model_name_far", "models list"),
    ],
)
def test_names_that_lead_nowhere_are_told_the_nearest(name: str, key: str, said: str, folder: Path) -> None:
    write_gguf(folder / "mine.gguf")
    with pytest.raises(QeuRagError) as caught:
        find(name, folder)
    assert caught.value.key == key
    assert ("Did you mean" in str(caught.value)) == (key == "model_name_unknown")
    assert said in str(caught.value)


def test_an_incomplete_model_is_not_found_by_its_name(folder: Path) -> None:
    sparse_entry(folder, missing=1)
    with pytest.raises(ModelError) as caught:
        find(NAME, folder)
    assert caught.value.key == "model_not_pulled"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=300))
@example(name="~\0")
@example(name="~nobody-of-this-name/x")
def test_any_name_is_found_or_refused(name: str, folder: Path) -> None:
    with contextlib.suppress(QeuRagError):
        assert find(name, folder).exists()


def test_the_list_tells_the_state_of_each(folder: Path, tmp_path: Path) -> None:
    write_gguf(folder / "a.gguf")
    (folder / "b.gguf").write_bytes((folder / "a.gguf").read_bytes()[:-5000])
    (folder / "c.gguf").write_text("<html>not found</html>")
    write_gptj(folder / "d.bin")
    write_gguf(folder / "e.gguf", "bert", more={"bert.pooling_type": 1})
    (folder / ".hidden").write_text("x")
    part = read_catalog()["qwen2.5-1.5b"].place(folder)
    part.with_name(part.name + ".part").write_bytes(b"x" * 1234)
    made = tmp_path / "cache" / "gptj" / "0123"
    made.mkdir(parents=True)
    (made / "model.bin").write_bytes(b"\6\0\0\0")
    (made / "vocabulary.json").write_text("[]")
    (made.parent / "0123.part-99").mkdir()
    (made.parent / "0123.part-99" / "model.bin").write_bytes(b"\6\0\0\0")
    listed = {model.name: model for model in stored_models(tmp_path)}
    assert {name: (model.place, model.state) for name, model in listed.items() if model.place != "catalogue"} == {
        "a.gguf": ("folder", "whole"),
        "b.gguf": ("folder", "truncated"),
        "c.gguf": ("folder", "not_a_model"),
        "d.bin": ("folder", "whole"),
        "e.gguf": ("folder", "whole"),
        "0123": ("cache", "whole"),
        "0123.part-99": ("cache", "part"),
    }
    assert listed["0123.part-99"].size_bytes == 4
    assert listed["a.gguf"].problem is None
    assert listed["d.bin"].problem is None
    assert listed["e.gguf"].problem is not None
    assert listed["e.gguf"].fits is None
    assert (listed["qwen2.5-1.5b"].state, listed["qwen2.5-1.5b"].size_bytes) == ("part", 1234)
    assert listed["gpt4all-j"].state == "absent"
    assert {model.name for model in listed.values() if model.place == "catalogue"} == set(read_catalog())


def test_whether_it_fits_is_asked_of_this_machine(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_gguf(folder / "a.gguf")
    need = next(model for model in stored_models(tmp_path) if model.name == "a.gguf").memory_bytes
    for free, fits in ((need, True), (need - 1, False)):
        monkeypatch.setattr(store, "free_memory", lambda free=free: free)
        assert next(model for model in stored_models(tmp_path) if model.name == "a.gguf").fits is fits


def test_a_catalogue_model_that_is_here_is_listed_under_its_name(folder: Path, tmp_path: Path) -> None:
    sparse_entry(folder, "qwen2.5-0.5b", missing=0)
    (model,) = (model for model in stored_models(tmp_path) if model.name == NAME)
    assert (model.place, model.entry) == ("folder", read_catalog()[NAME])


def test_nothing_there_is_an_empty_list_and_nothing_is_made(tmp_path: Path) -> None:
    assert {model.place for model in stored_models(tmp_path / "none")} == {"catalogue"}
    assert verify(tmp_path / "none") == []
    assert not (tmp_path / "none").exists()


def test_verifying_compares_every_byte(folder: Path, tmp_path: Path) -> None:
    write_gguf(folder / "a.gguf")
    (folder / "b.gguf").write_bytes((folder / "a.gguf").read_bytes()[:-500])
    results = {verdict.name: verdict.result for verdict in verify(tmp_path)}
    assert results == {"a.gguf": "unconfirmed", "b.gguf": "wrong"}
    # A file of 57 bytes whose SHA-256 is known: all of the catalogue's embedder but for the big ones.
    assert verify(tmp_path, "a.gguf")[0].result == "unconfirmed"
    entry = read_catalog()["multilingual-e5-small"]
    for file in entry.files:
        place = entry.place_of(file, folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
        os.truncate(place, file.size)
    assert {v.name: v.result for v in verify(tmp_path)}["multilingual-e5-small"] == "wrong"


def test_removing_deletes_the_model_and_what_was_fetched_of_it(folder: Path, tmp_path: Path) -> None:
    kept = write_gguf(folder / "kept.gguf")
    write_gguf(folder / "gone.gguf")
    (folder / "gone.gguf.part").write_text("x")
    assert remove(tmp_path, "gone") == folder / "gone.gguf"
    assert sorted(path.name for path in folder.iterdir()) == ["kept.gguf"]
    fetched = sparse_entry(folder)
    assert remove(tmp_path, NAME) == fetched
    made = tmp_path / "cache" / "gptj" / "0123"
    made.mkdir(parents=True)
    (made / "model.bin").write_bytes(b"x")
    assert remove(tmp_path, "0123") == made
    assert not made.exists()
    assert kept.exists()


def test_an_embedding_models_folder_and_its_part_are_removed(folder: Path, tmp_path: Path) -> None:
    for name in ("multilingual-e5-small", "multilingual-e5-small.part"):
        (folder / name).mkdir()
        (folder / name / "config.json").write_text("{}")
    remove(tmp_path, "multilingual-e5-small")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["../outside.gguf", "/etc/passwd", "", ".", "..", "nothing", NAME])
def test_nothing_outside_is_ever_deleted(name: str, folder: Path, tmp_path: Path) -> None:
    outside = write_gguf(tmp_path / "outside.gguf")
    with pytest.raises(QeuRagError):
        remove(tmp_path, name)
    assert outside.exists()


def test_a_conversion_is_listed_with_the_file_that_it_came_from(tmp_path: Path) -> None:
    made = repack(read_gptj(write_gptj(tmp_path / "j v1.bin")), tmp_path / "cache" / "gptj").parent
    (model,) = (model for model in stored_models(tmp_path) if model.place == "cache")
    assert (model.name, model.state, model.source) == (made.name, "whole", "j v1.bin")
    (made / "origin.json").unlink()  # as older conversions are
    assert [model.source for model in stored_models(tmp_path) if model.place == "cache"] == [""]


def test_what_is_being_made_stays_and_what_was_left_goes(tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "gptj"
    left = cache / "0123.part-99"

    def make(part: Path) -> None:
        for name in (part.name, part.stem):
            with pytest.raises(ModelError) as caught:
                remove(tmp_path, name)
            assert caught.value.key == "model_being_made"

    make_once(cache, "4567", size=0, make=make, source=tmp_path / "m.bin")
    left.mkdir(parents=True)
    (left / "model.bin").write_bytes(b"x")
    assert remove(tmp_path, "0123.part-99") == left
    assert [path.name for path in cache.iterdir() if path.is_dir()] == ["4567"]


def test_what_is_being_fetched_stays(folder: Path, tmp_path: Path) -> None:
    place = read_catalog()[NAME].place(folder)
    place.with_name(place.name + ".part").write_bytes(b"x")
    with FileLock(folder / f".{NAME}.lock"), pytest.raises(ModelError) as caught:
        removable(tmp_path, NAME)
    assert caught.value.key == "pull_busy"
    assert remove(tmp_path, NAME) == place


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need rights there")
def test_a_link_is_deleted_and_not_what_it_leads_to(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    write_gguf(outside / "m.gguf")
    (folder / "link").symlink_to(outside)
    remove(tmp_path, "link")
    assert (outside / "m.gguf").exists()
    assert list(folder.iterdir()) == []
