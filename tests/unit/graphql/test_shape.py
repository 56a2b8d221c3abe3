"""The structure of variables, apart from their values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Json
from rowgate.graphql.shape import NESTED, magnitude, shape_of, structure, weight


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, -(2**63)),
        (1.5, -0.0),
        (1.5, 2**63),
        ("a", ""),
        (True, False),
        ([1, 2, 3], [4]),
        (["a"] * 9, ["b"]),
        ([1, None, 2], [3, None]),
        ({"a": 1, "b": ["c"]}, {"a": 2, "b": ["d", "e"]}),
        ([{"a": 1}, {"a": 2}], [{"a": 3}, {"a": 4}]),
        ([{"a": 1}], [{"a": 2}, {"a": 3}]),
        ([{"a": 1, "b": None}, {"a": None, "b": "x"}], [{"a": None, "b": None}, {"a": 2, "b": "y"}]),
        ([{"a": [1, 2]}, {"a": []}], [{"a": []}, {"a": [3]}]),
    ],
)
def test_values_alone_make_no_difference(left: Json, right: Json) -> None:
    assert shape_of({"x": left}) == shape_of({"x": right})


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, 1.0),
        (1, True),
        (2**63 - 1, 2**63),
        ("a", None),
        ("a", ["a"]),
        ([], ["a"]),
        ([], None),
        ([], {}),
        (["l"], [["l"]]),
        ([1, None], [None, 1]),
        ([1], [1.5]),
        ([1], [2**63]),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {"a": "b"}),
        ({"a": None}, {}),
        ([{}], [{}, {}]),
        ([{"a": {}}], [{"a": {}}, {"a": {}}]),
        ([{"a": [[1]]}], [{"a": [[1]]}, {"a": [[1]]}]),
        ([{"a": 1}, {"a": "b"}], [{"a": 1}, {"a": 2}]),
        ([{"a": 1}, {"a": None}], [{"a": 1}, {"a": 2}]),
        ([{"a": 1}, {"b": 1}], [{"a": 1}, {"a": 1}]),
        ([{"a": 1}, 1], [{"a": 1}, {"a": 1}]),
        ([{"a": [1]}, {"a": [1]}], [{"a": [1]}, {"a": ["b"]}]),
        ([{}], {}),
        ([[1], [1]], [[1]]),
    ],
)
def test_structure_does(left: Json, right: Json) -> None:
    assert shape_of({"x": left}) != shape_of({"x": right})


def test_which_variables_there_are_does() -> None:
    assert len({shape_of(each) for each in ({}, {"x": 1}, {"y": 1}, {"x": 1, "y": 1})}) == 4


@pytest.mark.parametrize("opening", [list, dict])
def test_variables_may_not_be_nested_without_end(opening: type) -> None:
    value: Json = 1
    for _ in range(NESTED):
        value = [value] if opening is list else {"a": value}
    shape_of({"x": value})
    with pytest.raises(GraphQLError, match="Variables are nested more than 100 levels deep") as raised:
        shape_of({"x": [value]})
    assert raised.value.nothing_ran


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=4))
def test_every_value_has_a_shape_with_a_weight(variables: dict[str, Json]) -> None:
    shape = shape_of(variables)
    assert hash(shape) == hash(shape_of(variables))
    assert weight(shape) > 0


def test_the_structure_of_rows_is_that_of_each_of_them() -> None:
    assert structure([{"a": 1}]) == structure([{"a": 2}])
    assert structure([{"a": 1}]) != structure([{"a": 1}, {"a": 1}])
    assert structure([{"a": 1}, {"a": None}]) != structure([{"a": None}, {"a": 1}])
    assert [magnitude([{}] * number) for number in (1, 2, 3, 4, 1000)] == [1, 2, 2, 3, 10]
