"""Names of the database as names of GraphQL."""

from __future__ import annotations

import pytest

from rowgate.graphql.reflection.naming import (
    argument_name,
    column_name,
    function_name,
    is_name,
    lower_first,
    to_many_name,
    to_one_name,
    type_name,
)


@pytest.mark.parametrize(
    ("name", "inflected"),
    [
        ("account", "Account"),
        ("account_holder", "AccountHolder"),
        ("account_BY_email", "AccountBYEmail"),
        ("AccountHolder", "AccountHolder"),
        ("_private__thing_", "PrivateThing"),
        ("two words", "Two Words"),
        ("a-b", "A-B"),
        ("v2_name", "V2Name"),
        ("straße_ßa", "StraßeSSa"),
        ("", ""),
    ],
)
def test_types_are_inflected_letter_by_letter(name: str, inflected: str) -> None:
    assert type_name(name, True) == inflected
    assert type_name(name, False) == name


def test_fields_begin_in_lower_case_only_under_inflection() -> None:
    assert (column_name("Account_id", True), column_name("Account_id", False)) == ("accountId", "Account_id")


def test_functions_and_arguments_begin_in_lower_case_always() -> None:
    assert (function_name("_full_name", True), function_name("_full_name", False)) == ("fullName", "full_name")
    assert function_name("__twice", False) == "_twice"
    assert function_name("UpperCase", False) == "upperCase"
    assert (argument_name("_first_arg", True), argument_name("First_arg", False)) == ("firstArg", "first_arg")


@pytest.mark.parametrize(
    ("columns", "inflect", "field"),
    [
        (("owner_id",), True, "owner"),
        (("ownerId",), True, "accountHolder"),
        (("ownerId",), False, "owner"),
        (("OwnerId",), False, "owner"),
        (("owner_id",), False, "accountHolder"),
        (("parent_account_id",), True, "parentAccount"),
        (("owner_id", "tenant_id"), True, "accountHolder"),
        (("id",), True, "accountHolder"),
    ],
)
def test_a_relation_to_one_row_has_its_columns_stem(columns: tuple[str, ...], inflect: bool, field: str) -> None:
    assert to_one_name(columns, "AccountHolder", inflect) == field


def test_a_relation_to_many_rows_is_a_collection() -> None:
    assert to_many_name("AccountHolder") == "accountHolderCollection"
    assert lower_first("Österreich") == "österreich"


@pytest.mark.parametrize("text", ["", "1a", "a b", "a-b", "é", "a\n", "٣", "a٣"])
def test_what_graphql_cannot_spell_is_no_name(text: str) -> None:
    assert not is_name(text)


@pytest.mark.parametrize("text", ["a", "_", "__a9", "Z_1"])
def test_what_graphql_can_spell_is_a_name(text: str) -> None:
    assert is_name(text)
