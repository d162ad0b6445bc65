"""What a worker of a cluster does: looks at what it has, reads and embeds a file, embeds texts, answers a question."""

from __future__ import annotations

import functools
import hashlib
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qeu_rag
from qeu_rag.cluster.workbench import Workbench, workbench
from qeu_rag.errors import QeuRagError, ReadError
from qeu_rag.ingest.split import SplitFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qeu_rag.config import Settings
    from qeu_rag.ingest.scan import FoundFile
    from qeu_rag.types import Answer

    Vectors = NDArray[np.float32]

_MOST_WINDOWS = 2048
"""Windows that are embedded with their file; those of a larger one are shared out among all workers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What every task is told: the driver's ``settings`` (pickled), its program and the fingerprint of its embedder."""

    settings: bytes
    program: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadThere:
    """What became of a file on a worker: its chunks, and the vectors (a row for each of ``keys``) that came along."""

    found: SplitFile | ReadError
    keys: tuple[str, ...] = ()
    vectors: Vectors | None = None


def order_of(settings: Settings, *, lang: str, fingerprint: str = "") -> Order:
    """What the tasks of a run are told; a worker reads one file at a time, in the language of this run."""
    reading = settings.ingest.model_copy(update={"workers": 1})
    there = settings.model_copy(update={"ingest": reading, "lang": lang})
    return Order(settings=pickle.dumps(there), program=program(), fingerprint=fingerprint)


@functools.cache
def program() -> str:
    """The version of this program with a digest of its source, as the same version can hold other code."""
    digest = hashlib.blake2b(digest_size=4)
    root = Path(qeu_rag.__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return f"{qeu_rag.__version__}+{digest.hexdigest()}"


def look(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What this worker has of what a run needs. In plain values, since a worker of another version must be able to answer.

    ``asked``: the ``program``, the ``order`` (pickled), ``files`` that it should see (key, path or name on a store, address of
    the store, bytes), and the ``collection``'s generation where questions are asked.
    """
    found: dict[str, Any] = {"program": program()}
    if found["program"] != asked["program"]:
        return found
    order: Order = pickle.loads(asked["order"])
    try:
        found |= _in_sight(asked["files"])
        if asked["generation"] is None:
            found |= _reading_here(order)
        else:
            know_how = workbench(order.settings).know_how
            found["generation"] = know_how.status()["generation"]
            know_how.prepare()
    except QeuRagError as error:
        found["error"] = pickle.dumps(error)
    return found


def _reading_here(order: Order) -> dict[str, Any]:
    from qeu_rag.ingest.readers.scan.recognise import installed

    know_how = workbench(order.settings).know_how
    return {"fingerprint": know_how.networks.fingerprint(threads=1), "recognition": installed()}


def _in_sight(files: Sequence[tuple[str, str, str, int | None]]) -> dict[str, Any]:
    """The key of the first of ``files`` that is not seen from here with its size, and why its store does not show it."""
    from qeu_rag.ingest.address import place_of
    from qeu_rag.ingest.store import unreachable

    for key, name, given, size in files:
        address = place_of(given) if given else None
        unreached = "" if address is None or isinstance(address, Path) else unreachable(address, name, size)
        if unreached or (address is None and not _sees(Path(name), size)):
            return {"unseen": key, "unreached": unreached}
    return {"unseen": "", "unreached": ""}


def _sees(path: Path, size: int | None) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def read(order: Order, file: FoundFile, with_vectors: bool) -> ReadThere | QeuRagError:
    """``file`` read, split and, ``with_vectors``, embedded; an error of the whole run is given, not raised."""
    try:
        bench = _bench(order)
        _, found = next(iter(bench.readers.read_all([file])))
        if isinstance(found, ReadError) or not with_vectors:
            return ReadThere(found=found)
        texts = _texts(found)
        if not 0 < len(texts) <= _MOST_WINDOWS:
            return ReadThere(found=found)
        return ReadThere(
            found=found,
            keys=tuple(texts),
            vectors=bench.know_how.networks.embedder.embed_passages(list(texts.values())),
        )
    except QeuRagError as error:
        return error


def embed(order: Order, texts: Sequence[str]) -> Vectors | QeuRagError:
    """The unit vectors of passages; an error of the whole run is given, not raised."""
    try:
        return _bench(order).know_how.networks.embedder.embed_passages(texts)
    except QeuRagError as error:
        return error


def answer(order: Order, question: str, k: int | None, long: bool) -> Answer | QeuRagError:
    """The answer to ``question``, which the driver notes in the log; an error is given, not raised."""
    try:
        found = workbench(order.settings).know_how.ask(question, k=k, long=long, logged=False)
    except QeuRagError as error:
        return error
    return replace(found, timings=dict(found.timings))


def _texts(found: SplitFile) -> dict[str, str]:
    from qeu_rag.ingest.vectors import keyed_windows

    chunks = (chunk for split in found.documents for chunk in split.chunks)
    return {key: text for chunk in chunks for _, text, key in keyed_windows(chunk)}


def _bench(order: Order) -> Workbench:
    """What is open for the run, whose program and embedder are the driver's."""
    bench = workbench(order.settings)
    bench.check(here=program(), program=order.program, fingerprint=order.fingerprint)
    return bench
