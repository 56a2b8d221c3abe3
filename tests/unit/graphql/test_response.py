"""Answers are put together from bytes, and their status says what the media type lets it say."""

from __future__ import annotations

import msgspec

from rowgate.graphql import response
from rowgate.graphql.prepared import Fetched, Fixed, Prepared
from rowgate.graphql.request import JSON, RESPONSE_JSON
from rowgate.http.exchange import Response
from rowgate.postgres.statement import Access, Result
from rowgate.postgrest.errors import RestError


def row(*cells: bytes | None) -> Result:
    return Result(tuple(f"c{number}" for number in range(len(cells))), (cells,), "SELECT 1")


def said(made: Response) -> object:
    assert isinstance(made.body, bytes)
    assert dict(made.headers)[b"content-length"] == str(len(made.body)).encode()
    return msgspec.json.decode(made.body)


def test_each_root_field_is_a_column_of_its_statement() -> None:
    prepared = Prepared(
        Access.READ_WRITE,
        (),
        (Fixed("t", b'"Query"'), Fetched("b", 1, 0), Fetched("a", 0, 1)),
    )
    made = response.answer(prepared, (row(b"1", b'{"n":null}'), row(None)), JSON)
    assert (made.status, said(made)) == (200, {"data": {"t": "Query", "b": None, "a": {"n": None}}})
    assert dict(made.headers)[b"content-type"] == b"application/json; charset=utf-8"


def test_nothing_selected_is_an_empty_object() -> None:
    assert said(response.answer(Prepared(Access.READ_ONLY, (), ()), (), JSON)) == {"data": {}}


def test_errors_stand_beside_the_data() -> None:
    prepared = Prepared(Access.READ_ONLY, (), (Fixed("a", b"1"),), ("one", 'an "other"'))
    made = response.answer(prepared, (), RESPONSE_JSON)
    assert made.status == 200
    assert said(made) == {"data": {"a": 1}, "errors": [{"message": "one"}, {"message": 'an "other"'}]}


def test_without_data_it_is_null_and_absent_where_nothing_ran() -> None:
    null = Prepared(Access.READ_ONLY, (), None, ("no",))
    assert said(response.answer(null, (), JSON)) == {"data": None, "errors": [{"message": "no"}]}
    absent = Prepared(Access.READ_ONLY, (), None, ("no",), nothing_ran=True)
    assert said(response.answer(absent, (), JSON)) == {"errors": [{"message": "no"}]}


def test_only_the_newer_media_type_says_by_its_status_that_nothing_ran() -> None:
    assert response.failed(["no"], JSON, nothing_ran=True).status == 200
    assert response.failed(["no"], RESPONSE_JSON).status == 200
    assert response.failed(["no"], RESPONSE_JSON, nothing_ran=True).status == 400


def test_a_refusal_has_postgrests_shape_and_errors() -> None:
    made = response.refused(RestError(401, "PGRST301", "no", None, "try", ((b"www-authenticate", b"Bearer"),)))
    assert (made.status, said(made)) == (
        401,
        {"code": "PGRST301", "details": None, "hint": "try", "message": "no", "errors": [{"message": "no"}]},
    )
    assert dict(made.headers)[b"www-authenticate"] == b"Bearer"


def test_a_message_has_a_bounded_length() -> None:
    assert isinstance(made := response.failed(["x" * 1_000_000], JSON).body, bytes)
    assert len(made) < 100_000
