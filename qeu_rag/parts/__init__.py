"""Builds what a collection works with from the settings, each part once, when it is first needed."""

from qeu_rag.parts.networks import EngineKind, Networks
from qeu_rag.parts.parts import Parts
from qeu_rag.parts.record import OnAnswer, Record

__all__ = ["EngineKind", "Networks", "OnAnswer", "Parts", "Record"]
