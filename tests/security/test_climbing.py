"""What SQL run for a token can never reach, whatever functions the database holds."""

from __future__ import annotations

import httpx
import psycopg
import pytest

from tests.support.issuers import IssuerFarm
from tests.support.stack import Stack

CLIMBERS = {
    "set role": "set role service_role",
    "set session authorization": "set session authorization postgres",
    "set_config": "select set_config('role', 'service_role', false)",
    "reset role": "reset role",
    "forged claims": "select set_config('request.jwt.claims', '{\"sub\":\"user_victim\"}', true)",
}


@pytest.fixture(scope="module")
def climbing(trusting: Stack) -> Stack:
    with psycopg.connect(trusting.keys["DB_URL"], autocommit=True) as owner:
        owner.execute("create table public.vault (secret text)")
        owner.execute("insert into public.vault values ('gold')")
        owner.execute("alter table public.vault enable row level security")
        for number, sql in enumerate(CLIMBERS.values()):
            body = sql.replace("'", "''")
            owner.execute(
                f"create function public.climb{number}() returns json language plpgsql as $f$ begin execute '{body}'; "
                "return (select coalesce(json_agg(v), '[]'::json) from public.vault v); end $f$"
            )
        owner.execute("notify pgrst, 'reload schema'")
    return trusting


@pytest.mark.parametrize("number", range(len(CLIMBERS)), ids=list(CLIMBERS))
def test_a_function_cannot_climb_above_the_token_s_role(number: int, climbing: Stack, farm: IssuerFarm) -> None:
    token = farm.issuers["clerk"].token()
    with httpx.Client(base_url=climbing.rest, timeout=15) as client:
        headers = {"apikey": climbing.publishable_key, "Authorization": f"Bearer {token}"}
        for _ in range(50):
            answer = client.post(f"/rpc/climb{number}", headers=headers, json={})
            if answer.status_code != 404:  # until the catalog has been read again
                break
    assert answer.status_code != 404, answer.text
    assert "gold" not in answer.text
    assert answer.status_code >= 400 or answer.json() == []


def test_the_next_request_on_the_connection_is_who_it_says(climbing: Stack, farm: IssuerFarm) -> None:
    with httpx.Client(base_url=climbing.rest, timeout=15) as client:
        for number in range(len(CLIMBERS)):
            headers = {"apikey": climbing.publishable_key, "Authorization": f"Bearer {farm.issuers['clerk'].token()}"}
            client.post(f"/rpc/climb{number}", headers=headers, json={})
            for _ in range(12):  # more than the pool holds
                rows = client.get("/vault", headers={"apikey": climbing.publishable_key})
                assert rows.json() == [], rows.text
