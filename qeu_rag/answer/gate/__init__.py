"""The gate: signals of the evidence, methods that weigh them (logistic regression, T-, RT- and MT-method), a verdict."""

from qeu_rag.answer.gate.judge import THRESHOLD, Gate, Verdict, answer_language, shipped
from qeu_rag.answer.gate.kept import keep_gate, kept_gate
from qeu_rag.answer.gate.signals import Quote, Terms, coverage

__all__ = [
    "THRESHOLD",
    "Gate",
    "Quote",
    "Terms",
    "Verdict",
    "answer_language",
    "coverage",
    "keep_gate",
    "kept_gate",
    "shipped",
]
