"""WorkOS's template rules and error texts, one by one."""

from typing import Any

import pytest

from rowgate.offline.workos_template import SIZE_LIMIT, TemplateError, parse

CONTEXT: dict[str, Any] = {
    "user": {
        "email": "alice@acme.example",
        "first_name": "Alice",
        "last_name": None,
        "email_verified": False,
        "metadata": {"tenant": {"id": 7}, "note": '  say "hi" \\ '},
    },
    "organization": {"id": "org_1", "domains": [{"domain": "acme.example"}]},
    "organization_membership": {"role": "admin", "roles": ["admin"]},
}
ALONE = CONTEXT | {"organization": None, "organization_membership": None}


def render(content: str, context: dict[str, Any] = CONTEXT) -> dict[str, Any]:
    return parse(content).render(context)


SUPABASE = '{"role":"authenticated","user_role": {{organization_membership.role}}}'


def test_the_template_of_the_supabase_guide() -> None:
    assert render(SUPABASE) == {"role": "authenticated", "user_role": "admin"}


def test_a_null_at_the_top_removes_its_key_and_leaves_the_rest() -> None:
    assert render(SUPABASE, ALONE) == {"role": "authenticated"}


def test_a_null_inside_an_object_stays() -> None:
    assert render('{"o":{"n":{{user.last_name}}}}') == {"o": {"n": None}}


@pytest.mark.parametrize(
    ("content", "claims"),
    [
        ('{"a": {{user.metadata}}}', {"a": CONTEXT["user"]["metadata"]}),
        ('{"a": {{organization_membership.roles}}}', {"a": ["admin"]}),
        ('{"a": {{user.email_verified}}}', {"a": False}),
        ('{"a": "{{user.email_verified}}"}', {"a": "false"}),
        ('{"a": {{organization.domains.0.domain}}}', {"a": "acme.example"}),
        ('{"a": "{{user.metadata.tenant.id}}"}', {"a": "7"}),
        ('{"a":{"b":{{user.email}}}}', {"a": {"b": "alice@acme.example"}}),
        ('{"a": [{{user.email}}, 1, "x"]}', {"a": ["alice@acme.example", 1, "x"]}),
        ('{"a": "x \\" {{user.email}}"}', {"a": 'x " alice@acme.example'}),
        ("{\"a\": {{user.last_name || 'it}}self'}}}", {"a": "it}}self"}),
    ],
)
def test_what_a_hole_gives(content: str, claims: dict[str, Any]) -> None:
    assert render(content) == claims


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("user.last_name || user.first_name", "Alice"),
        ("user.last_name || 'none'", "none"),
        ("user.email_verified || 'none'", False),  # only null is skipped; Clerk would skip false too
        ("user.metadata.missing || 'none'", "none"),
        ("organization.domains.9.domain || 'none'", "none"),
    ],
)
def test_a_fallback_skips_null_only(expression: str, value: Any) -> None:
    assert render(f'{{"a": {{{{ {expression} }}}}}}') == {"a": value}


def test_strings_are_trimmed_and_null_inside_one_is_empty() -> None:
    assert render('{"a": "{{user.first_name}} {{user.last_name}}", "b": "  x  "}') == {"a": "Alice", "b": "x"}


def test_values_cannot_break_out_of_their_string() -> None:
    assert render('{"a": "<{{user.metadata.note}}>", "b": {{user.metadata.note}}}') == {
        "a": '<  say "hi" \\ >',
        "b": 'say "hi" \\',
    }


def test_metadata_that_looks_like_a_hole_is_text() -> None:
    tricky = {"user": {"metadata": {"x": "{{user.email}}"}}}
    assert render('{"a": "{{user.metadata.x}}!"}', tricky) == {"a": "{{user.email}}!"}


NO_OBJECT = "Template must render to an object with at least one explicitly defined top-level key"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": {{unknown.variable}}}', 'Invalid path: "unknown.variable"'),
        ('{"a": {{user.email_address}}}', 'Invalid path: "user.email_address"'),
        ('{"a": {{user.last_sign_in_at}}}', 'Invalid path: "user.last_sign_in_at"'),
        ('{"a": "{{user.metadata}}"}', "String encapsulated expression cannot contain object reference"),
        ('{"a": "{{organization.domains}}"}', "String encapsulated expression cannot contain object reference"),
        ('{"a": {{}}}', "Expression cannot be empty"),
        ('{"a": {{user.id}', "Template parse error: missing '}}'"),
        ('{"a": {{user.email || || user.email}}}', "Invalid expression segment"),
        ('{"a": {{user.email ||}}}', "Invalid expression segment"),
        ('{"a": {{user.email && user user}}}', "Invalid expression segment"),
        ("[ {{user.email}} ]", NO_OBJECT),
        ("{{user}}", NO_OBJECT),
        ("{}", NO_OBJECT),
        ("", NO_OBJECT),
        ('"text"', NO_OBJECT),
        ('{"a": 1', NO_OBJECT),
        ('{"{{user.email}}": 1}', NO_OBJECT),
        ('{"a": {{user.email}}{{user.email}}}', NO_OBJECT),
    ],
)
def test_broken_templates_are_refused_in_the_vendors_words(content: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(content)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("name", ["iss", "sub", "exp", "iat", "nbf", "jti"])
def test_reserved_keys_are_refused_even_when_null(name: str) -> None:
    with pytest.raises(TemplateError, match=r"Keys reserved \(iss, sub, exp, etc\.\)"):
        parse(f'{{"ok": 1, "{name}": {{{{user.last_name}}}}}}')


@pytest.mark.parametrize("name", ["aud", "sid", "org_id", "role", "roles", "permissions"])
def test_other_default_claims_may_be_set(name: str) -> None:
    assert render(f'{{"{name}": "x"}}') == {name: "x"}


def test_an_object_that_only_the_metadata_reveals_is_refused_when_rendering() -> None:
    with pytest.raises(TemplateError, match="String encapsulated expression"):
        render('{"a": "{{user.metadata.tenant}}"}')


def test_the_rendered_size_is_limited_to_the_byte() -> None:
    frame = len('{"a":""}')
    fits = {"user": {"metadata": {"x": "y" * (SIZE_LIMIT - frame)}}}
    over = {"user": {"metadata": {"x": "y" * (SIZE_LIMIT - frame + 1)}}}
    assert render('{"a": "{{user.metadata.x}}"}', fits)
    with pytest.raises(TemplateError, match="3073 bytes"):
        render('{"a": "{{user.metadata.x}}"}', over)
