"""Comment directives: what is read, and what is said of those that cannot be."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.reflection.directives import (
    ConstraintDirectives,
    EnumDirectives,
    ForeignKeyDirective,
    NameDirectives,
    SchemaDirectives,
    TableDirectives,
    column_directives,
    constraint_directives,
    enum_directives,
    function_directives,
    schema_directives,
    table_directives,
)

READERS: tuple[Callable[[str | None], object], ...] = (
    column_directives,
    constraint_directives,
    enum_directives,
    function_directives,
    schema_directives,
    table_directives,
)


def refused(read: Callable[[str | None], object], json: str) -> str:
    with pytest.raises(GraphQLError) as error:
        read(f"@graphql({json})")
    return error.value.message


def test_a_comment_without_a_directive_says_nothing() -> None:
    for comment in (None, "", "Just words", "@graphql", "@graphql()", '@GraphQL({"name": "a"})'):
        assert table_directives(comment) == TableDirectives()
        assert column_directives(comment) == NameDirectives()
        assert schema_directives(comment) == SchemaDirectives()


def test_the_directive_may_stand_anywhere_and_over_several_lines() -> None:
    comment = 'Words (really)\n@graphql({\n "name": "Thing" \n}) '
    assert column_directives(comment).name == "Thing"


def test_it_ends_at_the_last_bracket() -> None:
    assert column_directives('@graphql({"name": "a(b)"})').name == "a(b)"
    assert refused(column_directives, '{"name": "a"}) and (more') == "invalid input syntax for type json"


@pytest.mark.parametrize("json", ["[1]", '"text"', "7", "null", "true"])
def test_json_that_is_no_object_says_nothing(json: str) -> None:
    assert table_directives(f"@graphql({json})") == TableDirectives()


@pytest.mark.parametrize("json", ["{", "{'a': 1}", "{a: 1}", '{"a": NaN}', "[" * 5000])
def test_what_is_no_json_is_answered_as_postgres_does(json: str) -> None:
    assert refused(table_directives, json) == "invalid input syntax for type json"


def test_a_schema_opts_in_by_true_alone() -> None:
    assert schema_directives('@graphql({"inflect_names": true, "introspection": true, "max_rows": 5})') == (
        SchemaDirectives(True, 5, True)
    )
    assert schema_directives('@graphql({"inflect_names": "true", "introspection": 1})') == SchemaDirectives()
    assert schema_directives('@graphql({"resolve_base_type": true, "max_rows": null})') == SchemaDirectives()


def test_a_table_says_all_this() -> None:
    comment = """@graphql({"name": "Thing", "description": "Words", "totalCount": {"enabled": true},
      "aggregate": {"enabled": "true"}, "max_rows": "12", "primary_key_columns": ["a", "b"], "foreign_keys": [
      {"local_name": "l", "local_columns": ["a"], "foreign_name": null, "foreign_schema": "s", "foreign_table": "t",
       "foreign_columns": ["b"]}]})"""
    assert table_directives(comment) == TableDirectives(
        "Thing", "Words", True, True, 12, ("a", "b"), (ForeignKeyDirective(("a",), "s", "t", ("b",), "l", None),)
    )
    assert table_directives('@graphql({"totalCount": true, "aggregate": {"enabled": 1}})') == TableDirectives()


def test_names_may_be_any_json_but_descriptions_of_columns_may_not() -> None:
    assert function_directives('@graphql({"name": 1, "description": ["a", 1.5]})') == NameDirectives("1", '["a",1.5]')
    assert column_directives('@graphql({"name": false})').name == "false"
    assert constraint_directives('@graphql({"local_name": "a", "foreign_name": "b"})') == ConstraintDirectives("a", "b")
    assert refused(column_directives, '{"description": 1}').endswith("invalid type: integer `1`, expected a string")


def test_an_enums_values_stand_for_one_label_each() -> None:
    assert enum_directives('@graphql({"name": "E", "mappings": {"a b": "A_B", "c": "C"}})') == (
        EnumDirectives("E", {"a b": "A_B", "c": "C"})
    )
    assert enum_directives('@graphql({"mappings": {"b": "X", "a": "X"}})').mappings == {"b": "X"}


KEY = '"foreign_schema": "s", "foreign_table": "t", "foreign_columns": ["b"]'


@pytest.mark.parametrize(
    ("read", "json", "words"),
    [
        (table_directives, '{"primary_key_columns": "id"}', 'invalid type: string "id", expected a sequence'),
        (table_directives, '{"primary_key_columns": [1]}', "invalid type: integer `1`, expected a string"),
        (table_directives, '{"primary_key_columns": {}}', "invalid type: map, expected a sequence"),
        (table_directives, '{"description": true}', "invalid type: boolean `true`, expected a string"),
        (table_directives, '{"description": 1.5}', "invalid type: floating point `1.5`, expected a string"),
        (table_directives, '{"foreign_keys": {}}', "invalid type: map, expected a sequence"),
        (
            table_directives,
            '{"foreign_keys": ["a"]}',
            'invalid type: string "a", expected struct TableDirectiveForeignKey',
        ),
        (table_directives, f'{{"foreign_keys": [{{{KEY}}}]}}', "missing field `local_columns`"),
        (
            table_directives,
            f'{{"foreign_keys": [{{{KEY}, "local_columns": "account_id"}}]}}',
            'invalid type: string "account_id", expected a sequence',
        ),
        (
            table_directives,
            '{"foreign_keys": [{"local_columns": ["a"], "foreign_schema": null}]}',
            "invalid type: null, expected a string",
        ),
        (table_directives, '{"max_rows": -1}', "invalid value: integer `-1`, expected u64"),
        (schema_directives, '{"max_rows": "-1"}', "invalid value: integer `-1`, expected u64"),
        (enum_directives, '{"mappings": ["a"]}', "invalid type: sequence, expected a map"),
        (enum_directives, '{"mappings": {"a": 1}}', "invalid type: integer `1`, expected a string"),
    ],
)
def test_json_of_another_shape_is_answered_in_serdes_words(
    read: Callable[[str | None], object], json: str, words: str
) -> None:
    assert refused(read, json) == f"Error while loading schema, check comment directives. {words}"


def test_a_number_is_cast_as_postgres_casts_it() -> None:
    assert refused(schema_directives, '{"max_rows": "many"}') == 'invalid input syntax for type integer: "many"'
    assert refused(table_directives, '{"max_rows": 1.5}') == 'invalid input syntax for type integer: "1.5"'
    assert "out of range" in refused(table_directives, f'{{"max_rows": {"9" * 30}}}')
    assert "out of range" in refused(table_directives, f'{{"max_rows": "{"9" * 5000}"}}')
    assert table_directives('@graphql({"max_rows": " 7 "})').max_rows == 7


@given(st.sampled_from(READERS), st.text())
def test_any_comment_is_read_or_refused(read: Callable[[str | None], object], text: str) -> None:
    for comment in (text, f"@graphql({text})", f'@graphql({{"name": {text}, "mappings": {text}, "max_rows": {text}}})'):
        with contextlib.suppress(GraphQLError):
            read(comment)
