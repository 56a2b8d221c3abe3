"""Whatever a catalog holds, reflection either says why not or makes a graph whose parts fit one another."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from rowgate.graphql.entities import Graph
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.reflection.naming import is_name
from rowgate.graphql.reflection.reflect import reflect
from rowgate.postgres.catalog.records import (
    Argument,
    Catalog,
    Column,
    Enum,
    ForeignKey,
    Relation,
    RelationKind,
    Routine,
    SearchPath,
    Type,
    TypeCategory,
    Volatility,
)
from rowgate.postgres.catalog.rights import Rights

NAMES = st.sampled_from(["id", "a_b", "ownerId", "owner_id", "_x", "Ärger", "a b", '"', "'", "__", "1st", "first"])
SCHEMAS = st.sampled_from(["public", "other", "away"])
OIDS = st.integers(1, 12)  # few, so that things meet
COMMENTS = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.one_of(NAMES, st.integers(), st.none()),
            "description": st.text(max_size=5),
            "max_rows": st.integers(-1, 3),
            "inflect_names": st.booleans(),
            "introspection": st.booleans(),
            "primary_key_columns": st.lists(NAMES, max_size=2),
            "mappings": st.dictionaries(NAMES, NAMES, max_size=2),
            "local_name": NAMES,
            "totalCount": st.fixed_dictionaries({"enabled": st.booleans()}),
        },
    ).map(lambda found: f"words @graphql({msgspec.json.encode(found).decode()})"),
)
NUMBERS = st.sets(OIDS).map(frozenset)
ALL_OIDS = frozenset(range(1, 13))


@st.composite
def relations(draw: st.DrawFn, schema: str, name: str, oid: int) -> Relation:
    names = draw(st.lists(NAMES, min_size=2, max_size=5, unique=True))
    columns = {
        each: Column(
            each, place, "t", "t", draw(OIDS), True, comment=draw(COMMENTS), serial=draw(st.booleans()),
            not_null=draw(st.booleans()), max_length=draw(st.none() | st.integers(1, 9)),
        )
        for place, each in enumerate(names, 1)
    }  # fmt: skip
    kind = draw(st.sampled_from(RelationKind))
    secured = draw(st.booleans())
    return Relation(schema, name, kind, columns, rls_enabled=secured, comment=draw(COMMENTS), oid=oid, row_type=oid)


@st.composite
def routines(draw: st.DrawFn) -> Routine:
    argument = st.builds(Argument, NAMES | st.just(""), st.integers(1, 4), NAMES)
    arguments = tuple([draw(argument) for _ in range(draw(st.sampled_from([1, 0, 2])))])
    return Routine(
        draw(OIDS),
        draw(st.just("public") | SCHEMAS),
        draw(NAMES),
        arguments,
        draw(OIDS),
        "t",
        draw(st.booleans()),
        draw(st.sampled_from([0.0, 1.0, 1000.0])),
        draw(st.sampled_from(Volatility)),
        draw(st.integers(0, len(arguments))),
        draw(st.sampled_from([None, "1", "NULL::a, 2", "'a,b'::text", ",,"])),
        draw(st.just(True) | st.booleans()),
        draw(COMMENTS),
    )


@st.composite
def paths(draw: st.DrawFn) -> SearchPath:
    pairs = draw(st.lists(st.tuples(st.just("public") | SCHEMAS, NAMES), min_size=1, max_size=4, unique=True))
    made = [draw(relations(schema, name, oid)) for oid, (schema, name) in enumerate(pairs, 1)]
    categories = st.just(TypeCategory.OTHER) | st.sampled_from(TypeCategory)
    references = st.none() | OIDS
    types = st.builds(Type, st.just(0), st.just("public") | SCHEMAS, NAMES, categories, references, references)
    ends = st.sampled_from([each.qualified_name for each in made])
    columns = st.lists(NAMES, min_size=1, max_size=2).map(tuple)
    by_name = {each.qualified_name: each for each in made}
    keys = st.tuples(ends, ends, COMMENTS).flatmap(
        lambda key: st.builds(
            ForeignKey,
            st.just("k"),
            st.just(key[0]),
            st.sampled_from(list(by_name[key[0]].columns)).map(lambda name: (name,)),
            st.just(key[1]),
            st.sampled_from(list(by_name[key[1]].columns)).map(lambda name: (name,)),
            st.just(key[2]),
        )
    )
    enums = st.builds(Enum, OIDS, SCHEMAS, NAMES, st.lists(NAMES, max_size=2).map(tuple), COMMENTS)
    return SearchPath(
        ("public", "other"),
        by_name,
        {oid: replace(draw(types), oid=oid) for oid in ALL_OIDS},
        draw(st.dictionaries(OIDS, enums)),
        tuple(draw(st.lists(keys, max_size=3))),
        tuple(draw(st.lists(routines(), min_size=2, max_size=4))),
        {each.oid: tuple(list(each.columns)[: draw(st.sampled_from([1, 1, 2, 0]))]) for each in made},
        {each.oid: tuple(draw(st.lists(columns, max_size=2))) for each in made},
        draw(st.dictionaries(SCHEMAS, COMMENTS.filter(lambda comment: comment is not None))),
    )


RIGHTS = st.builds(
    Rights,
    st.just(frozenset({"public", "other", "away"})) | st.sets(SCHEMAS).map(frozenset),
    st.just(dict.fromkeys(ALL_OIDS, 15)) | st.dictionaries(OIDS, st.integers(0, 15)),
    st.dictionaries(st.tuples(OIDS, st.integers(1, 4)), st.integers(0, 7)),
    st.just(ALL_OIDS) | NUMBERS,
    st.just(frozenset()) | NUMBERS,
)


@settings(max_examples=100, deadline=None)
@given(paths(), RIGHTS)
def test_a_graph_fits_together(path: SearchPath, rights: Rights) -> None:
    try:
        graph = reflect(Catalog(1, 180000, (), {}, {}, {}, {}, path=path), rights)
    except GraphQLError:
        return
    for name, table in graph.tables.items():
        assert name == table.qualified_name
        assert table.schema in rights.schemas & {"public", "other"}
        assert is_name(table.base)
        assert table.key
        assert set(table.key) <= set(table.columns)
        assert any(column.selectable for column in table.columns)
    _relations_lead_somewhere(graph)
    rows = {**graph.tables, **graph.keyless}
    assert len(rows) == len(graph.tables) + len(graph.keyless)
    for functions in (graph.functions, *graph.computed.values()):
        for function in functions:
            assert is_name(function.field)
            assert (function.returns.kind is None) != (function.returns.table is None)
            assert function.returns.table is None or function.returns.table in rows
    assert graph.computed.keys() <= rows.keys()
    assert all(each.parameters == () for several in graph.computed.values() for each in several)


def _relations_lead_somewhere(graph: Graph) -> None:
    readable = {name: {each.name for each in table.columns if each.selectable} for name, table in graph.tables.items()}
    for source, several in graph.relations.items():
        for relation in several:
            assert relation.to_one or not relation.not_null
            assert {here for here, _ in relation.join} <= readable[source]
            assert {there for _, there in relation.join} <= readable[relation.target]
