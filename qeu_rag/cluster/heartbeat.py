"""What a replica and the head tell each other every half second, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from qeu_rag.index.approved import ApprovedAnswer
from qeu_rag.index.published import Published
from qeu_rag.serve.tokens import Token
from qeu_rag.types import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """An answer for the log of questions of ``collection``."""

    collection: str
    answer: Answer
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """From a replica: which approvals it has (a mark for each collection), what its tokens took, what is to be logged."""

    replica: str
    marks: dict[str, str] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    noted: tuple[Noted, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """All approved answers of one collection, and the mark of that state."""

    mark: str
    answers: tuple[ApprovedAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """From the head: what there is to copy, the approvals of each collection whose mark was another, tokens and their use."""

    published: tuple[Published, ...]
    approvals: dict[str, Approvals]
    tokens: tuple[Token, ...]
    taken: dict[str, int]
