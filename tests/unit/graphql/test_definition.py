"""The schema that a graph becomes: names, nullability, order, and what each field means."""

from __future__ import annotations

import msgspec
import pytest

from rowgate.graphql.definition.define import schema_of
from rowgate.graphql.entities import EnumKind, ListKind, Scalar
from rowgate.graphql.role_schemas import opted
from rowgate.graphql.schema import (
    ArgumentOf,
    ByKey,
    Call,
    Collection,
    Computed,
    InputType,
    InterfaceType,
    ListOf,
    Named,
    NodeId,
    ObjectType,
    Root,
    Row,
    Schema,
    TypeRef,
    Value,
)
from tests.unit.graphql.graphs import ALBUM, ARTIST, GENRE, SHOP, VAULT, column, function, graph, rows, table, value


@pytest.fixture(scope="module")
def shop() -> Schema:
    return schema_of(SHOP, 1)


def written(reference: TypeRef) -> str:
    """As GraphQL writes a type."""
    if isinstance(reference, Named):
        return reference.name
    return f"[{written(reference.of)}]" if isinstance(reference, ListOf) else f"{written(reference.of)}!"


def fields(schema: Schema, name: str) -> dict[str, str]:
    of = schema.types[name]
    assert isinstance(of, ObjectType | InterfaceType | InputType), name
    return {key: written(field.type) for key, field in of.fields.items()}


def test_query_has_a_collection_and_a_row_by_key_per_table_and_functions_by_name(shop: Schema) -> None:
    assert fields(shop, "Query") == {
        "__schema": "__Schema!",
        "__type": "__Type",
        "add": "Int",
        "albumByPk": "Album",
        "albumCollection": "AlbumConnection!",
        "artistByPk": "Artist",
        "artistCollection": "ArtistConnection!",
        "charts": "AlbumConnection",
        "internal": "Int",
        "node": "Node",
        "sleeveCollection": "SleeveConnection!",
        "vaultByPk": "Vault",
        "vaultCollection": "VaultConnection!",
        "years": "[Int]",
    }
    assert list(shop.query.fields) == sorted(shop.query.fields)
    assert shop.query.fields["node"].meaning is Root.NODE
    assert shop.query.fields["albumCollection"].meaning == Collection(ALBUM)
    assert shop.query.fields["albumByPk"].meaning == ByKey(ALBUM)
    assert shop.query.fields["charts"].meaning == Call(SHOP.functions[1], ALBUM)


def test_a_function_never_takes_the_place_of_a_collection(shop: Schema) -> None:
    assert shop.query.fields["artistCollection"].meaning == Collection(ARTIST)


def test_a_row_by_key_takes_every_key_column_and_there_is_none_for_a_key_with_a_length(shop: Schema) -> None:
    by_key = shop.query.fields["albumByPk"].arguments["id"]
    assert (written(by_key.type), by_key.description) == ("UUID!", "The record's `id` value")
    assert by_key.meaning == Value(ALBUM.key[0])
    assert "sleeveByPk" not in shop.query.fields
    odd = table("odd", [column("! q", "integer", named=False)], key=("! q",))
    assert "oddByPk" not in schema_of(graph(odd), 1).query.fields
    both = table("pair", [column("a", "bigint"), column("b", "extensions.citext")], key=("a", "b"))
    pair = schema_of(graph(both), 1).query.fields["pairByPk"]
    assert {name: written(each.type) for name, each in pair.arguments.items()} == {"a": "BigInt!", "b": "String!"}


def test_connection_arguments_come_in_upstreams_order(shop: Schema) -> None:
    arguments = shop.query.fields["albumCollection"].arguments
    assert {name: written(each.type) for name, each in arguments.items()} == {
        "first": "Int",
        "last": "Int",
        "before": "Cursor",
        "after": "Cursor",
        "offset": "Int",
        "filter": "AlbumFilter",
        "orderBy": "[AlbumOrderBy!]",
    }
    assert list(arguments) == ["first", "last", "before", "after", "offset", "filter", "orderBy"]
    charts = shop.query.fields["charts"].arguments
    assert list(charts) == ["week", *arguments]
    assert written(charts["week"].type) == "Int!"
    assert charts["week"].meaning == ArgumentOf(SHOP.functions[1].parameters[0])


def test_an_argument_with_a_default_may_be_left_out(shop: Schema) -> None:
    arguments = shop.query.fields["add"].arguments
    assert {name: (written(each.type), each.default) for name, each in arguments.items()} == {
        "a": ("Int!", None),
        "b": ("Int", "2"),
    }


def test_mutation_has_what_the_role_may_change_and_volatile_functions(shop: Schema) -> None:
    assert shop.mutation is not None
    assert fields(shop, "Mutation") == {
        "deleteFromAlbumCollection": "AlbumDeleteResponse!",
        "deleteFromArtistCollection": "ArtistDeleteResponse!",
        "deleteFromVaultCollection": "VaultDeleteResponse!",
        "insertIntoAlbumCollection": "AlbumInsertResponse",
        "insertIntoArtistCollection": "ArtistInsertResponse",
        "insertIntoVaultCollection": "VaultInsertResponse",
        "press": "Album",
        "updateAlbumCollection": "AlbumUpdateResponse!",
        "updateArtistCollection": "ArtistUpdateResponse!",
        "updateVaultCollection": "VaultUpdateResponse!",
    }
    assert list(shop.mutation.fields) == sorted(shop.mutation.fields)
    update = shop.mutation.fields["updateAlbumCollection"].arguments
    assert {name: (written(each.type), each.default) for name, each in update.items()} == {
        "set": ("AlbumUpdateInput!", None),
        "filter": ("AlbumFilter", None),
        "atMost": ("Int!", "1"),
    }
    assert (
        written(shop.mutation.fields["insertIntoAlbumCollection"].arguments["objects"].type) == "[AlbumInsertInput!]!"
    )


def test_there_is_no_mutation_where_nothing_can_be_changed() -> None:
    read_only = table("fact", [column("id", "integer")], insertable=False, updatable=False, deletable=False)
    schema = schema_of(graph(read_only), 1)
    assert schema.mutation is None
    assert "Mutation" not in schema.types
    assert not any(name.startswith("Fact") and name.endswith(("Input", "Response")) for name in schema.types)


def test_a_row_has_its_identifier_columns_relations_and_functions_in_this_order(shop: Schema) -> None:
    assert list(fields(shop, "Artist").items()) == [
        ("nodeId", "ID!"),
        ("id", "Int!"),
        ("name", "String!"),
        ("born", "Date"),
        ("tags", "[String]"),
        ("notes", "JSON"),
        ("drafts", "[JSON]"),
        ("secret", "Secret"),
        ("home", "Opaque"),
        ("albumCollection", "AlbumConnection"),
        ("vault", "Vault"),
        ("initials", "String"),
        ("hits", "AlbumConnection"),
        ("best", "Album"),
    ]
    artist = shop.types["Artist"]
    assert isinstance(artist, ObjectType)
    assert artist.fields["nodeId"].meaning == NodeId(ARTIST)
    assert artist.fields["albumCollection"].meaning == Collection(ALBUM, (("id", "artist_id"),))
    assert artist.fields["initials"].meaning == Computed(SHOP.computed["public", "artist"][0])
    assert artist.fields["best"].meaning == Row(ALBUM, function=SHOP.computed["public", "artist"][2])
    assert list(artist.fields["hits"].arguments) == list(shop.query.fields["albumCollection"].arguments)
    assert (artist.interfaces, artist.table, artist.description) == (("Node",), ARTIST, "Who made it")
    assert fields(shop, "Album")["artist"] == "Artist!"


def test_functions_of_a_row_need_the_right_to_read_all_of_it() -> None:
    partly = msgspec.structs.replace(ARTIST, readable=False)
    tables = {**SHOP.tables, partly.qualified_name: partly}
    assert "initials" not in fields(schema_of(msgspec.structs.replace(SHOP, tables=tables), 1), "Artist")


def test_a_row_without_a_key_has_a_type_where_a_function_gives_it_and_nothing_else() -> None:
    latest = table("latest", [column("title")], key=())
    unused = table("unused", [column("title")], key=())
    keyless = {each.qualified_name: each for each in (latest, unused)}
    newest, only, all_of_them = (
        function("newest", rows("latest", set_of=False)),
        function("only", rows("latest", one_row=True)),
        function("all_of_them", rows("latest")),
    )
    computed = {ARTIST.qualified_name: (newest, only, all_of_them)}
    schema = schema_of(graph(ARTIST, keyless=keyless, computed=computed, functions=(newest, all_of_them)), 1)
    made = schema.types["Latest"]
    assert isinstance(made, ObjectType)
    assert (list(made.fields), made.interfaces, made.table) == (["title"], (), latest)
    assert [name for name in schema.types if name.startswith(("Latest", "Unused"))] == ["Latest"]
    assert schema.shown is not None
    assert "Latest" in schema.shown
    assert list(schema.tables) == [ARTIST.qualified_name]
    assert schema.query.fields.keys().isdisjoint({"latestCollection", "latestByPk", "newest", "all_of_them"})
    artist = schema.types["Artist"]
    assert isinstance(artist, ObjectType)
    assert artist.fields["newest"].type == artist.fields["only"].type == Named("Latest")
    assert "all_of_them" not in artist.fields


def test_a_filter_compares_what_can_be_compared(shop: Schema) -> None:
    assert list(fields(shop, "ArtistFilter").items()) == [
        ("id", "IntFilter"),
        ("name", "StringFilter"),
        ("born", "DateFilter"),
        ("tags", "StringListFilter"),
        ("secret", "SecretFilter"),
        ("home", "OpaqueFilter"),
        ("nodeId", "IDFilter"),
        ("and", "[ArtistFilter!]"),
        ("or", "[ArtistFilter!]"),
        ("not", "ArtistFilter"),
    ]
    filter_type = shop.types["ArtistFilter"]
    assert isinstance(filter_type, InputType)
    assert filter_type.fields["name"].max_length == 40
    assert filter_type.fields["nodeId"].meaning == NodeId(ARTIST)


def test_a_column_named_like_a_compound_takes_its_place() -> None:
    words = table("word", [column("id", "integer"), column("and"), column("not", "integer")])
    assert fields(schema_of(graph(words), 1), "WordFilter") == {
        "id": "IntFilter",
        "and": "StringFilter",
        "not": "IntFilter",
        "nodeId": "IDFilter",
        "or": "[WordFilter!]",
    }


def test_rows_are_ordered_by_neither_lists_nor_json(shop: Schema) -> None:
    assert fields(shop, "ArtistOrderBy") == dict.fromkeys(("id", "name", "born", "secret", "home"), "OrderByDirection")


def test_inputs_are_nullable_and_leave_out_what_cannot_be_written(shop: Schema) -> None:
    inserted = fields(shop, "ArtistInsertInput")
    assert inserted == fields(shop, "ArtistUpdateInput")
    assert list(inserted) == ["name", "born", "tags", "notes", "drafts", "secret", "home", "hidden"]
    assert inserted["name"] == "String"
    insert = shop.types["ArtistInsertInput"]
    assert isinstance(insert, InputType)
    assert insert.fields["name"].max_length == 40


def test_columns_without_a_valid_name_and_composite_ones_are_left_out() -> None:
    odd = table("odd", [column("id", "integer"), column("! q", named=False), column("pair", composite=True)])
    schema = schema_of(graph(odd), 1)
    assert list(fields(schema, "Odd")) == ["nodeId", "id"]
    for name in ("OddOrderBy", "OddInsertInput", "OddUpdateInput"):
        assert list(fields(schema, name)) == ["id"]


def test_operators_come_by_name(shop: Schema) -> None:
    ordered = ["eq", "gt", "gte", "in", "is", "lt", "lte", "neq"]
    assert list(fields(shop, "IntFilter")) == ordered
    assert list(fields(shop, "StringFilter")) == sorted([*ordered, "ilike", "iregex", "like", "regex", "startsWith"])
    assert fields(shop, "UUIDFilter") == {"eq": "UUID", "in": "[UUID!]", "is": "FilterIs", "neq": "UUID"}
    assert fields(shop, "GenreFilter") == {"eq": "Genre", "in": "[Genre!]", "is": "FilterIs", "neq": "Genre"}
    assert fields(shop, "BooleanFilter") == {"eq": "Boolean", "is": "FilterIs"}
    assert fields(shop, "IDFilter") == {"eq": "ID"}
    assert fields(shop, "StringListFilter") == {
        "containedBy": "[String!]",
        "contains": "[String!]",
        "eq": "[String!]",
        "is": "FilterIs",
        "overlaps": "[String!]",
    }
    assert "JSONFilter" not in shop.types
    assert "OpaqueListFilter" not in shop.types


def test_aggregates_go_by_postgres_types(shop: Schema) -> None:
    assert fields(shop, "AlbumConnection") == {
        "edges": "[AlbumEdge!]!",
        "pageInfo": "PageInfo!",
        "totalCount": "Int!",
        "aggregate": "AlbumAggregate",
    }
    assert list(fields(shop, "ArtistConnection")) == ["edges", "pageInfo"]
    assert fields(shop, "AlbumAggregate") == {
        "count": "Int!",
        "sum": "AlbumSumAggregateResult",
        "avg": "AlbumAvgAggregateResult",
        "min": "AlbumMinAggregateResult",
        "max": "AlbumMaxAggregateResult",
    }
    assert fields(shop, "AlbumSumAggregateResult") == {
        "artistId": "BigInt",
        "price": "BigFloat",
        "length": "BigInt",
        "sold": "BigInt",
        "rating": "BigFloat",
    }
    assert set(fields(shop, "AlbumAvgAggregateResult").values()) == {"BigFloat"}
    assert fields(shop, "AlbumMaxAggregateResult") == {
        "artistId": "Int",
        "price": "Opaque",
        "length": "Int",
        "sold": "BigInt",
        "rating": "BigFloat",
        "live": "Boolean",
        "title": "String",
        "starts": "Time",
    }
    least = shop.types["AlbumMinAggregateResult"]
    assert isinstance(least, ObjectType)
    assert least.fields["sold"].description == "Minimum of sold across all matching records"
    assert least.description == "Result of minimum aggregation for `Album`"


def test_a_column_that_may_not_be_read_is_not_aggregated() -> None:
    accounts = table("account", [column("id", "uuid"), column("balance", "numeric", selectable=False)], aggregate=True)
    assert fields(schema_of(graph(accounts), 1), "AccountAggregate") == {"count": "Int!"}


def test_introspection_shows_what_opted_in(shop: Schema) -> None:
    assert shop.shown is not None
    assert {
        "Artist",
        "ArtistFilter",
        "Genre",
        "GenreFilter",
        "Query",
        "Mutation",
        "Node",
        "Int",
        "__Type",
    } <= shop.shown
    hidden = {"Vault", "VaultConnection", "Secret", "SecretFilter"}
    assert hidden <= shop.types.keys()
    assert not hidden & shop.shown
    node = shop.types["Node"]
    assert isinstance(node, InterfaceType)
    assert node.possible == ("Album", "Artist", "Sleeve", "Vault")


def test_introspection_can_be_for_all_or_off() -> None:
    nobody_opted_in = msgspec.structs.replace(SHOP, introspection=False)
    everything = schema_of(opted(nobody_opted_in, "on"), 1)
    assert everything.shown is not None
    assert {"Vault", "Secret"} <= everything.shown
    loose = table("loose", [column("title")], key=(), introspectable=False)
    given = {ARTIST.qualified_name: (function("given", rows("loose", set_of=False)),)}
    keyless = graph(ARTIST, keyless={loose.qualified_name: loose}, computed=given)
    assert "Loose" in (schema_of(opted(keyless, "on"), 1).shown or ())
    assert "__schema" in everything.query.fields
    for closed in (schema_of(opted(SHOP, "off"), 1), schema_of(opted(nobody_opted_in, "directive"), 1)):
        assert closed.shown is None
        assert not {"__schema", "__type"} & closed.query.fields.keys()


@pytest.mark.parametrize("name", ["Int", "StringFilter", "Query", "PageInfo", "__Type"])
def test_no_table_takes_the_name_of_the_dialects_own_types(name: str) -> None:
    taken = msgspec.structs.replace(table("taken", [column("id", "integer")]), base=name)
    plain = schema_of(graph(), 1)
    schema = schema_of(graph(taken), 1)
    assert schema.types.keys() == plain.types.keys()
    assert schema.tables == {}


def test_the_first_of_two_tables_of_one_name_keeps_it() -> None:
    first = table("note", [column("id", "integer")])
    second = msgspec.structs.replace(first, schema="other")
    schema = schema_of(graph(first, second), 1)
    assert schema.tables == {("public", "note"): first}
    assert schema.query.fields["noteCollection"].meaning == Collection(first)


def test_an_enum_whose_name_is_taken_is_opaque() -> None:
    """`shade_filter` under inflection, beside a table `shade`."""
    lost = EnumKind("public", "shade_filter", "ShadeFilter", (("dark", "dark"),), introspectable=True)
    shades = table("shade", [column("id", "integer"), column("kept", kind=lost), column("all", kind=ListKind(lost))])
    schema = schema_of(graph(shades, enums=(lost, GENRE)), 1)
    assert fields(schema, "Shade") == {"nodeId": "ID!", "id": "Int", "kept": "Opaque", "all": "[Opaque]"}
    assert "and" in fields(schema, "ShadeFilter")
    assert "Genre" in schema.types
    assert "ShadeFilterFilter" not in schema.types


def test_types_come_by_name(shop: Schema) -> None:
    assert list(shop.types) == sorted(shop.types)
    assert shop.tables[VAULT.qualified_name] == VAULT


def test_of_two_fields_of_one_name_the_last_is_reached() -> None:
    counted = table("tally", [column("id", "integer"), column("count", "integer")])
    shadow = function("count", value(Scalar.STRING))
    schema = schema_of(graph(counted, computed={("public", "tally"): (shadow,)}), 1)
    assert fields(schema, "Tally") == {"nodeId": "ID!", "id": "Int", "count": "String"}
