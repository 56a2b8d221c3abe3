"""PgBouncer in transaction mode between us and Postgres, and LISTEN on a direct connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.server.asking import until
from tests.support.stack import Stack

from .asking import Answer, ask, token
from .cluster import Cluster
from .pooler import PGBOUNCER, pooled
from .schema import NOTES, TWO_ROWS

SCHEMA = {"20260101000000_notes.sql": NOTES + TWO_ROWS}


@pytest.fixture
def pooler(cluster: Cluster, folder: Path) -> Iterator[int]:
    if PGBOUNCER is None:
        pytest.skip("pgbouncer is not installed")
    with pooled(cluster, folder) as port:
        yield port


def crowd(stack: Stack, requests: int) -> list[Answer]:
    """Many requests of two users at once, mixed."""
    tokens = {who: token(stack, who) for who in ("ana", "ben")}
    paths = ["/notes?select=body,owner", "/notes?select=owner&order=id", "/notes?body=like.*s&select=owner"]

    def one(number: int) -> Answer:
        who = ("ana", "ben")[number % 2]
        answer = ask(stack, "GET", paths[number % 3], bearer=tokens[who])
        if answer.status == 200:
            assert {row["owner"] for row in answer.body} == {who}
        return answer

    with ThreadPoolExecutor(12) as pool:
        return list(pool.map(one, range(requests)))


def test_everything_works_without_prepared_statements_and_with_a_direct_listener(
    cluster: Cluster, pooler: int, serve: Callable[..., Stack]
) -> None:
    config = f'[rowgate.db]\nprepared_statements = false\nlisten_url = "{cluster.superuser}"\n'
    stack = serve(cluster.url("postgres", "postgres", port=pooler), config=config, migrations=SCHEMA)
    assert [answer.status for answer in crowd(stack, 120)] == [200] * 120
    ana = token(stack, "ana")
    made = ask(stack, "POST", "/notes", [{"body": "1"}, {"body": "2"}], bearer=ana, prefer="return=representation")
    assert [row["owner"] for row in made.body] == ["ana", "ana"]
    # Undone after its result was seen: BEGIN, the write and ROLLBACK must all have met one backend.
    headers = {"accept": "application/vnd.pgrst.object+json"}
    assert ask(stack, "PATCH", "/notes?owner=eq.ana", {"body": "x"}, bearer=ana, **headers).status == 406
    stolen = ask(stack, "POST", "/notes", {"body": "stolen", "owner": "ben"}, bearer=ana)
    assert (stolen.status, stolen.body["code"]) == (403, "42501")
    assert ask(stack, "GET", "/notes?select=nothing", bearer=ana).body["code"] == "42703"
    found = ask(stack, "GET", "/notes?select=body&order=id", bearer=ana)
    assert [row["body"] for row in found.body] == ["ana's", "1", "2"]
    assert ask(stack, "GET", "/notes?select=id", key=stack.keys["SECRET_KEY"]).status == 200

    cluster.execute("create table public.later (id int); grant select on public.later to anon")
    until(lambda: ask(stack, "GET", "/later").status == 200, 5)
    cluster.execute("alter role anon bypassrls")
    until(lambda: ask(stack, "GET", "/later").status == 403, 5)
    cluster.execute("alter role anon nobypassrls")
    until(lambda: ask(stack, "GET", "/later").status == 200, 8)
    assert [answer.status for answer in crowd(stack, 60)] == [200] * 60


def test_prepared_statements_behind_a_pooler_fail_with_the_setting_to_change(
    cluster: Cluster, pooler: int, serve: Callable[..., Stack]
) -> None:
    config = f'[rowgate.db]\nlisten_url = "{cluster.superuser}"\n'
    stack = serve(cluster.url("postgres", "postgres", port=pooler), config=config, migrations=SCHEMA)
    bearer = token(stack, "ana")

    def write(number: int) -> Answer:
        return ask(stack, "POST", "/notes", {"body": f"note {number}"}, bearer=bearer)

    # Writes never share a connection: many at once are spread over the pooler's servers, and come back to other ones.
    with ThreadPoolExecutor(12) as pool:
        failed = [answer for answer in pool.map(write, range(240)) if answer.status != 201]
    assert failed
    # "Does not exist", and never another connection's statement under the same name.
    assert {answer.body["code"] for answer in failed} == {"26000"}
    assert all("prepared_statements = false" in answer.body["hint"] for answer in failed)
