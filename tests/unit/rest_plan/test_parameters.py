"""Parameters: the last line before the wire, whatever the parser let through."""

from __future__ import annotations

import pytest

from rowgate.postgrest.errors import RestError
from rowgate.rest.filter_sql import name_sql
from rowgate.rest.parameters import Parameters


def test_each_value_gets_its_own_number() -> None:
    parameters = Parameters()
    assert [parameters.text("a"), parameters.text("a"), parameters.bytes(None)] == ["$1", "$2", "$3"]
    assert parameters.values == [b"a", b"a", None]


def test_an_array_quotes_every_element() -> None:
    parameters = Parameters()
    parameters.array(["a", 'q"', "b\\", "c,d", ""])
    assert parameters.values == [rb'{"a","q\"","b\\","c,d",""}']


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_what_no_postgres_text_can_hold_is_a_400(text: str) -> None:
    with pytest.raises(RestError) as refused:
        Parameters().text(text)
    assert (refused.value.status, refused.value.code) == (400, "22021")


def test_a_name_with_a_nul_is_a_400() -> None:
    with pytest.raises(RestError) as refused:
        name_sql("a\x00b")
    assert (refused.value.status, refused.value.code) == (400, "22021")
