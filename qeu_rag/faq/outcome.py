"""What became of a question, in one stable word, and the record of it that the journal keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Outcome = Literal["supported", "likely", "partly", "conflict", "not_in_documents", "error", "waiting"]
"""``likely``: the documents probably answer it so.

``waiting``: not asked yet, as the time that was given ran out or ``--only`` left it out.
"""

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
PARTLY = frozenset({"claim_unsupported", "premise_differs"})
CONFLICT = "sources_differ"

Payload = dict[str, Any]
"""An answer as ``ask --json`` prints it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedDocument:
    """A cited document as it was when the answer was made: the hash of its file and the day it was read in (ISO 8601)."""

    document_id: str
    source: str
    path: str
    hash: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An answered question: ``payload`` as ``ask --json`` prints it, its outcome, seconds, and the documents it cites."""

    outcome: Outcome
    payload: Payload
    seconds: float
    documents: tuple[CitedDocument, ...] = ()

    def plain(self) -> dict[str, Any]:
        """As the journal keeps it, beside key and outcome."""
        documents = [{name: getattr(one, name) for name in CitedDocument.__slots__} for one in self.documents]
        return {"seconds": self.seconds, "documents": documents, "payload": self.payload}

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Record:
        """The record in a line of the journal."""
        documents = tuple(CitedDocument(**one) for one in line["documents"])
        return cls(outcome=line["outcome"], payload=line["payload"], seconds=line["seconds"], documents=documents)


def outcome_of(payload: Mapping[str, Any]) -> Outcome:
    """The outcome that an answer's status, notes and certainty say; one kept before answers had a certainty has none."""
    if payload["status"] == "error":
        return "error"
    if payload["status"] == "abstained":
        return "not_in_documents"
    if CONFLICT in payload["notes"]:
        return "conflict"
    if payload.get("certainty") == "likely":
        return "likely"
    return "partly" if PARTLY.intersection(payload["notes"]) else "supported"
