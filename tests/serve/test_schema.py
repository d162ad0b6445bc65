"""What the OpenAPI document promises holds for made-up requests, good and bad: no 5xx, no answer of another shape."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from serve.serving import Server

pytestmark = pytest.mark.slow

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


def test_the_document_is_kept_to(server: Server) -> None:
    schema = schemathesis.openapi.from_url(f"{server.address}/openapi.json")
    seen = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.endswith("/events"):
            continue
        seen.add(operation.path)

        @settings(
            max_examples=6, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.as_strategy())
        def check(case: schemathesis.Case) -> None:
            case.call_and_validate(base_url=server.address, checks=CHECKS)

        check()
    assert {"/api/ask", "/api/documents", "/api/batch", "/v1/chat/completions"} <= seen
