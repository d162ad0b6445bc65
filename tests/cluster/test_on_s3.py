"""Documents on S3: a small server of this machine (moto) in its place, and s3fs as users have it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from conftest import NOTES, Run, state_of
from ingest.shelves import Shelf, fetches

from qeu_rag import KnowHow
from qeu_rag.errors import ConfigError, UsageError

pytestmark = [
    pytest.mark.skipif(
        find_spec("s3fs") is None or find_spec("moto") is None, reason="s3fs or moto is not installed: make cluster"
    ),
    pytest.mark.filterwarnings("ignore"),  # theirs
]


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        from moto.server import ThreadedMotoServer

        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "someone",
            "AWS_SECRET_ACCESS_KEY": "geheim",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():
            patch.setenv(name, value)
        import boto3

        yield boto3.client("s3")
        server.stop()


@pytest.fixture
def shelf(client: Any, request: pytest.FixtureRequest) -> Shelf:
    """A bucket of the test's own."""
    bucket = request.node.name.replace("_", "-")[:60].strip("-")
    client.create_bucket(Bucket=bucket)
    return Shelf(
        f"s3://{bucket}/know-how",
        lambda name, data: client.put_object(Bucket=bucket, Key=f"know-how/{name}", Body=data),
        lambda name: client.delete_object(Bucket=bucket, Key=f"know-how/{name}"),
    )


def counts(know_how: KnowHow, *addresses: str) -> tuple[int, int, int, int, int]:
    report = know_how.ingest(addresses)
    return report.added, report.updated, report.removed, report.unchanged, len(report.failed)


def test_s3_as_a_folder(
    shelf: Shelf, know_how: KnowHow, docs: Path, noted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = fetches(monkeypatch)
    shelf.fill(NOTES)
    assert counts(know_how, shelf.address) == (4, 0, 0, 0, 0)
    assert state_of(know_how.settings.home) == state_of(noted)
    assert sorted(fetched) == sorted(NOTES)
    shelf.put("loss.md", NOTES["loss.md"].encode())  # once more, as it was
    assert counts(know_how, shelf.address) == (0, 0, 0, 4, 0)
    assert len(fetched) == 4
    shelf.put("loss.md", NOTES["loss.md"].replace("rework", "REWORK").encode())
    shelf.remove("mts.md")
    assert counts(know_how, shelf.address) == (0, 1, 1, 2, 0)
    assert fetched[4:] == ["loss.md"]
    assert counts(know_how, f"{shelf.address}/loss.md") == (0, 0, 0, 1, 0)


def test_s3_and_its_names(shelf: Shelf, know_how: KnowHow) -> None:
    odd = ["Case.md", "case.md", "two words.md", "就業規則（第１版）.md", "a+b&c=d.md", "50% off?.md", "#1.md", "x" * 900 + ".md",
           "deep/er/note.md", "a@b.md"]  # fmt: skip
    for number, name in enumerate(odd):
        shelf.put(name, f"# Note {number}\n\nGauge number {number} is kept.\n".encode())
    shelf.put("deep/", b"")  # as consoles mark a folder
    shelf.put("", b"")
    shelf.put("empty.md", b"")
    shelf.put(".hidden/x.md", b"# Hidden\n")
    shelf.put("../know-how/up.md", b"# Up\n")
    assert counts(know_how, shelf.address) == (10, 0, 0, 0, 2)
    assert {row.source for row in know_how.documents().documents} == set(odd)
    assert counts(know_how, f"{shelf.address}/") == (0, 0, 0, 10, 2)


def test_s3_beside_a_folder_of_a_like_name(shelf: Shelf, know_how: KnowHow, client: Any) -> None:
    shelf.put("a.md", b"# A\n\nThe first gauge.\n")
    bucket = shelf.address.split("/")[2]
    client.put_object(Bucket=bucket, Key="know-how-old/b.md", Body=b"# B\n\nThe second gauge.\n")
    assert counts(know_how, shelf.address) == (1, 0, 0, 0, 0)
    assert counts(know_how, f"s3://{bucket}/know-how-old") == (1, 0, 0, 0, 0)
    assert len(know_how.documents().documents) == 2
    assert counts(know_how, f"s3://{bucket}") == (0, 2, 0, 0, 0)  # under longer names
    for _ in range(2):
        shelf.put("more.md", b"# More\n\nMore gauges.\n")
    assert counts(know_how, f"s3://{bucket}") == (1, 0, 0, 2, 0)


def test_s3_that_is_not_there_takes_nothing_away(
    shelf: Shelf, know_how: KnowHow, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.fill(NOTES)
    know_how.ingest(shelf.address)
    for name in NOTES:
        shelf.remove(name)
    with pytest.raises(UsageError) as nothing:
        know_how.ingest(shelf.address)
    assert nothing.value.key == "store_nothing"
    with pytest.raises(UsageError):
        know_how.ingest("s3://no-such-bucket-here/know-how")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(ConfigError) as refused:
        know_how.ingest(shelf.address)
    assert refused.value.key == "store_refused"
    assert len(know_how.documents().documents) == 4


def test_s3_on_ray(shelf: Shelf, qeu_rag: Run, home: Path, noted: Path) -> None:
    pytest.importorskip("ray")
    shelf.fill(NOTES)
    done = qeu_rag("ingest", shelf.address, "--on", "ray")
    assert (done.returncode, done.stdout) == (0, "+4 ~0 -0 =0 !0\n"), done.stderr
    assert state_of(home) == state_of(noted)
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file() and "cache" not in path.parts)
    assert b"geheim" not in kept
