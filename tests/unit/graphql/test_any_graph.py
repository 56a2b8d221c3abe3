"""Whatever reflection finds, the schema holds together, and clients can build theirs from what they are shown."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import build_client_schema, get_introspection_query
from hypothesis import given, settings
from hypothesis import strategies as st

from rowgate.graphql.definition.define import schema_of
from rowgate.graphql.entities import (
    Column,
    EnumKind,
    Function,
    FunctionParameter,
    Graph,
    ListKind,
    Relation,
    Returns,
    Scalar,
    Table,
)
from rowgate.graphql.schema import InputType, InterfaceType, NamedType, ObjectType, TypeRef, named
from rowgate.postgres.catalog.records import Volatility
from tests.unit.graphql.graphs import OIDS, column, table
from tests.unit.graphql.test_introspection import ask

STANDARD = get_introspection_query(schema_description=True, input_value_deprecation=True, specified_by_url=True)
# Among them what is taken already, what a suffix makes of another, and what a filter means something else by.
NAMES = ("user", "userFilter", "Int", "Query", "Node", "node", "and", "nodeId", "_x", "FilterIs", "users", "__type")
names = st.sampled_from(NAMES)
flags = st.booleans()
schemas = st.sampled_from(("public", "private"))

enums = st.builds(EnumKind, schemas, names, names, st.just((("a", "A"),)), introspectable=flags)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Tables, enums and functions of few names, which meet each other in every way."""
    kinds = draw(st.lists(enums, max_size=3))

    def any_column(name: str) -> Column:
        kind = draw(st.sampled_from([None, *kinds, *(ListKind(kind) for kind in kinds)]))
        sql_type = draw(st.sampled_from(list(OIDS))) if kind is None else "x"
        return column(
            name,
            sql_type,
            kind=kind,
            not_null=draw(flags),
            selectable=draw(flags),
            insertable=draw(flags),
            updatable=draw(flags),
            named=draw(flags),
            composite=draw(flags),
        )

    def any_table() -> Table:
        columns = [any_column(name) for name in draw(st.lists(names, max_size=4, unique=True))]
        return table(
            draw(names),
            [column("id", draw(st.sampled_from(["integer", "jsonb", "text"]))), *columns],
            key=draw(st.sampled_from([("id",), ("id",), ()])),
            schema=draw(schemas),
            base=draw(names),
            insertable=draw(flags),
            updatable=draw(flags),
            deletable=draw(flags),
            readable=draw(flags),
            total_count=draw(flags),
            aggregate=draw(flags),
            introspectable=draw(flags),
        )

    tables = list(
        {each.qualified_name: each for each in (any_table() for _ in range(draw(st.integers(0, 4))))}.values()
    )
    anywhere = st.sampled_from([*(each.qualified_name for each in tables), ("public", "nowhere")])

    def any_function(parameters: int) -> Function:
        rows = draw(flags)
        returns = Returns(
            None if rows else draw(st.sampled_from([*Scalar, *kinds, ListKind(Scalar.INT)])),
            draw(anywhere) if rows else None,
            rows and draw(flags),
            "x",
            1,
            draw(flags),
        )
        taken = tuple(
            FunctionParameter(name, name, draw(st.sampled_from(list(Scalar))), "x", draw(flags))
            for name in draw(st.lists(names, max_size=parameters, unique=True))
        )
        volatility = draw(st.sampled_from(list(Volatility)))
        return Function("public", "f", draw(names), taken, returns, volatility, introspectable=draw(flags))

    keyed = st.sampled_from([*(each.qualified_name for each in tables if each.key), ("public", "nowhere")])
    relations = st.builds(Relation, names, keyed, st.just((("id", "id"),)), to_one=flags, not_null=st.just(False))
    return Graph(
        {each.qualified_name: each for each in tables if each.key},
        {each.qualified_name: tuple(draw(st.lists(relations, max_size=3))) for each in tables},
        {each.qualified_name: tuple(any_function(0) for _ in range(draw(st.integers(0, 2)))) for each in tables},
        tuple(any_function(2) for _ in range(draw(st.integers(0, 3)))),
        tuple(kinds),
        introspection=draw(flags),
        keyless={each.qualified_name: each for each in tables if not each.key},
    )


def references(made: NamedType) -> Iterator[TypeRef]:
    """Every type that another one's fields and arguments have."""
    if isinstance(made, ObjectType | InterfaceType):
        for field in made.fields.values():
            yield field.type
            yield from (argument.type for argument in field.arguments.values())
    elif isinstance(made, InputType):
        yield from (field.type for field in made.fields.values())


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_every_type_that_something_refers_to_is_there(graph: Graph) -> None:
    schema = schema_of(graph, 1)
    for name in schema.types:
        made = schema.types[name]
        assert made.name == name
        for reference in references(made):
            assert named(reference) in schema.types, (name, reference)
    assert all(table.base in schema.types for table in schema.tables.values())


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_clients_build_their_schema_from_what_they_are_shown(graph: Graph) -> None:
    schema = schema_of(graph, 1)
    if schema.shown is not None:
        build_client_schema({"__schema": ask(STANDARD, schema)})
