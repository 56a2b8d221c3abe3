"""PostgREST's path to the role, as its documentation describes it."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowgate.errors import ConfigurationError
from rowgate.identity.jspath import parse_jspath

CLAIMS: dict[str, Any] = {
    "role": "author",
    "app": {"roles": ["reader", "app_writer", 7, "app_admin"], "my-role": "editor", "deep": {"äöü": "umlaut"}},
    "https://example.com/role": {"key": "member"},
    "group": "/staff/",
    "$odd@key_1": "odd",
    "empty": "",
    "nothing": None,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".role", "author"),
        (".app.roles[0]", "reader"),
        (".app.roles[2]", 7),
        (".app.roles[9]", None),
        (".app.roles[0][0]", None),
        ('.app."my-role"', "editor"),
        (".app.deep.äöü", "umlaut"),
        ('."https://example.com/role".key', "member"),
        (".$odd@key_1", "odd"),
        ('.app.roles[?(@ == "app_admin")]', "app_admin"),
        ('.app.roles[?(@=="app_admin")]', "app_admin"),
        ('.app.roles[?(@ != "reader")]', "app_writer"),
        ('.app.roles[?(@ ^== "app_")]', "app_writer"),
        ('.app.roles[?(@ ==^ "_admin")]', "app_admin"),
        ('.app.roles[?(@ *== "_wri")]', "app_writer"),
        ('.app.roles[?(@ == "nobody")]', None),
        ('.role[?(@ == "author")]', None),
        (".group[1:]", "staff/"),
        (".group[1:-1]", "staff"),
        (".group[:6]", "/staff"),
        (".group[:]", "/staff/"),
        (".group[6:2]", None),
        ('.app.roles[?(@ ^== "app_")][4:]', "writer"),
        (".role.more", None),
        (".role[0]", None),
        (".absent", None),
        (".nothing", None),
        (".empty", None),
    ],
)
def test_a_path_leads_to_one_value_or_none(path: str, found: object) -> None:
    assert parse_jspath(path).find(CLAIMS) == found


@pytest.mark.parametrize(
    "path",
    ["", "role", ".", ".a-b", ".a[", ".a[b]", ".a[-1]", '.a[?(@ = "x")]', '.a[?(@ == "x")].b', ".a[1:].b", ".a[1:][2:]",
     '."open', '.a[?(@ == "x")][0]', ".a b"],
)  # fmt: skip
def test_what_is_no_path_is_refused_at_the_start(path: str) -> None:
    with pytest.raises(ConfigurationError, match="jwt_role_claim_key"):
        parse_jspath(path)


@given(
    path=st.text() | st.text(alphabet='.a["]?(@=^*!:-0 )'), claims=st.dictionaries(st.text("a@"), st.text() | st.none())
)
def test_any_path_is_parsed_or_refused_and_leads_somewhere_or_nowhere(path: str, claims: dict[str, Any]) -> None:
    with contextlib.suppress(ConfigurationError):
        parse_jspath(path).find(claims)
