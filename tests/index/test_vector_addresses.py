"""Addresses of vector servers: what is no such server, what cannot be one, and no password in anything that is shown."""

from __future__ import annotations

import http.server
import json
import threading

import pytest
from index.vector_servers import free_port, postgres_programs, running

from qeu_rag.config import load_settings
from qeu_rag.config.address import scrubbed, without_password
from qeu_rag.errors import ConfigError, StorageError
from qeu_rag.index.dense_choice import vector_server


@pytest.mark.parametrize("answer", [(410, '{"error":"Unimplemented"}'), (200, '"0.5.23"'), (200, "<html>")])
def test_something_else_answers_there(answer: tuple[int, str]) -> None:
    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answer[0])
            self.end_headers()
            self.wfile.write(answer[1].encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        made = vector_server("chroma-server", f"http://me:s3cr%40t@127.0.0.1:{other.server_port}", 5)
        assert made is not None
        with pytest.raises(StorageError) as raised:
            made.check()
        other.shutdown()
    assert raised.value.key == "dense_strange"
    assert "s3cr" not in raised.value.render("ja") + raised.value.render("en")


@pytest.mark.parametrize(("kind", "scheme"), [("chroma-server", "http"), ("pgvector", "postgresql")])
def test_nobody_answers_there(kind: str, scheme: str) -> None:
    if kind == "pgvector":
        pytest.importorskip("psycopg")
    made = vector_server(kind, f"{scheme}://me:s3cr%40t@127.0.0.1:{free_port()}", 5)  # type: ignore[arg-type]
    assert made is not None
    with pytest.raises(StorageError) as raised:
        made.check()
    assert raised.value.key == "dense_away"
    assert "s3cr" not in raised.value.render("ja") + raised.value.render("en")


def test_a_postgresql_without_pgvector() -> None:
    if postgres_programs(with_vector=False) is None:
        pytest.skip("there is no PostgreSQL without pgvector here (apt install postgresql)")
    with running("pgvector", with_vector=False) as server:
        made = vector_server("pgvector", server.url, 5)
        assert made is not None
        with pytest.raises(StorageError, match="CREATE EXTENSION") as raised:
            made.check()
    assert raised.value.key == "dense_extension"


@pytest.mark.parametrize("kind", ["chroma-server", "pgvector"])
def test_addresses_that_cannot_be_used_are_told_without_their_passwords(kind: str) -> None:
    wrong = [
        "nowhere",
        "ftp://a:s3cret@b",
        "http://u:s3cret@[1",
        "http://u:s3cret@h:99999",
        "http://u:s3cret@h/path?x=s3cret",
    ]
    for url in (None, *wrong, "postgresql://u:s3cret@h:99999/x" if kind == "pgvector" else "postgresql://u:s3cret@h/x"):
        with pytest.raises(ConfigError) as raised:
            vector_server(kind, url, 1)  # type: ignore[arg-type]
        assert "s3cret" not in raised.value.render("en")


SHOWN = [
    ("postgresql://u:p@h:5/db", "postgresql://h:5/db"),
    ("postgresql://u:p@ss?w/rd@h/db?sslmode=require", "postgresql://…"),
    ("postgresql://h/db?password=p@ss", "postgresql://…"),
    ("postgres:secret", "…"),
]


def test_what_is_shown_of_an_address() -> None:
    for url, shown in SHOWN:
        assert without_password(url) == shown
    assert scrubbed('bad "s3 cret" in\nhttp://u:s3%20cret@h', "http://u:s3%20cret@h") == 'bad "…" in …'
    settings = load_settings(
        environ={}, flags={"index.dense.store": "pgvector", "index.dense.url": "http://u:s3cret@h:1"}
    )
    assert "s3cret" not in json.dumps(settings.flat()) + repr(settings)
