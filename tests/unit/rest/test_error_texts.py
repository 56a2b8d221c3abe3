"""How much an error says."""

from __future__ import annotations

import json

from rowgate.postgrest.error_response import SAID_LIMIT, error_response
from rowgate.postgrest.errors import RestError


def said(error: RestError) -> dict[str, str]:
    body = error_response(error).body
    assert isinstance(body, bytes)
    decoded: dict[str, str] = json.loads(body)
    return decoded


def test_a_text_of_an_error_has_a_bounded_length() -> None:
    long = "é" * (SAID_LIMIT + 1)
    assert said(RestError(400, "PGRST204", long, long, long)) == {
        "code": "PGRST204",
        "message": "é" * SAID_LIMIT + "…",
        "details": "é" * SAID_LIMIT + "…",
        "hint": "é" * SAID_LIMIT + "…",
    }


def test_what_a_request_line_can_name_is_said_whole() -> None:
    assert said(RestError(404, "PGRST205", "x" * SAID_LIMIT))["message"] == "x" * SAID_LIMIT
