"""Request bodies: columns found, values untouched."""

from __future__ import annotations

import json

import pytest

from rowgate.postgrest.errors import RestError
from rowgate.project.settings import RestSettings
from rowgate.rest.payload import FORM_FIELDS
from rowgate.rest.request import with_payload
from rowgate.rest.syntax import Payload
from tests.unit.rest.unlifted import parse

JSON = b"application/json"
CSV = b"text/csv"
FORM = b"application/x-www-form-urlencoded"


def read(
    body: bytes, content_type: bytes = JSON, *, method: str = "POST", path: str = "/items", query: bytes = b""
) -> Payload:
    request = parse(method, path, query, [(b"content-type", content_type)], RestSettings())
    payload = with_payload(request, body).payload
    assert payload is not None
    return payload


def refusal(body: bytes, content_type: bytes = JSON, *, path: str = "/items") -> RestError:
    with pytest.raises(RestError) as caught:
        read(body, content_type, path=path)
    return caught.value


def test_an_object_names_its_keys_and_keeps_its_bytes() -> None:
    body = b' {"b": 1.10, "a": {"x": [1]}}'
    assert read(body) == Payload(body, ("a", "b"), is_object=True)


def test_an_array_names_the_keys_its_objects_share() -> None:
    body = b'[{"b":1,"a":2},{"a":3,"b":null}]'
    assert read(body) == Payload(body, ("a", "b"), is_array=True)


@pytest.mark.parametrize("body", [b'[{"a":1},{"b":1}]', b'[{"a":1},{"a":1,"b":1}]', b"[1]", b'[{"a":1},2]', b"[[]]"])
def test_all_object_keys_must_match(body: bytes) -> None:
    error = refusal(body)
    assert (error.status, error.code, error.message) == (400, "PGRST102", "All object keys must match")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{]",
        b'{"a":1}x',
        b"[{}",
        b"nope",
        b"\xff",
        b'{"a":"\x00"}',
        b"{}\x00",
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    error = refusal(body)
    assert (error.status, error.code, error.message) == (400, "PGRST102", "Empty or invalid json")


@pytest.mark.parametrize("body", [b"[]", b" [ ] ", b"1", b'"x"', b"null"])
def test_anything_else_is_an_empty_array(body: bytes) -> None:
    assert read(body) == Payload(b"[]", is_array=True, is_empty_array=True)


def test_columns_in_the_query_string_spare_the_reading() -> None:
    body = b'[{"a":1},{"b":2}]'
    assert read(body, query=b"columns=b,a") == Payload(body, ("a", "b"), is_array=True)
    assert read(b'{"a":1}', query=b"columns=a", method="PUT") == Payload(b'{"a":1}', ("a",), is_object=True)


def test_a_body_passed_on_unread_holds_no_nul() -> None:
    with pytest.raises(RestError) as caught:
        read(b'{"a":1}\x00', query=b"columns=a")
    assert caught.value.code == "PGRST102"


def test_csv_becomes_json_with_the_word_null_as_null() -> None:
    body = 'id,"na""me"\r\n1,é\r\n\r\n2,"a,b\nc"\r\n3,NULL\n4,'.encode()
    payload = read(body, CSV)
    assert json.loads(payload.body) == [
        {"id": "1", 'na"me': "é"},
        {"id": "2", 'na"me': "a,b\nc"},
        {"id": "3", 'na"me': None},
        {"id": "4", 'na"me': ""},
    ]
    assert payload.columns == ("id", 'na"me')
    assert payload.is_array


def test_csv_lines_end_in_any_of_the_three_ways_and_quotes_keep_them() -> None:
    for end in ("\n", "\r\n", "\r"):
        assert json.loads(read(f"a,b{end}1,2{end}".encode(), CSV).body) == [{"a": "1", "b": "2"}]
    assert json.loads(read(b'a\r\n"1\r\n\r\n2"\r\n""\r\n', CSV).body) == [{"a": "1\r\n\r\n2"}, {"a": ""}]


def test_short_csv_lines_are_refused() -> None:
    assert refusal(b"a,b\n1", CSV).message == "All lines must have same number of fields"


@pytest.mark.parametrize("body", [b"", b"\n\n", b'a\n"b', b'a\n"b"c"', b'a\n"b"c', b'a\nb"c"'])
def test_bad_csv_is_refused(body: bytes) -> None:
    error = refusal(body, CSV)
    assert (error.status, error.code) == (400, "PGRST102")


def test_csv_fields_have_no_size_of_their_own() -> None:
    assert len(read(b"a\n" + b"x" * 300_000, CSV).body) > 300_000


def test_a_form_is_one_object_and_keeps_its_pairs() -> None:
    payload = read(b"a=1&b=x+y%21&a=2", FORM)
    assert json.loads(payload.body) == {"a": "2", "b": "x y!"}
    assert payload.pairs == (("a", "1"), ("b", "x y!"), ("a", "2"))
    assert payload.columns == ("a", "b")


def test_a_call_without_a_body_has_no_arguments() -> None:
    assert read(b"", path="/rpc/f") == Payload(b"{}", is_object=True)


@pytest.mark.parametrize("content_type", [b"application/octet-stream", b"text/plain", b"text/xml"])
def test_a_call_takes_raw_bodies_and_a_relation_does_not(content_type: bytes) -> None:
    assert read(b"raw", content_type, path="/rpc/f") == Payload(b"raw", raw=True)
    error = refusal(b"raw", content_type)
    assert error.message == f"Content-Type not acceptable: {content_type.decode()}"
    assert (error.status, error.code) == (400, "PGRST102")


def test_raw_text_with_a_nul_is_refused() -> None:
    assert refusal(b"a\x00b", b"text/plain", path="/rpc/f").code == "22021"
    assert read(b"a\x00b", b"application/octet-stream", path="/rpc/f").raw


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/items"), ("DELETE", "/items"), ("GET", "/rpc/f"), ("OPTIONS", "/items")]
)
def test_other_methods_take_no_body(method: str, path: str) -> None:
    request = parse(method, path, b"", [], RestSettings())
    assert with_payload(request, b"not json") is request


def test_a_form_has_a_bounded_number_of_fields() -> None:
    assert len(read(b"&".join([b"a=1"] * FORM_FIELDS), FORM).pairs) == FORM_FIELDS
    error = refusal(b"&".join([b"a=1"] * (FORM_FIELDS + 1)), FORM)
    assert (error.status, error.code) == (413, "body_too_large")
