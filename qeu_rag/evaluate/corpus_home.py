"""Opens a question set's corpus as a collection: in a home made for the run, or in one that is kept, checked and used again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from qeu_rag.app import KnowHow
from qeu_rag.config import Settings
from qeu_rag.errors import CollectionError, StorageError, UsageError
from qeu_rag.evaluate.dataset import QuestionSet, source_name
from qeu_rag.index.ledger import Ledger
from qeu_rag.ingest.changes import reader_of
from qeu_rag.ingest.report import Progress

FOLDER = "dataset"
"""Where in a home the documents made of a corpus lie."""


@contextmanager
def opened(
    dataset: QuestionSet,
    settings: Settings,
    *,
    keep: Path | None,
    reuse: bool,
    notify: Callable[[str], None],
    progress: Callable[[Progress], None],
) -> Iterator[KnowHow]:
    """The corpus as a collection, ready for questions.

    With ``reuse`` it is the collection of the settings' own home, which must hold exactly this corpus and is not changed.
    Else a new home is made: at ``keep``, which must be empty or hold the same corpus, or in a temporary folder that is
    removed at the end. Raises CollectionError("eval_other_corpus"), UsageError("eval_keep_taken"), and what an ingest raises.
    """
    if reuse:
        with KnowHow.open(settings=settings, notify=notify) as know_how:
            check(dataset, know_how)
            yield know_how
    elif keep is not None:
        with _made(dataset, settings, keep.absolute(), notify, progress) as know_how:
            yield know_how
    else:
        with (
            tempfile.TemporaryDirectory(prefix="qeu-rag-eval-", ignore_cleanup_errors=True) as home,
            _made(dataset, settings, Path(home), notify, progress) as know_how,
        ):
            yield know_how


@contextmanager
def _made(
    dataset: QuestionSet,
    settings: Settings,
    home: Path,
    notify: Callable[[str], None],
    progress: Callable[[Progress], None],
) -> Iterator[KnowHow]:
    try:
        folder = write_documents(dataset, home)
    except OSError as error:
        key = "disk_full" if error.errno == 28 else "home_read_only"
        raise StorageError(key, path=home) from error
    with KnowHow.open(settings=_at(settings, home), notify=notify) as know_how:
        know_how.ingest(folder, progress=progress)
        yield know_how


def _at(settings: Settings, home: Path) -> Settings:
    """The settings with another home; a model named by its file in the old home is named by its path."""
    named = settings.home / "models" / str(settings.model.file)
    model = settings.model
    if model.file is not None and named.is_file():
        model = model.model_copy(update={"file": named})
    return settings.model_copy(update={"home": home, "model": model})


def write_documents(dataset: QuestionSet, home: Path) -> Path:
    """Writes each row as a file and says where. Raises UsageError for a home that holds anything else."""
    folder = home / FOLDER
    if home.exists() and not home.is_dir():
        raise UsageError("eval_keep_taken", path=home)
    if home.is_dir() and not folder.is_dir() and any(home.iterdir()):
        raise UsageError("eval_keep_taken", path=home)
    known = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if known - {source_name(number) for number in range(dataset.documents)}:
        raise UsageError("eval_keep_taken", path=home)
    folder.mkdir(parents=True, exist_ok=True)
    for number, row in enumerate(dataset.rows()):
        path, data = folder / source_name(number), row.markdown
        kept = path.read_bytes() if path.name in known else b""
        if not data.startswith(kept):
            raise UsageError("eval_keep_taken", path=home)
        if len(kept) < len(data):  # new, or a run was interrupted while it wrote this file
            path.write_bytes(data)
    return folder


def check(dataset: QuestionSet, know_how: KnowHow) -> None:
    """Raises CollectionError("eval_other_corpus") unless the collection holds the documents of the corpus, and no others."""
    listing = know_how.documents()
    hashes = {row.source: row.hash for row in listing.documents}
    left_out = {skipped.path for skipped in listing.skipped}
    home = know_how.settings.home
    for number, row in enumerate(dataset.rows()):
        name = source_name(number)
        kept = hashes.pop(name, None)
        if kept is None and name in left_out:
            continue
        if kept != blake2b(row.markdown, digest_size=16).hexdigest():
            raise CollectionError("eval_other_corpus", home=home, folder=dataset.folder, detail=row.id)
    if hashes:
        raise CollectionError("eval_other_corpus", home=home, folder=dataset.folder, detail=min(hashes))


def outdated(know_how: KnowHow) -> int:
    """How many files of the collection were read or split by another version, or with other settings, than these."""
    max_size = know_how.settings.split.max_size
    with Ledger(know_how.collection.ledger_path) as ledger:
        return sum(row.reader != reader_of(Path(row.path), max_size) for row in ledger.files().values())
