"""Values as Postgres reads them."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowgate.graphql.entities import EnumKind, ListKind, Scalar
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Json
from rowgate.graphql.rendering import array, number, render_of, text
from rowgate.graphql.rust_debug import quoted, quoted_list
from rowgate.graphql.written import Render

COLOUR = EnumKind("public", "colour", "Colour", (("light red", "RED"), ("green", "green")), mapped=True)


@pytest.mark.parametrize(
    ("value", "rendered"),
    [
        (None, None),
        ("", b""),
        ("é\\\"'$1", "é\\\"'$1".encode()),
        (True, b"true"),
        (False, b"false"),
        (1, b"1"),
        (-(2**63), b"-9223372036854775808"),
        (2**63, b"9.223372036854776e18"),
        (12345678901234567890, b"1.2345678901234567e19"),
        (1.0, b"1.0"),
        (-0.0, b"-0.0"),
        (0.1, b"0.1"),
        (1e10, b"10000000000.0"),
        (1e15, b"1000000000000000.0"),
        (1e16, b"1e16"),
        (1.5e300, b"1.5e300"),
        (0.00001, b"0.00001"),
        (1.5e-6, b"1.5e-6"),
        (5e-324, b"5e-324"),
    ],
)
def test_scalars_are_passed_as_upstream_writes_them(value: Json, rendered: bytes | None) -> None:
    assert text(value) == rendered


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_the_same_when_it_is_read_again(value: float) -> None:
    assert struct.pack(">d", float(number(value))) == struct.pack(">d", value)
    json.loads(number(value))


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan"), 10**400])
@pytest.mark.parametrize("render", [text, array])
def test_what_is_no_number(value: float, render: Render) -> None:
    with pytest.raises(GraphQLError, match="number out of range"):
        render(value)


@pytest.mark.parametrize(
    ("value", "bytes_"), [("a\0b", "0x00"), ("a\ud800", "0xed 0xa0 0x80"), ("\0", "0x00"), ("\udfff\0", "0x00")]
)
@pytest.mark.parametrize("render", [text, array])
def test_what_no_text_of_postgres_can_hold(value: str, bytes_: str, render: Render) -> None:
    with pytest.raises(GraphQLError) as raised:
        render(value)
    assert raised.value.message == f'invalid byte sequence for encoding "UTF8": {bytes_}'


@pytest.mark.parametrize(
    ("value", "rendered"),
    [
        (None, None),
        ([], b"{}"),
        ([1, None, 2.5, True], b"{1,NULL,2.5,true}"),
        (["a", "NULL", "", 'b"\\,{}', None], b'{"a","NULL","","b\\"\\\\,{}",NULL}'),
        (7, b"{7}"),
        ("a", b'{"a"}'),
    ],
)
def test_lists_are_array_literals(value: Json, rendered: bytes | None) -> None:
    assert array(value) == rendered


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[1]], "Unexpected array in input value array"),
        ([1, {"a": 1}], "Unexpected object in input value array"),
    ],
)
def test_lists_of_what_is_no_scalar(value: Json, message: str) -> None:
    with pytest.raises(GraphQLError, match=message):
        array(value)


def test_an_object_is_no_scalar() -> None:
    with pytest.raises(GraphQLError, match="Unexpected object in input value"):
        text({})


def test_values_of_a_mapped_enum_are_passed_as_their_labels() -> None:
    render, several = render_of(COLOUR), render_of(COLOUR, several=True)
    assert [render(each) for each in ("RED", "green", None)] == [b"light red", b"green", None]
    assert several(["RED", None, "green"]) == b'{"light red",NULL,"green"}'
    assert several("RED") == b'{"light red"}'
    assert several(None) is None
    assert render_of(ListKind(COLOUR)) == several
    assert hash(render) == hash(render_of(COLOUR)), "plans with it can be compared"


def test_every_other_kind_has_one_of_two() -> None:
    assert render_of(Scalar.INT) is text
    assert render_of(Scalar.INT, several=True) is array
    assert render_of(ListKind(Scalar.INT)) is array
    assert render_of(EnumKind("public", "e", "E", (("a", "a"),))) is text


def test_names_are_quoted_as_rust_does() -> None:
    assert quoted("a\"\\'é\n\0\x1b") == '"a\\"\\\\\'é\\n\\0\\u{1b}"'
    assert quoted_list(["a", "b"]) == '["a", "b"]'
    assert quoted_list([]) == "[]"
