"""The gate: signals of the evidence, methods that weigh them (logistic regression, T- and RT-method), a verdict."""

from qeu_rag.answer.gate.judge import LIKELY, NEAR, SURE, Gate, Verdict, answer_language, keep_gate, kept_gate, shipped
from qeu_rag.answer.gate.signals import Terms

__all__ = [
    "LIKELY",
    "NEAR",
    "SURE",
    "Gate",
    "Terms",
    "Verdict",
    "answer_language",
    "keep_gate",
    "kept_gate",
    "shipped",
]
