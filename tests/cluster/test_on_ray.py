"""Reading, embedding and lists on Ray: three nodes, processes of this machine; in this order, as nodes die."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cluster.machines import Machines, driver, in_the_middle, ingest, same, stored
from conftest import NOTES
from ingest.shelves import fetches, served

from qeu_rag import KnowHow
from qeu_rag.cluster.batch_asker import ClusterAsker
from qeu_rag.cluster.connection import Cluster, connect
from qeu_rag.cluster.ingest_workers import ClusterEncoder, ClusterPool, ClusterWorkers
from qeu_rag.cluster.nodes import check_asking, check_reading
from qeu_rag.cluster.stream import Lost, in_order, one
from qeu_rag.cluster.work import order_of
from qeu_rag.errors import ClusterError, ConfigError, QeuRagError, ReadError
from qeu_rag.faq.batch import Batch, Plan, outcomes, run_of
from qeu_rag.faq.journal import Journal
from qeu_rag.faq.read.questions import read_questions
from qeu_rag.ingest.address import Address, place_of
from qeu_rag.ingest.read import SUPPORTED
from qeu_rag.ingest.report import Progress
from qeu_rag.ingest.scan import name_of, scan
from qeu_rag.ingest.scan_store import scan_store
from qeu_rag.testing import PoolContract

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install 'qeu_rag[cluster]'"),
    pytest.mark.filterwarnings("ignore"),  # Ray's own
]


@pytest.fixture
def home(same_home: Path) -> Path:
    return same_home


class TestRayPool(PoolContract):
    @pytest.fixture
    def pool(self, cluster: Cluster, home: Path) -> Iterator[ClusterPool]:  # type: ignore[override]
        with KnowHow.open(home=home) as opened:
            order = order_of(opened.settings, lang="en", fingerprint=opened.networks.fingerprint())
            yield ClusterPool(cluster, order, (), recognise=False)


def test_what_a_node_lacks_is_said_before_work_begins(cluster: Cluster, reader: KnowHow, many: Path) -> None:
    files = scan([many]).files
    order = order_of(reader.settings, lang="en", fingerprint=reader.networks.fingerprint())
    check_reading(cluster, order, files, recognise=True)
    other = replace(files[0], size=files[0].size + 1)
    cases = {
        "cluster_path": lambda: check_reading(cluster, order, [other], recognise=False),
        "cluster_program": lambda: check_reading(cluster, replace(order, program="0.0.9"), files, recognise=False),
        "cluster_vectors": lambda: check_reading(cluster, replace(order, fingerprint="x"), files, recognise=False),
        "cluster_home": lambda: check_asking(cluster, order, 99),
    }
    for key, check in cases.items():
        with pytest.raises(ConfigError) as caught:
            check()
        assert caught.value.key == key
        assert "127.0.0.1" in str(caught.value)
    gone = reader.settings.model_copy(
        update={"embedder": reader.settings.embedder.model_copy(update={"model": "/gone"})}
    )
    with pytest.raises(ConfigError, match=r"cannot do the work: .*gone"):
        check_reading(cluster, order_of(gone, lang="en"), files, recognise=False)


def test_documents_on_a_store_are_fetched_where_they_are_read(
    cluster: Cluster, home: Path, many: Path, local: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in many.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))  # else it may have changed within the clock's grain
    fetched_here = fetches(monkeypatch)
    with served(many.parent) as port:
        address = f"http://127.0.0.1:{port}/{many.name}"
        report = ingest(cluster, home, address)
        assert (report.added, [skipped.path for skipped in report.failed]) == (30, ["broken.docx"])
        assert ingest(cluster, home, address).unchanged == 30
        place = place_of(address)
        assert isinstance(place, Address)
        files = scan_store(place, 200, SUPPORTED).files
    assert fetched_here == []
    same(home, local)
    with KnowHow.open(home=home) as know_how:
        order = order_of(know_how.settings, lang="en", fingerprint=know_how.networks.fingerprint())
    with pytest.raises(ConfigError) as caught:
        check_reading(cluster, order, files, recognise=False)
    assert caught.value.key == "cluster_store"
    assert f"{address}/audit.md" in str(caught.value)


def test_a_list_gets_the_same_answers(cluster: Cluster, reader: KnowHow, tmp_path: Path) -> None:
    asked = [*NOTES, "What is the quality loss?", "日当はいくらですか", "Within how many days?", "Who?"]
    (tmp_path / "list.txt").write_text("\n".join(asked), encoding="utf-8")
    listed = read_questions(tmp_path / "list.txt", column=None)

    def answers(name: str, plan: Plan, ask: Any = None, only: int | None = None) -> list[Any]:
        with Journal(tmp_path / name, run_of(reader, plan)) as journal:
            rows = listed if only is None else replace(listed, rows=listed.rows[:only])
            Batch(know_how=reader, questions=rows, journal=journal, plan=plan, ask=ask).run()
            found = [record.payload for _, _, record in outcomes(journal, rows) if record]
            return [{name: value for name, value in one.items() if name != "timings"} for one in found]

    ask = ClusterAsker(cluster, reader, k=None, long=False)
    alone = answers("alone", Plan())
    assert answers("there", Plan(jobs=3), ask, only=3) == alone[:3]
    assert answers("there", Plan(jobs=3), ask) == alone  # goes on
    assert answers("there", Plan()) == alone  # and would do so without the cluster


def test_texts_without_vectors_are_embedded_there(cluster: Cluster, reader: KnowHow) -> None:
    order = order_of(reader.settings, lang="en", fingerprint=reader.networks.fingerprint())
    texts = [f"Lot {n} was {'good ' * (n % 7)}" for n in range(150)]
    here = reader.networks.embedder.embed_passages(texts)

    class Own:
        def embed_passages(self, texts: Any, progress: Any = None) -> Any:
            raise AssertionError("so many are the cluster's")

    told: list[int] = []
    found = ClusterEncoder(cluster, order, Own()).embed_passages(texts, told.append)
    assert np.abs(found - here).max() < 1e-5
    assert told == [64, 128, 150]


def test_a_killed_driver_costs_nothing_and_the_result_is_the_local_one(
    machines: Machines, cluster: Cluster, home: Path, many: Path, local: Path
) -> None:
    first = driver(home, many, "--on", machines.address)
    in_the_middle(first, home)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    kept = stored(home)
    report = ingest(cluster, home, many)
    assert (report.added, report.unchanged, len(report.failed)) == (30 - kept, kept, 1)
    same(home, local)


def test_a_node_killed_on_the_way_costs_only_its_tasks(
    machines: Machines, cluster: Cluster, home: Path, many: Path, local: Path
) -> None:
    killed: list[int] = []

    def kill(step: Progress) -> None:
        if step.stage == "read" and step.done == 4 and not killed:
            killed.append(step.done)
            machines.cluster.remove_node(machines.nodes.pop(), allow_graceful=False)

    report = ingest(cluster, home, many, kill)
    assert killed
    assert (report.added, [skipped.path for skipped in report.failed]) == (30, ["broken.docx"])
    same(home, local)


def test_a_bomb_and_a_lost_worker_cost_only_their_file(cluster: Cluster, home: Path, docs: Path) -> None:
    (docs / "hog.csv").write_text("\n".join(",".join("1" * 60) for _ in range(60_000)))
    with KnowHow.open(home=home, ingest__memory_mb=100) as know_how:
        report = know_how.ingest(docs, workers=ClusterWorkers(cluster, know_how))
    assert report.added == 4
    assert [(skipped.path, skipped.reason) for skipped in report.failed] == [("hog.csv", "memory")]

    def work(number: int) -> int:
        if number == 1:
            os._exit(1)
        return number

    assert list(in_order(cluster, work, [(0,), (1,), (2,)])) == [0, Lost(memory=False), 2]
    assert "lost the worker" in ReadError("worker_lost", " (Ray, 3 ×)").render("en")


def test_a_lost_cluster_leaves_what_was_done_and_the_same_command_goes_on(
    machines: Machines, cluster: Cluster, home: Path, many: Path, local: Path, qeu_rag: Any
) -> None:
    process = driver(home, many, "--on", machines.address)
    in_the_middle(process, home)
    for node in (*machines.nodes, machines.cluster.head_node):
        node.kill_all_processes(check_alive=False, allow_graceful=False)
    _, said = process.communicate(timeout=120)
    assert (process.returncode, "was lost" in said, "same command again" in said) == (1, True, True), said
    with pytest.raises(ClusterError):
        one(cluster, name_of, many)
    kept = stored(home)
    assert 3 <= kept < 30
    done = qeu_rag("ingest", str(many))
    assert (done.returncode, done.stdout) == (0, f"+{30 - kept} ~0 -0 ={kept} !1\n"), done.stderr
    same(home, local)


@pytest.mark.parametrize("given", ["rays", "ray://", "ray://host:0", "ray://a b:1", "http://host"])
def test_an_address_that_is_none_is_said(given: str) -> None:
    with pytest.raises(QeuRagError, match="names no Ray"), connect(given, cpus=1):
        pass


def test_without_ray_it_is_said_how_to_get_it(here: Any, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    done = here("ingest", str(docs), "--on", "ray")
    assert (done.returncode, "qeu_rag[cluster]" in done.stderr) == (3, True)
    assert here("ingest", str(docs), "--on", "ray", "--dry-run").returncode == 2
    assert json.loads(here("ingest", str(docs), "--json").stdout)["added"] == 4  # the default asks nothing of it


def test_a_ray_of_this_machine_for_one_run(qeu_rag: Any, docs: Path) -> None:
    done = qeu_rag("ingest", str(docs), "--on", "ray", env={"QEU_RAG_INGEST__WORKERS": "1"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "+4 ~0 -0 =0 !0\n", "")
