"""What ``--on`` names: a Ray that is started on this machine for the run, or a cluster that somebody keeps."""

from __future__ import annotations

import re

from qeu_rag.errors import UsageError

LOCAL = "ray"
_CLUSTER = re.compile(r"ray://(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?/?")
_PORT = 10001
"""Where the head of a Ray cluster waits for programs of other machines, unless it was told another port."""


def address_of(given: str) -> str:
    """``given`` as Ray takes it, its port written out; ``LOCAL`` stays. Raises UsageError("cluster_address")."""
    if given == LOCAL:
        return LOCAL
    found = _CLUSTER.fullmatch(given)
    port = int(found["port"] or _PORT) if found else 0
    if found is None or not 0 < port < 65536:
        raise UsageError("cluster_address", given=given)
    return f"ray://{found['host']}:{port}"
