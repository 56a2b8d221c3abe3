"""[[rowgate.issuers]] and ROWGATE_ISSUERS: checked as a whole, slips are errors."""

from __future__ import annotations

import json

import pytest

from rowgate.errors import ConfigurationError
from rowgate.identity.issuers import build_issuers
from rowgate.project.settings import IssuerSettings

from .conftest import Resolve

OIDC = 'provider = "oidc"\nissuer = "https://id.example.com"\naudiences = ["api"]\n'


COGNITO = 'provider = "cognito"\nuser_pool_id = "p"\nuser_pool_region = "r"\n'


def entry(body: str, name: str = "company") -> str:
    return "[[rowgate.issuers]]\n" + ("" if "name = " in body else f'name = "{name}"\n') + f"{body}\n"


def test_every_key_of_an_issuer_is_read(settings_of: Resolve) -> None:
    settings = settings_of(
        entry(
            'provider = "jwks"\nissuer = "https://id.example.com"\naliases = ["https://old.example.com"]\n'
            'jwks_url = "https://id.example.com/.well-known/jwks.json"\nalgorithms = ["ES256"]\n'
            'audiences = ["a", "b"]\n'
            'authorized_parties = ["https://app.example.com"]\nclock_skew = 5\nroles = ["authenticated", "editor"]\n'
            'role_claim = "app.role"\ndefault_role = "authenticated"\ntoken_classes = ["access", "machine"]'
        )
    )

    assert settings.identity.issuers == (
        IssuerSettings(
            name="company",
            provider="jwks",
            issuer="https://id.example.com",
            aliases=("https://old.example.com",),
            jwks_url="https://id.example.com/.well-known/jwks.json",
            algorithms=("ES256",),
            audiences=("a", "b"),
            authorized_parties=("https://app.example.com",),
            clock_skew=5.0,
            roles=("authenticated", "editor"),
            role_claim="app.role",
            default_role="authenticated",
            token_classes=("access", "machine"),
        ),
    )


def test_roles_default_to_authenticated_only(settings_of: Resolve) -> None:
    (issuer,) = settings_of(entry(OIDC)).identity.issuers

    assert issuer.roles == ("authenticated",)
    assert issuer.default_role is None


def test_an_entry_named_like_a_third_party_section_refines_it(settings_of: Resolve) -> None:
    settings = settings_of(
        '[auth.third_party.clerk]\nenabled = true\ndomain = "clerk.example.com"\n'
        + entry('roles = ["authenticated", "editor"]\ndefault_role = "authenticated"', name="clerk")
    )

    assert settings.identity.issuers == (
        IssuerSettings(
            "clerk",
            "clerk",
            domain="clerk.example.com",
            roles=("authenticated", "editor"),
            default_role="authenticated",
        ),
    )


def test_an_entry_may_not_turn_a_section_into_another_provider(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError, match=r'provider "oidc", but auth.third_party.clerk'):
        settings_of(
            '[auth.third_party.clerk]\nenabled = true\ndomain = "clerk.example.com"\n' + entry(OIDC, name="clerk")
        )


def test_the_environment_takes_a_json_array_in_place_of_the_files_entries(settings_of: Resolve) -> None:
    array = [{"name": "env", "provider": "clerk", "domain": "clerk.example.com", "roles": ["authenticated"]}]

    settings = settings_of(entry(OIDC), ROWGATE_ISSUERS=json.dumps(array))

    assert [issuer.name for issuer in settings.identity.issuers] == ["env"]
    assert settings.origins["identity.issuers"].name == "ROWGATE_ISSUERS"
    assert settings.origins["identity.issuers.env"].source == "environment"


@pytest.mark.parametrize(
    ("body", "says", "hints"),
    [
        (OIDC + 'audience = "x"', 'unknown key "audience"', 'Did you mean "audiences"?'),
        (OIDC + "role = 1", 'unknown key "role"', "roles"),
        ('provider = "clark"', "provider of rowgate.issuers[1]", 'Did you mean "clerk"?'),
        ('domain = "x.y"', "has no provider", "Add provider"),
        ('provider = "oidc"\nissuer = "https://id.example.com"', "has no audiences", 'audiences = ["*"]'),
        ('provider = "auth0"\ntenant = "t"', "has no audiences", "[[rowgate.issuers]]"),
        (
            'provider = "jwks"\nissuer = "https://i.example.com"\njwks_url = "https://i.example.com/k"',
            "has no audiences",
            "",
        ),
        ('provider = "oidc"\nissuer = "https://i.example.com"\naudiences = []', "has no audiences", ""),
        (
            'provider = "oidc"\nissuer = "https://i.example.com"\naudiences = ["*", "a"]',
            'mixes "*" with others',
            '["*"] alone',
        ),
        ('provider = "jwks"\nissuer = "https://i.example.com"\naudiences = ["a"]', "neither jwks_url nor jwks", ""),
        (
            'provider = "jwks"\njwks_url = "https://i.example.com/k"\naudiences = ["a"]',
            "does not say whose tokens",
            "issuer",
        ),
        (
            OIDC + 'jwks_url = "https://i.example.com/k"\njwks = \'{"keys":[{"kty":"RSA"}]}\'',
            "both jwks and jwks_url",
            "one source",
        ),
        ('provider = "clerk"', "does not say whose tokens", "domain"),
        ('provider = "clerk"\ndomain = "https://clerk.example.com"', "not a domain name", '"clerk.example.com"'),
        ('provider = "workos"', "does not say whose tokens", "user_management"),
        ('provider = "firebase"', "does not say whose tokens", "project_id"),
        ('provider = "cognito"\nuser_pool_id = "p"', "does not say whose tokens", "user_pool_region"),
        (OIDC + 'tenant = "t"', "has tenant, which", "auth0"),
        (OIDC + 'algorithms = ["HS256"]', 'lists "HS256"', "JWT secret"),
        (OIDC + 'algorithms = ["none"]', 'lists "none"', "Known"),
        (OIDC + 'algorithms = ["RS265"]', 'lists "RS265"', 'Did you mean "RS256"?'),
        (OIDC + 'token_classes = ["acces"]', 'lists "acces"', 'Did you mean "access"?'),
        (OIDC + 'token_classes = ["api_key"]', 'lists "api_key"', ""),
        (OIDC + "roles = []", "roles of issuer", "List at least one"),
        (OIDC + 'roles = [""]', "roles of rowgate.issuers[1]", "Remove"),
        (OIDC + 'roles = "authenticated"', "roles of rowgate.issuers[1]", ""),
        (OIDC + "clock_skew = 301", "clock_skew", ""),
        (OIDC + 'aliases = ["old.example.com"]', "aliases of issuer", '"https://old.example.com"'),
        ('provider = "oidc"\nissuer = "http://id.example.com"\naudiences = ["a"]', "is plain http", "https://"),
        ('provider = "oidc"\nissuer = "https://u:p@id.example.com"\naudiences = ["a"]', "password", ""),
        (OIDC + "jwks = '{\"keys\": []}'", "no list of keys", ""),
        (OIDC + 'jwks = "nope"', "is not JSON", ""),
        (OIDC + 'jwks = \'{"keys": [{"kty": "RSA", "d": "x"}]}\'', "private key material (d)", "rotate"),
        (OIDC + "authorized_parties = []", "authorized_parties of issuer", "List at least one"),
        ('provider = "clerk"\ndomain = "x.y"\naudiences = []', "audiences of issuer", "List at least one"),
        (COGNITO + "client_ids = []", "client_ids of issuer", "List at least one"),
        ('provider = "workos"\ndomain = "auth.x.y"', "has domain", "https://auth.x.y/user_management/<client id>"),
        (OIDC + 'domain = "id.example.com"', "both issuer and domain", "aliases"),
        (OIDC + 'jwks_url = "file:///etc/keys"', "is not an https URL", "https://host/path"),
        (OIDC + "name = 1", "name of rowgate.issuers[1]", 'name = "…"'),
        (OIDC + "aliases = true", 'rowgate.issuers[1] ("company")', 'aliases = ["…"]'),
        (OIDC + 'roles = "authenticated"', "expected a list", 'roles = ["authenticated"]'),
        (OIDC + 'clock_skew = "30"', "expected a number", "clock_skew = 30"),
        (OIDC + "role_claim = 1", "expected a text", 'role_claim = "…"'),
        (OIDC + 'default_role = "env(UNSET)"', "environment variable UNSET is unset", ""),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(settings_of: Resolve, body: str, says: str, hints: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings_of(entry(body))

    assert says in caught.value.message
    assert hints in str(caught.value.hint)


def test_names_are_unique(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError, match=r'Two entries .* have the name "company"'):
        settings_of(entry(OIDC) + entry(OIDC))


def test_one_issuer_url_leads_to_one_entry(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError, match=r"both claim https://id.example.com"):
        settings_of(entry(OIDC) + entry(OIDC.replace("example.com", "example.com/"), name="other"))


def test_any_audience_is_allowed_when_it_is_said(settings_of: Resolve) -> None:
    (issuer,) = settings_of(entry(OIDC.replace('["api"]', '["*"]'))).identity.issuers

    assert issuer.audiences == ("*",)


def test_listing_service_role_is_warned_about(settings_of: Resolve) -> None:
    settings = settings_of(entry(OIDC + 'roles = ["authenticated", "service_role"]'))

    assert "will be refused that role" in settings.warnings[0]


def test_a_key_set_may_be_pasted_as_text_or_as_a_table(settings_of: Resolve) -> None:
    body = 'provider = "jwks"\nissuer = "https://i.example.com"\naudiences = ["a"]\n'

    (text,) = settings_of(entry(body + 'jwks = \'{"keys": [{"kty": "RSA", "n": "x"}]}\'')).identity.issuers
    (table,) = settings_of(entry(body + 'jwks = {keys = [{kty = "RSA", n = "x"}]}')).identity.issuers

    assert text.jwks == table.jwks == '{"keys":[{"kty":"RSA","n":"x"}]}'


def test_a_private_key_that_was_pasted_is_not_repeated(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings_of(entry(OIDC + 'jwks = \'{"keys": [{"kty": "RSA", "d": "hunter2"}]}\''))

    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"


def test_malformed_json_in_the_environment_is_placed(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError, match=r"ROWGATE_ISSUERS is not JSON \(line 1, column 2\)"):
        settings_of("", ROWGATE_ISSUERS="[nope")


def test_a_password_in_an_address_is_not_repeated(settings_of: Resolve) -> None:
    for body in (
        entry('provider = "oidc"\nissuer = "https://u:hunter2@id.example.com"\naudiences = ["a"]'),
        entry(OIDC + 'jwks_url = "https://u:hunter2@id.example.com/keys"'),
        '[auth.third_party.workos]\nenabled = true\nissuer_url = "https://u:hunter2@api.workos.com"\n',
    ):
        with pytest.raises(ConfigurationError) as caught:
            settings_of(body)

        assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


def test_what_the_table_of_providers_promises_is_enough(settings_of: Resolve) -> None:
    """docs/issuers.md: the short ways to name an issuer, and Clerk sessions that still have a task."""
    settings = settings_of(
        entry('provider = "workos"\nclient_ids = ["client_1"]', "w")
        + entry('provider = "oidc"\ndomain = "id.example.com"\naudiences = ["a"]', "o")
        + entry('provider = "clerk"\ndomain = "c.example.com"\ntoken_classes = ["session", "session_pending"]', "c")
    )

    workos, oidc, clerk = build_issuers(settings.identity)

    assert workos.issuer == "https://api.workos.com/user_management/client_1"
    assert oidc.issuer == "https://id.example.com"
    assert clerk.accepts_pending
