"""Settings: who wins over whom, where a value came from, and what a wrong one says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from qeu_rag.config import Settings, load_settings, profile_names
from qeu_rag.config.settings import setting_keys
from qeu_rag.errors import ConfigError

ROOT = Path(__file__).parent.parent


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    """An environment with a home of its own and nothing else."""
    return {"QEU_RAG_HOME": str(tmp_path / "home")}


def write_profile(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def failure(profile: str | Path | None = None, environ: dict[str, str] | None = None, **flags: object) -> ConfigError:
    """The error that these sources end in, after a look at it in both languages."""
    with pytest.raises(ConfigError) as caught:
        load_settings(profile, environ or {}, {key.replace("__", "."): value for key, value in flags.items()})
    assert caught.value.exit_code == 3
    assert caught.value.render("ja") != caught.value.render("en")
    return caught.value


def test_defaults_are_those_of_the_contract(place: dict[str, str]) -> None:
    flat = load_settings(environ=place).flat()
    assert flat.pop("home") == place["QEU_RAG_HOME"]
    assert flat == {
        "collection": "default",
        "lang": "auto",
        "embedder.model": "bundled",
        "embedder.query_prefix": None,
        "embedder.passage_prefix": None,
        "embedder.max_tokens": 256,
        "embedder.batch_size": 32,
        "split.max_size": 400,
        "ingest.workers": 1,
        "ingest.timeout_s": 60.0,
        "ingest.memory_mb": 1500,
        "ingest.max_file_mb": 200,
        "ingest.ocr": "auto",
        "ingest.comments": False,
        "retrieve.k": 8,
        "retrieve.candidates": 100,
        "answer.max_chars": 1400,
        "answer.long_chars": 3000,
        "answer.sure": None,
        "answer.likely": None,
        "answer.evidence_tokens": 400,
        "answer.gate": "logistic",
        "model.engine": "extractive",
        "model.file": None,
        "model.base_url": None,
        "model.name": None,
        "model.api_key_env": None,
        "model.max_tokens": 256,
        "model.temperature": 0.0,
        "model.context_tokens": 2048,
        "model.timeout_s": 120.0,
        "log.questions": False,
        "log.traces": "",
    }


def test_home_is_in_the_users_folder_by_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert load_settings(environ={}).home == tmp_path / ".qeu_rag"
    assert load_settings(environ={"QEU_RAG_HOME": "~/x"}).home == tmp_path / "x"


def test_each_source_beats_the_one_before_and_is_remembered(tmp_path: Path, place: dict[str, str]) -> None:
    profile = write_profile(tmp_path, "retrieve: {k: 3, candidates: 30}\nsplit:\n  max_size: 300\n")
    environ = {**place, "QEU_RAG_RETRIEVE__K": "4", "QEU_RAG_RETRIEVE__CANDIDATES": "40"}
    settings = load_settings(profile, environ, {"retrieve.k": 5})
    assert (settings.retrieve.k, settings.retrieve.candidates, settings.split.max_size) == (5, 40, 300)
    assert settings.origins["retrieve.k"] == "flag"
    assert settings.origins["retrieve.candidates"] == "QEU_RAG_RETRIEVE__CANDIDATES"
    assert settings.origins["split.max_size"] == str(profile)
    assert settings.origins["answer.max_chars"] == "default"
    assert set(settings.origins) == set(setting_keys())


def test_settings_do_not_change(place: dict[str, str]) -> None:
    settings = load_settings(environ=place)
    with pytest.raises(ValueError, match="frozen"):
        settings.retrieve.k = 3  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.origins["lang"] = "me"  # type: ignore[index]
    assert isinstance(settings, Settings)


def test_the_environment_names_a_profile_that_an_argument_overrides(place: dict[str, str]) -> None:
    environ = {**place, "QEU_RAG_PROFILE": "server"}
    assert load_settings(environ=environ).model.engine == "server"
    assert load_settings("default", environ).model.engine == "extractive"
    assert load_settings("gpt4all-j", environ).model.engine == "gptj"


def test_a_profile_in_the_home_folder_goes_before_a_shipped_one(tmp_path: Path, place: dict[str, str]) -> None:
    folder = tmp_path / "home" / "profiles"
    folder.mkdir(parents=True)
    (folder / "default.yaml").write_text("retrieve: {k: 2}\n", encoding="utf-8")
    (folder / "営業.yaml").write_text("collection: 営業\n", encoding="utf-8")
    assert load_settings(environ=place).retrieve.k == 2
    assert load_settings("営業", place).collection == "営業"
    assert load_settings("営業", {}, {"home": tmp_path / "home"}).collection == "営業"
    assert "営業" in profile_names(tmp_path / "home")


@pytest.mark.parametrize("name", profile_names(Path("nowhere")))
def test_every_shipped_profile_loads_and_holds_differences_only(name: str, place: dict[str, str]) -> None:
    settings = load_settings(name, place)
    own = {key for key, origin in settings.origins.items() if origin.endswith(f"{name}.yaml")}
    same = {key for key in own if settings.flat()[key] == load_settings("default", place).flat()[key]}
    assert own
    assert not same or name == "default"  # default.yaml shows the two choices that the others change


def test_the_shipped_profiles_are_those_promised(place: dict[str, str]) -> None:
    assert profile_names(Path("nowhere")) == ("default", "gpt4all", "gpt4all-j", "llama-cpp", "server")


@pytest.mark.parametrize(("written", "meant"), [("null", None), ("''", ""), ("'query: '", "query: ")])
def test_a_prefix_may_be_the_models_own_none_or_given(
    written: str, meant: str | None, tmp_path: Path, place: dict[str, str]
) -> None:
    profile = write_profile(tmp_path, f"embedder: {{query_prefix: {written}, passage_prefix: {written}}}")
    embedder = load_settings(profile, place).embedder
    assert (embedder.query_prefix, embedder.passage_prefix) == (meant, meant)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "model:\n  # engine: gguf\n", "\ufeffretrieve: {k: 8}\n"])
def test_profiles_that_say_little_are_fine(text: str, tmp_path: Path, place: dict[str, str]) -> None:
    assert load_settings(write_profile(tmp_path, text), place).flat() == load_settings(environ=place).flat()


@pytest.mark.parametrize(
    ("text", "key", "near"),
    [
        ("retrieve: {kk: 3}", "setting_unknown", "retrieve.k"),
        ("retreive: {k: 3}", "setting_unknown", "retrieve.k"),
        ("top_k: 3", "setting_unknown", "retrieve.k"),
        ("split: {maxsize: 3}", "setting_unknown", "split.max_size"),
        ("colection: a", "setting_unknown", "collection"),
    ],
)
def test_an_unknown_key_names_the_nearest(text: str, key: str, near: str, tmp_path: Path) -> None:
    path = write_profile(tmp_path, text)
    error = failure(path)
    assert error.key == key
    assert str(path) in str(error)
    assert error.values["near"] == near


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("retrieve: 3", "setting_section", "retrieve"),
        ("retrieve: {k: many}", "setting_whole", "'many'"),
        ("retrieve: {k: yes}", "setting_whole", "True"),
        ("retrieve: {k: 2.5}", "setting_whole", "2.5"),
        ("retrieve: {k: 0}", "setting_low", "1"),
        ("retrieve: {k: 5000}", "setting_high", "100"),
        ("retrieve: {k: [1]}", "setting_whole", "[1]"),
        ("ingest: {timeout_s: soon}", "setting_number", "'soon'"),
        ("ingest: {timeout_s: .inf}", "setting_number", "inf"),
        ("answer: {sure: true}", "setting_number", "True"),
        ("answer: {likely: 1.5}", "setting_high", "1"),
        ("lang: fr", "setting_choice", "auto, en, ja"),
        ("model: {engine: gpt}", "setting_choice", "extractive, auto, llama.cpp, gpt4all, gptj, server"),
        ("embedder: {languages: [ja, en]}", "setting_unknown", "embedder.languages"),
        ("embedder: {query_prefix: 3}", "setting_text", "3"),
        ("embedder: {model: 3}", "setting_text", "3"),
        ("embedder: {model: ''}", "setting_value", "''"),
        ("home: ''", "setting_value", "home"),
        ("home: null", "setting_text", "home"),
        ("model: {file: 7}", "setting_text", "7"),
        ("- a\n- b", "profile_shape", "mine.yaml"),
        ("a: [1\nb: 2", "profile_syntax", "line 2"),
        ("a: b: c", "profile_syntax", "line 1"),
        ("a: &x {b: *x", "profile_syntax", "line"),
        ("lang: 2026-13-45", "profile_syntax", "mine.yaml"),
        ("a: \x07", "profile_syntax", "mine.yaml"),
        ("lang: en\nlang: ja", "profile_twice", "line 2"),
        ("model:\n  name: a\n  name: b", "profile_twice", "line 3"),
        ("model: &m {name: *m}", "setting_text", "model.name"),
    ],
)
def test_a_wrong_profile_says_what_and_where(text: str, key: str, said: str, tmp_path: Path) -> None:
    path = write_profile(tmp_path, text)
    error = failure(path)
    assert error.key == key
    assert said in str(error)
    assert str(path) in str(error)


def test_what_settings_hold_beside_their_keys_is_no_key(tmp_path: Path) -> None:
    assert failure(write_profile(tmp_path, "origins: {}")).key == "setting_unknown"
    assert failure(write_profile(tmp_path, "retrieve: {k: 3}\n1: x")).key == "setting_unknown"


def test_a_profile_that_is_no_text(tmp_path: Path) -> None:
    assert failure(write_profile(tmp_path, "lang: 日本".encode("cp932"))).key == "profile_unreadable"


@pytest.mark.parametrize("name", ["gpt4al", "", "nowhere.yaml", "../default", "~nobody-here/x.yaml", "a\0b"])
def test_a_missing_profile_names_those_there_are(name: str, place: dict[str, str]) -> None:
    error = failure(name, place)
    assert error.key == "profile_missing"
    assert "default, gpt4all, gpt4all-j, llama-cpp, server" in str(error)
    if name == "gpt4al":
        assert "Did you mean gpt4all?" in str(error)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("QEU_RAG_HOEM", "QEU_RAG_HOME"),
        ("QEU_RAG_RETRIEVE_K", "QEU_RAG_RETRIEVE__K"),
        ("QEURAG_LANG", "QEU_RAG_LANG"),
        ("qeu_rag_collection", "QEU_RAG_COLLECTION"),
        ("QEU_RAG_DEBUGS", "QEU_RAG_DEBUG"),
    ],
)
def test_a_misspelt_variable_names_the_nearest(name: str, near: str) -> None:
    error = failure(environ={name: "x"})
    assert (error.key, error.values["near"]) == ("variable_unknown", near)
    assert name in str(error)


def test_variables_that_are_no_settings_and_empty_ones_are_passed_over(place: dict[str, str]) -> None:
    others = {"QEU_RAG_DATA": "/data", "QEU_RAG_DEBUG": "1", "QEU_RAG_LANG": "", "QEU_RAG_PROFILE": "", "PATH": "x"}
    assert load_settings(environ={**place, **others}).flat() == load_settings(environ=place).flat()


def test_variables_are_read_by_their_setting_s_type(place: dict[str, str], tmp_path: Path) -> None:
    environ = {
        **place,
        "QEU_RAG_EMBEDDER__QUERY_PREFIX": "query: ",
        "QEU_RAG_ANSWER__LIKELY": "0.25",
        "QEU_RAG_MODEL__FILE": str(tmp_path / "a b.gguf"),
    }
    settings = load_settings(environ=environ)
    assert settings.embedder.query_prefix == "query: "
    assert settings.answer.likely == 0.25
    assert settings.model.file == tmp_path / "a b.gguf"
    error = failure(environ={**place, "QEU_RAG_RETRIEVE__K": "eight"})
    assert error.key == "setting_whole"
    assert "QEU_RAG_RETRIEVE__K" in str(error)
    assert "'eight'" in str(error)


def test_flags_are_checked_like_the_rest(place: dict[str, str]) -> None:
    assert failure(environ=place, retrieve__kk=3).key == "setting_unknown"
    assert failure(environ=place, lang="fr").key == "setting_choice"
    assert load_settings(environ=place, flags={"retrieve": {"k": 3}}).retrieve.k == 3


@pytest.mark.parametrize("name", ["default", "営業部", "マニュアル_2", "a-b", "x" * 63, "ｶﾀｶﾅ", "議事録々ー"])
def test_names_that_a_collection_may_have(name: str, place: dict[str, str]) -> None:
    assert load_settings(environ=place, flags={"collection": name}).collection


@pytest.mark.parametrize("name", ["", "x" * 64, "a/b", "..", "a b", "a.b", "😀", "nul", "COM1", "a\n", "a\0", "\udcff"])
def test_names_that_a_collection_may_not_have(name: str, place: dict[str, str]) -> None:
    assert failure(environ=place, collection=name).key == "setting_collection"


def test_pydantic_comes_with_the_first_settings_only() -> None:
    code = "import sys, qeu_rag.config as c; before = 'pydantic' in sys.modules; c.Settings; print(before)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_an_installed_wheel_brings_the_profiles(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    (tree / "README.md").write_text("What pyproject.toml names as the readme.\n", encoding="utf-8")
    for name in ("qeu_rag", "configs"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "-w", str(tmp_path), str(tree)], check=True, capture_output=True)
    site = tmp_path / "site"
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    packed = {str(path.relative_to(site)) for path in site.rglob("*.py")}
    assert packed == {str(path.relative_to(tree)) for path in (tree / "qeu_rag").rglob("*.py")}
    code = (
        "from qeu_rag.config import load_settings; import sys, qeu_rag; "
        "print(load_settings('server', {}).origins['model.engine']); print(qeu_rag.__file__)"
    )
    env = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        str(site / "qeu_rag" / "configs" / "server.yaml"),
        str(site / "qeu_rag" / "__init__.py"),
    ], done.stderr


def test_a_bare_off_in_yaml_turns_text_recognition_off(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("ingest: {ocr: off}\n", encoding="utf-8")
    assert load_settings(str(tmp_path / "p.yaml"), {}).ingest.ocr == "off"
