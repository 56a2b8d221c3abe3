"""Settings that roles were given hold for the requests that run as them, and widen nobody's rights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from rowgate.postgres.catalog.records import Catalog, RoleSettings
from rowgate.postgres.database import Database
from rowgate.postgres.statement import Isolation
from tests.integration.rest.conftest import loaded_catalog, public_url
from tests.integration.rest.shop import ANN, PUBLIC_LOGIN, Client

pytestmark = pytest.mark.anyio

HURRIED = "rowgate_rest_hurried"
GIVEN = f"""
create role {HURRIED} nologin;
grant {HURRIED} to {PUBLIC_LOGIN};
grant select on clients, notes to {HURRIED};
alter role {HURRIED} set statement_timeout to '2s';
alter role {HURRIED} set work_mem to '7MB';
alter role {HURRIED} set timezone to 'Asia/Tokyo';
alter role {HURRIED} set default_transaction_isolation to 'Serializable';
alter role {HURRIED} set log_duration to on;
alter role {HURRIED} set log_lock_waits to on;
alter role {HURRIED} set shop.unknown to 'x';
alter role {HURRIED} set search_path to 'elsewhere';
alter role {HURRIED} set row_security to off;
alter role {HURRIED} set client_encoding to 'LATIN1';
alter role {HURRIED} set role to 'anon';
grant set on parameter log_lock_waits to {PUBLIC_LOGIN};
create function told_at_leisure(name text) returns text stable language sql
  set statement_timeout to '3s' set default_transaction_isolation to 'repeatable read' set work_mem to '9MB'
  as $$ select current_setting(name, true) $$;
create function dawdle() returns void language sql set statement_timeout to '50ms' as $$ select pg_sleep(10) $$;
do $$ begin
  execute format('alter role {HURRIED} in database %I set work_mem to %L', current_database(), '8MB');
end $$
"""
TAKEN = f"""
revoke set on parameter log_lock_waits from {PUBLIC_LOGIN};
drop function told_at_leisure; drop function dawdle;
drop owned by {HURRIED};
drop role {HURRIED};
"""
IMPATIENT = replace(ANN, role=HURRIED)


@pytest.fixture(scope="module")
def given(shop_url: str) -> Iterator[Catalog]:
    """The shop's catalog as the serving login reads it, after a role was given settings of every kind."""
    with psycopg.connect(shop_url, autocommit=True) as owner:
        owner.execute(GIVEN.encode())
        yield loaded_catalog(public_url(shop_url))
        owner.execute(TAKEN.encode())


@pytest.fixture
def client(database: Database, given: Catalog) -> Client:
    return Client(database, given)


async def told(client: Client, name: str, function: str = "told", **headers: str) -> str:
    answer = await client("GET", f"/rpc/{function}?name={name}", who=IMPATIENT, **headers)
    assert answer.status == 200, answer.body
    return str(answer.json)


def test_what_the_login_may_not_set_and_what_the_request_owns_is_left_out(given: Catalog) -> None:
    own = given.role_settings[HURRIED]
    assert sorted(own.settings) == [
        ("TimeZone", "Asia/Tokyo"),
        ("log_lock_waits", "on"),
        ("statement_timeout", "2s"),
        ("work_mem", "8MB"),
    ]
    assert own.isolation is Isolation.SERIALIZABLE
    assert given.role_settings.get("anon", RoleSettings()) == RoleSettings()


async def test_a_roles_settings_hold_for_its_requests(client: Client) -> None:
    assert await told(client, "statement_timeout") == "2s"
    assert await told(client, "work_mem") == "8MB"
    assert await told(client, "timezone") == "Asia/Tokyo"
    assert await told(client, "timezone", prefer="timezone=America/Lima") == "America/Lima"
    assert await told(client, "log_lock_waits") == "on"  # set with the login's right, which the role has not
    assert await told(client, "search_path") == '"public", "public", "extensions"'
    assert await told(client, "row_security") == "on"
    assert await told(client, "client_encoding") == "UTF8"  # another one would garble what is said on both sides
    assert await told(client, "role") == HURRIED


async def test_a_roles_isolation_level_is_its_transactions(client: Client) -> None:
    assert await told(client, "transaction_isolation") == "serializable"
    answer = await client("GET", "/clients?select=id&id=eq.1", who=IMPATIENT)
    assert (answer.status, answer.json) == (200, [{"id": 1}])


async def test_another_roles_requests_are_untouched(client: Client) -> None:
    for name in ("work_mem", "timezone", "transaction_isolation", "statement_timeout"):
        before = await client("GET", f"/rpc/told?name={name}")
        await told(client, name)
        assert (await client("GET", f"/rpc/told?name={name}")).json == before.json != await told(client, name)


async def test_a_functions_hoisted_settings_go_before_its_roles(client: Client) -> None:
    assert await told(client, "statement_timeout", "told_at_leisure") == "3s"
    assert await told(client, "transaction_isolation", "told_at_leisure") == "repeatable read"
    plain = client.under(db_hoisted_tx_settings=())
    assert await told(plain, "transaction_isolation", "told_at_leisure") == "serializable"


async def test_a_functions_own_timeout_ends_it(client: Client) -> None:
    late = await client("POST", "/rpc/dawdle", {})
    assert (late.status, late.json["code"]) == (500, "57014")
