"""Vectors of a collection on a server: named, filled from the ledger, sealed, checked before they are read, and dropped.

How a reader keeps what it reads: each build gets a name of its own, which the ledger notes before the server hears it, and
readers see it when the ledger's transaction moves the seal. What was replaced is dropped at the beginning of the next build,
never at the end of the one that replaced it; a search that lasts longer than a whole ingest gets an error of its store and
starts over in the newest generation (``Searcher``). So a kill at any moment leaves nothing but a noted name to drop.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from qeu_rag.errors import CollectionError, StorageError
from qeu_rag.index.dense import DenseStore
from qeu_rag.index.ledger import Ledger
from qeu_rag.index.seal import dense_part

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_META = "dense_home"
"""The ledger's name for: whose vectors these are on any server, the number of the last build, and what is to be dropped."""

_BATCH = 1000


class RemoteStore(DenseStore, Protocol):
    """A store on a server, one for each build."""

    def finish(self) -> None:
        """Makes what was added ready to be searched, and visible to others if it was not."""
        ...

    def weigh(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> int:
        """What these vectors add to the sum of a seal."""
        ...

    def held(self) -> tuple[int, int]:
        """How many vectors the server really has, and the sum over all of them.

        Raises CollectionError("dense_changed") where some of them can no longer be found.
        """
        ...


class VectorServer(Protocol):
    """A server that keeps vectors. All of it raises StorageError where it is away, slow, or no such server."""

    @property
    def where(self) -> str:
        """The address for people and for the ledger, without a password."""
        ...

    def check(self) -> str:
        """Asks whether it answers and is of a version that we know, which it gives."""
        ...

    def create(self, name: str, marks: Mapping[str, str]) -> RemoteStore:
        """A new, empty store in place of one of this name whose mark ``qeu_rag`` is the same.

        Raises CollectionError("dense_taken") where it is another's, which stays.
        """
        ...

    def open(self, name: str) -> RemoteStore:
        """The store of this name. Raises CollectionError("dense_changed") where there is none."""
        ...

    def drop(self, name: str, owner: str) -> None:
        """Removes the store of this name, if there is one and its mark ``qeu_rag`` is ``owner``; else leaves things alone."""
        ...

    def close(self) -> None:
        """Lets go of the connection; it is made anew when it is needed."""
        ...


def part_of_sum(key: str, content: bytes = b"") -> int:
    """One id's part of a seal's sum: 56 bits, so that sums of them fit wherever they are added, in any order."""
    return int.from_bytes(hashlib.sha256(key.encode() + content).digest()[:7])


def fill(
    server: VectorServer,
    folder: Path,
    ledger: Ledger,
    number: int,
    chunk_ids: Sequence[str],
    progress: Callable[[int, int], None],
) -> dict[str, Any]:
    """Puts the vectors of ``chunk_ids`` on ``server`` under a new name and returns their part of the seal, for JSON.

    Raises StorageError("dense_unwritten") where the server then has others than it was given, CollectionError("dense_taken")
    where the name is somebody else's, and StorageError as any call to the server.
    """
    known = _drop_old(server, folder, ledger)
    known["builds"] += 1
    name = f"qeu_rag-{known['id']}-g{number:06d}-b{known['builds']:06d}"
    known["names"].append([server.where, name])
    ledger.set_meta(_META, json.dumps(known))
    marks = {"qeu_rag": known["id"], "collection": folder.name, "home": str(folder), "generation": str(number)}
    count = total = 0
    with closing(server.create(name, marks)) as store:
        for start in range(0, len(chunk_ids), _BATCH):
            part = chunk_ids[start : start + _BATCH]
            kept, vectors = ledger.windows(part)
            if kept:
                ids = [one.id for one in kept]
                store.add(ids, vectors)
                count, total = count + len(ids), total + store.weigh(ids, vectors)
            progress(start + len(part), len(chunk_ids))
        store.finish()
        try:
            held = store.held()
        except CollectionError as error:
            raise StorageError("dense_unwritten", where=server.where, detail=error) from error
        if held != (count, total):
            raise StorageError("dense_unwritten", where=server.where, detail=f"{count:,} → {held[0]:,}")
    return {"where": server.where, "name": name, "count": count, "sum": str(total)}


def sound(server: VectorServer, part: Mapping[str, Any]) -> bool:
    """Whether ``server`` has the vectors of a seal's ``part`` as they were sealed. Raises StorageError where it is away.

    By what address the one who filled them reached it does not matter: a build's name is found on one server alone.
    """
    try:
        with closing(server.open(part["name"])) as store:
            count, total = store.held()
    except CollectionError as error:
        if error.key != "dense_changed":
            raise
        return False
    return (count, str(total)) == (part.get("count"), part.get("sum"))


def _drop_old(server: VectorServer, folder: Path, ledger: Ledger) -> dict[str, Any]:
    """Drops every noted build on this server but the one that readers see; what is left is given back and noted."""
    known = _identity(folder, ledger)
    current = (dense_part(ledger.meta("seal")) or {}).get("name")
    left = []
    for where, name in known["names"]:
        if name != current and where == server.where:
            server.drop(name, known["id"])
        else:
            left.append([where, name])
    if ledger.generation:
        # Those of a ledger that a rebuild set aside served its readers until there was a first generation of this one.
        for where, name in known.pop("before", []):
            if where == server.where:
                server.drop(name, known["id"])
    known["names"] = left
    return known


def _identity(folder: Path, ledger: Ledger) -> dict[str, Any]:
    """What the ledger noted, if it was noted in this folder: a copy of a home must not drop what the first one reads."""
    known: dict[str, Any] = json.loads(ledger.meta(_META) or "{}")
    if known.get("folder") == str(folder):
        return known
    return {"id": secrets.token_hex(6), "folder": str(folder), "builds": 0, "names": []}


def carried(ledger: Ledger) -> str | None:
    """What a ledger that takes this one's place must be told (``take_over``), so that nothing stays on a server for ever."""
    return ledger.meta(_META)


def take_over(ledger: Ledger, before: str | None) -> None:
    """Notes in a new ledger what the one before it had on servers; its readers keep that until the next generation."""
    if before is not None:
        known = json.loads(before)
        known["before"], known["names"] = [*known.get("before", []), *known["names"]], []
        ledger.set_meta(_META, json.dumps(known))


def forget(ledger: Ledger) -> None:
    """Makes a ledger that came from elsewhere (``import``) take names of its own: another home may live under the old ones."""
    ledger.run("DELETE FROM meta WHERE key=?", (_META,))
