"""Which operation of a document runs, and why none does."""

from __future__ import annotations

import pytest
from graphql.language import OperationType
from hypothesis import given, settings
from hypothesis import strategies as st

from rowgate.graphql.document import LEVELS, Operation, read_operation
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.limits import Limits

LIMITS = Limits()


def refusal(query: str, name: str | None = None, limits: Limits = LIMITS) -> str:
    with pytest.raises(GraphQLError) as raised:
        read_operation(query, name, limits)
    assert raised.value.nothing_ran
    return raised.value.message


def nested(depth: int, inner: str = "a") -> str:
    return "{" + "a{" * (depth - 1) + inner + "}" * depth


def test_the_only_operation_needs_no_name() -> None:
    assert read_operation("{ a }", None, LIMITS).kind is OperationType.QUERY
    assert read_operation("mutation M { a }", None, LIMITS).kind is OperationType.MUTATION


def test_one_of_several_operations_is_chosen_by_its_name() -> None:
    operation = read_operation("query A { a } mutation B { b }", "B", LIMITS)
    assert operation.kind is OperationType.MUTATION


def test_an_operation_knows_its_fragments_and_the_defaults_of_its_own_variables() -> None:
    operation = read_operation(
        "query A($x: Int = 1, $y: Int) { ...f } query B($z: Int = 2) { a } fragment f on Query { a }", "A", LIMITS
    )
    assert set(operation.fragments) == {"f"}
    assert set(operation.defaults) == {"x"}


@pytest.mark.parametrize(
    ("query", "name", "message"),
    [
        ("query A { a } { b }", "A", "Anonymous operations must be the only defined operation"),
        ("query A { a } subscription B { b }", "A", "Anonymous operations must be the only defined operation"),
        ("query A { a } query A { b }", "A", "Operation names must be unique"),
        ("query A { a } query B { b }", None, "Operation not found"),
        ("query A { a } query B { b }", "C", "Operation not found"),
        ("query A { a }", "B", "Operation not found"),
        ("{ a }", "A", "Operation not found"),
        ("fragment f on Query { a }", None, "Operation not found"),
        ("subscription { a }", None, "Subscriptions are not supported"),
    ],
)
def test_why_no_operation_runs(query: str, name: str | None, message: str) -> None:
    assert refusal(query, name) == message


@pytest.mark.parametrize(
    "query",
    [
        "{ ...f } fragment f on Query { ...f }",
        "{ a } fragment f on Query { a { ...g } } fragment g on A { ... on A { ...f } }",
        "query A { a } fragment f on Query { ...f }",
    ],
)
def test_a_cycle_of_fragments_is_found_whether_it_is_used_or_not(query: str) -> None:
    assert refusal(query, "B") == "Found a cycle between fragments"


def test_a_fragment_that_does_not_exist_is_the_selections_business() -> None:
    read_operation("{ ...f } fragment g on Query { ...h }", None, LIMITS)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_chain_of_fragments_may_not_be_too_long(backwards: bool) -> None:
    def chain(length: int) -> str:
        links = [f"fragment f{each} on Q {{ ...f{each + 1} }}" for each in range(length)]
        links.append(f"fragment f{length} on Q {{ a }}")
        return "{ a }" + " ".join(reversed(links) if backwards else links)

    longest = (LEVELS - 3) // 2  # a fragment and its set are a level each, and so is the leaf's empty set
    read_operation(chain(longest), None, LIMITS)
    assert refusal(chain(longest + 1)) == "Fragment cycle depth is greater than 50"
    assert refusal(chain(500)) == "Fragment cycle depth is greater than 50"


def test_fragments_that_double_one_another_are_counted_not_spread() -> None:
    doubled = " ".join(f"fragment f{each} on Q {{ ...f{each + 1} ...f{each + 1} }}" for each in range(20))
    query = "{ ...f0 }" + doubled + " fragment f20 on Q { a }"
    assert refusal(query) == "Query selects more than 10000 fields once its fragments are spread"


def test_fields_may_be_nested_one_less_than_the_limit() -> None:
    read_operation(nested(31), None, LIMITS)
    assert refusal(nested(32)) == "Query selection depth exceeds the maximum allowed depth of 32"


def test_the_limit_of_the_depth_is_a_setting() -> None:
    message = "Query selection depth exceeds the maximum allowed depth of 3"
    assert refusal(nested(3), limits=Limits(depth=3)) == message


def test_fragments_count_with_what_they_hold() -> None:
    fragment, limits = " fragment f on Q " + nested(16), Limits(depth=32)
    read_operation(nested(16, "...f") + fragment, None, limits)
    message = "Query selection depth exceeds the maximum allowed depth of 32"
    assert refusal(nested(17, "...f") + fragment, limits=limits) == message
    assert refusal(nested(17, "... {" + nested(16)[1:]), limits=limits) == message


def test_another_operation_may_be_as_deep_as_it_likes() -> None:
    read_operation("query A { a } query B " + nested(100), "A", LIMITS)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ a", "query parse error: Expected Name, found <EOF> at line 1, column 4"),
        ("{\n  a(x: )\n}", "query parse error: Unexpected ')' at line 2, column 8"),
        ("", "query parse error: Unexpected <EOF> at line 1, column 1"),
        ("# nothing", "query parse error: Unexpected <EOF> at line 1, column 10"),
        ("{ a }}", "query parse error: Unexpected '}' at line 1, column 6"),
        ("type A { a: Int }", "query parse error: Type system definitions are not executable"),
        ("extend type A { a: Int } { a }", "query parse error: Type system definitions are not executable"),
        ("{ }", "query parse error: Expected a selection, found '}'"),
        ("{ a { } }", "query parse error: Expected a selection, found '}'"),
        ("{ a\0 }", "query parse error: Unexpected character: U+0000 at line 1, column 4"),
        ('{ a(x: "\ud800") }', "query parse error: Invalid character within String: U+D800 at line 1, column 9"),
        (
            '{ a(x: "\\ud800") }',
            "query parse error: Invalid Unicode escape sequence: '\\ud800' at line 1, column 9",
        ),
    ],
)
def test_what_cannot_be_parsed_says_what_and_where(query: str, message: str) -> None:
    assert refusal(query) == message


def test_a_long_token_is_not_said_back() -> None:
    assert len(refusal("{ a } " + "b" * 100_000)) < 300


def test_a_document_has_a_bounded_number_of_tokens() -> None:
    read_operation("{" + "a " * 9_998 + "}", None, LIMITS)
    assert refusal("{" + "a " * 10_000 + "}").startswith("query parse error: Document contains more than 10000 tokens")
    assert "more than 10 tokens" in refusal("{" + "a " * 10 + "}", limits=Limits(tokens=10))


def test_a_document_has_a_bounded_number_of_comments() -> None:
    assert "more than 10000 comments" in refusal("#\n" * 10_001 + "{ a }")


def test_a_document_has_a_bounded_length() -> None:
    assert "200000" in refusal("{ a }" + " " * 200_000)


@pytest.mark.parametrize("query", ["{a" * 300 + "}" * 300, "{ a(x: " + "[" * 5_000, "query($a: " + "[" * 5_000])
def test_what_is_too_deep_for_the_parser(query: str) -> None:
    assert "nested too deeply" in refusal(query)


@pytest.mark.parametrize(
    "query",
    ["\ufeff{ a }", '{ a(x: """\n block """) }', '{ a(x: "\\u{1F600} \\uD83D\\uDE00") }', "{,,, a # b\n}"],
)
def test_what_is_odd_but_can_be_parsed(query: str) -> None:
    assert isinstance(read_operation(query, None, LIMITS), Operation)


PIECES = ["{", "}", "(", ")", "[", "]", "a", "$a", ":", "...", "on", "query", "fragment", "f", "@skip", "1", "-1.5e3"]
PIECES += [
    '"s"',
    '"""b"""',
    "null",
    "true",
    "mutation",
    "subscription",
    "type",
    "!",
    "=",
    "|",
    "&",
    "\ufeff",
    "\0",
    "é",
]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join) | st.text(max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_text_is_an_operation_or_refused(query: str) -> None:
    try:
        assert isinstance(read_operation(query, None, LIMITS), Operation)
    except GraphQLError as error:
        error.message.encode()
