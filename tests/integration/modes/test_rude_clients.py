"""Clients that are slow, leave, or never read, and data of big size: over real sockets, with neighbours beside."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.integration.server.asking import state_of, until
from tests.support.stack import Stack

from .asking import ask
from .cluster import Cluster

MIB = 1024 * 1024
SQL = """
create table public.things (id int generated always as identity, body text);
grant select, insert on public.things to anon;
grant usage on all sequences in schema public to anon;
create table public.wide (id int, body text);
insert into public.wide select n, repeat(md5(n::text), 32) from generate_series(1, 100000) n;
grant select on public.wide to anon;
create function public.drip(rows int) returns table (n int) language sql stable
  as $$ select g.m from generate_series(1, rows) g(m) where pg_sleep(0.01 + 0 * g.m) is not null $$;
create function public.nap(seconds float) returns text language sql stable
  as $$ select 'rested' from pg_sleep(seconds) $$;
"""
LIMITS = {
    "ROWGATE_REST__DB_MAX_ROWS": "",
    "ROWGATE_DB__POOL_SIZE": "3",
    "ROWGATE_DB__STATEMENT_TIMEOUT": "20",
    "ROWGATE_SERVER__HEADER_TIMEOUT": "1",
    "ROWGATE_SERVER__BODY_IDLE_TIMEOUT": "1",
}
TARGET = "/wide?order=id"  # 108 MB as JSON


@pytest.fixture
def stack(cluster: Cluster, serve: Callable[..., Stack]) -> Stack:
    return serve(cluster.superuser, environ=LIMITS, migrations={"20260101000000_rude.sql": SQL})


def connected(stack: Stack) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(stack.url.rpartition(":")[2])), timeout=30)


def head(stack: Stack, method: str, target: str, *fields: str) -> bytes:
    lines = [f"{method} /rest/v1{target} HTTP/1.1", "host: x", f"apikey: {stack.publishable_key}", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def active(stack: Stack, pattern: str) -> int:
    """Backends that run, or send the rows of, a statement like this."""
    with psycopg.connect(stack.keys["DB_URL"]) as owner:
        row = owner.execute(
            "select count(*) from pg_stat_activity"
            " where state = 'active' and pid <> pg_backend_pid() and query like %s",
            (f"%{pattern}%",),
        ).fetchone()
    assert row is not None
    return int(row[0])


def rows_of(stack: Stack) -> int:
    with psycopg.connect(stack.keys["DB_URL"]) as owner:
        row = owner.execute("select count(*) from public.things").fetchone()
    assert row is not None
    return int(row[0])


def memory(stack: Stack, field: str = "VmRSS") -> float:
    """The worker's memory in MiB: VmRSS what is resident, VmHWM the most there was since `forget_the_peak`."""
    status = Path(f"/proc/{state_of(stack)['workers']['0']}/status").read_text()
    return int(status.partition(f"{field}:")[2].split()[0]) / 1024


def forget_the_peak(stack: Stack) -> None:
    Path(f"/proc/{state_of(stack)['workers']['0']}/clear_refs").write_text("5")


@contextmanager
def neighbours(stack: Stack) -> Iterator[None]:
    """Somebody who asks for little, all the time, and is answered, always."""
    ended, statuses = threading.Event(), list[int]()

    def work() -> None:
        while not ended.is_set():
            statuses.append(ask(stack, "GET", "/things?limit=1").status)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    assert len(statuses) > 3
    assert set(statuses) == {200}
    assert "request failed" not in "".join(stack.output)


def test_heads_and_bodies_that_never_end_write_nothing(stack: Stack) -> None:
    post = head(stack, "POST", "/things", "content-type: application/json", "content-length: 1000")
    with neighbours(stack), connected(stack) as slow_head, connected(stack) as slow_body:
        slow_head.sendall(post[:40])
        slow_body.sendall(post + b'[{"body": "half')
        assert b" 408 " in slow_head.recv(65536)
        assert b" 408 " in slow_body.recv(65536)
    post = head(stack, "POST", "/things", "content-type: application/json", "content-length: 5000000")
    with neighbours(stack):  # beside some who leave in the middle of their body
        for sent in (b"", b'[{"body": "a"},', b'[{"body": "a"}]' + b" " * 2_000_000):
            with connected(stack) as client:
                client.sendall(post + sent)
                time.sleep(0.1)
        time.sleep(0.3)
    assert rows_of(stack) == 0


def test_clients_that_leave_or_never_read_a_large_answer_hold_nothing_up(stack: Stack) -> None:
    with neighbours(stack):
        with connected(stack) as client:  # still being made
            client.sendall(head(stack, "GET", "/rpc/drip?rows=100000"))
            until(lambda: active(stack, '"drip"') == 1, 5)
        until(lambda: active(stack, '"drip"') == 0, 3)
        with connected(stack) as client:  # being sent
            client.sendall(head(stack, "GET", TARGET))
            assert b" 200 " in client.recv(100)
        until(lambda: active(stack, '"wide"') == 0, 3)

    # Those that stay and never read hold no connection to Postgres: the pool has three.
    clients = [connected(stack) for _ in range(4)]
    try:
        with neighbours(stack):
            for client in clients:
                client.sendall(head(stack, "GET", TARGET))
            until(lambda: all(client.recv(100, socket.MSG_PEEK) for client in clients), 30)
            until(lambda: active(stack, '"wide"') == 0, 5)
            time.sleep(1)
    finally:
        for client in clients:
            client.close()


def test_a_statement_out_of_time_is_answered_and_its_neighbours_live(stack: Stack) -> None:
    with psycopg.connect(stack.keys["DB_URL"], autocommit=True) as owner:
        owner.execute("alter function public.nap set statement_timeout = '1s'")
        owner.execute("notify pgrst")
    until(lambda: ask(stack, "GET", "/rpc/nap?seconds=2").status == 500, 20)  # the catalog has been read again
    with neighbours(stack):
        late = ask(stack, "GET", "/rpc/nap?seconds=15")
    assert (late.status, late.body["code"]) == (500, "57014")


def test_a_hundred_megabytes_cost_a_fraction_of_their_size(stack: Stack) -> None:
    for accept in ("application/json", "text/csv"):
        a_hundred_megabytes(stack, accept)


def a_hundred_megabytes(stack: Stack, accept: str) -> None:
    ask(stack, "GET", "/things")
    before = memory(stack)
    forget_the_peak(stack)
    with connected(stack) as client:
        client.sendall(head(stack, "GET", TARGET, f"accept: {accept}", "connection: close"))
        answer = bytearray()
        while piece := client.recv(MIB):
            answer += piece
    fields, _, body = bytes(answer).partition(b"\r\n\r\n")
    assert fields.startswith(b"HTTP/1.1 200 ")
    assert b"content-length: %d" % len(body) in fields
    assert b"content-range: 0-99999/*" in fields
    assert len(body) > 100_000_000
    if accept == "application/json":
        assert [row["id"] for row in json.loads(body)] == list(range(1, 100_001))
    assert memory(stack, "VmHWM") - before < 30, "three times the body is allowed, a third is too much"
    until(lambda: memory(stack) - before < 20, 5)


def test_a_bulk_insert_of_fifty_megabytes(stack: Stack) -> None:
    rows = [{"body": f"{n}" + "x" * 100_000} for n in range(500)]
    body = json.dumps(rows).encode()
    assert len(body) > 50_000_000
    before = memory(stack)
    forget_the_peak(stack)
    with neighbours(stack), connected(stack) as client:
        fields = ("content-type: application/json", f"content-length: {len(body)}")
        client.sendall(head(stack, "POST", "/things", *fields) + body)
        assert b" 201 " in client.recv(65536)
    assert rows_of(stack) == 500
    assert memory(stack, "VmHWM") - before < 3 * len(body) / MIB
    until(lambda: memory(stack) - before < 20, 5)
