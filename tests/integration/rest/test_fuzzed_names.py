"""Names nobody would choose: everything in a catalog can be written, read, embedded and called by its own name."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rowgate.postgres.catalog.introspect import load
from rowgate.postgres.database import Database
from rowgate.postgres.quoting import identifier, qualified
from tests.integration.rest.conftest import made_database, opened
from tests.integration.rest.shop import Client

pytestmark = pytest.mark.anyio

NAME_BYTES = 63  # NAMEDATALEN - 1
KEY_COLUMNS = 32  # INDEX_MAX_KEYS
_LETTERS = "ab \"'\\,.:;!()[]{}*%&=+#?/@$<>|~^-_ÄЖ世😀\t\nselect"


def _short_enough(name: str) -> str:
    return name.encode()[:NAME_BYTES].decode(errors="ignore")


# A column named `*` cannot be told from all columns, not in quotes either: so it is upstream.
NAMES = st.text(_LETTERS, min_size=1, max_size=24).map(_short_enough).filter(lambda name: name != "*")


@dataclass(frozen=True)
class Names:
    """The names of one fuzzed catalog: two tables that refer to each other, and a function."""

    schema: str
    parent: str
    child: str
    key: tuple[str, ...]  # the parent's key columns; the child refers to them by columns of the same names
    text: str
    back: str  # of the child a number, of the parent a reference to it
    constraint: str
    function: str
    argument: str

    @property
    def sql(self) -> str:
        parent, child = qualified(self.schema, self.parent), qualified(self.schema, self.child)
        columns = ", ".join(f"{identifier(name)} int" for name in self.key)
        key, text, back = ", ".join(map(identifier, self.key)), identifier(self.text), identifier(self.back)
        return f"""
        create schema {identifier(self.schema)};
        create table {parent} ({columns}, {text} text, {back} int, primary key ({key}));
        create table {child} ({columns}, {text} text, {back} int unique, primary key ({key}),
          constraint {identifier(self.constraint)} foreign key ({key}) references {parent});
        alter table {parent} add foreign key ({back}) references {child} ({back});
        create function {qualified(self.schema, self.function)}({identifier(self.argument)} text) returns text
          immutable language sql as 'select $1';
        grant usage on schema {identifier(self.schema)} to authenticated;
        grant all on all tables in schema {identifier(self.schema)} to authenticated;
        """


@st.composite
def catalogs(draw: st.DrawFn) -> Names:
    parent, child = draw(st.lists(NAMES, min_size=2, max_size=2, unique=True))
    *key, text, back = draw(st.lists(NAMES, min_size=3, max_size=6, unique=True))
    constraint = draw(NAMES.filter(lambda name: name != back))  # else the hint would name two relationships, a 300
    return Names(draw(NAMES), parent, child, tuple(key), text, back, constraint, draw(NAMES), draw(NAMES))


def quoted(name: str) -> str:
    """A name inside a parameter of the query string, in quotes."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.fixture(scope="session")
def fuzz_url(postgres_url: str) -> Iterator[str]:
    with made_database(postgres_url, "") as url:
        yield url


@pytest.fixture
async def fuzzed(fuzz_url: str, anyio_backend: str) -> AsyncIterator[Database]:
    async with opened(fuzz_url) as made:
        yield made


WIDEST = Names(
    "a" * NAME_BYTES,
    "Ж" * 31,
    "select",
    tuple(f"{n:02} " + "x" * 60 for n in range(KEY_COLUMNS)),
    "**",
    "->>",
    "!",
    ".",
    "*",
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=catalogs())
@example(names=WIDEST)
@example(names=Names("and", "or", "not", ("limit", "order", "offset"), "select", "and", "inner", "rpc", "columns"))
async def test_everything_answers_by_its_own_name(fuzz_url: str, fuzzed: Database, names: Names) -> None:
    async with await psycopg.AsyncConnection.connect(fuzz_url, autocommit=True) as owner:
        await owner.execute(names.sql.encode())
        try:
            catalog = await load(owner, [names.schema], [], secrets.randbelow(10**9))
            client = Client(fuzzed, catalog).under(db_schemas=(names.schema,), db_extra_search_path=())
            await _walk(client, names)
        finally:
            await owner.execute(f"drop schema {identifier(names.schema)} cascade".encode())


async def _walk(client: Client, names: Names) -> None:
    """Write, read, embed both ways, filter, order, replace, merge and call."""
    row: dict[str, Any] = {name: at for at, name in enumerate(names.key)} | {names.text: 'v"a,l.u)e', names.back: None}
    partner = row | {names.back: 7}
    parent, child = (f"/{quote(name, safe='')}" for name in (names.parent, names.child))
    filters = "&".join(f"{quote(quoted(name))}=eq.{row[name]}" for name in names.key)
    select = ",".join(map(quoted, row))
    text, back = quoted(names.text), quoted(names.back)

    for path, new in ((parent, row), (child, partner)):
        got = await client("POST", path, new, prefer="return=representation")
        assert (got.status, got.json) == (201, [new]), got.body.decode()
    got = await client("PATCH", f"{parent}?{filters}", {names.back: 7}, prefer="return=representation")
    row[names.back] = 7
    assert (got.status, got.json) == (200, [row]), got.body.decode()

    kin = f"kin:{quoted(names.child)}!{quoted(names.constraint)}({select})"
    behind = f"behind:{quoted(names.child)}!{back}({text})"
    got = await client("GET", f"{parent}?select={quote(f'{select},{kin},{behind}')}&order={quote(text)}.desc")
    expected = row | {"kin": partner, "behind": {names.text: partner[names.text]}}
    assert (got.status, got.json) == (200, [expected]), got.body.decode()
    got = await client("GET", f"{parent}?{quote(text)}=eq.{quote(row[names.text])}")
    assert (got.status, got.json) == (200, [row]), got.body.decode()
    tree = quote(f"({text}.eq.{quoted(row[names.text])},{back}.is.null)")
    got = await client("GET", f"{parent}?or={tree}&select={quote(f'x:{text}')}")
    assert (got.status, got.json) == (200, [{"x": row[names.text]}]), got.body.decode()

    changed = partner | {names.text: "new"}
    got = await client("PUT", f"{child}?{filters}", changed, prefer="return=representation")
    assert (got.status, got.json) == (200, [changed]), got.body.decode()
    conflict = quote(",".join(map(quoted, names.key)))
    prefer = "resolution=merge-duplicates, return=representation"
    got = await client("POST", f"{child}?on_conflict={conflict}&columns={quote(select)}", [partner], prefer=prefer)
    assert (got.status, got.json) == (200, [partner]), got.body.decode()

    got = await client("POST", f"/rpc/{quote(names.function, safe='')}", {names.argument: "said"})
    assert (got.status, got.json) == (200, "said"), got.body.decode()
