"""What is measured: the requests of each scenario, its goals, and the best query for it that can be written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from graphql import get_introspection_query

USERS = 100
QUERIES = Path(__file__).with_name("queries")
SINGLE = "application/vnd.pgrst.object+json"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: `target` is path and query below the service's prefix; `parameters` are those of the query written
    by hand."""

    method: str
    target: str
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    parameters: tuple[str, ...] = ()
    service: str = "rest"


@dataclass(frozen=True, slots=True)
class Goals:
    """The most that may be spent, as ratios of CPU per request; None where nothing is demanded.

    `postgres` is ours over pgbench's with the same statements, `total` server and Postgres over the same, `peer` all of
    ours over all of @supabase/lite's, `query` our statements over those written by hand, both run by pgbench. `hand` is
    Postgres under our server over pgbench's with the query by hand, `server` our server over its own in `list`.
    """

    postgres: float | None = None
    total: float | None = None
    peer: float | None = None
    query: float | None = None
    hand: float | None = None
    server: float | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """`ask` gives a user's request number `turn`; `turns` how many different ones there are. `table` is emptied after
    each measurement. `fresh` says that no token is sent twice. pgbench sends the requests of `limit_users`: each is a
    script of its own, and more would measure the preparing of ever more statements. `asks_postgres` is false where the
    server answers by itself."""

    name: str
    words: str
    ask: Callable[[int, int], Ask]
    goals: Goals
    turns: int = 1
    users: int = USERS
    limit_users: int = 4
    connections: tuple[int, ...] = (16,)
    workers: tuple[int, ...] = (1,)
    table: str = ""
    fresh: bool = False
    asks_postgres: bool = True

    @property
    def by_hand(self) -> str | None:
        """The best query that can be written by hand."""
        return _query(self.name)

    @property
    def counted(self) -> str | None:
        """The same with the count of all that match joined to every list, asked for or not, as pg_graphql does."""
        return _query(f"{self.name}-counted")

    @property
    def service(self) -> str:
        """Whom it asks: `rest` or `graphql`."""
        return self.ask(0, 0).service


def _query(name: str) -> str | None:
    path = QUERIES / f"{name}.sql"
    return path.read_text() if path.exists() else None


LIST = "/todos?select=id,title,done&order=id.desc&limit=10"
EMBED = "/projects?select=id,name,tasks(id,name,comments(id,body))&order=id&limit=5"
WRITTEN = (("Content-Type", "application/json"),)
FIRST = "query First($first: Int) { jobsCollection(first: $first) { edges { node { id name } } } }"
FEW_CHILDREN = """query Orders { ordersCollection(first: 30) { edges { node {
  id placed_at itemsCollection(first: 5) { edges { node { id name } } } } } } }"""
MANY_CHILDREN = """query Feeds { feedsCollection(first: 30) { edges { node {
  id name postsCollection(first: 5) { edges { node { id title } } } } } } }"""
LEVELS = """query Projects { projectsCollection(first: 5) { edges { node {
  id name tasksCollection { edges { node {
    id name commentsCollection { edges { node { id body } } } } } } } } } }"""
INSERT = """mutation Note($title: String!) { insertIntonotesCollection(objects: [{title: $title, done: false}]) {
  affectedCount records { id title done } } }"""
MINIMAL = (*WRITTEN, ("Prefer", "return=minimal"))
REPRESENTED = (*WRITTEN, ("Prefer", "return=representation"))
MERGED = (*WRITTEN, ("Prefer", "resolution=merge-duplicates,return=minimal"))
NOTE = json.dumps({"title": "a new note", "done": False})
NOTES = json.dumps([{"title": f"note number {number}", "done": number % 2 == 0} for number in range(1000)])


def _own(user: int, turn: int) -> int:
    """The id of a todo of the user's: ids count up through the users."""
    return user + USERS * turn if user else USERS * (turn + 1)


def _place(user: int, turn: int) -> str:
    return json.dumps({"id": user + USERS * turn, "user_id": f"user_{user}", "name": f"place {turn}", "visits": turn})


def _asks_graphql(query: str, variables: dict[str, object] | None = None) -> Ask:
    body = {"query": query} if variables is None else {"query": query, "variables": variables}
    return Ask("POST", "", json.dumps(body), WRITTEN, service="graphql")


GRAPHQL = Goals(hand=1.25, server=1.1)
SCENARIOS = (
    Scenario(
        "list",
        "ten rows of one user out of 100,000, newest first",
        lambda user, turn: Ask("GET", LIST),
        Goals(1.15, 1.8, 0.15, 1.1),
        connections=(1, 16, 64),
        workers=(1, 2),
    ),
    Scenario(
        "list-1000",
        "a thousand rows, 60 kB",
        lambda user, turn: Ask("GET", "/todos?select=id,title,done&limit=1000"),
        Goals(1.15, 1.4, 0.40, 1.1),
    ),
    Scenario(
        "primary-key",
        "one row by its primary key, another each time",
        lambda user, turn: Ask(
            "GET", f"/todos?select=id,title,done&id=eq.{_own(user, turn)}", parameters=(str(_own(user, turn)),)
        ),
        Goals(1.35, 3.3, 0.12, 1.1),
        turns=50,
    ),
    Scenario(
        "embed",
        "five projects, their tasks, and the comments on those",
        lambda user, turn: Ask("GET", EMBED),
        Goals(1.15, 1.9, None, 1.1),
    ),
    Scenario(
        "count",
        "one row of those that match, and their exact number",
        lambda user, turn: Ask(
            "GET", "/todos?select=id,title&done=is.true&limit=1", headers=(("Prefer", "count=exact"),)
        ),
        Goals(1.15, 1.4, None, 1.1),
    ),
    Scenario(
        "skewed",
        "ten rows of 100 among 1,000,000 by a filter, in turn with ten of the million",
        lambda user, turn: Ask(
            "GET",
            f"/jobs?select=id,name&status=eq.{('open', 'done')[turn % 2]}&order=id&limit=10",
            parameters=(("open", "done")[turn % 2],),
        ),
        Goals(None, None, None, 1.1),
        turns=2,
    ),
    Scenario(
        "insert",
        "one row, nothing returned",
        lambda user, turn: Ask("POST", "/notes", NOTE, MINIMAL),
        Goals(1.35, 2.9, 0.12),
        table="notes",
    ),
    Scenario(
        "insert-returning",
        "one row, and its representation",
        lambda user, turn: Ask("POST", "/notes", NOTE, REPRESENTED),
        Goals(1.35, 2.9, 0.12),
        table="notes",
    ),
    Scenario(
        "bulk-insert",
        "a thousand rows in one request",
        lambda user, turn: Ask("POST", "/notes", NOTES, MINIMAL),
        Goals(1.05, 1.15, 0.45),
        users=16,
        table="notes",
    ),
    Scenario(
        "upsert",
        "one row, new the first time and merged from then on",
        lambda user, turn: Ask("POST", "/places", _place(user, turn), MERGED),
        Goals(1.35, None, None),
        turns=10,
        limit_users=16,  # fewer would wait for each other's row
        table="places",
    ),
    Scenario(
        "rpc",
        "a function of two integers",
        lambda user, turn: Ask("POST", "/rpc/add", json.dumps({"a": user, "b": turn}), WRITTEN),
        Goals(1.35, None, None),
        turns=10,
    ),
    Scenario(
        "graphql-first",
        "GraphQL: the first ten of 1,000,000 rows",
        lambda user, turn: _asks_graphql(FIRST, {"first": 10}),
        GRAPHQL,
    ),
    Scenario(
        "graphql-few-children",
        "GraphQL: thirty parents of 10,000, five of the ten children of each",
        lambda user, turn: _asks_graphql(FEW_CHILDREN),
        GRAPHQL,
    ),
    Scenario(
        "graphql-many-children",
        "GraphQL: thirty parents, five of the 5,000 children of each",
        lambda user, turn: _asks_graphql(MANY_CHILDREN),
        GRAPHQL,
    ),
    Scenario(
        "graphql-levels",
        "GraphQL: five projects, their tasks, and the comments on those",
        lambda user, turn: _asks_graphql(LEVELS),
        GRAPHQL,
    ),
    Scenario(
        "graphql-insert",
        "GraphQL: one row, and its record",
        lambda user, turn: _asks_graphql(INSERT, {"title": "a new note"}),
        Goals(hand=1.25),
        table="notes",
    ),
    Scenario(
        "graphql-introspection",
        "GraphQL: the introspection query of graphql-js",
        lambda user, turn: _asks_graphql(get_introspection_query()),
        Goals(server=1.1),
        asks_postgres=False,
    ),
    Scenario(
        "new-token",
        "the list of ten, each with a token never seen before",
        lambda user, turn: Ask("GET", LIST),
        Goals(None, 2.5, None),
        fresh=True,
    ),
)
