"""Suggestions: near names are offered, far ones and long lists are not."""

from __future__ import annotations

import pytest

from rowgate.rest.hints import CANDIDATES, LOOSE_SCORE, TABLE_SCORE, nearest


@pytest.mark.parametrize(
    ("name", "known", "floor", "found"),
    [
        ("film", ["films", "actors"], LOOSE_SCORE, "films"),
        ("role", ["roles", "directors"], LOOSE_SCORE, "roles"),
        ("noclosealternative", ["films", "actors"], LOOSE_SCORE, None),
        ("testt", ["test", "another"], TABLE_SCORE, "test"),
        ("tost", ["test"], TABLE_SCORE, "test"),
        ("tess", ["test_table"], TABLE_SCORE, None),
        ("(attrs, id)", ["(attr, id)", "(name, param, val)"], LOOSE_SCORE, "(attr, id)"),
        ("PROJECTS", ["projects"], TABLE_SCORE, "projects"),
        ("", ["a"], TABLE_SCORE, None),
        ("_ls", ["film_list"], LOOSE_SCORE, None),  # "_l" is no group of letters: punctuation does not count
        ("orbder_items", ["film_list", "user_roles", "directors"], LOOSE_SCORE, "directors"),
    ],
)
def test_the_nearest_known_name_is_offered(name: str, known: list[str], floor: float, found: str | None) -> None:
    assert nearest(name, known, floor) == found


def test_the_name_itself_is_no_suggestion_where_it_is_known() -> None:
    assert nearest("films", ["films"], exact=False) is None


def test_a_long_list_or_a_long_name_is_not_searched() -> None:
    assert nearest("table_x", [f"table_{number}" for number in range(CANDIDATES + 1)]) is None
    assert nearest("x" * 10_000, ["x" * 63]) is None
