"""Checks the embedder's files, the ledger and the indexes of one collection, without repairing anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from qeu_rag.doctor.check import Check, check_from_error, run_check
from qeu_rag.errors import CollectionError, QeuRagError
from qeu_rag.language import say

if TYPE_CHECKING:
    from qeu_rag.config.settings import DenseSettings, EmbedderSettings
    from qeu_rag.index.dense_remote import VectorServer
    from qeu_rag.index.ledger import Ledger

_LEDGER_S = 1.0
_SERVER_S = 3.0


def embedder_digest(wanted: EmbedderSettings) -> str:
    """The digest of the embedder's files, each read to its end. Raises ModelError or NetworkNeeded."""
    from qeu_rag.embed.model_files import digest_of_model, locate

    folder = locate(wanted.model, allow_network=False)
    return digest_of_model(folder, None)


def check_embedder(wanted: EmbedderSettings, digest: str, lang: str) -> Check:
    """An embedder that was found; the bundled one has known hashes, any other is only read."""
    from qeu_rag.embed.model_files import BUNDLED

    key = "doctor.embedder_bundled" if wanted.model == BUNDLED else "doctor.embedder"
    message = say(key, lang, model=wanted.model, digest=digest[:12])
    return Check(name="embedder", state="ok", message=message)


def check_vectors(wanted: DenseSettings, lang: str) -> Iterator[Check]:
    """Whether the server that keeps the vectors answers; nothing where they lie in the home."""
    server = _server(wanted)
    if server is not None:
        values = {"store": wanted.store, "where": server.where, "version": server.check()}
        yield Check(name="vectors", state="ok", message=say("doctor.vector_server", lang, **values))


def _server(wanted: DenseSettings) -> VectorServer | None:
    from qeu_rag.index.dense_choice import vector_server

    return vector_server(wanted.store, wanted.url, min(wanted.timeout_s, _SERVER_S))


def check_collection(
    folder: Path, wanted: EmbedderSettings, dense: DenseSettings, digest: str | None, lang: str
) -> Iterator[Check]:
    """The ledger and the indexes of the collection in ``folder``; ``digest`` is the embedder's, None where it has none."""
    from qeu_rag.index.collection import Collection
    from qeu_rag.index.ledger import Ledger

    collection = Collection(folder, notify=lambda line: None, lang=lang, server=_server(dense))
    if not collection.ledger_path.exists():
        yield check_from_error("documents", CollectionError("no_collection", path=folder), lang, state="warning")
        return
    try:
        with Ledger(collection.ledger_path, untouched=True) as ledger:
            number = ledger.generation
            yield from _ledger(ledger, folder, lang)
            if number:
                yield from run_check("indexes", lambda: [_index(collection.intact(ledger), number, lang)], lang)
                yield from _belongs(ledger, wanted, digest, lang)
    except QeuRagError as error:
        if _being_written(collection.ledger_path):
            # Looked at without the locks of SQLite, a ledger in the middle of a change may seem damaged.
            step = say("doctor.ledger_busy.next", lang)
            yield Check(name="documents", state="warning", message=say("doctor.ledger_busy", lang), next=step)
        elif error.key == "no_collection":
            yield check_from_error("documents", error, lang, state="warning")
        else:
            yield check_from_error("documents", error, lang)


def _ledger(ledger: Ledger, folder: Path, lang: str) -> Iterator[Check]:
    from qeu_rag.index.embedder_claim import RUNTIME

    if ledger.generation == 0:
        key = "never_finished" if ledger.pending() else "no_collection"
        yield check_from_error("documents", CollectionError(key, path=folder), lang, state="warning")
        return
    found = ledger.quick_check(_LEDGER_S)
    if found not in ("ok", "") or ledger.lost_vectors():
        raise CollectionError("ledger_damaged", path=ledger.path)
    documents = len({row.document_id for row in ledger.source_rows()})
    values = {"documents": documents, "chunks": ledger.chunk_count(), "path": ledger.path}
    message = say("doctor.documents" if found else "doctor.documents_large", lang, **values)
    if runtime := ledger.meta(RUNTIME):
        message += say("doctor.vectors", lang, runtime=runtime)
    if ledger.pending():
        step = say("doctor.interrupted.next", lang)
        yield Check(
            name="documents", state="warning", message=f"{message} {say('doctor.interrupted', lang)}", next=step
        )
        return
    yield Check(name="documents", state="ok", message=message)


def _index(intact: bool, number: int, lang: str) -> Check:
    if intact:
        return Check(name="indexes", state="ok", message=say("doctor.indexes", lang, number=number))
    message, step = say("doctor.indexes_damaged", lang, number=number), say("doctor.indexes_damaged.next", lang)
    return Check(name="indexes", state="warning", message=message, next=step)


def _belongs(ledger: Ledger, wanted: EmbedderSettings, digest: str | None, lang: str) -> Iterator[Check]:
    """A problem where the collection was made with another embedder than the settings now say."""
    from qeu_rag.index.embedder_claim import FINGERPRINT, RUNTIME, SPEC, embedder_spec, other_embedder

    spec = embedder_spec(wanted)
    made, fingerprint, runtime = ledger.meta(SPEC), ledger.meta(FINGERPRINT), ledger.meta(RUNTIME)
    same = made is None or made == spec
    if same and None not in (digest, fingerprint, runtime):
        from qeu_rag.embed.embedder import fingerprint_of, prefixes_of
        from qeu_rag.embed.model_files import locate

        prefixes = prefixes_of(locate(wanted.model, allow_network=False), wanted.query_prefix, wanted.passage_prefix)
        now = fingerprint_of(str(digest), max_tokens=wanted.max_tokens, prefixes=prefixes, runtime=str(runtime))
        same = now == fingerprint
    if not same:
        yield check_from_error("collection", other_embedder(ledger, spec), lang)


def _being_written(ledger: Path) -> bool:
    wal = ledger.with_name(ledger.name + "-wal")
    return wal.exists() and wal.stat().st_size > 0
