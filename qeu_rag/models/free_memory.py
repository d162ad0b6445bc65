"""How much memory a model may take on this machine."""

from __future__ import annotations

from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def free_memory() -> int:
    """Bytes that a process may still take: what is free, within the container's limit where there is one."""
    import psutil

    free = int(psutil.virtual_memory().available)
    try:
        limit = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text())
        stat = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        return max(0, min(free, limit - used + int(stat.get("inactive_file", 0))))
    except (OSError, ValueError):
        return free  # no such limit ("max"), or no such system
