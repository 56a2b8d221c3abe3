"""Arguments brought to the types that the schema wants."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from rowgate.graphql.document import read_operation
from rowgate.graphql.entities import Scalar
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Given, Input, Json, Trace, at
from rowgate.graphql.inputs import argument, only_arguments
from rowgate.graphql.limits import Limits
from rowgate.graphql.schema import (
    EnumType,
    EnumValue,
    Field,
    InputField,
    InputRole,
    InputType,
    ListOf,
    Named,
    NamedType,
    NonNull,
    ObjectType,
    ScalarType,
    Schema,
    TypeRef,
)
from rowgate.graphql.scope import Scope
from rowgate.graphql.selection import select

SCALARS = tuple(Scalar)
FILTER = InputType(
    "Filter",
    {
        "a": InputField("a", Named("Comparison")),
        "and": InputField("and", ListOf(NonNull(Named("Filter")))),
        "not": InputField("not", Named("Filter")),
    },
    InputRole.FILTER,
)
COMPARISON = InputType(
    "Comparison",
    {"eq": InputField("eq", Named("Int")), "in": InputField("in", ListOf(NonNull(Named("Int"))))},
    InputRole.COMPARISON,
)
ROW = InputType(
    "Row",
    {
        "id": InputField("id", NonNull(Named("Int"))),
        "name": InputField("name", Named("String"), max_length=3),
        "tags": InputField("tags", ListOf(Named("String"))),
        "colour": InputField("colour", Named("Colour")),
    },
    InputRole.INSERT,
)
TEXTS = InputType(
    "Texts",
    {"eq": InputField("eq", Named("String")), "in": InputField("in", ListOf(NonNull(Named("String"))))},
    InputRole.COMPARISON,
)
COLOUR = EnumType("Colour", (EnumValue("RED"), EnumValue("GREEN")))
TYPES: dict[str, NamedType] = {each: ScalarType(each, "") for each in SCALARS}
TYPES |= {each.name: each for each in (FILTER, COMPARISON, TEXTS, ROW, COLOUR)}
QUERY = ObjectType("Query", {})
SCHEMA = Schema(types=TYPES, query=QUERY, mutation=None, shown=None, serial=1)


def coerced(
    wanted: TypeRef | InputField,
    written: str | None,
    variables: Mapping[str, Json] = {},
    *,
    declared: str = "",
    trace: Trace | None = None,
) -> Input:
    """The argument x as written in a query, for a wanted type."""
    operation = read_operation(
        f"query {declared} {{ f{'' if written is None else f'(x: {written})'} }}", None, Limits()
    )
    scope = Scope(variables, operation.defaults, operation.fragments, trace or Trace())
    (selected,) = select(operation.selections, QUERY, scope)
    argument_ = wanted if isinstance(wanted, InputField) else InputField("x", wanted)
    return argument(selected, Field("f", Named("Int"), {"x": argument_}), "x", SCHEMA, scope)


def refusal(
    wanted: TypeRef | InputField, written: str | None, variables: Mapping[str, Json] = {}, trace: Trace | None = None
) -> str:
    with pytest.raises(GraphQLError) as raised:
        coerced(wanted, written, variables, trace=trace)
    assert not raised.value.nothing_ran
    return raised.value.message


@pytest.mark.parametrize(
    ("type_name", "written", "value"),
    [
        ("Int", "1", 1),
        ("Int", "-9223372036854775808", -(2**63)),
        ("Float", "1", 1),
        ("Float", "-1.5e3", -1500.0),
        ("String", '"a"', "a"),
        ("String", '"""\n  a\n"""', "a"),
        ("String", "anEnum", "anEnum"),
        ("Boolean", "true", True),
        ("BigInt", "1", 1),
        ("BigInt", '"1"', "1"),
        ("BigFloat", '"1.5"', "1.5"),
        ("JSON", '"{}"', "{}"),
        ("UUID", '"no uuid"', "no uuid"),
        ("Opaque", "1", 1),
        ("Opaque", '"a"', "a"),
        ("Opaque", "[1, {a: B}]", [1, {"a": "B"}]),
        ("Colour", "RED", "RED"),
        ("Colour", '"RED"', "RED"),
    ],
)
def test_literals(type_name: str, written: str, value: Json) -> None:
    found = coerced(Named(type_name), written)
    assert found == Given(value)
    assert isinstance(found, Given)
    assert type(found.value) is type(value)


@pytest.mark.parametrize("type_name", SCALARS)
def test_absent_and_null(type_name: str) -> None:
    wanted = Named(type_name)
    assert coerced(wanted, None) is UNSET
    assert coerced(wanted, "$x") is UNSET
    assert coerced(wanted, "null") == Given(None)
    assert coerced(wanted, "$x", {"x": None}) == Given(None, ("x",))
    for written in (None, "$x", "null"):
        assert refusal(NonNull(wanted), written) == "Invalid input for NonNull type"
    assert refusal(NonNull(wanted), "$x", {"x": None}) == "Invalid input for NonNull type"


@pytest.mark.parametrize(
    ("type_name", "values", "message"),
    [
        ("Int", [1.5, "1", True, [1], {}, 2**63], "Invalid input for Int type"),
        ("Float", ["1", True, [1.5], {}], "Invalid input for Float type"),
        ("String", [1, True, ["a"], {}], "Invalid input for String(None) type"),
        ("Boolean", [1, "true", [], {}], "Invalid input for Boolean type"),
        ("BigInt", [True, [1], {}], "Invalid input for BigInt type"),
        ("BigFloat", [1, 1.5, True, [], {}], "Invalid input for BigFloat type. String required"),
        ("JSON", [{}, [], 1], "Invalid input for JSON type"),
        *((each, [1, True, {}, []], f"Invalid input for {each} type") for each in ("ID", "UUID", "Date", "Time")),
        *((each, [1, True, {}, []], f"Invalid input for {each} type") for each in ("Datetime", "Cursor")),
        ("Colour", ["BLUE", 1, True, {}, [], ""], "Invalid input for Colour type"),
    ],
)
def test_variables_of_another_type(type_name: str, values: list[Json], message: str) -> None:
    for value in values:
        assert refusal(Named(type_name), "$x", {"x": value}) == message


@pytest.mark.parametrize(
    ("type_name", "written", "message"),
    [
        ("Int", "1.5", "Invalid input for Int type"),
        ("Int", '"1"', "Invalid input for Int type"),
        ("Int", "[1]", "Invalid input for Int type"),
        ("Int", "9223372036854775808", "Invalid Int input"),
        ("BigInt", "1" * 5_000, "Invalid Int input"),
        ("String", "{a: 1}", "Invalid input for String(None) type"),
        ("Colour", "BLUE", "Invalid input for Colour type"),
    ],
)
def test_literals_of_another_type(type_name: str, written: str, message: str) -> None:
    assert refusal(Named(type_name), written) == message


def test_a_text_may_have_a_length() -> None:
    wanted = InputField("x", Named("String"), max_length=3)
    assert coerced(wanted, '"äöü"') == Given("äöü")
    assert refusal(wanted, '"abcd"') == "Invalid input for String type. Maximum character length 3"
    assert refusal(wanted, "1") == "Invalid input for String(Some(3)) type"


def test_a_value_knows_its_place() -> None:
    assert coerced(Named("Int"), "$x", {"x": 1}) == Given(1, ("x",))


def test_a_default_is_part_of_the_query() -> None:
    assert coerced(Named("Int"), "$x", declared="($x: Int = 2)") == Given(2)
    assert coerced(Named("Int"), "$x", {"x": 1}, declared="($x: Int = 2)") == Given(1, ("x",))
    assert coerced(Named("Int"), "$x", {"x": None}, declared="($x: Int = 2)") == Given(None, ("x",))


def test_variables_within_an_object() -> None:
    assert coerced(Named("Filter"), "{a: {eq: $x}, not: $y}", {"x": 1, "y": {"a": {"in": [1, 2]}}}) == {
        "a": {"eq": Given(1, ("x",))},
        "not": {"a": {"in": Given([1, 2], ("y", "a", "in"))}},
    }
    assert coerced(Named("Filter"), "{a: {eq: $absent}}") == {"a": {"eq": UNSET}}


def test_variables_within_a_list_of_objects() -> None:
    found = coerced(ListOf(NonNull(Named("Row"))), "[{id: $x}, $y]", {"x": 1, "y": {"id": 2}})
    assert found == [{"id": Given(1, ("x",))}, {"id": Given(2, ("y", "id"))}]


def test_variables_within_a_list_of_scalars_are_pinned() -> None:
    trace = Trace()
    found = coerced(ListOf(NonNull(Named("Int"))), "[1, $x]", {"x": 2}, trace=trace)
    assert found == Given([1, 2])
    assert [each.path for each in trace.pins] == [("x",)]
    assert refusal(ListOf(NonNull(Named("Int"))), "[$x]") == "Invalid input for NonNull type"
    assert refusal(ListOf(Named("Int")), "[$x]").startswith("Encounterd `Absent` value")


def test_a_single_value_is_a_list_of_one() -> None:
    assert coerced(ListOf(Named("Int")), "1") == Given([1])
    assert coerced(ListOf(Named("Int")), "$x", {"x": 1}) == Given([1], ("x",))
    assert coerced(ListOf(Named("Row")), "{id: 1}") == [{"id": Given(1)}]
    assert coerced(ListOf(Named("Row")), "$x", {"x": {"id": 1}}) == [{"id": Given(1, ("x", "id"))}]


def test_null_is_no_list() -> None:
    assert coerced(ListOf(Named("Int")), "null") == Given(None)
    assert refusal(NonNull(ListOf(Named("Int"))), "null") == "Invalid input for NonNull type"


def test_scalars_of_a_variable_are_one_leaf() -> None:
    assert coerced(ListOf(Named("Int")), "$x", {"x": [1, None]}) == Given([1, None], ("x",))
    assert refusal(ListOf(NonNull(Named("Int"))), "$x", {"x": [1, None]}) == "Invalid input for NonNull type"
    assert refusal(ListOf(NonNull(Named("Int"))), "$x", {"x": ["a", None]}) == "Invalid input for Int type"
    assert refusal(ListOf(Named("Int")), "$x", {"x": [[1]]}) == "Invalid input for Int type"


def test_objects_of_a_variable_are_leaves_of_their_own() -> None:
    found = coerced(ListOf(NonNull(Named("Row"))), "$x", {"x": [{"id": 1}, {"id": 2, "tags": ["a"]}]})
    assert found == [
        {"id": Given(1, ("x", 0, "id"))},
        {"id": Given(2, ("x", 1, "id")), "tags": Given(["a"], ("x", 1, "tags"))},
    ]
    assert refusal(ListOf(NonNull(Named("Row"))), "$x", {"x": [{"id": 1}, None]}) == "Invalid input for NonNull type"


def test_keys_that_are_not_fields() -> None:
    message = 'Input for type Filter contains extra keys ["b"]'
    assert refusal(Named("Filter"), "{b: 1, a: 2}") == message
    assert refusal(Named("Filter"), "$x", {"x": {"b": 1}}) == message
    assert refusal(Named("Filter"), "$x", {"x": {'"': 1, "c": 1}}) == (
        'Input for type Filter contains extra keys ["\\"", "c"]'
    )


def test_what_is_no_object() -> None:
    values: list[Json] = [1, "a", [], [{}], True]
    for value in values:
        assert refusal(Named("Filter"), "$x", {"x": value}) == "Invalid input for Filter type"
    assert refusal(Named("Filter"), "[]") == "Invalid input for Filter type"


def test_a_field_that_must_be_there() -> None:
    assert refusal(Named("Row"), "{}") == "Invalid input for NonNull type"
    assert refusal(Named("Row"), '{name: "abcd"}') == "Invalid input for NonNull type"  # id is the type's first
    assert coerced(Named("Row"), "null") == Given(None)


def test_keys_keep_their_order_and_the_last_of_two_counts() -> None:
    found = coerced(Named("Row"), '{name: "a", id: 1, name: "b"}')
    assert isinstance(found, dict)
    assert list(found.items()) == [("name", Given("b")), ("id", Given(1))]


def test_a_length_is_that_of_a_field() -> None:
    message = "Invalid input for String type. Maximum character length 3"
    assert refusal(Named("Row"), '{id: 1, name: "abcd"}') == message


def test_what_a_column_is_compared_with_has_its_length() -> None:
    wanted = InputField("x", Named("Texts"), max_length=3)
    message = "Invalid input for String type. Maximum character length 3"
    assert coerced(wanted, '{eq: "abc", in: ["a"]}')
    assert refusal(wanted, '{eq: "abcd"}') == message
    trace = Trace()
    assert refusal(wanted, "{in: $x}", {"x": ["a", "abcd"]}, trace) == message
    assert trace.pins


@pytest.mark.parametrize("levels", [70, 500, 5_000])
def test_an_argument_has_a_bounded_depth(levels: int) -> None:
    value: Json = {}
    for _ in range(levels):
        value = {"not": value}
    assert refusal(Named("Filter"), "$x", {"x": value}) == "Input is nested more than 64 levels deep"
    assert refusal(Named("Filter"), "{not: " * 70 + "{}" + "}" * 70) == "Input is nested more than 64 levels deep"


def test_nothing_that_only_the_shape_decides_is_pinned() -> None:
    trace = Trace()
    coerced(Named("Filter"), "$x", {"x": {"a": {"in": [1], "eq": None}}}, trace=trace)
    assert trace.pins == []


def test_whether_a_value_is_one_of_an_enum_is_pinned() -> None:
    trace = Trace()
    coerced(Named("Colour"), "$x", {"x": "RED"}, trace=trace)
    (pin,) = trace.pins
    assert pin.read("RED") == pin.read("GREEN") != pin.read("BLUE")
    trace = Trace()
    refusal(ListOf(Named("Colour")), "$x", {"x": ["RED", "BLUE"]}, trace)
    (pin,) = trace.pins
    assert pin.path == ("x",)
    assert pin.read(["RED", "BLUE"]) == pin.read("BLUE") != pin.read(["RED", None])


def test_whether_a_text_is_too_long_is_pinned() -> None:
    trace = Trace()
    refusal(Named("Row"), "$x", {"x": {"id": 1, "name": "abcd"}}, trace)
    (pin,) = trace.pins
    assert pin.path == ("x", "name")
    assert pin.read("abcd") == pin.read("abcde") != pin.read("abc")


def test_how_many_nulls_stand_where_objects_should_is_pinned() -> None:
    trace = Trace()
    assert coerced(ListOf(Named("Row")), "$x", {"x": [None]}, trace=trace) == [Given(None, ("x", 0))]
    (pin,) = trace.pins
    assert pin.read([None]) != pin.read([None, None])


def test_arguments_that_a_field_does_not_have() -> None:
    operation = read_operation("{ f(a: 1, b: 2, c: 3) }", None, Limits())
    (selected,) = select(operation.selections, QUERY, Scope({}, {}, {}, Trace()))
    only_arguments(selected, ("a", "b", "c", "d"))
    with pytest.raises(GraphQLError) as raised:
        only_arguments(selected, ("b",))
    assert raised.value.message == 'Input contains extra keys ["a", "c"]'


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(["RED", "abcd", "\0", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "and", "not", "eq", "in", "id", "name", "tags", "colour"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)
WANTED = st.recursive(
    st.sampled_from([Named(each) for each in TYPES]),
    lambda inner: inner.map(lambda of: of if isinstance(of, NonNull) else NonNull(of)),
    max_leaves=2,
)
WRITTEN = st.sampled_from(
    ["$x", "[$x]", "[$x, $x]", "{a: $x}", "{not: {and: [$x]}}", "{id: 1, colour: $x}", "{in: $x}"]
)


def leaves(found: Input) -> list[Given]:
    if isinstance(found, Given):
        return [found]
    if isinstance(found, dict | list):
        return [leaf for each in (found.values() if isinstance(found, dict) else found) for leaf in leaves(each)]
    return []


@given(wanted=WANTED | WANTED.map(ListOf), written=WRITTEN, value=JSON)
@settings(max_examples=600, deadline=None)
def test_any_value_is_coerced_or_refused_and_every_leaf_knows_its_place(
    wanted: TypeRef, written: str, value: Json
) -> None:
    variables = {"x": value}
    try:
        found = coerced(wanted, written, variables)
    except GraphQLError:
        return
    for leaf in leaves(found):
        if leaf.path is not None:
            stands = at(variables, leaf.path)
            assert leaf.value == stands or leaf.value == [stands]
