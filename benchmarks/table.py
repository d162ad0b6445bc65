"""The figures, as one Markdown table and one JSON file."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure beside what it was measured against and what was wanted."""

    name: str
    ours: str
    peer: str
    ratio: str
    target: str
    met: bool


def machine() -> str:
    """This machine in a few words."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = (line for line in cpuinfo.read_text(encoding="utf-8").splitlines() if line.startswith("model name"))
        model = next(lines, model).split(":")[-1].strip()
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def markdown(figures: Sequence[Figure]) -> str:
    """The table."""
    lines = ["| What | Ours | Peer, same run | Ratio | Target | Met |", "|---|---|---|---|---|---|"]
    for f in figures:
        lines.append(f"| {f.name} | {f.ours} | {f.peer} | {f.ratio} | {f.target} | {'yes' if f.met else 'no'} |")
    return "\n".join(lines)


def write_json(figures: Sequence[Figure], path: Path) -> None:
    """The same for programs."""
    value = {"machine": machine(), "figures": [asdict(f) for f in figures]}
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
