"""What selections on a type select."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from rowgate.graphql.document import read_operation
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Json, Trace
from rowgate.graphql.limits import Limits
from rowgate.graphql.schema import ObjectType
from rowgate.graphql.scope import Scope, Selected
from rowgate.graphql.selection import select

QUERY = ObjectType("Query", {})


def selected(query: str, variables: Mapping[str, Json] = {}, trace: Trace | None = None) -> tuple[Selected, ...]:
    operation = read_operation(query, None, Limits())
    scope = Scope(variables, operation.defaults, operation.fragments, trace or Trace())
    return select(operation.selections, QUERY, scope)


def keys(query: str, variables: Mapping[str, Json] = {}) -> list[str]:
    return [each.key for each in selected(query, variables)]


def refusal(query: str, variables: Mapping[str, Json] = {}) -> str:
    with pytest.raises(GraphQLError) as raised:
        selected(query, variables)
    return raised.value.message


def test_a_field_has_a_key_a_name_arguments_and_selections() -> None:
    (field,) = selected("{ x: a(b: 1, b: 2, c: $d) { e f } }")
    assert (field.key, field.name, list(field.arguments)) == ("x", "a", ["b", "c"])
    assert field.arguments["b"].value == "1"  # type: ignore[attr-defined]
    assert len(field.selections) == 2


def test_fields_keep_their_order() -> None:
    assert keys("{ c a: b ...f b } fragment f on Query { d c }") == ["c", "a", "d", "b"]


def test_fragments_count_on_exactly_the_type() -> None:
    assert keys("{ ...f ... on Query { b } ... on Other { c } ... { d } } fragment f on Query { a }") == [
        "a",
        "b",
        "d",
    ]


@pytest.mark.parametrize("rest", ["", "fragment g on Query { a }", "fragment f on Other { a }"])
def test_a_fragment_that_is_not_there(rest: str) -> None:
    assert refusal("{ a ...f }" + rest) == "no fragment named f on type Query"


def test_a_fragment_that_is_left_out_need_not_be_there() -> None:
    assert keys("{ a ...f @skip(if: true) }") == ["a"]


@pytest.mark.parametrize(
    ("directives", "there"),
    [
        ("@skip(if: true)", False),
        ("@skip(if: false)", True),
        ("@include(if: true)", True),
        ("@include(if: false)", False),
        ("@include(if: true) @skip(if: true)", False),
        ("@skip(if: $yes)", False),
        ("@include(if: $yes)", True),
        ("@include(if: $no)", False),
        ('@skip(if: "true")', True),
        ("@include(if: null)", True),
    ],
)
@pytest.mark.parametrize("selection", ["a {}", "...f {}", "... {} {{ a }}", "... on Query {} {{ a }}"])
def test_directives_decide(directives: str, there: bool, selection: str) -> None:
    query = "{ b " + selection.format(directives) + " } fragment f on Query { a }"
    assert ("a" in keys(query, {"yes": True, "no": False})) is there


@pytest.mark.parametrize(
    ("directives", "message"),
    [
        ("@skip", "Incorrect arguments to directive @skip"),
        ("@include(if: true, or: false)", "Incorrect arguments to directive @include"),
        ("@skip(unless: true)", "Unknown argument to @skip: unless"),
        ("@include(when: true)", "Unknown argument to @include: when"),
        ("@deprecated", "Unknown directive deprecated"),
        ("@skip(if: $absent)", 'Value for "if" in @skip directive is required'),
        ("@include(if: $null)", 'Value for "if" in @include directive is required'),
        ("@include(if: $text)", 'Value for "if" in @include directive is required'),
    ],
)
def test_directives_that_decide_nothing(directives: str, message: str) -> None:
    assert refusal("{ a " + directives + " }", {"null": None, "text": "true"}) == message


def test_a_default_of_a_directives_variable_does_not_count() -> None:
    message = 'Value for "if" in @skip directive is required'
    assert refusal("query ($x: Boolean = true) { a @skip(if: $x) }") == message


def test_the_first_directive_that_leaves_a_field_out_is_the_last_that_is_read() -> None:
    assert keys("{ b a @skip(if: true) @nonsense }") == ["b"]


def test_a_variable_that_a_directive_looks_at_is_written_down() -> None:
    trace = Trace()
    selected("{ a @skip(if: $x) b @include(if: true) }", {"x": False}, trace)
    assert [each.path for each in trace.pins] == [("x",)]
    assert trace.pins[0].read(False) != trace.pins[0].read(True)


def test_equal_keys_are_one_with_the_selections_of_both() -> None:
    fields = selected("{ a(x: 1) { b } c ...f } fragment f on Query { a(x: 1) { d } }")
    assert [each.key for each in fields] == ["a", "c"]
    assert [each.name.value for each in fields[0].selections] == ["b", "d"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "pair",
    [
        ("a(x: 1, y: 2)", "a(y: 2, x: 1)"),
        ("a(x: {b: 1, c: [$d]})", "a(x: {c: [$d], b: 1})"),
        ('a(x: "b")', 'a(x: """b""")'),
        ("a(x: 1.50)", "a(x: 1.5)"),
        ("a(x: B, y: true, z: null)", "a(x: B, y: true, z: null)"),
    ],
)
def test_arguments_written_to_the_same_effect(pair: tuple[str, str]) -> None:
    assert keys("{ " + " ".join(pair) + " }") == ["a"]


@pytest.mark.parametrize(
    "pair",
    [
        ("a", "a(x: 1)"),
        ("a(x: 1)", "a"),
        ("a(x: 1)", "a(x: 2)"),
        ("a(x: 1)", "a(x: 1.0)"),
        ("a(x: 1)", 'a(x: "1")'),
        ("a(x: [1])", "a(x: [1, 1])"),
        ("a(x: {b: 1})", "a(x: {b: 1, c: 1})"),
        ("a(x: $b)", "a(x: $c)"),
    ],
)
def test_arguments_that_differ(pair: tuple[str, str]) -> None:
    assert refusal("{ " + " ".join(pair) + " }") == "Two fields named `a` have different arguments"


def test_different_fields_of_one_key() -> None:
    assert refusal("{ a: b a: c }") == "Fields `c` and `b` are different"


def test_merging_comes_after_everything_else_of_its_level() -> None:
    assert refusal("{ a: b a: c ...f }") == "no fragment named f on type Query"
    assert refusal("{ ... { a: b a: c } ...f }") == "Fields `c` and `b` are different"
