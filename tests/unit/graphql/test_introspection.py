"""What `__schema` and `__type` say, in pg_graphql's words; and that a client can build its schema from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from graphql import build_client_schema, get_introspection_query, parse, print_schema, validate_schema
from graphql.language import FragmentDefinitionNode, OperationDefinitionNode

from rowgate.graphql.definition.define import schema_of
from rowgate.graphql.entities import Relation
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Trace
from rowgate.graphql.introspection import introspected
from rowgate.graphql.limits import Limits
from rowgate.graphql.plan import prepare
from rowgate.graphql.plan_cache import PlanCache
from rowgate.graphql.prepared import Fixed
from rowgate.graphql.request import GraphQLRequest
from rowgate.graphql.role_schemas import opted
from rowgate.graphql.schema import Schema
from rowgate.graphql.scope import Scope
from rowgate.graphql.selection import select
from tests.unit.graphql.graphs import ALBUM, SHOP, column, graph, table

SCHEMA = schema_of(SHOP, 1)


def ask(
    query: str, schema: Schema = SCHEMA, variables: Mapping[str, object] | None = None, trace: Trace | None = None
) -> Any:
    """The first root field of a query."""
    document = parse(query)
    operation = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    scope = Scope(variables or {}, {}, fragments, trace or Trace())
    [selected] = select(operation.selection_set.selections, schema.query, scope)
    return msgspec.json.decode(introspected(selected, schema, scope))


def refused(query: str) -> str:
    """The message of what a query is refused with."""
    with pytest.raises(GraphQLError) as raised:
        ask(query)
    return raised.value.message


STANDARD = get_introspection_query(descriptions=True, schema_description=True, input_value_deprecation=True)


def test_a_client_builds_its_schema_from_the_standard_query() -> None:
    built = build_client_schema({"__schema": ask(STANDARD)})
    assert validate_schema(built) == []
    printed = print_schema(built)
    assert "updateAlbumCollection(" in printed
    assert "atMost: Int! = 1" in printed
    assert "enum Genre {\n  ROCK\n  FOLK\n}" in printed


def test_a_client_builds_its_schema_where_some_schemas_did_not_opt_in() -> None:
    hidden = msgspec.structs.replace(ALBUM, introspectable=False)
    tables = {**SHOP.tables, hidden.qualified_name: hidden}
    built = build_client_schema({"__schema": ask(STANDARD, schema_of(msgspec.structs.replace(SHOP, tables=tables), 1))})
    assert validate_schema(built) == []
    assert "Album" not in built.type_map


def test_variants_of_the_standard_query_are_answered_as_far_as_the_dialect_goes() -> None:
    assert ask(get_introspection_query(descriptions=False))["queryType"]["name"] == "Query"
    assert "specifiedByURL" in ask(get_introspection_query(specified_by_url=True))["types"][0]


def test_types_come_by_name_and_only_those_of_schemas_that_opted_in() -> None:
    names = [each["name"] for each in ask("{ __schema { types { name } } }")["types"]]
    assert names == sorted(names)
    assert {"Artist", "Genre", "GenreFilter", "Mutation", "__Type"} <= set(names)
    assert not {"Vault", "VaultEdge", "Secret", "SecretFilter"} & set(names)


def test_a_type_that_is_hidden_looks_like_one_that_is_not_there() -> None:
    assert ask('{ __type(name: "Vault") { name } }') is None
    assert ask('{ __type(name: "Nowhere") { name } }') is None
    assert ask('{ __type(name: "Artist") { name kind } }') == {"name": "Artist", "kind": "OBJECT"}


def test_fields_of_hidden_types_and_of_hidden_functions_are_left_out() -> None:
    query = [each["name"] for each in ask('{ __type(name: "Query") { fields { name } } }')["fields"]]
    assert query == [
        *("add", "albumByPk", "albumCollection", "artistByPk", "artistCollection", "charts", "node"),
        *("sleeveCollection", "years"),
    ]
    artist = [each["name"] for each in ask('{ __type(name: "Artist") { fields { name } } }')["fields"]]
    assert not {"vault", "secret"} & set(artist)
    inputs = ask('{ __type(name: "ArtistFilter") { inputFields { name } } }')["inputFields"]
    assert [each["name"] for each in inputs] == ["id", "name", "born", "tags", "home", "nodeId", "and", "or", "not"]
    possible = ask('{ __type(name: "Node") { possibleTypes { name } } }')["possibleTypes"]
    assert [each["name"] for each in possible] == ["Album", "Artist", "Sleeve"]


def test_a_scalar_has_lists_where_the_dialect_has_no_null() -> None:
    assert ask(
        """{ __type(name: "Date") { kind name description fields { name } inputFields { name } interfaces { name }
             enumValues { name } possibleTypes { name } ofType { name } } }"""
    ) == {
        "kind": "SCALAR",
        "name": "Date",
        "description": "A date without time information",
        "fields": None,
        "inputFields": None,
        "interfaces": [],
        "enumValues": [],
        "possibleTypes": None,
        "ofType": None,
    }


def test_references_unwrap_to_any_depth() -> None:
    fields = ask(
        """{ __type(name: "AlbumConnection") { fields { name type { kind name enumValues { name } fields { name }
             ofType { kind ofType { kind ofType { kind name ofType { name } } } } } } } }"""
    )["fields"]
    assert fields[0] == {
        "name": "edges",
        "type": {
            "kind": "NON_NULL",
            "name": None,
            "enumValues": [],
            "fields": None,
            "ofType": {
                "kind": "LIST",
                "ofType": {"kind": "NON_NULL", "ofType": {"kind": "OBJECT", "name": "AlbumEdge", "ofType": None}},
            },
        },
    }


def test_typename_is_the_name_of_what_is_described() -> None:
    described = ask(
        """{ __schema { __typename
             queryType { __typename fields { __typename type { __typename } args { __typename } } }
             directives { __typename } } }"""
    )
    assert described["__typename"] == "__schema"
    assert described["queryType"]["__typename"] == "Query"
    assert described["directives"] == [{"__typename": "__Directive"}] * 2
    collection = described["queryType"]["fields"][2]
    assert (collection["__typename"], collection["type"]) == ("albumCollection", {"__typename": None})
    assert collection["args"][0] == {"__typename": "first"}
    values = ask('{ __type(name: "FilterIs") { enumValues { __typename isDeprecated deprecationReason } } }')
    assert values["enumValues"][0] == {"__typename": "NULL", "isDeprecated": False, "deprecationReason": None}


def test_aliases_fragments_and_directives_are_followed() -> None:
    assert ask(
        """
        query ($no: Boolean!) { __type(name: "FilterIs") { ...Names kind @skip(if: true) values: enumValues {
            ... on __EnumValue { is: name } description @include(if: $no) } } }
        fragment Names on __Type { called: name }
        """,
        variables={"no": False},
    ) == {"called": "FilterIs", "values": [{"is": "NULL"}, {"is": "NOT_NULL"}]}


def test_directives_are_those_that_operations_can_carry() -> None:
    directives = ask("{ __schema { directives { name locations isRepeatable args { name type { kind } } } } }")
    assert [each["name"] for each in directives["directives"]] == ["include", "skip"]
    assert directives["directives"][1] == {
        "name": "skip",
        "locations": ["FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"],
        "isRepeatable": False,
        "args": [{"name": "if", "type": {"kind": "NON_NULL"}}],
    }


def test_there_is_no_mutation_type_without_mutations() -> None:
    read_only = table("fact", [column("id", "integer")], insertable=False, updatable=False, deletable=False)
    schema = schema_of(graph(read_only), 1)
    assert ask("{ __schema { mutationType { name } subscriptionType { name } description } }", schema) == {
        "mutationType": None,
        "subscriptionType": None,
        "description": "Represents the GraphQL schema of the database",
    }


def test_the_name_may_be_a_variable_on_which_the_plan_then_depends() -> None:
    trace = Trace()
    query = "query ($name: String!) { __type(name: $name) { name } }"
    assert ask(query, variables={"name": "Artist"}, trace=trace) == {"name": "Artist"}
    assert ("name",) in [pin.path for pin in trace.pins]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ __schema { nothing } }", "unknown field in __Schema: nothing"),
        ('{ __type(name: "Int") { nothing } }', "unknown field on __Type: nothing"),
        ('{ __type(name: "Int") { isOneOf } }', "unknown field on __Type: isOneOf"),
        ('{ __type(name: "Query") { fields { nothing } } }', "unknown field in __Field nothing"),
        ('{ __type(name: "Query") { fields { args { nothing } } } }', "unknown field in __InputValue: nothing"),
        ('{ __type(name: "FilterIs") { enumValues { nothing } } }', "unknown field in __EnumValue: nothing"),
        ("{ __schema { directives { nothing } } }", "unknown field nothing in __Directive"),
        ("{ __type { name } }", "Internal Error: failed to parse validated name"),
        ("{ __type(name: null) { name } }", "Internal Error: failed to parse validated name"),
        ("{ __type(name: 1) { name } }", "no name found for __type"),
        ('{ __type(name: "Int") { kind: name kind } }', "Fields `kind` and `name` are different"),
    ],
)
def test_what_is_unknown_is_refused_in_the_dialects_words(query: str, message: str) -> None:
    assert refused(query) == message


def test_a_selection_on_what_is_not_there_is_not_looked_at() -> None:
    assert ask('{ __type(name: "Int") { fields { nothing } ofType { nothing } } }') == {"fields": None, "ofType": None}


def circle(levels: int, ways: int) -> Any:
    """People who know people, described to a depth: as many fields at each level as there are ways to know one."""
    person = table("person", [column("id", "integer")])
    known = tuple(Relation(f"knows{way}", ("public", "person"), (("id", "id"),), to_one=True) for way in range(ways))
    schema = schema_of(graph(person, relations={("public", "person"): known}), 1)
    nested = "name"
    for _ in range(levels):
        nested = f"fields {{ type {{ {nested} }} }}"
    return ask(f'{{ __type(name: "Person") {{ {nested} }} }}', schema)


def test_walking_in_circles_ends_at_the_budget() -> None:
    assert circle(levels=2, ways=10)
    with pytest.raises(GraphQLError, match="Introspection asks for too much at once"):
        circle(levels=6, ways=10)


def test_the_standard_query_is_kept_with_its_answer() -> None:
    plans = PlanCache(Limits(), prepare)
    request = GraphQLRequest(STANDARD, "IntrospectionQuery", {})
    prepared = plans.ready(request, SCHEMA)
    assert (prepared.errors, prepared.statements) == ((), ())
    assert prepared.parts is not None
    [part] = prepared.parts
    assert isinstance(part, Fixed)
    assert msgspec.json.decode(part.json) == ask(STANDARD)
    assert plans.ready(request, SCHEMA) is prepared


def test_where_it_is_not_allowed_there_is_no_such_field() -> None:
    closed = schema_of(opted(SHOP, "off"), 2)
    prepared = PlanCache(Limits(), prepare).ready(GraphQLRequest("{ __schema { types { name } } __typename }"), closed)
    assert prepared.errors == ('Unknown field "__schema" on type Query',)
    assert prepared.parts == (Fixed("__typename", b'"Query"'),)
