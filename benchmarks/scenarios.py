"""What is measured: the requests of each scenario, its goals, and the best query for it that can be written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True, slots=True)
class Goals:
    """The most that may be spent, as ratios of CPU per request; None where nothing is demanded.

    `postgres` is ours over pgbench's with the same statements, `total` server and Postgres over the same, `peer` all of
    ours over all of @supabase/lite's, `query` our statements over those written by hand, both run by pgbench.
    """

    postgres: float | None = None
    total: float | None = None
    peer: float | None = None
    query: float | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """`ask` gives a user's request number `turn`; `turns` how many different ones there are. `table` is emptied after
    each measurement. `fresh` says that no token is sent twice. pgbench sends the requests of `limit_users`: each is a
    script of its own, and more would measure the preparing of ever more statements."""

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

    @property
    def by_hand(self) -> str | None:
        """The query written by hand, for reads."""
        path = QUERIES / f"{self.name}.sql"
        return path.read_text() if path.exists() else None


LIST = "/todos?select=id,title,done&order=id.desc&limit=10"
EMBED = "/projects?select=id,name,tasks(id,name,comments(id,body))&order=id&limit=5"
WRITTEN = (("Content-Type", "application/json"),)
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
        "new-token",
        "the list of ten, each with a token never seen before",
        lambda user, turn: Ask("GET", LIST),
        Goals(None, 2.5, None),
        fresh=True,
    ),
)
