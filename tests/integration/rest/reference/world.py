"""The world of the reference tests: the same rows once as SQL and once as plain Python."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]
Span: TypeAlias = tuple[int, int]  # an int4range, lower bound in, upper bound out

MARK = "☃"
"""Every text a client may send as a value holds it, so that a value in SQL text can be told from a name."""


@dataclass(frozen=True)
class Kind:
    """A column's type: its name in SQL, and how a value is written as a literal and in JSON."""

    name: str
    literal: Callable[[Any], str]
    shown: Callable[[Any], Any]


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def array_literal(words: Iterable[str]) -> str:
    """An array as Postgres spells it, every element in quotes."""
    return "{" + ",".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words) + "}"


def span_literal(span: Span) -> str:
    return f"[{span[0]},{span[1]})"


INT = Kind("int", str, int)
TEXT = Kind('text collate "C"', quoted, str)
BOOL = Kind("boolean", lambda value: str(value).lower(), bool)
NUMERIC = Kind("numeric", str, Decimal)
DATE = Kind("date", lambda value: quoted(value.isoformat()), lambda value: value.isoformat())
WORDS = Kind("text[]", lambda value: quoted(array_literal(value)), list)
SPAN = Kind("int4range", lambda value: quoted(span_literal(value)), span_literal)
DOCUMENT = Kind("jsonb", lambda value: quoted(json.dumps(value)), lambda value: value)
SEARCHED = Kind(
    "tsvector",
    lambda value: f"to_tsvector('simple', {quoted(' '.join(value))})",
    lambda value: " ".join(f"'{word}':{at}" for word, at in sorted((word, at + 1) for at, word in enumerate(value))),
)


@dataclass(frozen=True)
class Link:
    """An embed that may be asked for: where it leads, and which columns meet; `through` is a junction's rows."""

    table: str
    here: str
    there: str
    to_one: bool = False
    through: tuple[str, str, str] | None = None  # junction, its column for here, its column for there


@dataclass(frozen=True)
class Table:
    kinds: Mapping[str, Kind]
    rows: tuple[Row, ...]
    links: Mapping[str, Link]


def _rows(columns: Iterable[str], *rows: tuple[Any, ...]) -> tuple[Row, ...]:
    return tuple(dict(zip(columns, row, strict=True)) for row in rows)


_OWNERS: Mapping[str, Kind] = {"id": INT, "name": TEXT, "born": DATE, "member": BOOL}
_PETS: Mapping[str, Kind] = {
    "id": INT, "owner_id": INT, "name": TEXT, "age": INT, "weight": NUMERIC, "tame": BOOL, "tags": WORDS,
    "awake": SPAN, "doc": DOCUMENT, "words": SEARCHED,
}  # fmt: skip
_TOYS: Mapping[str, Kind] = {"id": INT, "pet_id": INT, "label": TEXT, "price": NUMERIC}
_VETS: Mapping[str, Kind] = {"id": INT, "name": TEXT}
_VISITS: Mapping[str, Kind] = {"pet_id": INT, "vet_id": INT}

WORLD: Mapping[str, Table] = {
    "owners": Table(
        _OWNERS,
        _rows(
            _OWNERS,
            (1, "☃ann", date(1980, 5, 1), True),
            (2, '☃"bo"', date(1999, 12, 31), False),
            (3, "☃c,d(e)", None, None),
            (4, None, date(1980, 5, 1), True),
        ),
        {"pets": Link("pets", "id", "owner_id")},
    ),
    "pets": Table(
        _PETS,
        _rows(
            _PETS,
            (
                1,
                1,
                "☃rex",
                3,
                Decimal("10.50"),
                True,
                ["☃a", "☃b"],
                (1, 5),
                {"kind": "☃big", "n": [1, 2]},
                ["red", "dog"],
            ),
            (2, 1, "☃Rex", 3, Decimal(0), False, ["☃b"], (5, 9), {"kind": "☃small"}, ["blue", "dog"]),
            (3, 2, "☃100%", None, None, None, [], None, {"kind": None}, None),
            (4, 2, "☃a_b", 12, Decimal("-3.25"), True, ['☃"c"', "☃a"], (2, 3), None, ["red"]),
            (5, None, "☃a.b:c", 0, Decimal("10.5"), None, None, (3, 20), {"n": []}, ["cat", "red"]),
            (6, 3, "☃ö ü", 7, Decimal("99999999999.125"), False, ["☃x y"], (5, 6), {"kind": "☃big"}, []),
            (7, 3, "", 7, Decimal(1), True, ["☃"], (-4, 0), {"kind": ""}, ["dog"]),
        ),
        {
            "owners": Link("owners", "owner_id", "id", to_one=True),
            "toys": Link("toys", "id", "pet_id"),
            "vets": Link("vets", "id", "id", through=("visits", "pet_id", "vet_id")),
        },
    ),
    "toys": Table(
        _TOYS,
        _rows(
            _TOYS,
            (1, 1, "☃ball", Decimal(2)),
            (2, 1, "☃bone", Decimal("3.5")),
            (3, 1, "☃ball", None),
            (4, 2, "☃ball", Decimal(1)),
            (5, 6, None, Decimal(2)),
            (6, None, "☃lost", Decimal(7)),
        ),
        {"pets": Link("pets", "pet_id", "id", to_one=True)},
    ),
    "vets": Table(
        _VETS,
        _rows(_VETS, (1, "☃vera"), (2, "☃victor"), (3, None)),
        {"pets": Link("pets", "id", "id", through=("visits", "vet_id", "pet_id"))},
    ),
    "visits": Table(_VISITS, _rows(_VISITS, (1, 1), (1, 2), (2, 1), (4, 2), (7, 1)), {}),
}

CALL = "all_pets"  # a function that returns the rows of pets


def schema() -> str:
    """The world as SQL."""
    statements = [
        'create table owners (id int primary key, name text collate "C", born date, member boolean)',
        """create table pets (
          id int primary key, owner_id int references owners, name text collate "C", age int, weight numeric,
          tame boolean, tags text[], awake int4range, doc jsonb, words tsvector)""",
        """create table toys (
          id int primary key, pet_id int references pets, label text collate "C", price numeric)""",
        'create table vets (id int primary key, name text collate "C")',
        """create table visits (
          pet_id int references pets, vet_id int references vets, primary key (pet_id, vet_id))""",
        f"create function {CALL}() returns setof pets stable language sql as 'select * from pets'",
        "grant select, insert, update, delete on all tables in schema public to authenticated",
    ]
    for name, table in WORLD.items():
        for row in table.rows:
            values = ", ".join(
                "null" if row[column] is None else kind.literal(row[column]) for column, kind in table.kinds.items()
            )
            statements.append(f"insert into {name} values ({values})")
    return ";\n".join(statements)
