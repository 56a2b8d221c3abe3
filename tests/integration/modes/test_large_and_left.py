"""Large answers, long statements, and clients that do not wait for theirs."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.integration.server.asking import state_of, until
from tests.support.stack import Stack

from .asking import ask
from .cluster import Cluster

MIB = 1024 * 1024
SQL = """
create function public.much(mib int) returns table (part text) language sql stable
  as $$ select repeat(md5(n::text), 32 * 1024) from generate_series(1, mib) n $$;
create function public.nap(seconds float) returns text language sql volatile
  as $$ select 'rested' from pg_sleep(seconds) $$;
create function public.look(seconds float) returns text language sql stable
  as $$ select 'seen' from pg_sleep(seconds) $$;
create table public.things (id int generated always as identity, body text);
grant select, insert on public.things to anon;
"""


@pytest.fixture
def stack(cluster: Cluster, serve: Callable[..., Stack]) -> Stack:
    limits = {"ROWGATE_REST__BODY_LIMIT": str(MIB), "ROWGATE_DB__STATEMENT_TIMEOUT": "4"}
    return serve(cluster.superuser, environ=limits, migrations={"20260101000000_much.sql": SQL})


def resident(stack: Stack) -> float:
    """The worker's resident memory in MiB."""
    status = Path(f"/proc/{state_of(stack)['workers']['0']}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def sleepers(stack: Stack) -> int:
    with psycopg.connect(stack.keys["DB_URL"]) as owner:
        row = owner.execute("select count(*) from pg_stat_activity where wait_event = 'PgSleep'").fetchone()
    assert row is not None
    return int(row[0])


def hang_up(stack: Stack, function: str) -> None:
    """Ask for ten seconds of sleep, and leave once it has begun."""
    body = json.dumps({"seconds": 10}).encode()
    head = (
        f"POST /rest/v1/rpc/{function} HTTP/1.1\r\nhost: x\r\napikey: {stack.publishable_key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(stack.url.rpartition(":")[2]))) as client:
        client.sendall(head.encode() + body)
        until(lambda: sleepers(stack) == 1, 3)


def test_a_large_answer_comes_whole_and_its_memory_goes_back(stack: Stack) -> None:
    assert len(ask(stack, "POST", "/rpc/much", {"mib": 1}).body) == 1
    before = resident(stack)
    for _ in range(3):
        answer = ask(stack, "POST", "/rpc/much", {"mib": 20})
        assert answer.status == 200
        assert sum(len(row["part"]) for row in answer.body) == 20 * MIB
    until(lambda: resident(stack) < before + 12, 5)

    refused = ask(stack, "POST", "/things", {"body": "x" * (MIB + 1)})
    assert (refused.status, refused.body["code"]) == (413, "body_too_large")
    assert ask(stack, "POST", "/things", {"body": "x" * (MIB // 2)}).status == 201

    late = ask(stack, "POST", "/rpc/nap", {"seconds": 10})
    assert (late.status, late.body["code"]) == (500, "57014")
    assert late.body["message"] == "canceling statement due to statement timeout"


@pytest.mark.parametrize("function", ["nap", "look"])
def test_a_query_whose_client_left_is_cancelled_and_nobody_else_is_hurt(stack: Stack, function: str) -> None:
    for _ in range(2):
        began = time.monotonic()
        hang_up(stack, function)
        others = [ask(stack, "GET", "/things").status for _ in range(10)]
        until(lambda: sleepers(stack) == 0, 2)
        assert time.monotonic() - began < 3.5, "that was the statement's timeout, not the client's leaving"
        assert others == [200] * 10
    assert ask(stack, "POST", "/rpc/nap", {"seconds": 0.01}).body == "rested"
    assert "request failed" not in "".join(stack.output)
