"""How long an answer takes here, and how many fit into the time that was given."""

from __future__ import annotations

import re

from qeu_rag.app import KnowHow
from qeu_rag.errors import UsageError

_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(h|m|min|s|時間|分|秒)", re.I)
_SECONDS = {"h": 3600.0, "m": 60.0, "min": 60.0, "s": 1.0, "時間": 3600.0, "分": 60.0, "秒": 1.0}
_AROUND = 150  # instruction, question and labels beside the evidence, in tokens
_REPLY = 80  # a usual answer of two or three sentences


def seconds_of(text: str) -> float:
    """The seconds of "2h", "1h30m", "90 min", "45s". Raises UsageError(``batch_budget``)."""
    parts = _PART.findall(text)
    total = sum(float(number) * _SECONDS[unit.lower()] for number, unit in parts)
    if _PART.sub("", text).strip() or not total:
        raise UsageError("batch_budget", given=text)
    return total


def measured(know_how: KnowHow) -> float:
    """Seconds that a usual answer of the settings' model takes here. Raises ModelError as ``KnowHow.bench`` does."""
    speed = know_how.bench()
    model, evidence = know_how.settings.model, know_how.settings.answer.evidence_tokens
    prompt = max(1, min(evidence + _AROUND, model.context_tokens - model.max_tokens))
    return speed.seconds(prompt_tokens=prompt, reply_tokens=min(_REPLY, model.max_tokens))
