"""What an operator writes, and what is said when it cannot be right."""

from __future__ import annotations

from typing import Any

import pytest

from rowgate.errors import ConfigurationError
from rowgate.identity.claim_path import parse_claim_path
from rowgate.identity.issuer import Discovery, Issuer, JwksUrl
from rowgate.identity.issuers import build_issuers
from rowgate.principal import TokenClass
from rowgate.project.settings import IdentitySettings, IssuerSettings
from tests.unit.identity.identity_workshop import clerk, oidc, pasted, signing_key, workos


def built(*configured: IssuerSettings) -> tuple[Issuer, ...]:
    return build_issuers(IdentitySettings(issuers=configured))


def complaint(*configured: IssuerSettings) -> str:
    with pytest.raises(ConfigurationError) as raised:
        built(*configured)
    return f"{raised.value.message}\n{raised.value.hint}"


@pytest.mark.parametrize(
    ("configured", "issuer"),
    [
        (clerk(), "https://example.clerk.accounts.dev"),
        (clerk(domain=None, issuer="http://127.0.0.1:4100"), "http://127.0.0.1:4100"),
        (clerk(domain=None, issuer="https://example.com/__clerk/"), "https://example.com/__clerk"),
        (workos(issuer=None, client_ids=("client_01",)), "https://api.workos.com/user_management/client_01"),
        (workos(issuer="http://localhost:4200/user_management/c"), "http://localhost:4200/user_management/c"),
        (IssuerSettings("a", "auth0", tenant="t", tenant_region="eu", audiences=("x",)), "https://t.eu.auth0.com"),
        (IssuerSettings("a", "auth0", domain="login.example.com", audiences=("x",)), "https://login.example.com"),
        (IssuerSettings("f", "firebase", project_id="shop"), "https://securetoken.google.com/shop"),
        (
            IssuerSettings("c", "cognito", user_pool_id="eu-west-1_AB", user_pool_region="eu-west-1"),
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AB",
        ),
        (oidc(issuer=None, domain="login.example.com"), "https://login.example.com"),
    ],
)
def test_the_issuer_follows_from_what_is_configured(configured: IssuerSettings, issuer: str) -> None:
    (made,) = built(configured)
    assert made.issuer == issuer
    assert made.key_source == Discovery(issuer + "/.well-known/openid-configuration")
    assert made.roles == {"authenticated"}
    assert not made.may_be_privileged
    assert made.expiry_required


@pytest.mark.parametrize(
    ("configured", "words"),
    [
        (workos(issuer="https://api_workos_com/user_management/c"), "https://api.workos.com/user_management/c"),
        (workos(issuer="api.workos.com/user_management/c"), '"https://api.workos.com/user_management/c"'),
        (workos(issuer="https://api.workos.com"), "client_ids"),
        (workos(issuer=None), "has no issuer"),
        (workos(issuer=None, client_ids=("a", "b")), "one [[rowgate.issuers]] for each"),
        (oidc(issuer="https://x.example/.well-known/openid-configuration"), 'Did you mean "https://x.example"?'),
        (oidc(issuer="https://x.example/.well-known/jwks.json"), 'Did you mean "https://x.example"?'),
        (oidc(issuer="https://x.example?a=b"), 'Did you mean "https://x.example"?'),
        (oidc(issuer="http://x.example"), 'Did you mean "https://x.example"?'),
        (oidc(issuer="http://10.0.0.1"), "plain http"),
        (oidc(issuer="http://127.0.0.1.evil.example"), "plain http"),
        (oidc(issuer="https://X.example"), 'Did you mean "https://x.example"?'),
        (oidc(issuer="ftp://x.example"), "Use https"),
        (oidc(issuer="https://user:word@x.example"), "user name or password"),
        (oidc(issuer="https://x.example:port"), "not a URL"),
        (oidc(issuer="https://"), "no valid host"),
        (oidc(issuer=None), "has no issuer"),
        (oidc(aliases=("x.example",)), "https://x.example"),
        (clerk(domain="https://example.clerk.accounts.dev/"), 'Did you mean "example.clerk.accounts.dev"?'),
        (clerk(domain="example_clerk_accounts_dev"), 'Did you mean "example.clerk.accounts.dev"?'),
        (clerk(domain=None), "has no domain"),
        (clerk(domain=""), "has no domain"),
        (oidc(audiences=None), "has no audiences"),
        (oidc(audiences=()), "has no audiences"),
        (IssuerSettings("a", "auth0", tenant="t"), "has no audiences"),
        (pasted(audiences=None), "has no audiences"),
        (pasted(issuer=None), "has no issuer"),
        (pasted(jwks=None), "neither jwks_url nor jwks"),
        (pasted(jwks_url="https://x.example/keys"), "both jwks_url and jwks"),
        (pasted(jwks="{"), "not a JSON key set"),
        (pasted(jwks='{"keys":[]}'), "no usable key"),
        (pasted(jwks=None, jwks_url="http://x.example/keys"), "plain http"),
        (oidc(algorithms=("RS256", "HS256")), "HS256"),
        (oidc(algorithms=("none",)), "none"),
        (oidc(algorithms=()), "nothing"),
        (oidc(token_classes=("sessions",)), "sessions"),
        (oidc(token_classes=("api_key",)), "api_key"),
        (oidc(role_claim=""), "not a claim path"),
        (oidc(clock_skew=-1.0), "clock_skew"),
        (oidc(clock_skew=10_000.0), "clock_skew"),
        (IssuerSettings("f", "firebase"), "project_id"),
        (IssuerSettings("c", "cognito", user_pool_id="p"), "user_pool_region"),
        (IssuerSettings("", "oidc"), "has no name"),
        (IssuerSettings("anonymous", "oidc"), "stands for something else"),
    ],
)
def test_a_mistake_is_named_with_what_was_probably_meant(configured: IssuerSettings, words: str) -> None:
    assert words in complaint(configured)


def test_two_issuers_may_not_share_a_name_an_issuer_or_an_alias() -> None:
    assert "two issuers are named" in complaint(clerk(), clerk())
    second: dict[str, Any] = {"name": "second", "provider": "oidc", "audiences": ("x",)}
    same = IssuerSettings(issuer="https://example.clerk.accounts.dev/", **second)
    assert "both answer to" in complaint(clerk(), same)
    alias = IssuerSettings(issuer="https://x.example", aliases=("https://example.clerk.accounts.dev",), **second)
    assert "both answer to" in complaint(clerk(), alias)


def test_any_audience_is_allowed_when_said_and_warned_about() -> None:
    (made,) = built(oidc(audiences=("*",)))
    assert made.audiences is None
    assert "any audience" in made.warnings[0]


def test_a_pasted_private_key_loses_its_private_members_and_says_so() -> None:
    private = dict(signing_key().as_dict(private=True)) | {"kid": "k1"}
    (made,) = built(pasted(private))
    assert any("private members" in warning for warning in made.warnings)
    assert str(private["d"]) not in repr(made.warnings)


def test_defaults_by_provider() -> None:
    (person,) = built(clerk())
    assert person.token_classes == {TokenClass.SESSION, TokenClass.TEMPLATE}
    (server,) = built(oidc())
    assert server.token_classes == {TokenClass.ACCESS, TokenClass.ID}
    (legacy,) = built(workos(issuer="https://api.workos.com/", client_ids=("client_01",)))
    assert legacy.key_source == JwksUrl("https://api.workos.com/sso/jwks/client_01")
    (pool,) = built(IssuerSettings("c", "cognito", user_pool_id="p", user_pool_region="r"))
    assert "client_ids" in pool.warnings[0]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("role", "a"),
        ("$.role", "a"),
        (".role", "a"),
        ("app.role", "b"),
        ('"https://example.com/role"', "c"),
        ('app."x.y"', "d"),
        ("groups[1]", "f"),
        ("cognito:groups[0]", "g"),
        ("groups[9]", None),
        ("role.x", None),
        ("app[0]", None),
        ("missing", None),
    ],
)
def test_claim_paths(path: str, found: str | None) -> None:
    claims = {
        "role": "a", "app": {"role": "b", "x.y": "d"}, "https://example.com/role": "c", "groups": ["e", "f"],
        "cognito:groups": ["g"],
    }  # fmt: skip
    assert parse_claim_path(path).find(claims) == found


@pytest.mark.parametrize("path", ["", "$", "[0]", 'a"b', "a[", "a[x]", "a..b", '"', "a]"])
def test_what_is_no_claim_path(path: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_claim_path(path)
