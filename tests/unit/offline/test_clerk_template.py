"""Clerk's interpolation rules, one by one."""

from typing import Any

import pytest

from rowgate.offline.clerk_template import render

CONTEXT = {
    "user": {
        "id": "user_1",
        "first_name": None,
        "last_name": "Doe",
        "blocked": False,
        "age": 41,
        "public_metadata": {"plan": {"name": "pro", "seats": [1, 2]}, "none": None},
    },
    "org": None,
    "org_membership": None,
    "session": {"actor": {"sub": "user_2"}},
}


def one(value: Any) -> Any:
    return render({"claim": value}, CONTEXT)["claim"]


@pytest.mark.parametrize(
    ("shortcode", "value"),
    [
        ("{{user.public_metadata.plan}}", {"name": "pro", "seats": [1, 2]}),
        ("{{user.public_metadata.plan.seats}}", [1, 2]),
        ("{{user.age}}", 41),
        ("{{user.blocked}}", False),
        ("{{user.first_name}}", None),
        ("{{ user.last_name }}", "Doe"),
        ("{{session.actor}}", {"sub": "user_2"}),
    ],
)
def test_a_lone_shortcode_keeps_its_type(shortcode: str, value: Any) -> None:
    assert one(shortcode) == value


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("{{user.first_name}} {{user.last_name}}", "null Doe"),
        ("age {{user.age}}", "age 41"),
        ("{{user.blocked}}!", "false!"),
        ("{{user.id}}{{user.id}}", "user_1user_1"),
        (" {{user.age}}", " 41"),
    ],
)
def test_inside_a_longer_string_everything_becomes_text(text: str, rendered: str) -> None:
    assert one(text) == rendered


@pytest.mark.parametrize("path", ["user.i_dont_exist", "user.public_metadata.no.such", "user.id.below", "org.id"])
def test_an_unknown_attribute_under_a_known_root_is_null(path: str) -> None:
    assert one(f"{{{{{path}}}}}") is None


@pytest.mark.parametrize(
    "text",
    [
        "{{organization.public_metadata.x}}",
        "{{nope}}",
        "{{organization.x || 'a'}}",
        "{{user.id",
        "{{}}",
        "{{user.id ||}}",
    ],
)
def test_an_unknown_root_or_a_broken_shortcode_stays_literal(text: str) -> None:
    assert one(text) == text
    assert one(f"x {text}") == f"x {text}"


@pytest.mark.parametrize(
    ("chain", "value"),
    [
        ("{{user.first_name || user.last_name}}", "Doe"),
        ("{{user.blocked || user.last_name}}", "Doe"),
        ("{{user.first_name || 'guest'}}", "guest"),
        ("{{user.first_name || 'a || b'}}", "a || b"),
        ("{{user.first_name || 5}}", 5),
        ("{{user.first_name || 2.5}}", 2.5),
        ("{{user.first_name || true}}", True),
        ("{{user.first_name || user.blocked}}", False),  # all falsy: the last, whatever it is
        ("{{user.blocked || user.first_name}}", None),
        ("{{'' || user.last_name}}", ""),  # empty text is neither null nor false
    ],
)
def test_a_chain_takes_the_first_that_is_neither_null_nor_false(chain: str, value: Any) -> None:
    result = one(chain)
    assert result == value
    assert type(result) is type(value)


def test_static_json_passes_unchanged_and_nesting_is_rendered() -> None:
    claims = {"n": 1, "b": True, "z": None, "deep": {"list": ["{{user.id}}", {"who": "{{user.last_name}}"}]}}
    assert render(claims, CONTEXT) == {
        "n": 1,
        "b": True,
        "z": None,
        "deep": {"list": ["user_1", {"who": "Doe"}]},
    }
