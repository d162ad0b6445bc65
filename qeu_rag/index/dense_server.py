"""Vectors on a Chroma server: each build is one collection there, asked by HTTP.

Chroma's types stay here and in ``dense``. Facts that shape this module (chromadb 1.5.9): its client waits for ever; a query of a
collection that was made anew under the same name fails, as collections are known by their numbers; what was taken out of
one is missing without an error, so that every search asks for the count, too (2 ms).
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from qeu_rag.config.address import scrubbed, without_password
from qeu_rag.errors import CollectionError, ConfigError, StorageError
from qeu_rag.index.dense import GRAPH
from qeu_rag.index.dense_remote import part_of_sum

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BATCH = 1000
_PAGE = 10_000
_SAMPLE = 16
_WANTED = "Chroma 1"


class ChromaServer:
    """A Chroma server at an address; safe between threads."""

    def __init__(self, url: str, timeout_s: float) -> None:
        """Nothing is contacted. Raises ConfigError("dense_url_bad") for what is no ``http(s)://[user:password@]host[:port]``."""
        self._address = _address(url)
        self._url = url
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._client: Any = None

    @property
    def where(self) -> str:
        """The address without a password."""
        return without_password(self._url).rstrip("/")

    def check(self) -> str:
        """Asks whether it answers, and gives its version. Raises StorageError: "dense_away", "dense_slow", "dense_strange"."""
        import httpx

        # Before the client, which has no limit of time until it was made, and says little of what is no Chroma server.
        with self.errors():
            answer = httpx.get(f"{self.where}/api/v2/version", headers=self._headers(), timeout=self._timeout_s)
        version = answer.text.strip().strip('"')
        if answer.status_code != 200 or not version.startswith("1."):
            detail = f"HTTP {answer.status_code}: {scrubbed(version, self._url)[:60]}"
            raise StorageError("dense_strange", where=self.where, wanted=_WANTED, detail=detail)
        return version

    def create(self, name: str, marks: Mapping[str, str]) -> ChromaServerIndex:
        """A new, empty collection; see ``VectorServer.create``."""
        client = self._connected()
        with self.errors(name):
            owner = self._owner(client, name)
            if owner not in (None, marks["qeu_rag"]):
                raise CollectionError("dense_taken", where=self.where, name=name)
            if owner is not None:
                client.delete_collection(name)
            made = client.create_collection(
                name, embedding_function=None, metadata=dict(marks), configuration={"hnsw": GRAPH}
            )
            return ChromaServerIndex(self, made)

    def open(self, name: str) -> ChromaServerIndex:
        """The collection of this name; see ``VectorServer.open``."""
        client = self._connected()
        with self.errors(name):
            return ChromaServerIndex(self, client.get_collection(name, embedding_function=None))

    def drop(self, name: str, owner: str) -> None:
        """Removes the collection of this name if it is ``owner``'s."""
        client = self._connected()
        with self.errors(name):
            if self._owner(client, name) == owner:
                client.delete_collection(name)

    def close(self) -> None:
        """Lets go of the connections."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _owner(self, client: Any, name: str) -> str | None:
        """Whose collection it is, "" for nobody's that we know; None where there is none."""
        from chromadb.errors import NotFoundError

        try:
            found = client.get_collection(name, embedding_function=None)
        except NotFoundError:
            return None
        return str((found.metadata or {}).get("qeu_rag", ""))

    def _headers(self) -> dict[str, str]:
        user, password = unquote(self._address.username or ""), unquote(self._address.password or "")
        if not user and not password:
            return {}
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                self.check()
                self._client = self._made()
            return self._client

    def _made(self) -> Any:
        import chromadb  # 0.7 s
        from chromadb.config import Settings

        secure = self._address.scheme == "https"
        with self.errors():
            client = chromadb.HttpClient(
                host=self._address.hostname or "",
                port=self._address.port or (443 if secure else 80),
                ssl=secure,
                headers=self._headers(),
                settings=Settings(anonymized_telemetry=False),
            )
        client._server._session.timeout = self._timeout_s  # type: ignore[attr-defined] # no setting has it
        return client

    @contextmanager
    def errors(self, name: str = "") -> Iterator[None]:
        """What Chroma and its HTTP client raise, as our errors; ``name``: the collection in hand."""
        import httpx
        from chromadb.errors import ChromaError, NotFoundError

        try:
            yield
        except httpx.TimeoutException as error:
            raise StorageError("dense_slow", where=self.where, seconds=f"{self._timeout_s:g}") from error
        except httpx.HTTPError as error:
            raise StorageError("dense_away", where=self.where, detail=scrubbed(str(error), self._url)) from error
        except NotFoundError as error:
            raise CollectionError("dense_changed", where=self.where, name=name) from error
        except (ChromaError, ValueError, KeyError) as error:
            raise StorageError("dense_refused", where=self.where, detail=scrubbed(str(error), self._url)) from error


class ChromaServerIndex:
    """Nearest neighbours by cosine over the vectors of one build (``RemoteStore``); all of it raises StorageError, or
    CollectionError("dense_changed") where they are no longer as they were."""

    def __init__(self, server: ChromaServer, collection: Any) -> None:
        self._server = server
        self._collection = collection
        self._name = str(collection.name)
        self._count: int = self._there()

    def close(self) -> None:
        """Nothing is held: connections are the server's."""

    def count(self) -> int:
        """How many vectors are kept."""
        return self._count

    def add(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Adds unit vectors, shape (n, dimension), under ``ids``; a known id gets the new one."""
        with self._server.errors(self._name):
            for start in range(0, len(ids), _BATCH):
                end = start + _BATCH
                self._collection.upsert(ids=list(ids[start:end]), embeddings=vectors[start:end])
        self._count = self._there()

    def remove(self, ids: Iterable[str]) -> None:
        """Removes the vectors of ``ids``."""
        gone = list(ids)
        with self._server.errors(self._name):
            for start in range(0, len(gone), _BATCH):
                self._collection.delete(ids=gone[start : start + _BATCH])
        self._count = self._there()

    def search(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """The ``k`` nearest ids with their cosine similarity, best first, ties by id."""
        wanted = min(k, self._count)
        if wanted == 0:
            return []
        found = self._nearest(vector, wanted)
        # Asked afterwards, so that whatever was missing when the query ran is missed here, too.
        if len(found) < wanted or self._there() != self._count:
            raise CollectionError("dense_changed", where=self._server.where, name=self._name)
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def finish(self) -> None:
        """Nothing: Chroma shows what it gets at once."""

    def weigh(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> int:
        """The sum over the ids alone: to read vectors back takes longer than to make them anew."""
        return sum(map(part_of_sum, ids))

    def held(self) -> tuple[int, int]:
        """How many vectors the server has and the sum over their ids; of some it is tried whether they are still found."""
        ids: list[str] = []
        with self._server.errors(self._name):
            while page := self._collection.get(include=[], limit=_PAGE, offset=len(ids))["ids"]:
                ids += page
        # A graph that was lost is not missed by Chroma: the ids are there, and nothing is found.
        for vector in self._sample(ids):
            if not any(score > 0.999 for _, score in self._nearest(vector, min(10, len(ids)))):
                raise CollectionError("dense_changed", where=self._server.where, name=self._name)
        return len(ids), sum(map(part_of_sum, ids))

    def _sample(self, ids: Sequence[str]) -> Any:
        some = list(ids[:: max(1, len(ids) // _SAMPLE)][:_SAMPLE])
        if not some:
            return []
        with self._server.errors(self._name):
            return self._collection.get(ids=some, include=["embeddings"])["embeddings"]

    def _nearest(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        with self._server.errors(self._name):
            found = self._collection.query(query_embeddings=[vector], n_results=k, include=["distances"])
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return [(str(i), 1.0 - float(d)) for i, d in pairs]

    def _there(self) -> int:
        with self._server.errors(self._name):
            return int(self._collection.count())


def _address(url: str) -> SplitResult:
    try:
        address = urlsplit(url)
        usable = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
        usable = usable and address.path in ("", "/") and not address.query and not address.fragment
    except ValueError as error:  # a port that is no number, brackets that do not close
        raise ConfigError("dense_url_bad", url=without_password(url), example="http://127.0.0.1:8000") from error
    if not usable:
        raise ConfigError("dense_url_bad", url=without_password(url), example="http://127.0.0.1:8000")
    return address
