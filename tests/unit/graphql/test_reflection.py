"""The rules of reflection, one by one, over catalogs made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from rowgate.graphql.entities import EnumKind, Function, Graph, Kind, ListKind, Scalar
from rowgate.graphql.errors import GraphQLError
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
from rowgate.postgres.catalog.rights import DELETE, INSERT, SELECT, UPDATE, Rights

ALL = SELECT | INSERT | UPDATE | DELETE
INT, TEXT, VARCHAR, VOID, INTS, FLOAT, BOOL, INT8 = 23, 25, 1043, 2278, 1007, 701, 16, 20
MOOD, MOODS, MOODY, SIZE, SIZES, CITEXT, EMAIL, WORDS, FAR = range(5000, 5009)
ROW = 9000  # and the table's oid: its row type


def plain(oid: int, name: str = "x", category: TypeCategory = TypeCategory.OTHER, **further: Any) -> Type:
    return Type(oid, further.pop("schema", "pg_catalog"), name, category, **further)


TYPES = {
    each.oid: each
    for each in (
        *[plain(oid) for oid in (INT, TEXT, VARCHAR, FLOAT, BOOL, INT8)],
        plain(VOID, "void", TypeCategory.PSEUDO),
        plain(INTS, "_int4", TypeCategory.ARRAY, element=INT),
        plain(MOOD, "mood", TypeCategory.ENUM, schema="public"),
        plain(MOODS, "_mood", TypeCategory.ARRAY, element=MOOD, schema="public"),
        plain(MOODY, "moody", TypeCategory.ENUM, schema="public"),  # a domain over it
        plain(SIZE, "size", TypeCategory.COMPOSITE, schema="public"),
        plain(SIZES, "_size", TypeCategory.ARRAY, element=SIZE, schema="public"),
        plain(CITEXT, "citext", schema="extensions"),
        plain(EMAIL, "email", schema="public"),  # a domain over text
        plain(WORDS, "words", TypeCategory.ARRAY, element=None, schema="public"),
        plain(FAR, "far", schema="away"),
    )
}


def column(name: str, of: int = INT, **further: Any) -> Column:
    position = further.pop("position", 0)
    return Column(name, position, f"type {of}", f"type {of}", of, True, **further)


def relation(oid: int, name: str, *columns: Column, **further: Any) -> Relation:
    numbered = {each.name: replace(each, position=place) for place, each in enumerate(columns, 1)}
    given = {"primary_key": (columns[0].name,), "kind": RelationKind.TABLE, "schema": "public"} | further
    return Relation(name=name, columns=numbered, oid=oid, row_type=ROW + oid, **given)


_OIDS = count(7000)


def routine(name: str, returns: int, *arguments: tuple[str, int], **further: Any) -> Routine:
    given = {"schema": "public", "set_of": False, "rows": 0.0, "volatility": Volatility.STABLE} | further
    made = tuple([Argument(argument, oid, f"type {oid}") for argument, oid in arguments])
    return Routine(next(_OIDS), name=name, arguments=made, returns=returns, return_type=f"type {returns}", **given)


def reflected(
    *relations: Relation,
    rights: Rights | None = None,
    comment: str | None = None,
    types: Mapping[int, Type] = {},
    **further: Any,
) -> Graph:
    """`further` are entries of the search path. Without `rights` the role may do everything but use `away`."""
    routines: tuple[Routine, ...] = further.get("routines", ())
    rows = {
        each.row_type: plain(each.row_type, each.name, TypeCategory.ROW, schema=each.schema, relation=each.oid)
        for each in relations
    }
    path = SearchPath(
        ("public", "other"),
        {each.qualified_name: each for each in relations},
        {**TYPES, **rows, **types},
        primary={each.oid: each.primary_key for each in relations if each.kind is RelationKind.TABLE},
        comments={} if comment is None else {"public": comment},
        **further,
    )
    rights = rights or Rights(
        frozenset({"public", "other", "pg_catalog", "extensions"}),
        {each.oid: ALL for each in relations},
        {},
        frozenset(each.oid for each in routines),
    )
    return reflect(Catalog(1, 180000, (), {}, {}, {}, {}, path=path), rights)


THING = relation(1, "thing", column("id"))


@pytest.mark.parametrize("base", ["two words", "1st", "dash-ed", "é"])
def test_a_table_that_graphql_cannot_spell_is_left_out(base: str) -> None:
    assert not reflected(relation(1, base, column("id"))).tables
    named = relation(1, base, column("id"), comment='@graphql({"name": "Fine"})')
    assert [each.base for each in reflected(named).tables.values()] == ["Fine"]


def test_a_table_needs_a_key_that_is_its_own() -> None:
    declared = '@graphql({"primary_key_columns": ["b", "a"]})'
    without = {"primary_key": ()}
    assert not reflected(relation(1, "t", column("a"), **without)).tables
    assert not reflected(relation(1, "v", column("a"), kind=RelationKind.VIEW)).tables  # REST lets it inherit one
    assert not reflected(relation(1, "t", column("a"), comment=declared, **without)).tables  # no column b
    assert not reflected(relation(1, "p", column("a"), kind=RelationKind.PARTITIONED_TABLE)).tables
    for kind in (RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW, RelationKind.FOREIGN_TABLE, RelationKind.TABLE):
        graph = reflected(relation(1, "t", column("a"), column("b"), kind=kind, comment=declared, **without))
        assert [each.name for each in graph.tables["public", "t"].key] == ["b", "a"]
    real = reflected(relation(1, "t", column("a"), column("b"), comment=declared)).tables["public", "t"]
    assert [each.name for each in real.key] == ["a"]


def test_without_a_key_a_row_is_only_what_a_function_of_a_row_gives() -> None:
    view = relation(2, "v", column("a"), kind=RelationKind.VIEW)
    graph = reflected(
        THING,
        view,
        routines=(
            routine("one", ROW + 2, ("t", ROW + 1)),
            routine("length", INT, ("v", ROW + 2)),
        ),
    )
    assert list(graph.tables) == [("public", "thing")]
    assert list(graph.keyless) == [("public", "v")]
    assert [each.field for each in graph.computed["public", "thing"]] == ["one"]
    assert [each.field for each in graph.computed["public", "v"]] == ["length"]


def test_what_the_role_may_not_read_any_of_is_left_out() -> None:
    two = relation(2, "two", column("id"), column("name"))
    schemas = frozenset({"public", "pg_catalog"})
    rights = Rights(schemas, {1: INSERT, 2: DELETE}, {(2, 2): SELECT | UPDATE})
    graph = reflected(THING, two, rights=rights)
    (table,) = graph.tables.values()
    assert (table.base, table.insertable, table.updatable, table.deletable, table.readable) == (
        ("two", False, True, True, False)
    )
    assert [each.selectable for each in table.columns] == [False, True]
    assert not reflected(THING, rights=Rights(frozenset({"other"}), {1: ALL})).tables


@pytest.mark.parametrize(
    ("of", "kind"),
    [
        (INT, Scalar.INT),
        (INT8, Scalar.BIG_INT),
        (CITEXT, Scalar.STRING),
        (EMAIL, Scalar.OPAQUE),
        (INTS, ListKind(Scalar.INT)),
        (MOODY, Scalar.OPAQUE),
        (MOOD, EnumKind("public", "mood", "mood", (("a", "a"),))),
        (MOODS, ListKind(EnumKind("public", "mood", "mood", (("a", "a"),)))),
        (SIZE, None),
        (SIZES, None),
        (WORDS, None),
        (FAR, None),
        (404, None),
    ],
)
def test_types_are_known_by_their_oid_and_category(of: int, kind: Kind | None) -> None:
    graph = reflected(
        relation(1, "t", column("id"), column("c", of)), enums={MOOD: Enum(MOOD, "public", "mood", ("a",))}
    )
    made = graph.tables["public", "t"].columns[1]
    assert (made.kind, made.composite) == (Scalar.OPAQUE if kind is None else kind, kind is None)


def test_an_array_of_what_the_role_knows_not_is_one_of_opaque_values() -> None:
    far = {6000: plain(6000, "_far", TypeCategory.ARRAY, element=FAR)}
    graph = reflected(relation(1, "t", column("id"), column("c", 6000)), types=far)
    assert graph.tables["public", "t"].columns[1].kind == ListKind(Scalar.OPAQUE)


def test_a_type_that_the_role_may_not_use_is_opaque_and_its_arrays_are_none() -> None:
    rights = Rights(frozenset({"public", "pg_catalog"}), {1: ALL}, forbidden_types=frozenset({MOOD}))
    t = relation(1, "t", column("id"), column("c", MOOD), column("d", MOODS))
    graph = reflected(t, rights=rights, enums={MOOD: Enum(MOOD, "public", "mood", ("a",))})
    _, c, d = graph.tables["public", "t"].columns
    assert (c.kind, c.composite, d.composite, graph.enums) == (Scalar.OPAQUE, False, True, ())


def test_only_types_that_are_written_with_a_length_have_one() -> None:
    t = relation(1, "t", column("id"), column("c", VARCHAR, max_length=3), column("d", EMAIL, max_length=3))
    assert [each.max_length for each in reflected(t).tables["public", "t"].columns] == [None, 3, None]


def test_max_rows_are_the_tables_then_the_schemas_then_thirty() -> None:
    own = relation(2, "own", column("id"), comment='@graphql({"max_rows": 5})')
    other = relation(3, "far", column("id"), schema="other")
    graph = reflected(THING, own, other, comment='@graphql({"max_rows": 9})')
    assert [each.max_rows for each in graph.tables.values()] == [9, 5, 30]


def key(source: str, columns: tuple[str, ...], target: str, comment: str | None = None) -> ForeignKey:
    return ForeignKey("k", ("public", source), columns, ("public", target), ("id",) * len(columns), comment)


def fields(graph: Graph, table: str) -> list[tuple[str, bool, bool]]:
    return [(each.field, each.to_one, each.not_null) for each in graph.relations.get(("public", table), ())]


CHILD = relation(2, "child", column("id"), column("thingId", not_null=True), column("otherId"))


def test_a_key_of_a_table_to_itself_is_there_twice() -> None:
    tree = relation(1, "tree", column("id"), column("parentId"))
    graph = reflected(tree, foreign_keys=(key("tree", ("parentId",), "tree"),))
    assert fields(graph, "tree") == [("parent", True, False), ("treeCollection", False, False)]


@pytest.mark.parametrize(
    ("unique", "to_one"),
    [
        ((("thingId",),), True),
        ((("thingId", "otherId"),), False),
        ((("otherId",), ("thingId",)), True),
        ((("id",),), False),
        ((), False),
    ],
)
def test_a_unique_index_within_the_keys_columns_makes_it_one_to_one(
    unique: tuple[tuple[str, ...], ...], to_one: bool
) -> None:
    graph = reflected(THING, CHILD, foreign_keys=(key("child", ("thingId",), "thing"),), unique={2: unique})
    name = "child" if to_one else "childCollection"
    assert fields(graph, "thing") == [(name, to_one, False)]


def test_row_level_security_of_the_other_table_makes_a_relation_nullable() -> None:
    keys = (key("child", ("thingId",), "thing"), key("child", ("otherId",), "thing"))
    assert fields(reflected(THING, CHILD, foreign_keys=keys), "child") == [
        ("thing", True, True),
        ("other", True, False),
    ]
    secured = reflected(replace(THING, rls_enabled=True), CHILD, foreign_keys=keys)
    assert fields(secured, "child") == [("thing", True, False), ("other", True, False)]
    own = reflected(THING, replace(CHILD, rls_enabled=True), foreign_keys=keys)
    assert fields(own, "child") == [("thing", True, True), ("other", True, False)]


def test_of_a_key_in_a_comment_it_is_that_of_the_table_itself() -> None:
    entry = (
        '"local_columns": ["thingId"], "foreign_schema": "public", "foreign_table": "thing", "foreign_columns": ["id"]'
    )
    declared = replace(CHILD, comment=f'@graphql({{"foreign_keys": [{{{entry}}}]}})')
    assert fields(reflected(replace(THING, rls_enabled=True), declared), "child") == [("thing", True, True)]
    assert fields(reflected(THING, replace(declared, rls_enabled=True)), "child") == [("thing", True, False)]


@pytest.mark.parametrize(
    "entry",
    [
        '"local_columns": ["nope"], "foreign_table": "thing", "foreign_columns": ["id"]',
        '"local_columns": ["thingId"], "foreign_table": "thing", "foreign_columns": ["nope"]',
        '"local_columns": ["thingId"], "foreign_table": "nope", "foreign_columns": ["id"]',
        '"local_columns": ["thingId", "id"], "foreign_table": "thing", "foreign_columns": ["id"]',
    ],
)
def test_a_key_in_a_comment_that_leads_nowhere_is_none(entry: str) -> None:
    declared = replace(CHILD, comment=f'@graphql({{"foreign_keys": [{{"foreign_schema": "public", {entry}}}]}})')
    assert not reflected(THING, declared).relations


def test_a_key_needs_all_its_columns_readable_and_both_tables_seen() -> None:
    keys = (key("child", ("thingId",), "thing"),)
    schemas = frozenset({"public", "pg_catalog"})
    assert not reflected(THING, CHILD, foreign_keys=keys, rights=Rights(schemas, {1: ALL}, {(2, 1): SELECT})).relations
    assert reflected(THING, CHILD, foreign_keys=keys, rights=Rights(schemas, {1: ALL}, {(2, 2): SELECT})).relations
    keyless = relation(1, "thing", column("id"), primary_key=())
    assert not reflected(keyless, CHILD, foreign_keys=keys).relations


def roots(*routines: Routine, **further: Any) -> tuple[Function, ...]:
    return reflected(THING, routines=routines, **further).functions


@pytest.mark.parametrize(
    "made",
    [
        routine("f", VOID),
        routine("f", MOOD),
        routine("f", SIZE),
        routine("f", SIZES),
        routine("f", MOODS),
        routine("f", FAR),
        routine("f", INT, set_of=True, rows=1000),
        routine("f", INT, ("", INT)),
        routine("f", INT, ("a", MOOD)),
        routine("f", INT, ("a", MOODS)),
        routine("f", INT, ("a", SIZE)),
        routine("f", INT, ("a", VOID)),
        routine("f", INT, ("a", FAR)),
        routine("f", INT, ("a", ROW + 1), ("b", INT)),
        routine("f", INT, is_function=False),
        routine("two words", INT),
        routine("f", INT, schema="extensions"),
        routine("f", ROW + 1, ("orderBy", INT), set_of=True, rows=1000),
    ],
    ids=lambda made: f"{made.name}-{made.returns}-{'-'.join(str(each.type) for each in made.arguments)}",
)
def test_functions_that_the_dialect_cannot_call_are_left_out(made: Routine) -> None:
    assert roots(made) == ()


def test_a_function_is_called_by_the_roots_when_all_is_plain() -> None:
    found = roots(
        routine("_spelled_out", INT, ("_a", INT), ("b_c", INTS)),
        routine("one", ROW + 1, ("first", INT)),
        routine("few", ROW + 1, set_of=True, rows=1),
        routine("many", ROW + 1, set_of=True, rows=1000),
        routine("single", INT, set_of=True, rows=1),
        comment='@graphql({"inflect_names": true})',
    )
    assert [each.field for each in found] == ["spelledOut", "one", "few", "many", "single"]
    assert [each.field for each in found[0].parameters] == ["a", "bC"]
    assert [(each.returns.table, each.returns.set_of, each.returns.one_row) for each in found[1:]] == [
        (("public", "thing"), False, False),
        (("public", "thing"), True, True),
        (("public", "thing"), True, False),
        (None, True, True),
    ]


def test_a_name_that_stands_twice_on_the_path_is_overloaded() -> None:
    procedure = routine("f", VOID, schema="other", is_function=False)
    assert roots(routine("f", INT), procedure) == ()
    assert len(roots(routine("f", INT), replace(procedure, schema="away"))) == 1  # the role may not use that schema


def test_a_function_of_a_row_is_a_field_of_it_even_when_overloaded() -> None:
    one, two = routine("_mood", MOOD, ("t", ROW + 1)), routine("_mood", INT, ("a", INT))
    graph = reflected(THING, routines=(one, two), enums={MOOD: Enum(MOOD, "public", "mood", ("a",))})
    assert [each.field for each in graph.computed["public", "thing"]] == ["mood"]
    assert graph.functions == ()


@pytest.mark.parametrize(
    ("of", "sql", "shown"),
    [
        (INT, "7", "7"),
        (INT, "NULL::integer", None),
        (INT, "random()", None),
        (INT, "99999999999", None),
        (INT, "'-1'::integer", None),
        (BOOL, "true", "true"),
        (FLOAT, "1.50", "1.5"),
        (FLOAT, "3.0", "3"),
        (FLOAT, "1e21", "1000000000000000000000"),
        (TEXT, "'hello'::text", '"hello"'),
        (TEXT, "''::text", '""'),
        (TEXT, "'it''s'::text", "\"it''s\""),
        (INT8, "5", None),
    ],
)
def test_defaults_are_shown_where_they_are_literals(of: int, sql: str, shown: str | None) -> None:
    (function,) = roots(routine("f", INT, ("a", INT), ("b", of), defaulted=1, defaults=sql))
    assert [(each.required, each.default) for each in function.parameters] == [(True, None), (False, shown)]


def test_defaults_with_commas_cannot_be_told_apart() -> None:
    (function,) = roots(routine("f", INT, ("b", TEXT), defaulted=1, defaults="'a,b'::text"))
    assert [(each.required, each.default) for each in function.parameters] == [(True, None)]


@pytest.mark.parametrize("where", ["table", "column", "function", "enum", "key", "schema"])
def test_one_unreadable_comment_is_an_error_for_all(where: str) -> None:
    bad = "@graphql({)"

    def said(place: str) -> str | None:
        return bad if where == place else None

    hidden = relation(5, "hidden", column("a", comment=said("column")), primary_key=(), comment=said("table"))
    with pytest.raises(GraphQLError, match="invalid input syntax for type json"):
        reflected(
            THING,
            hidden,
            routines=(routine("f", VOID, comment=said("function")),),
            enums={MOOD: Enum(MOOD, "public", "mood", ("a",), said("enum"))},
            foreign_keys=(key("nowhere", ("a",), "thing", said("key")),),
            comment=said("schema"),
        )
