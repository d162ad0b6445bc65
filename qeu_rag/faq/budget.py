"""Which rows are asked first, how long an answer takes here, and how many fit into the time that was given."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from qeu_rag.app import KnowHow
from qeu_rag.errors import UsageError
from qeu_rag.tables.columns import folded

TRIED = 3
"""So many answers are timed before the time that the rest will take is told."""

_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(h|m|min|s|時間|分|秒)", re.I)
_SECONDS = {"h": 3600.0, "m": 60.0, "min": 60.0, "s": 1.0, "時間": 3600.0, "分": 60.0, "秒": 1.0}
_AROUND = 150  # instruction, question and labels beside the evidence, in tokens
_REPLY = 80  # a usual answer of two or three sentences

_GRADES = {
    name: float(grade)
    for grade, names in enumerate(
        (
            "highest urgent critical 最高 至急 最優先",
            "high a 高 高い ◎",
            "medium middle normal b 中 普通 ○ 〇",
            "low c 低 低い △",
            "lowest d 最低 ×",
        )
    )
    for name in names.split()
}


def grade(text: str) -> float:
    """A priority as a number, the most urgent lowest: 1 before 2, high before low; what says nothing comes last."""
    name = folded(text)
    if name in _GRADES:
        return _GRADES[name]
    number = re.search(r"\d+(?:\.\d+)?", name)
    return float(number.group()) if number else float("inf")


def seconds_of(text: str) -> float:
    """The seconds of "2h", "1h30m", "90 min", "45s". Raises UsageError(``batch_budget``)."""
    parts = _PART.findall(text)
    total = sum(float(number) * _SECONDS[unit.lower()] for number, unit in parts)
    if _PART.sub("", text).strip() or not total:
        raise UsageError("batch_budget", given=text)
    return total


def measured(know_how: KnowHow) -> float:
    """Seconds that a usual answer of the settings' model takes here. Raises ModelError as ``KnowHow.bench`` does."""
    speed = know_how.networks.bench()
    model, evidence = know_how.settings.model, know_how.settings.answer.evidence_tokens
    prompt = max(1, min(evidence + _AROUND, model.context_tokens - model.max_tokens))
    return speed.seconds(prompt_tokens=prompt, reply_tokens=min(_REPLY, model.max_tokens))


@dataclass(slots=True, kw_only=True)
class Clock:
    """Whether another question fits into the time, by the mean of those answered."""

    budget: float
    total: int
    jobs: int
    tell: Callable[[float, int, int], None]
    began: float = field(default_factory=time.monotonic)
    expected: float = 0.0
    times: list[float] = field(default_factory=list)
    told: bool = False

    def expect(self, seconds: float) -> None:
        """Takes the time of an answer as measured beforehand, and tells what will fit."""
        self.expected = seconds
        self._tell()

    def took(self, seconds: float) -> None:
        """Takes the time of an answer; after a few, and no measure beforehand, tells what will fit."""
        self.times.append(seconds)
        if len(self.times) >= TRIED:
            self.expected = sum(self.times) / len(self.times)
            self.end()

    def end(self) -> None:
        """Tells what fits, or fitted, where that was not told yet."""
        if self.budget and self.times and not self.told:
            self.expected = self.expected or sum(self.times) / len(self.times)
            self._tell()

    def allows(self) -> bool:
        """Whether another question may be begun; the first always may."""
        return not self.budget or not self.times or time.monotonic() - self.began + self.expected <= self.budget

    def _tell(self) -> None:
        self.told = True
        left = max(0.0, self.budget - (time.monotonic() - self.began))
        fit = len(self.times) + int(left / max(self.expected, 1e-6)) * self.jobs
        self.tell(self.expected, min(fit, self.total), self.total)
