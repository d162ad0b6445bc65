"""What a worker keeps open between tasks, without Ray."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qeu_rag import KnowHow
from qeu_rag.cluster.work import Order, ReadThere, order_of, read
from qeu_rag.cluster.workbench import workbench
from qeu_rag.errors import ConfigError
from qeu_rag.ingest.scan import scan


def order(home: Path) -> Order:
    with KnowHow.open(home=home) as know_how:
        return order_of(know_how.settings, lang="en", fingerprint=know_how.networks.fingerprint())


def test_a_run_is_open_until_another_one_comes(
    home: Path, noted: Path, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other = order(home), order(noted)
    closed: list[Path] = []
    monkeypatch.setattr(KnowHow, "close", lambda self: closed.append(self.settings.home))
    for file in scan([docs]).files:
        found = read(first, file, True)
        assert isinstance(found, ReadThere)
        assert found.vectors is not None
        assert len(found.keys) == len(found.vectors) > 0
    assert workbench(first.settings) is workbench(first.settings)
    assert closed == []
    workbench(other.settings)
    assert closed == [home]


def test_a_worker_that_is_not_as_the_driver_reads_nothing(home: Path, docs: Path) -> None:
    told = order(home)
    file = scan([docs]).files[0]
    assert isinstance(read(told, file, False), ReadThere)
    for other, key in ((replace(told, program="0.0.9"), "program"), (replace(told, fingerprint="x"), "vectors")):
        found = read(other, file, False)
        assert isinstance(found, ConfigError)
        assert found.key == f"cluster_{key}"
