"""A music shop as reflection would give it: enough of every kind of thing that a schema is made of."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from rowgate.graphql.entities import (
    Column,
    EnumKind,
    Function,
    FunctionParameter,
    Graph,
    Kind,
    ListKind,
    Relation,
    Returns,
    Scalar,
    Table,
)
from rowgate.postgres.catalog.records import Volatility

OIDS = {
    "smallint": (21, Scalar.INT),
    "integer": (23, Scalar.INT),
    "bigint": (20, Scalar.BIG_INT),
    "real": (700, Scalar.FLOAT),
    "numeric": (1700, Scalar.BIG_FLOAT),
    "money": (790, Scalar.OPAQUE),
    "text": (25, Scalar.STRING),
    "character varying(40)": (1043, Scalar.STRING),
    "extensions.citext": (90001, Scalar.STRING),
    "name": (19, Scalar.OPAQUE),
    "boolean": (16, Scalar.BOOLEAN),
    "uuid": (2950, Scalar.UUID),
    "date": (1082, Scalar.DATE),
    "time without time zone": (1083, Scalar.TIME),
    "time with time zone": (1266, Scalar.OPAQUE),
    "timestamp with time zone": (1184, Scalar.DATETIME),
    "jsonb": (3802, Scalar.JSON),
    "text[]": (1009, ListKind(Scalar.STRING)),
    "jsonb[]": (3807, ListKind(Scalar.JSON)),
    "point": (600, Scalar.OPAQUE),
}
GENRE = EnumKind("public", "genre", "Genre", (("rock", "ROCK"), ("folk", "FOLK")), mapped=True, introspectable=True)
SECRET = EnumKind("private", "secret", "Secret", (("a", "a"),))


def column(name: str, sql_type: str = "text", position: int = 1, kind: Kind | None = None, **more: object) -> Column:
    """A column of one of `OIDS`' types, or of a kind of one's own. Its field is its name in camel case."""
    oid, known = OIDS.get(sql_type, (90000, None))
    head, *rest = name.split("_")
    made = Column(
        name=name,
        field=head + "".join(part.capitalize() for part in rest),
        kind=kind or known or Scalar.OPAQUE,
        sql_type=sql_type,
        type_oid=oid,
        not_null=False,
        position=position,
    )
    return msgspec.structs.replace(made, **more)


def table(name: str, columns: Iterable[Column], *, key: tuple[str, ...] = ("id",), **more: object) -> Table:
    """A table that may be changed, in `public`, shown by introspection."""
    numbered = tuple(msgspec.structs.replace(each, position=at) for at, each in enumerate(columns, 1))
    made = Table(
        schema="public",
        name=name,
        base="".join(part.capitalize() for part in name.split("_")),
        columns=numbered,
        key=tuple(each for each in numbered if each.name in key),
        insertable=True,
        updatable=True,
        deletable=True,
        inflected=True,
        introspectable=True,
    )
    return msgspec.structs.replace(made, **more)


def function(name: str, returns: Returns, *parameters: FunctionParameter, **more: object) -> Function:
    """A stable function in `public`, shown by introspection."""
    made = Function("public", name, name, parameters, returns, Volatility.STABLE, introspectable=True)
    return msgspec.structs.replace(made, **more)


def value(kind: Kind, sql_type: str = "text") -> Returns:
    """What a function returns: one value."""
    return Returns(kind, None, set_of=False, sql_type=sql_type, type_oid=25)


def rows(name: str, *, set_of: bool = True, one_row: bool = False) -> Returns:
    """What a function returns: rows of a table of `public`."""
    return Returns(None, ("public", name), set_of=set_of, sql_type=name, type_oid=90002, one_row=one_row)


def graph(*tables: Table, **more: object) -> Graph:
    """Some tables, and whatever else is named."""
    made = Graph({each.qualified_name: each for each in tables}, {}, {}, (), (), introspection=True)
    return msgspec.structs.replace(made, **more)


ARTIST = table(
    "artist",
    [
        column("id", "integer", not_null=True, insertable=False, updatable=False),
        column("name", "character varying(40)", not_null=True, max_length=40, description="As on the sleeve"),
        column("born", "date"),
        column("tags", "text[]"),
        column("notes", "jsonb"),
        column("drafts", "jsonb[]"),
        column("secret", "secret", kind=SECRET),
        column("home", "point"),
        column("hidden", selectable=False),
    ],
    description="Who made it",
)
ALBUM = table(
    "album",
    [
        column("id", "uuid", not_null=True),
        column("artist_id", "integer", not_null=True),
        column("genre", "genre", kind=GENRE, not_null=True),
        column("price", "money"),
        column("length", "smallint"),
        column("sold", "bigint"),
        column("rating", "numeric"),
        column("live", "boolean"),
        column("title", "extensions.citext"),
        column("starts", "time with time zone"),
    ],
    total_count=True,
    aggregate=True,
)
SLEEVE = table(
    "sleeve",
    [
        column("id", "integer", not_null=True),
        column("side", "character varying(40)", not_null=True),
    ],
    key=("id", "side"),
    insertable=False,
    updatable=False,
    deletable=False,
)
VAULT = table("vault", [column("id", "integer", not_null=True)], schema="private", introspectable=False)

SHOP = graph(
    ARTIST,
    ALBUM,
    SLEEVE,
    VAULT,
    relations={
        ("public", "artist"): (
            Relation("albumCollection", ("public", "album"), (("id", "artist_id"),), to_one=False),
            Relation("vault", ("private", "vault"), (("id", "id"),), to_one=True),
            Relation("nowhere", ("public", "nowhere"), (("id", "id"),), to_one=True),
        ),
        ("public", "album"): (
            Relation("artist", ("public", "artist"), (("artist_id", "id"),), to_one=True, not_null=True),
        ),
    },
    computed={
        ("public", "artist"): (
            function("initials", value(Scalar.STRING), description="Of the name"),
            function("hits", rows("album")),
            function("best", rows("album", one_row=True)),
            function("lost", rows("nowhere")),
        )
    },
    functions=(
        function(
            "add",
            value(Scalar.INT, "integer"),
            FunctionParameter("a", "a", Scalar.INT, "integer", required=True),
            FunctionParameter("b", "b", Scalar.INT, "integer", required=False, default="2"),
            description="adds",
        ),
        function("charts", rows("album"), FunctionParameter("week", "week", Scalar.INT, "integer", required=True)),
        function("years", value(ListKind(Scalar.INT), "integer[]")),
        function("artistCollection", value(Scalar.INT, "integer")),
        function("press", rows("album", set_of=False), volatility=Volatility.VOLATILE),
        function("internal", value(Scalar.INT, "integer"), introspectable=False),
        function("nowhere", rows("nowhere")),
    ),
    enums=(GENRE, SECRET),
)
