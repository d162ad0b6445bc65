"""What can be wrong with a cluster before and while it reads, on real nodes: before ``test_on_ray``, which kills them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from cluster.machines import DEADLY, Machines, ingest, same, stored

import qeu_rag
from qeu_rag import KnowHow
from qeu_rag.cluster.connection import Cluster, TaskLost
from qeu_rag.cluster.ingest_workers import ClusterWorkers
from qeu_rag.embed.encoder.packed import FOLDER
from qeu_rag.errors import ConfigError
from qeu_rag.ingest.report import Progress

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install 'qeu_rag[cluster]'"),
    pytest.mark.filterwarnings("ignore"),  # Ray's own
]
linux = pytest.mark.skipif(
    sys.platform != "linux", reason="a path that each process sees otherwise is there on Linux alone"
)


@pytest.fixture
def home(same_home: Path) -> Path:
    return same_home


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Of each task that is lost from here on, whether its node had no memory left."""
    found: list[bool] = []
    result = Cluster.result

    def counted(self: Cluster, task: Any) -> Any:
        try:
            return result(self, task)
        except TaskLost as error:
            found.append(error.memory)
            raise

    monkeypatch.setattr(Cluster, "result", counted)
    return found


def other_install(folder: Path) -> Path:
    """The program once more, of the same version, with a comment more in one of its files."""
    shutil.copytree(Path(qeu_rag.__file__).parent, folder / "qeu_rag", copy_function=os.symlink)
    altered = folder / "qeu_rag" / "payload.py"
    text = altered.read_text(encoding="utf-8")
    altered.unlink()
    altered.write_text(text + "# patched on this machine\n", encoding="utf-8")
    return folder


def test_a_node_with_another_install_is_named_before_work_begins(
    machines: Machines, cluster: Cluster, home: Path, docs: Path, tmp_path: Path
) -> None:
    guard = os.environ["PYTHONPATH"].split(os.pathsep)[0]
    there = os.pathsep.join((guard, str(other_install(tmp_path / "other"))))
    altered = machines.one_more(cluster, folder=machines.site, PYTHONPATH=there)
    with altered as node, pytest.raises(ConfigError) as caught:
        ingest(cluster, home, docs)
    assert (caught.value.key, caught.value.values["node"]) == ("cluster_program", node.name)
    assert caught.value.values["theirs"] != caught.value.values["ours"]
    assert caught.value.exit_code == 3
    assert stored(home) == 0


@linux
def test_a_node_that_sees_other_files_is_named_before_work_begins(
    machines: Machines, cluster: Cluster, home: Path, docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(machines.site)
    shutil.copytree(docs, machines.site / "docs")
    (machines.site / "model").symlink_to(FOLDER)
    here = Path("/proc/self/cwd")  # of whoever asks: of a node's workers the folder in which the node was started
    (tmp_path / "elsewhere").mkdir()
    with machines.one_more(cluster, folder=tmp_path / "elsewhere") as node:
        with pytest.raises(ConfigError) as unseen:
            ingest(cluster, home, here / "docs")
        other = KnowHow.open(home=home, collection="other", embedder__model=str(here / "model"))
        with pytest.raises(ConfigError) as without, other:
            other.ingest(docs, workers=ClusterWorkers(cluster, other))
    assert (unseen.value.key, unseen.value.values["node"]) == ("cluster_path", node.name)
    assert str(unseen.value.values["path"]).startswith("/proc/self/cwd/docs/")
    assert (without.value.key, without.value.values["node"]) == ("cluster_node", node.name)
    assert "/proc/self/cwd/model" in str(without.value)
    assert stored(home) == 0
    report = ingest(cluster, home, here / "docs")  # the others see it
    assert (report.added, report.failed) == (4, ())


def test_a_file_whose_worker_is_killed_each_time_is_reported_alone_and_tried_again(
    cluster: Cluster, home: Path, many: Path, local: Path, lost: list[bool]
) -> None:
    (many / ".deadly").touch()
    report = ingest(cluster, home, many)
    assert lost == [False] * 3
    assert (report.added, [(one.path, one.reason) for one in report.failed]) == (
        29,
        [("broken.docx", "damaged"), (DEADLY, "worker_lost")],
    )
    assert "(Ray, 3 ×)" in report.failed[1].detail
    (many / ".deadly").unlink()
    again = ingest(cluster, home, many)
    assert (again.added, again.unchanged, [one.path for one in again.failed]) == (1, 29, ["broken.docx"])
    same(home, local)


def test_a_node_without_memory_loses_tasks_and_no_file(
    machines: Machines, cluster: Cluster, home: Path, docs: Path, lost: list[bool]
) -> None:
    hungry = {"RAY_memory_usage_threshold": "0.001", "RAY_memory_monitor_refresh_ms": "50"}
    with machines.one_more(cluster, folder=machines.site, **hungry):
        report = ingest(cluster, home, docs)
    assert (report.added, report.failed) == (4, ())
    assert True in lost


def test_of_two_drivers_the_second_waits_and_reads_nothing_again(
    machines: Machines, cluster: Cluster, home: Path, many: Path, local: Path
) -> None:
    command = [sys.executable, "-m", "qeu_rag", "ingest", str(many), "--home", str(home), "--on", machines.address]
    second: list[subprocess.Popen[str]] = []
    heard: list[str] = []

    def begin(step: Progress) -> None:
        if step.stage == "read" and step.done == 4:
            second.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
            assert second[0].stderr is not None
            heard.append(second[0].stderr.readline())

    report = ingest(cluster, home, many, begin)
    out, err = second[0].communicate(timeout=120)
    assert f"process {os.getpid()}" in heard[0]
    assert "waiting for it" in heard[0]
    assert (report.added, len(report.failed)) == (30, 1)
    assert (second[0].returncode, out) == (0, "+0 ~0 -0 =30 !1\n"), err
    assert ["broken.docx" in line for line in err.splitlines()] == [True]  # and no line of Ray's
    same(home, local)
