"""How a cluster is joined, without Ray: what stands in for it here loses programs, as a head can."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from qeu_rag.cluster.connection import connect
from qeu_rag.errors import ClusterError


@pytest.mark.parametrize(("losses", "joined"), [(0, True), (1, True), (2, False)])
def test_a_head_that_loses_a_program_is_asked_once_more(
    losses: int, joined: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def init(address: str, **_: object) -> None:
        asked.append(address)
        if len(asked) <= losses:
            raise ConnectionAbortedError("Initialization failure from server:\nStarting Ray client server failed.")

    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=init, shutdown=lambda: None))
    if joined:
        with connect("ray://127.0.0.1:9", cpus=1):
            pass
    else:
        with pytest.raises(ClusterError, match="cannot be used"), connect("ray://127.0.0.1:9", cpus=1):
            pass
    assert len(asked) == min(losses + 1, 2)
