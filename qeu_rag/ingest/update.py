"""Updates a collection from files and folders, under its one lock, once or whenever something changes below them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from qeu_rag.errors import CollectionError
from qeu_rag.index.approved import ApprovedAnswer, approved_answers, put_approved
from qeu_rag.index.collection import Collection
from qeu_rag.index.dense_remote import carried, take_over
from qeu_rag.index.embedder_claim import EmbedderClaim
from qeu_rag.index.ledger import Ledger
from qeu_rag.ingest.address import Address
from qeu_rag.ingest.read import SUPPORTED
from qeu_rag.ingest.readers import PICTURES
from qeu_rag.ingest.readers.options import Way
from qeu_rag.ingest.readers.scan.recognise import installed
from qeu_rag.ingest.report import IngestReport, Progress
from qeu_rag.ingest.scan import Scan, scan
from qeu_rag.ingest.scan_store import joined, scan_store
from qeu_rag.ingest.sync import Pool, Seen, Sync, Workers
from qeu_rag.ingest.vectors import Encoder


def update(
    collection: Collection,
    roots: Sequence[Path | Address],
    *,
    claim: EmbedderClaim,
    open_pool: Callable[[], AbstractContextManager[Pool]],
    max_size: int,
    max_file_mb: int,
    way: Way,
    workers: Workers | None = None,
    prune: bool = True,
    dry_run: bool = False,
    rebuild: bool = False,
    progress: Callable[[Progress], None] = lambda step: None,
    seen: Seen = lambda file, result: None,
) -> IngestReport:
    """Scans ``roots`` (absolute paths, addresses) and brings ``collection`` in step with them.

    ``KnowHow.ingest`` says what is raised. ``way`` is how files are read: pictures too, where text recognition is wanted and
    installed. ``rebuild`` sets the ledger aside and begins a new one, which keeps the approved answers. ``max_size`` is in
    characters. ``workers`` read and embed in place of ``open_pool`` and the embedder here. ``seen`` gets each file with what
    was read of it.
    """
    engine = installed() if way.recognise else ""
    look = partial(_scanned, roots, max_file_mb, SUPPORTED | PICTURES if engine else SUPPORTED)
    found = look()
    with collection.writer() as waited:
        if waited:  # else what came to be meanwhile, and the other one read in, would look gone
            found = look()
        if collection.server is not None and not dry_run:
            collection.server.check()  # not after hours of reading and embedding
        approved, names = _kept(collection) if rebuild and not dry_run else ((), None)
        if rebuild and not dry_run and (aside := collection.set_aside()):
            collection.tell("set_aside", path=aside)
        with Ledger(collection.ledger_path, write=True) as ledger:
            claim.make(ledger)
            if approved:
                put_approved(ledger, approved)
            take_over(ledger, names)
            sync = Sync(
                collection,
                ledger,
                open_pool=open_pool if workers is None else lambda: workers.open_pool(ledger.files()),
                open_encoder=lambda: _encoder(claim.encoder(ledger), workers),
                max_size=max_size,
                engine=engine,
                comments=way.comments,
                progress=progress,
                seen=seen,
            )
            return sync.run(found, roots, prune=prune, dry_run=dry_run)


def _scanned(roots: Sequence[Path | Address], max_file_mb: int, suffixes: frozenset[str]) -> Scan:
    paths = [root for root in roots if isinstance(root, Path)]
    stores = [root for root in roots if isinstance(root, Address)]
    local = scan(paths, max_file_mb, suffixes)
    return joined((local, *(scan_store(address, max_file_mb, suffixes) for address in stores))) if stores else local


def _encoder(own: Encoder, workers: Workers | None) -> Encoder:
    return own if workers is None else workers.encoder(own)


def _kept(collection: Collection) -> tuple[tuple[ApprovedAnswer, ...], str | None]:
    """Of a ledger that is about to be set aside: its approved answers (people's work, which no document holds), and what it
    has on servers."""
    try:
        with Ledger(collection.ledger_path) as ledger:
            return approved_answers(ledger), carried(ledger)
    except CollectionError as error:
        if error.key == "ledger_damaged":
            collection.tell("approved_lost")
        elif error.key != "no_collection":
            raise
        return (), None


def updates(roots: Sequence[Path], update_now: Callable[[], IngestReport]) -> Iterator[IngestReport]:
    """The reports of ``update_now``, called at once and again whenever something below ``roots`` changes, without end."""
    from watchfiles import watch

    yield update_now()
    looking = watch(*roots, debounce=1000, rust_timeout=1000, yield_on_timeout=True, raise_interrupt=True)
    for number, changes in enumerate(looking):
        if changes:
            yield update_now()
        elif number == 0:
            # What changed after the first look and before the watch began is in no notice.
            report = update_now()
            if report.added or report.updated or report.removed:
                yield report
