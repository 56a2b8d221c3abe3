"""[auth.third_party.*]: upstream's words for what is wrong, any number enabled."""

from __future__ import annotations

import pytest

from rowgate.errors import ConfigurationError
from rowgate.project.settings import IssuerSettings

from .conftest import Resolve

CLERK_TEXT = (
    "Invalid config: auth.third_party.clerk has invalid domain, it usually is like clerk.example.com or "
    "example.clerk.accounts.dev. Check https://clerk.com/setup/supabase on how to find the correct value."
)
WORKOS = "https://api.workos.com/user_management/client_01EXAMPLE"


def section(name: str, **values: object) -> str:
    lines = [f"{key} = {'true' if value is True else repr(value)}" for key, value in values.items()]
    return "\n".join([f"[auth.third_party.{name}]", "enabled = true", *lines, ""])


def test_any_number_may_be_enabled(settings_of: Resolve) -> None:
    settings = settings_of(
        section("clerk", domain="example.clerk.accounts.dev")
        + section("workos", issuer_url=WORKOS)
        + section("firebase", project_id="fire")
        + section("aws_cognito", user_pool_id="pool", user_pool_region="eu-west-1")
        + section("auth0", tenant="t", tenant_region="eu")
        + '[[rowgate.issuers]]\nname = "auth0"\naudiences = ["api"]\n'
    )

    assert [(issuer.name, issuer.provider) for issuer in settings.identity.issuers] == [
        ("firebase", "firebase"),
        ("auth0", "auth0"),
        ("aws_cognito", "cognito"),
        ("clerk", "clerk"),
        ("workos", "workos"),
    ]
    assert settings.warnings == ()


def test_a_section_that_is_not_enabled_is_not_checked(settings_of: Resolve) -> None:
    settings = settings_of('[auth.third_party.clerk]\nenabled = false\ndomain = "nonsense"')

    assert settings.identity.issuers == ()


def test_third_party_issuers_are_trusted_while_the_own_auth_server_is_off(settings_of: Resolve) -> None:
    settings = settings_of("[auth]\nenabled = false\n" + section("clerk", domain="clerk.example.com"))

    assert [issuer.name for issuer in settings.identity.issuers] == ["clerk"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (section("firebase"), "Invalid config: auth.third_party.firebase is enabled but without a project_id."),
        (section("auth0"), "Invalid config: auth.third_party.auth0 is enabled but without a tenant."),
        (section("aws_cognito"), "Invalid config: auth.third_party.cognito is enabled but without a user_pool_id."),
        (
            section("aws_cognito", user_pool_id="x"),
            "Invalid config: auth.third_party.cognito is enabled but without a user_pool_region.",
        ),
        (section("clerk"), "Invalid config: auth.third_party.clerk is enabled but without a domain."),
        (section("workos"), "Invalid config: auth.third_party.workos is enabled but without a issuer_url."),
        (section("clerk", domain="example.com"), CLERK_TEXT),
        (section("clerk", domain="env(UNSET)"), CLERK_TEXT),
        (section("clerk", domain="clerk.example.com\\n").replace("'", '"'), CLERK_TEXT),
    ],
)
def test_upstreams_very_words(settings_of: Resolve, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings_of(text)

    assert caught.value.message == message


@pytest.mark.parametrize(
    ("domain", "hint"),
    [
        ("https://example.clerk.accounts.dev", 'Write domain = "example.clerk.accounts.dev".'),
        ("https://clerk.example.com/", 'Write domain = "clerk.example.com".'),
        ("Example.Clerk.accounts.dev", 'Write domain = "example.clerk.accounts.dev".'),
        ("example.clerk.accounts.dev/", 'Write domain = "example.clerk.accounts.dev".'),
    ],
)
def test_a_clerk_domain_pasted_as_a_url_is_suggested_bare(settings_of: Resolve, domain: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings_of(section("clerk", domain=domain))

    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("url", "suggestion"),
    [
        ("https://api_workos_com/user_management/client_1", "https://api.workos.com/user_management/client_1"),
        ("api.workos.com/user_management/client_1", "https://api.workos.com/user_management/client_1"),
        ("api_workos_com/user_management/client_1", "https://api.workos.com/user_management/client_1"),
        ("http://api.workos.com/user_management/client_1", "https://api.workos.com/user_management/client_1"),
        ("https://api.workos.com/sso/jwks/client_1", "https://api.workos.com/user_management/client_1"),
        (f"{WORKOS}/.well-known/openid-configuration", WORKOS),
        (f"{WORKOS}/authorize", WORKOS),
        (f"{WORKOS}?x=1", WORKOS),
    ],
)
def test_a_workos_issuer_that_cannot_be_right_is_refused_with_the_one_meant(
    settings_of: Resolve, url: str, suggestion: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings_of(section("workos", issuer_url=url))

    assert caught.value.hint == f'Write issuer_url = "{suggestion}".'


@pytest.mark.parametrize(
    "url",
    [
        WORKOS,
        "https://api.workos.com",
        "https://auth.example.com/user_management/client_1",
        "https://auth.workos.com/sso/client_1",
        "http://127.0.0.1:4100",
        "http://localhost:4100/user_management/client_1",
    ],
)
def test_every_shape_of_a_workos_issuer_is_taken(settings_of: Resolve, url: str) -> None:
    settings = settings_of(section("workos", issuer_url=url))

    assert settings.identity.issuers == (IssuerSettings("workos", "workos", issuer=url),)
    assert settings.warnings == ()


def test_a_workos_issuer_with_a_trailing_slash_works_and_is_pointed_out(settings_of: Resolve) -> None:
    settings = settings_of(section("workos", issuer_url=WORKOS + "/"))

    assert settings.warnings == (f"WARN: auth.third_party.workos.issuer_url ends with a slash. Did you mean {WORKOS}?",)


def test_values_may_come_from_upstreams_variables(settings_of: Resolve) -> None:
    settings = settings_of(
        "",
        SUPABASE_AUTH_THIRD_PARTY_CLERK_ENABLED="true",
        SUPABASE_AUTH_THIRD_PARTY_CLERK_DOMAIN="clerk.example.com",
    )

    assert [issuer.domain for issuer in settings.identity.issuers] == ["clerk.example.com"]


def test_an_auth0_section_needs_its_audience_from_a_refining_entry(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings_of(section("auth0", tenant="t"))

    assert "no audiences" in caught.value.message
    assert 'name = "auth0"' in str(caught.value.hint)
