"""The gate that a collection keeps of its own, calibrated to its documents, in its ledger."""

from __future__ import annotations

import json

from qeu_rag.answer.gate.judge import Gate
from qeu_rag.index.belonging import FINGERPRINT
from qeu_rag.index.ledger import Ledger

_META = "gate"


def kept_gate(ledger: Ledger) -> Gate | None:
    """The gate that ``keep_gate`` kept; None where there is none.

    Raises ValueError for one of another embedder, or that another version of the program kept.
    """
    kept = json.loads(ledger.meta(_META) or "null")
    if kept is None:
        return None
    try:
        if kept["embedder"] == ledger.meta(FINGERPRINT):
            return Gate.from_json(kept)
    except (KeyError, TypeError) as error:
        raise ValueError("no gate of this version") from error
    raise ValueError("a gate of another embedder")


def keep_gate(ledger: Ledger, gate: Gate | None) -> None:
    """Keeps ``gate`` for the embedder that the collection has now; None: none."""
    kept = None if gate is None else {**gate.to_json(), "embedder": ledger.meta(FINGERPRINT)}
    ledger.set_meta(_META, json.dumps(kept, ensure_ascii=False))
