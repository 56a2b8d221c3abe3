"""The SQL of the ten-minute guides runs as printed and does what the text says."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from .asking import Asking
from .conftest import GROUND

GUIDES = Path(__file__).parents[3] / "docs" / "guides"

# The guides speak of these two tables without printing them.
TABLES = """
create table announcements (organization_id text not null, title text);
create table private_notes (body text);
alter table announcements enable row level security;
alter table private_notes enable row level security;
create policy everybody on private_notes to authenticated using (true) with check (true);
"""


@pytest.fixture(scope="module")
def bare_database(postgres_url: str) -> Iterator[str]:
    name = f"guides_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        url = psycopg.conninfo.make_conninfo(postgres_url, dbname=name)
        try:
            with psycopg.connect(url) as connection:
                connection.execute(GROUND + TABLES)
            yield url
        finally:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def follow(bare_database: str) -> Iterator[Any]:
    """Run a guide's SQL from top to bottom; gives the reader's database."""
    with psycopg.connect(bare_database) as connection, connection.transaction(force_rollback=True):

        def run(guide: str) -> Asking:
            blocks = re.findall(r"```sql\n(.*?)```", (GUIDES / guide).read_text(), re.DOTALL)
            assert blocks
            for block in blocks:
                connection.execute(block)
            return Asking(connection)

        yield run


@pytest.mark.parametrize("guide", ["clerk.md", "workos.md"])
def test_a_todo_belongs_to_whoever_added_it(follow: Any, guide: str) -> None:
    asking = follow(guide)
    assert asking.ask({"sub": "user_1"}, "insert into todos (title) values ('x') returning user_id") == [("user_1",)]
    assert asking.ask({"sub": "user_2"}, "select * from todos") == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        asking.ask({"sub": "user_2"}, "insert into todos (title, user_id) values ('x', 'user_1')")


SHAPES = [
    pytest.param("clerk.md", lambda role: {"o": {"id": "org_1", "rol": role}}, id="Clerk v2"),
    pytest.param("clerk.md", lambda role: {"org_id": "org_1", "org_role": f"org:{role}"}, id="Clerk v1"),
    pytest.param("workos.md", lambda role: {"org_id": "org_1", "user_role": role, "role": "x"}, id="WorkOS"),
    pytest.param("workos.md", lambda role: {"org_id": "org_1", "role": role}, id="WorkOS without a template"),
]
ANNOUNCE = "insert into announcements (organization_id, title) values (%s, 'x')"


@pytest.mark.parametrize(("guide", "claims"), SHAPES)
def test_admins_announce_in_their_own_organization_only(follow: Any, guide: str, claims: Any) -> None:
    asking = follow(guide)
    asking.ask(claims("admin"), ANNOUNCE, "org_1")
    for person, organization in ((claims("member"), "org_1"), (claims("admin"), "org_2"), ({}, "org_1")):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            asking.ask(person, ANNOUNCE, organization)


def test_the_second_factor_policy_of_the_clerk_guide(follow: Any) -> None:
    asking = follow("clerk.md")
    asking.ask({"fva": [1, 0]}, "insert into private_notes values ('x')")
    for claims in ({"fva": [1, -1]}, {"fva": None}, {}):
        assert asking.ask(claims, "select * from private_notes") == []
    assert asking.ask({"fva": [1, 5]}, "select * from private_notes") == [("x",)]
