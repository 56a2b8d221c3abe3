"""Filters, logic trees and order. https://docs.postgrest.org/en/v14/references/api/tables_views.html#operators"""

from __future__ import annotations

import pytest

from rowgate.postgrest.errors import RestError
from rowgate.rest.filter_syntax import QUANTIFIED, SIMPLE, TEXT_SEARCH, array_elements, parse_filter
from rowgate.rest.logic_syntax import parse_logic
from rowgate.rest.order_syntax import parse_order
from rowgate.rest.parse_failure import FIELD_NAME, MAX_NESTING
from rowgate.rest.syntax import FieldPath, Filter, JsonStep, Logic, OrderTerm

X = FieldPath("x")


@pytest.mark.parametrize("name", sorted(QUANTIFIED | SIMPLE | TEXT_SEARCH | {"isdistinct"}))
def test_every_operator_takes_the_rest_of_the_text(name: str) -> None:
    value = 'a,b.c(d)"e'
    assert parse_filter("x", f"{name}.{value}") == ((), Filter(X, name, value))
    assert parse_filter("x", f"not.{name}.{value}") == ((), Filter(X, name, value, negated=True))


@pytest.mark.parametrize("name", sorted(QUANTIFIED))
@pytest.mark.parametrize("quantifier", ["any", "all"])
def test_quantified_operators_keep_the_literal_and_its_elements(name: str, quantifier: str) -> None:
    expected = Filter(X, name, "{a,b*}", ("a", "b*"), quantifier=quantifier)
    assert parse_filter("x", f"{name}({quantifier}).{{a,b*}}") == ((), expected)


@pytest.mark.parametrize("name", sorted(TEXT_SEARCH))
def test_text_search_takes_a_language(name: str) -> None:
    assert parse_filter("x", f"{name}(english).a & b") == ((), Filter(X, name, "a & b", language="english"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", "null"),
        ("NULL", "null"),
        ("not_null", "not_null"),
        ("True", "true"),
        ("false", "false"),
        ("unknown", "unknown"),
    ],
)
def test_is_takes_its_words_in_any_case(text: str, value: str) -> None:
    assert parse_filter("x", f"is.{text}") == ((), Filter(X, "is", value))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("(1,2,3)", ("1", "2", "3")),
        ("()", ("",)),
        ('("a,b","c)d",e)', ("a,b", "c)d", "e")),
        (r'("a\"b\\c")', (r'a"b\c',)),
        ('("a"b,c"d")', ('"a"b', 'c"d"')),
        ("( 1, 2 )", ("1", " 2 ")),
    ],
)
def test_in_lists_quote_their_delimiters(text: str, values: tuple[str, ...]) -> None:
    assert parse_filter("x", f"in.{text}") == ((), Filter(X, "in", "", values))


def test_a_filter_names_embeds_and_json_paths() -> None:
    path, read = parse_filter('a."b.c".d->e->>0', "eq.1")
    assert path == ("a", "b.c")
    assert read.field == FieldPath("d", (JsonStep(False, "e"), JsonStep(True, index=0)))


@pytest.mark.parametrize(
    ("literal", "elements"),
    [
        ("{}", ()),
        ("{a,b}", ("a", "b")),
        ('{"a,b", c d ,"e\\"f"}', ("a,b", "c d", 'e"f')),
        ("{a,NULL}", None),
        ("{a,{b}}", None),
        ("{a", None),
        ("{a,}", None),
    ],
)
def test_array_literals_are_read_or_left_alone(literal: str, elements: tuple[str, ...] | None) -> None:
    assert array_elements(literal) == elements


OPERATOR = "operator (eq, gt, ...)"


@pytest.mark.parametrize(
    ("text", "column_number", "details"),
    [
        ("noop.0", 1, f'unexpected "o" expecting "not" or {OPERATOR}'),
        ("val", 1, f'unexpected "v" expecting "not" or {OPERATOR}'),
        ("", 1, f'unexpected end of input expecting "not" or {OPERATOR}'),
        ("fts().value", 5, f'unexpected ")" expecting {OPERATOR}'),
        ("eq().value", 4, f'unexpected ")" expecting {OPERATOR}'),
        ("is().value", 3, f'unexpected "(" expecting {OPERATOR}'),
        ("in().value", 3, f'unexpected "(" expecting {OPERATOR}'),
        ("not.blah", 5, f'unexpected "b" expecting {OPERATOR}'),
        ("in.1", 4, 'unexpected "1" expecting "("'),
        ("in.(1,2", 8, 'unexpected end of input expecting "," or ")"'),
        ("in.(", 5, 'unexpected end of input expecting "\\"", "," or ")"'),
        ("in.(1,", 7, 'unexpected end of input expecting "," or ")"'),
        ("eq(an).1", 4, f'unexpected "n" expecting {OPERATOR}'),
        ("is.nil", 5, 'unexpected "i" expecting isVal: (null, not_null, true, false, unknown)'),
        ("is.\\", 4, 'unexpected "\\\\" expecting isVal: (null, not_null, true, false, unknown)'),
    ],
)
def test_a_filter_error_says_where_and_what_was_expected(text: str, column_number: int, details: str) -> None:
    with pytest.raises(RestError) as caught:
        parse_filter("x", text)
    assert caught.value.code == "PGRST100"
    assert caught.value.message == f'"failed to parse filter ({text})" (line 1, column {column_number})'
    assert caught.value.details == details


def test_logic_trees_nest_and_negate() -> None:
    text = '(a.eq."x,y",not.and(b.in.(1,2),c.not.is.null),d->>e.cs.{1,2}, f.like.*z* )'
    path, read = parse_logic("rel.not.or", text)
    assert path == ("rel",)
    assert read == Logic(
        "or",
        (
            Filter(FieldPath("a"), "eq", "x,y"),
            Logic(
                "and",
                (Filter(FieldPath("b"), "in", "", ("1", "2")), Filter(FieldPath("c"), "is", "null", negated=True)),
                negated=True,
            ),
            Filter(FieldPath("d", (JsonStep(True, "e"),)), "cs", "{1,2}"),
            Filter(FieldPath("f"), "like", "*z* "),
        ),
        negated=True,
    )


@pytest.mark.parametrize(
    ("key", "text", "column_number", "details"),
    [
        (
            "or",
            "()",
            4,
            f'unexpected ")" expecting {FIELD_NAME}, negation operator (not) or logic operator (and, or)',
        ),
        ("or", "(id.in.1,2,id.eq.3)", 10, 'unexpected "1" expecting "("'),
        ("or", ")(", 3, 'unexpected ")" expecting "("'),
        ("and", "(ord(id.eq.1,id.eq.1),id.eq.2)", 7, 'unexpected "d" expecting "("'),
        ("or", "(id.eq.1,not.xor(id.eq.2,id.eq.3))", 16, 'unexpected "x" expecting logic operator (and, or)'),
        ("and", "(id.eq.1", 12, 'unexpected end of input expecting "," or ")"'),
        ("and", "(id.eq.", 11, 'unexpected end of input expecting "\\"", "{", "," or ")"'),
        ("and", "(id.eq.1,id.eq.", 19, 'unexpected end of input expecting "," or ")"'),
        ("or", '("id"-.eq.1)', 8, 'unexpected "." expecting "->>", "->" or delimiter (.)'),
        ("or", "(a\t-.eq.1)", 9, 'unexpected "-" expecting delimiter (.)'),
    ],
)
def test_a_logic_error_counts_columns_from_the_operator(key: str, text: str, column_number: int, details: str) -> None:
    with pytest.raises(RestError) as caught:
        parse_logic(key, text)
    assert caught.value.message == f'"failed to parse logic tree ({text})" (line 1, column {column_number})'
    assert caught.value.details == details


def test_logic_nesting_is_bounded() -> None:
    def nested(levels: int) -> str:
        return "(" + "and(" * levels + "a.eq.1" + ")" * levels + ")"

    parse_logic("or", nested(MAX_NESTING - 1))
    for text in (nested(MAX_NESTING), "(" + "not.or(" * 9_000):
        with pytest.raises(RestError) as caught:
            parse_logic("or", text)
        assert "levels deep" in (caught.value.details or "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id", (OrderTerm(FieldPath("id")),)),
        ("id.desc", (OrderTerm(FieldPath("id"), None, True),)),
        (
            "id.asc.nullsfirst,x.nullslast",
            (OrderTerm(FieldPath("id"), None, False, True), OrderTerm(X, None, None, False)),
        ),
        ("d->a->>0.desc", (OrderTerm(FieldPath("d", (JsonStep(False, "a"), JsonStep(True, index=0))), None, True),)),
        ("rel(x).desc,id", (OrderTerm(X, "rel", True), OrderTerm(FieldPath("id")))),
        ('"a.b".desc', (OrderTerm(FieldPath("a.b"), None, True),)),
    ],
)
def test_order(text: str, expected: tuple[OrderTerm, ...]) -> None:
    assert parse_order(text) == expected


@pytest.mark.parametrize(
    ("text", "column_number", "details"),
    [
        ("id.ac", 4, 'unexpected "c" expecting "asc", "desc", "nullsfirst" or "nullslast"'),
        ("id.descc", 8, "unexpected 'c' expecting delimiter (.), \",\" or end of input"),
        ("id.nulsfist", 4, 'unexpected "n" expecting "asc", "desc", "nullsfirst" or "nullslast"'),
        ("id.nullslasttt", 13, "unexpected 't' expecting \",\" or end of input"),
        ("id.asc.nlsfst", 8, 'unexpected "l" expecting "nullsfirst" or "nullslast"'),
        ("id.asc.smth34", 8, 'unexpected "s" expecting "nullsfirst" or "nullslast"'),
        (
            "clients(name,id)",
            8,
            'unexpected \'(\' expecting letter, digit, "-", "->>", "->", delimiter (.), "," or end of input',
        ),
        ("", 1, "unexpected end of input expecting field name (* or [a..z0..9_$])"),
        ("id,", 4, "unexpected end of input expecting field name (* or [a..z0..9_$])"),
    ],
)
def test_an_order_error_says_where_and_what_was_expected(text: str, column_number: int, details: str) -> None:
    with pytest.raises(RestError) as caught:
        parse_order(text)
    assert caught.value.message == f'"failed to parse order ({text})" (line 1, column {column_number})'
    assert caught.value.details == details
