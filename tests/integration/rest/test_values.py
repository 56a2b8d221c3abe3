"""A value is a value: whatever its characters, it is compared, stored or refused, and never becomes SQL."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rowgate.rest.filter_sql import COMPARISONS
from tests.integration.rest.shop import Client

pytestmark = pytest.mark.anyio
LETTERS = st.sampled_from("'\"\\;-)(,.*%_{}$1aé\x00\n\t ") | st.characters(codec="utf-8")
NASTY = st.lists(LETTERS, max_size=12).map("".join)
OFTEN = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@OFTEN
@given(value=NASTY)
async def test_any_text_is_stored_found_and_listed_as_it_is(rest: Client, value: str) -> None:
    undone = rest.under(db_tx_end="rollback")
    stored = await undone("POST", "/clients?select=name", {"id": 90, "name": value}, prefer="return=representation")
    found = await rest("GET", f"/clients?select=id&name=eq.{quote(value)}")
    listed = await rest("GET", f"/clients?select=id&name=in.({quote(quoted(value))},Ann)")
    joined = await rest("GET", f"/rpc/joined?words={quote(value)}&words=x")
    if "\x00" in value:
        assert {answer.status for answer in (stored, found, listed, joined)} == {400}
        return
    assert joined.json == f"{value}-x"
    assert stored.json == [{"name": value}]
    assert (found.status, found.json) == (200, [])
    assert listed.json == [{"id": 1}]


@OFTEN
@given(
    value=NASTY,
    column=st.sampled_from(["id", "name", "data", "tags", "span", "price", "data->>kind"]),
    operator=st.sampled_from([*COMPARISONS, "in", "is", "isdistinct", "fts", "wfts", "eq(any)", "like(all)"]),
)
async def test_no_value_gives_a_server_error(rest: Client, value: str, column: str, operator: str) -> None:
    answer = await rest("GET", f"/projects?select=id&{column}={operator}.{quote(value)}")
    assert answer.status in (200, 400, 404), answer.body  # 404: no such operator for the type (42883)


@OFTEN
@given(name=NASTY.filter(lambda name: name[:1] not in ("", "?")))  # the path of these two is the root
async def test_no_name_gives_a_server_error(rest: Client, name: str) -> None:
    for query in (
        f"select={quote(quoted(name))}",
        f"select=id,{quote(quoted(name))}:name",
        f"order={quote(quoted(name))}",
        f"{quote(quoted(name))}=eq.1",
        f"select=data->{quote(quoted(name))}",
        f"select=id::{quote(name)}",
        f"select=id,{quote(quoted(name))}(id)",
    ):
        answer = await rest("GET", f"/projects?{query}")
        assert answer.status in (200, 400, 404), (query, answer.body)
    for target in (f"/{name}", f"/rpc/{name}"):
        assert (await rest("GET", target)).status == 404
    columns = await rest("POST", f"/clients?columns={quote(quoted(name))}", [{"id": 1}])
    assert columns.status == 400
    conflict = await rest.under(db_tx_end="rollback")(
        "POST",
        f"/clients?on_conflict={quote(quoted(name))}",
        {"id": 1, "name": "x"},
        prefer="resolution=merge-duplicates",
    )
    assert conflict.status in (400, 409)


@OFTEN
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | NASTY,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NASTY, inner, max_size=3),
    )
)
async def test_no_body_gives_a_server_error(rest: Client, body: object) -> None:
    undone = rest.under(db_tx_end="rollback")
    sent = json.dumps(body).encode()
    for method, target in (("POST", "/notes"), ("PATCH", "/notes?id=eq.0"), ("POST", "/rpc/add"), ("POST", "/rpc/doc")):
        answer = await undone(method, target, sent)
        assert answer.status < 500, (target, answer.body)


async def test_a_statement_smuggled_into_a_value_is_a_value(rest: Client) -> None:
    smuggled = quote("x'); drop table clients; --")
    assert (await rest("GET", f"/clients?name=eq.{smuggled}")).json == []
    condition = quote(quoted("a') or (1=1)"))
    assert (await rest("GET", f"/clients?select=id&or=(name.eq.{condition},id.eq.1)")).json == [{"id": 1}]
    assert len((await rest("GET", "/clients")).json) == 3
