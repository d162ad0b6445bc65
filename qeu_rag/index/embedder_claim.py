"""Which embedder a collection belongs to: noted in its ledger by the first ingest, and any other is refused."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from qeu_rag.errors import CollectionError
from qeu_rag.index.ledger import Ledger

if TYPE_CHECKING:
    from qeu_rag.embed.embedder import Embedder

SPEC, FINGERPRINT, RUNTIME = "embedder_spec", "embedder", "runtime"
"""The ledger's names for what the settings said of the embedder, for what shaped the vectors, and for what computed them."""


class Wanted(Protocol):
    """What the settings say of an embedder, so far as it shapes vectors or says which texts get one."""

    @property
    def model(self) -> str: ...  # noqa: D102

    @property
    def query_prefix(self) -> str | None: ...  # noqa: D102

    @property
    def passage_prefix(self) -> str | None: ...  # noqa: D102

    @property
    def max_tokens(self) -> int: ...  # noqa: D102


def embedder_spec(wanted: Wanted) -> str:
    """What the settings say, in one line; the fingerprint also covers the weights but costs opening the embedder."""
    prefixes = ("-" if prefix is None else prefix for prefix in (wanted.query_prefix, wanted.passage_prefix))
    return "|".join((wanted.model, *prefixes, str(wanted.max_tokens)))


def embedder_name(spec: str) -> str:
    """An embedder for people: the model."""
    return spec.partition("|")[0]


def other_embedder(ledger: Ledger, spec: str) -> CollectionError:
    """The error for a ledger whose vectors are not those of ``spec``, with the command that builds the collection anew.

    Where the settings say the same embedder, an earlier version of the program (or of the model's files) made the vectors.
    """
    made = ledger.meta(SPEC) or spec
    roots = sorted({row.root for row in ledger.files().values()})
    paths = (subprocess.list2cmdline(roots) if os.name == "nt" else shlex.join(roots)) or "PATHS"
    if made == spec:
        return CollectionError("older_vectors", embedder=embedder_name(spec), paths=paths)
    return CollectionError("other_embedder", made=embedder_name(made), now=embedder_name(spec), paths=paths)


class EmbedderClaim:
    """A collection's claim on the embedder of the settings, ``spec``, which ``open_embedder`` gives (opened once by it).

    ``fingerprint`` gives what shapes its vectors, run by the runtime that is named, without opening it.
    """

    def __init__(self, spec: str, open_embedder: Callable[[], Embedder], fingerprint: Callable[[str], str]) -> None:
        self._spec = spec
        self._open = open_embedder
        self._fingerprint = fingerprint

    def make(self, ledger: Ledger) -> None:
        """Notes the embedder in a new ledger, without opening it.

        Raises CollectionError where another one is noted, or other weights of the same name, and what finding it raises.
        """
        self._check_spec(ledger)
        noted, runtime = ledger.meta(FINGERPRINT), ledger.meta(RUNTIME)
        if noted is not None and runtime is not None and self._fingerprint(runtime) != noted:
            raise other_embedder(ledger, self._spec)
        if ledger.meta(SPEC) is None:
            ledger.set_meta(SPEC, self._spec)

    def encoder(self, ledger: Ledger) -> Embedder:
        """The embedder, opened, its fingerprint noted; errors as in ``query``."""
        embedder = self.query(ledger)
        if ledger.meta(FINGERPRINT) is None:
            ledger.set_meta(FINGERPRINT, embedder.fingerprint)
        ledger.set_meta(RUNTIME, embedder.runtime)
        return embedder

    def query(self, ledger: Ledger) -> Embedder:
        """The embedder, opened, if it is the one that made the vectors.

        Raises CollectionError where it is another one, and what opening raises.
        """
        self._check_spec(ledger)
        embedder, fingerprint = self._open(), ledger.meta(FINGERPRINT)
        if fingerprint is not None and fingerprint != embedder.fingerprint:
            raise other_embedder(ledger, self._spec)
        return embedder

    def _check_spec(self, ledger: Ledger) -> None:
        if ledger.meta(SPEC) not in (None, self._spec):
            raise other_embedder(ledger, self._spec)
