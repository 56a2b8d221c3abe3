"""SQL has the last word about an answer, but not about where it ends."""

from __future__ import annotations

import json

import pytest

from tests.integration.rest.shop import Answer, Client

pytestmark = pytest.mark.anyio


async def said(cinema: Client, status: str | None = None, **headers: str) -> Answer:
    arguments = {"status": status, "headers": json.dumps([{name.replace("_", "-"): v} for name, v in headers.items()])}
    return await cinema("POST", "/rpc/answer", arguments)


@pytest.mark.parametrize("status", ["100", "101", "199", "600"])
async def test_a_status_that_is_no_answer_is_refused(cinema: Client, status: str) -> None:
    answer = await said(cinema, status)
    assert (answer.status, answer.json["code"]) == (500, "PGRST112")


@pytest.mark.parametrize("status", ["204", "304"])
async def test_a_status_without_a_body_has_none(cinema: Client, status: str) -> None:
    answer = await said(cinema, status)
    assert (answer.status, answer.body, answer.headers.get("content-length")) == (int(status), b"", None)


async def test_headers_that_frame_the_message_are_the_servers(cinema: Client) -> None:
    answer = await said(cinema, Content_Length="1", TRANSFER_ENCODING="chunked", Connection="upgrade", X_Own="mine")
    assert (answer.headers["content-length"], answer.headers["x-own"], answer.body) == ("4", "mine", b'"ok"')
    assert not {"transfer-encoding", "connection"} & set(answer.headers)


async def test_raise_cannot_break_the_framing_either(cinema: Client) -> None:
    message = json.dumps({"code": "1", "message": "m"})
    detail = json.dumps({"status": 460, "headers": {"Content-Length": "1", "X-Own": "mine"}})
    raised = await cinema("POST", "/rpc/raise_it", {"state": "PGRST", "message": message, "detail": detail})
    assert (raised.status, raised.headers["x-own"]) == (460, "mine")
    assert raised.headers["content-length"] == str(len(raised.body))
    early = detail.replace("460", "100")
    refused = await cinema("POST", "/rpc/raise_it", {"state": "PGRST", "message": message, "detail": early})
    assert (refused.status, refused.json["code"]) == (500, "PGRST121")
    assert (await cinema("POST", "/rpc/raise_it", {"state": "PT100", "message": "m"})).status == 500
