"""Whatever things are called, the document is one that OpenAPI 2.0 allows, and its references lead somewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import schemathesis
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rowgate.postgres.catalog.accessible import Accessible
from rowgate.postgres.catalog.records import (
    Cardinality,
    Catalog,
    Column,
    Function,
    Parameter,
    Relation,
    RelationKind,
    Relationship,
    ReturnType,
    Volatility,
)
from rowgate.project.service_address import ServiceAddress
from rowgate.rest.openapi import document

ADDRESS = ServiceAddress("http", "localhost", 80, "/")
NAMES = st.text("ab \"'\\/~%#?.,{}[]$&<>`*|\n\t_ÄЖ世😀", min_size=1, max_size=12)
COMMENTS = st.none() | st.text("ab\n\"'\\<>Ж", max_size=12)
TYPES = st.sampled_from(["integer", "bigint", "text", "json", "numeric[]", "json[]", 'public."Odd type"[]', "public.e"])
DEFAULTS = st.none() | st.sampled_from(["1", "'a'::text", "'\"'::text", "null", "now()", "'x'::public.e", "-1.5", "{"])


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    """A few relations that refer to each other, and a few functions."""
    relations, relationships, functions = {}, {}, {}
    for oid, name in enumerate(draw(st.lists(NAMES, max_size=3, unique=True))):
        columns = {}
        for position, column in enumerate(draw(st.lists(NAMES, max_size=3, unique=True))):
            kind, nullable = draw(TYPES), draw(st.booleans())
            columns[column] = Column(
                column,
                position,
                kind,
                kind,
                25,
                nullable,
                draw(DEFAULTS),
                comment=draw(COMMENTS),
                max_length=draw(st.none() | st.integers(1, 9)),
                enum=draw(st.sampled_from([(), ('"', "b")])),
            )
        key = tuple(columns)[:1]
        relation = Relation(
            "public",
            name,
            RelationKind.TABLE,
            columns,
            key,
            updatable=draw(st.booleans()),
            insertable=False,
            deletable=False,
            comment=draw(COMMENTS),
            oid=oid,
        )
        relations[relation.qualified_name] = relation
        relationships[relation.qualified_name] = tuple(
            Relationship(("public", name), other, Cardinality.MANY_TO_ONE, "fk", ((key[0], next(iter(far.columns))),))
            for other, far in relations.items()
            if key and far.columns
        )
    for oid, name in enumerate(draw(st.lists(NAMES, max_size=3, unique=True))):
        parameters = tuple(
            Parameter(each, draw(TYPES), draw(st.booleans()), draw(st.booleans()))
            for each in draw(st.lists(NAMES, max_size=3, unique=True))
        )
        volatility = draw(st.sampled_from(Volatility))
        function = Function(
            "public", name, parameters, ReturnType("text", "pg_catalog"), volatility, comment=draw(COMMENTS), oid=oid
        )
        functions["public", name] = (function,)
    return Catalog(1, 180000, ("public",), relations, relationships, {}, functions)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(target := value.get("$ref"), str):
            yield target
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def found(whole: Any, pointer: str) -> Any:
    """RFC 6901 sections 4 and 6."""
    for token in unquote(pointer.removeprefix("#/")).split("/"):
        whole = whole[token.replace("~1", "/").replace("~0", "~")]
    return whole


@settings(max_examples=150, deadline=None)
@given(catalogs(), st.booleans())
@example(Catalog(1, 180000, ("public",), {}, {}, {}, {}), True)
def test_the_document_is_valid_whatever_things_are_called(catalog: Catalog, everything: bool) -> None:
    accessible = None
    if not everything:
        functions = {each.oid: tuple("x.y[]" for _ in each.parameters) for (each,) in catalog.functions.values()}
        accessible = Accessible(frozenset(each.oid for each in catalog.relations.values()), functions)
    made = json.loads(document(catalog, "public", accessible, ADDRESS, security=everything))
    schemathesis.openapi.from_dict(made).validate()
    assert made["info"]["title"] == "PostgREST API"
    for name, relation in catalog.relations.items():
        assert list(made["definitions"][name[1]].get("properties", {})) == list(relation.columns)
        assert f"/{name[1]}" in made["paths"]
    assert {f"/rpc/{name}" for _, name in catalog.functions} <= set(made["paths"])
    for target in references(made):
        assert found(made, target)


def test_of_two_filters_with_one_name_the_last_counts_and_a_function_goes_before_a_relation() -> None:
    def relation(name: str, column: str, comment: str) -> Relation:
        shown = Column(column, 1, "text", "text", 25, True, comment=comment)
        return Relation("public", name, RelationKind.TABLE, {column: shown})

    known = [relation("a", "b.c", "first"), relation("a.b", "c", "last"), relation("rpc/f", "x", "table")]
    function = Function("public", "f", (), ReturnType("text", "pg_catalog"), Volatility.STABLE)
    catalog = Catalog(
        1, 180000, ("public",), {each.qualified_name: each for each in known}, {}, {}, {("public", "f"): (function,)}
    )
    text = document(catalog, "public", None, ADDRESS, security=False)
    made = json.loads(text)
    assert made["parameters"]["rowFilter.a.b.c"]["description"] == "last"
    assert made["paths"]["/rpc/f"]["get"]["tags"] == ["(rpc) f"]
    assert text.count(b'"rowFilter.a.b.c":') == text.count(b'"/rpc/f":') == 1
