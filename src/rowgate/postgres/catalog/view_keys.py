"""Keys seen through views: which columns of a view are which columns of which table.

Postgres keeps a view as a parsed query (pg_rewrite.ev_action, a node tree as text). Each entry of its target list
says where its column comes from: `:resorigtbl` and `:resorigcol`, also through joins, subqueries and CTEs. A view
over a view names the view, so those are followed. Expressions come from nowhere, and so do the columns of a UNION.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product

from rowgate.postgres.catalog.keys import Keys, TableColumns
from rowgate.postgres.catalog.records import QualifiedName
from rowgate.postgres.catalog.relations import Row

VIEWS_SQL = """
select c.oid::int8, n.nspname, c.relname, w.ev_action::text,
       array(select a.attnum::int4 from pg_catalog.pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 order by a.attnum),
       array(select a.attname::text from pg_catalog.pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 order by a.attnum)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_rewrite w on w.ev_class = c.oid and w.rulename = '_RETURN'
where c.relkind in ('v', 'm') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_(catalog|toast|temp)'
order by n.nspname, c.relname
"""

MAX_READINGS = 16
"""A view may show a key's column several times; each combination is one more way to read the key, and a key of 32
columns shown twice has 2^32 of them."""

MAX_VIEW_DEPTH = 100  # views over views

# Outside of a token's backslash escapes, braces are structure.
_TOKEN = re.compile(
    r"\\.|[{}]|:resno (\d+) :resname (?:\\.|[^ \\])+ :ressortgroupref \d+ :resorigtbl (\d+) :resorigcol (-?\d+) "
    r":resjunk (true|false)",
    re.DOTALL,
)
_TARGET_DEPTH = 2  # ({QUERY … :targetList ({TARGETENTRY …}


@dataclass(frozen=True, slots=True)
class View:
    """A view and its columns' names by where they come from: (table oid, column number)."""

    oid: int
    name: QualifiedName
    shows: dict[tuple[int, int], list[str]]

    @property
    def tables(self) -> tuple[int, ...]:
        """The oids of the tables it shows columns of, in the order of its columns."""
        return tuple(dict.fromkeys(table for table, _ in self.shows))


def target_origins(ev_action: str) -> dict[int, tuple[int, int]]:
    """Origins by column number, from the outermost target list of a view's query."""
    origins: dict[int, tuple[int, int]] = {}
    depth = 0
    for match in _TOKEN.finditer(ev_action):
        piece = match.group()
        if piece == "{":
            depth += 1
        elif piece == "}":
            depth -= 1
        elif match.lastindex and depth == _TARGET_DEPTH:
            number, table, column, junk = match.groups()
            if junk == "false" and table != "0":
                origins[int(number)] = (int(table), int(column))
    return origins


def build_views(rows: list[Row]) -> list[View]:
    """Views with origins followed down to tables."""
    names: dict[int, tuple[QualifiedName, dict[int, str]]] = {}
    direct: dict[int, dict[int, tuple[int, int]]] = {}
    for oid, schema, name, ev_action, numbers, columns in rows:
        names[oid] = ((schema, name), dict(zip(numbers, columns, strict=True)))
        direct[oid] = target_origins(ev_action)
    views = []
    for oid, (name, columns) in names.items():
        shows: dict[tuple[int, int], list[str]] = {}
        for number, origin in direct[oid].items():
            table = _followed(origin, direct)
            if table is not None and number in columns:
                shows.setdefault(table, []).append(columns[number])
        views.append(View(oid, name, shows))
    return views


def readings(view: View, key: TableColumns) -> Iterator[tuple[str, ...]]:
    """The view's column names for a key's columns, in the key's order, for every way the view shows the whole key."""
    shown: list[list[str]] = []
    for number in key.numbers:
        names = view.shows.get((key.oid, number))
        if names is None:
            return
        shown.append(names)
    yield from islice(product(*shown), MAX_READINGS)


def primary_key_names(keys: Keys, views: list[View]) -> dict[int, tuple[str, ...]]:
    """Primary key columns by oid, sorted as PostgREST lists them; a view has those of every table it shows whole."""
    found = {oid: tuple(sorted(key.names)) for oid, key in keys.primary.items()}
    for view in views:
        inherited: list[str] = []
        for oid in view.tables:
            if (key := keys.primary.get(oid)) and (names := next(readings(view, key), None)):
                inherited.extend(names)
        if inherited:
            found[view.oid] = tuple(inherited)
    return found


def _followed(origin: tuple[int, int], direct: dict[int, dict[int, tuple[int, int]]]) -> tuple[int, int] | None:
    """The table's column behind an origin, or None where a view in between computes it."""
    for _ in range(MAX_VIEW_DEPTH):
        table, column = origin
        if table not in direct:
            return origin
        if column not in direct[table]:
            return None
        origin = direct[table][column]
    return None
