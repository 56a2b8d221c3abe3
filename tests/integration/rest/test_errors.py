"""Errors that SQL raises on purpose, and what the service says when it cannot reach SQL at all."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from rowgate.identity.refusals import REFUSALS, refusal
from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.errors import Interrupted, OutcomeUnknown, PoolTimeout, PostgresError, Unavailable
from rowgate.postgres.statement import Result, Transaction
from rowgate.principal import Principal
from tests.integration.rest.shop import ANON, Answer, Client, answer_of

pytestmark = pytest.mark.anyio


async def failed(rest: Client, state: str, message: str, detail: str | None = None, **more: object) -> Answer:
    query = f"state={state}&message={quote(message)}" + (f"&detail={quote(detail)}" if detail is not None else "")
    return await rest("GET", f"/rpc/fail?{query}", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("P0001", 400),
        ("P0002", 500),
        ("23505", 409),
        ("23503", 409),
        ("23514", 400),
        ("22P02", 400),
        ("21000", 500),
        ("25006", 405),
        ("28000", 403),
        ("42883", 404),
        ("42P01", 404),
        ("42P17", 500),
        ("53100", 503),
        ("53400", 500),
        ("54001", 500),
        ("57014", 500),
        ("0L000", 403),
        ("XX000", 500),
        ("PT402", 402),
        ("PT999", 500),
        ("PTABC", 500),
    ],
)
async def test_every_sqlstate_has_its_status(rest: Client, state: str, status: int) -> None:
    answer = await failed(rest, state, "words")
    assert (answer.status, answer.json) == (
        status,
        {"code": state, "details": None, "hint": None, "message": "words"},
    )
    assert answer.headers["proxy-status"] == f"PostgREST; error={state}"


async def test_an_update_without_where_under_safeupdate_is_the_clients_mistake(rest: Client) -> None:
    assert (await failed(rest, "21000", "UPDATE requires a WHERE clause")).status == 400


async def test_a_role_that_does_not_exist_is_401(rest: Client) -> None:
    assert (await failed(rest, "22023", 'role "x" does not exist')).status == 401
    assert (await failed(rest, "22023", "other")).status == 400


async def test_insufficient_privilege_depends_on_who_asks(rest: Client) -> None:
    assert (await failed(rest, "42501", "no")).status == 403
    assert (await failed(rest, "42501", "no", who=ANON)).status == 401


async def test_raise_pgrst_names_the_whole_answer(rest: Client) -> None:
    message = json.dumps({"code": "123", "message": "ABC", "details": "DEF", "hint": "XYZ"})
    detail = json.dumps({"status": 332, "headers": {"X-Header": "str"}})
    answer = await failed(rest, "PGRST", message, detail)
    assert (answer.status, answer.headers["x-header"]) == (332, "str")
    assert answer.json == {"code": "123", "details": "DEF", "hint": "XYZ", "message": "ABC"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [("Page Expired", b"Page Expired"), ("a\r\nb: c", b""), ("x" * 300, b""), (None, b"")],
)
async def test_raise_pgrst_may_name_the_reason_of_the_status_line(
    rest: Client, text: str | None, reason: bytes
) -> None:
    detail = json.dumps({"status": 419, "headers": {}, **({"status_text": text} if text else {})})
    answer = await failed(rest, "PGRST", '{"code":"1","message":"a"}', detail)
    assert (answer.status, answer.reason) == (419, reason)


async def test_raise_pt_gives_its_message_as_the_reason(rest: Client) -> None:
    assert (await failed(rest, "PT402", "Payment Required")).reason == b"Payment Required"
    assert (await failed(rest, "P0001", "Payment Required")).reason == b""


@pytest.mark.parametrize(
    ("message", "detail", "details"),
    [
        ("INVALID", '{"status":332,"headers":{}}', "Invalid JSON value for MESSAGE: 'INVALID'"),
        ('{"code":"1","message":"a"}', None, "DETAIL is missing in the RAISE statement"),
        ('{"code":"1","message":"a"}', "INVALID", "Invalid JSON value for DETAIL: 'INVALID'"),
        ('{"code":"1","message":"a"}', '{"status":7,"headers":{}}', None),
        ('{"code":"1","message":"a"}', '{"status":200,"headers":{"a":"b\\r\\nc: d"}}', None),
        ('{"code":"1","message":"a"}', '{"status":200,"headers":{"a b":"c"}}', None),
    ],
)
async def test_raise_pgrst_without_its_json_is_pgrst121(
    rest: Client, message: str, detail: str | None, details: str | None
) -> None:
    answer = await failed(rest, "PGRST", message, detail)
    assert (answer.status, answer.json["code"]) == (500, "PGRST121")
    assert details is None or answer.json["details"] == details


class Broken:
    """A runner that cannot run."""

    def __init__(self, error: PostgresError) -> None:
        self.error = error

    async def run(self, principal: Principal, transaction: Transaction) -> Result:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "code", "retry"),
    [
        (Unavailable("starting up", 3), 503, "PGRST000", "3"),
        (Interrupted("connection lost"), 503, "PGRST001", "1"),
        (PoolTimeout("10 s"), 504, "PGRST003", None),
        (OutcomeUnknown("connection lost"), 500, "outcome_unknown", None),
    ],
)
async def test_an_absent_database_says_whether_to_try_again(
    catalog: Catalog, error: PostgresError, status: int, code: str, retry: str | None
) -> None:
    answer = await Client(Broken(error), catalog)("GET", "/clients")
    assert (answer.status, answer.json["code"], answer.headers.get("retry-after")) == (status, code, retry)


async def test_without_a_catalog_everything_is_503(rest: Client) -> None:
    answer = await Client(rest.runner, None)("GET", "/clients")
    assert (answer.status, answer.json["code"], answer.headers["retry-after"]) == (503, "PGRST002", "1")


@pytest.mark.parametrize("code", sorted(REFUSALS))
async def test_every_refusal_is_rendered_in_postgrests_shape(rest: Client, code: str) -> None:
    answer = answer_of(rest.service.refuse(refusal(code, "the words", "what to do")))
    assert answer.status == REFUSALS[code].status
    assert set(answer.json) == {"code", "details", "hint", "message"}
    assert answer.headers["x-rowgate-refusal"] == code
    assert answer.headers["proxy-status"] == f"PostgREST; error={answer.json['code']}"
