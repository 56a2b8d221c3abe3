"""What a body, a Content-Type and an Accept header say of a GraphQL request."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.request import JSON, RESPONSE_JSON, GraphQLRequest, accept_body, negotiated, read_request
from rowgate.postgrest.errors import RestError


def refusal(body: bytes) -> RestError:
    with pytest.raises(RestError) as caught:
        read_request(body)
    assert caught.value.status == 400
    return caught.value


def test_a_body_names_query_operation_and_variables() -> None:
    body = b'{"query": "query Q { a }", "operationName": "Q", "variables": {"n": 1}, "extensions": {"a": 1}}'
    assert read_request(body) == GraphQLRequest("query Q { a }", "Q", {"n": 1})


@pytest.mark.parametrize("body", [b'{"query":"{a}"}', b'{"query":"{a}","operationName":null,"variables":null}'])
def test_null_is_as_good_as_absent(body: bytes) -> None:
    assert read_request(body) == GraphQLRequest("{a}", None, {})


def test_members_that_the_draft_does_not_name_are_ignored() -> None:
    assert read_request(b'{"query":"{a}","id":"7","debug":[1]}') == GraphQLRequest("{a}")


def test_the_last_of_two_members_of_one_name_counts() -> None:
    assert read_request(b'{"query":"{a}","query":"{b}"}').query == "{b}"


@pytest.mark.parametrize("variables", [b"[7]", b'"{}"', b"1", b"true"])
def test_variables_that_are_no_object_are_the_dialects_error(variables: bytes) -> None:
    with pytest.raises(GraphQLError) as caught:
        read_request(b'{"query":"{a}","variables":%b}' % variables)
    assert caught.value.message == "variables must be an object"
    assert caught.value.nothing_ran


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"NONSENSE",
        b'{"query":"\xff"}',
        b'{"query":"\\ud800"}',
        b'{"query":"{a}","variables":{"n":1e400}}',
        b'{"query":"{a}","variables":{"n":%b}}' % (b"9" * 5000),
        b'{"query":"{a}","variables":{"n":NaN}}',
        b'{"query":"{a}","variables":%b%b}' % (b"[" * 100_000, b"]" * 100_000),
        b'{"query":"{a}","extensions":%b%b}' % (b"[" * 100_000, b"]" * 100_000),
    ],
)
def test_what_is_not_json_is_refused_as_upstream_does(body: bytes) -> None:
    error = refusal(body)
    assert (error.code, error.message) == ("PGRST102", "Empty or invalid json")
    assert isinstance(error.details, str)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'[{"query":"{a}"}]', "Batches of requests are not served"),
        (b'"{a}"', "The body must be a JSON object"),
        (b"null", "The body must be a JSON object"),
        (b'{"qeury":"{a}"}', "The body has no text under the name query"),
        (b'{"query":null}', "The body has no text under the name query"),
        (b'{"query":{"a":1}}', "The body has no text under the name query"),
        (b'{"id":"abc"}', "The body has no text under the name query"),
        (b'{"query":"{a}","operationName":7}', "operationName must be a text or null"),
    ],
)
def test_what_is_no_request_is_named(body: bytes, message: str) -> None:
    error = refusal(body)
    assert (error.code, error.message) == ("request_malformed", message)
    assert error.hint


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: b'{"query":"{a}","variables":' + text.encode()))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(RestError, GraphQLError):
        assert isinstance(read_request(body), GraphQLRequest)


@pytest.mark.parametrize(
    "accept",
    [None, b"*/*", b"application/json", b"application/*", b"text/html, */*;q=0.1", b"", b"application/json;q=1"],
)
def test_the_answer_is_plain_json_unless_the_newer_type_is_named(accept: bytes | None) -> None:
    assert negotiated(accept) is JSON


@pytest.mark.parametrize(
    "accept",
    [
        b"application/graphql-response+json",
        b"application/graphql-response+json, application/json;q=0.9",
        b"application/json;q=0.5, application/graphql-response+json",
        b"application/graphql-response+json; charset=utf-8, application/json; charset=utf-8;q=0.9",
    ],
)
def test_the_newer_type_is_written_where_it_is_preferred(accept: bytes) -> None:
    assert negotiated(accept) is RESPONSE_JSON


@pytest.mark.parametrize("accept", [b"text/html", b"image/png, text/*"])
def test_nothing_else_can_be_written(accept: bytes) -> None:
    assert negotiated(accept) is None


@pytest.mark.parametrize("content_type", [None, b"application/json", b"application/json; charset=UTF-8"])
def test_json_in_utf_8_is_accepted(content_type: bytes | None) -> None:
    accept_body(content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        b"text/plain;charset=UTF-8",
        b"application/graphql",
        b"multipart/form-data; boundary=x",
        b"application/json; charset=latin1",
    ],
)
def test_a_body_of_another_type_is_415(content_type: bytes) -> None:
    with pytest.raises(RestError) as caught:
        accept_body(content_type)
    assert (caught.value.status, caught.value.code) == (415, "content_type_unsupported")
