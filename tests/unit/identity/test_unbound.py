"""The key set without an issuer: what it accepts as PostgREST does, and where it stays behind the issuers."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey

from rowgate.errors import ConfigurationError
from rowgate.identity.explain import explain_token
from rowgate.identity.refusals import Refusal
from rowgate.identity.unbound import unbound_of
from rowgate.postgres.roles import RoleSnapshot
from rowgate.principal import Principal
from rowgate.project.settings import RestSettings

from .identity_workshop import (
    CLERK,
    NOW,
    SECRET,
    SECRETS,
    Door,
    clerk,
    door,
    jwks,
    mint,
    mint_hs,
    public_jwk,
    signing_key,
)

pytestmark = pytest.mark.anyio

THEIRS = "a secret of PostgREST's, longer than 32 bytes"
BARE: dict[str, Any] = {"exp": ..., "iat": ..., "nbf": ...}


def postgrest(**settings: Any) -> RestSettings:
    return RestSettings(**({"jwt_secret": THEIRS, "db_anon_role": "anon"} | settings))


def at(*issuers: Any, **settings: Any) -> Door:
    return door(*issuers, rest=postgrest(**settings))


def signed(claims: dict[str, Any], **more: Any) -> bytes:
    return mint_hs(claims, THEIRS, **more)


def oct_jwk(secret: str, **members: Any) -> dict[str, Any]:
    return {"kty": "oct", "k": base64.urlsafe_b64encode(secret.encode()).rstrip(b"=").decode(), **members}


async def accepted(here: Door, token: bytes) -> Principal:
    verdict = await here.judge(token)
    assert isinstance(verdict, Principal), verdict
    return verdict


async def test_a_token_needs_a_signature_and_a_role_and_nothing_else() -> None:
    principal = await accepted(at(), signed(BARE | {"role": "editor"}))

    assert (principal.role, principal.issuer, principal.privileged) == ("editor", "postgrest", False)
    assert principal.expires_at is None


async def test_a_subject_may_be_a_number_and_an_issuer_anything() -> None:
    principal = await accepted(at(), signed({"role": "editor", "sub": 7, "iss": "my-app", "azp": ["x"], "sid": 3}))

    assert (principal.role, principal.subject, principal.session_id) == ("editor", None, None)
    assert (await accepted(at(), signed({"role": "editor", "iss": 9}))).role == "editor"


async def test_without_a_role_it_is_the_anonymous_one_and_sql_is_told_so() -> None:
    principal = await accepted(at(), signed(BARE | {"email": "a@b.c"}))

    assert principal.role == "anon"
    assert json.loads(principal.claims) == {"role": "anon", "email": "a@b.c"}
    assert (await accepted(at(), signed(BARE))).claims == b'{"role":"anon"}'
    verdict = await door(rest=postgrest(db_anon_role=None), anonymous_role=None).judge(signed(BARE))
    assert isinstance(verdict, Refusal)
    assert verdict.code == "anonymous_disabled"


async def test_claims_reach_sql_as_signed_unless_the_role_was_taken_from_elsewhere() -> None:
    here = at(jwt_role_claim_key=".app.roles[1]")
    token = signed(BARE | {"role": "other", "app": {"roles": ["x", "editor"]}})

    principal = await accepted(here, token)
    assert principal.role == "editor"
    assert json.loads(principal.claims) == {"role": "editor", "app": {"roles": ["x", "editor"]}}
    exact = await accepted(at(), signed(BARE | {"n": 1.50, "role": "editor"}))
    assert exact.claims == b'{"n": 1.5, "role": "editor"}'


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": NOW - 29}, "accepted"),
        ({"exp": NOW - 31}, "token_expired"),
        ({"nbf": NOW + 29}, "accepted"),
        ({"nbf": NOW + 31}, "token_not_yet_valid"),
        ({"iat": NOW + 31}, "token_not_yet_valid"),
        ({"exp": "soon"}, "claim_invalid"),
        ({"role": "nobody"}, "role_unknown"),
        ({"role": ["editor"]}, "role_not_allowed"),
        ({"aud": 4}, "claim_invalid"),
        ({"aud": "anything"}, "accepted"),
    ],
)
async def test_claims_are_checked_as_postgrest_checks_them(claims: dict[str, Any], code: str) -> None:
    assert await at().code(signed({"role": "editor"} | claims)) == code


@pytest.mark.parametrize(
    ("audience", "code"),
    [
        ("api", "accepted"),
        (["other", "api"], "accepted"),
        ("other", "audience_mismatch"),
        (["other"], "audience_mismatch"),
        ([], "accepted"),
        (None, "accepted"),
        (..., "accepted"),
        ([1], "claim_invalid"),
    ],
)
async def test_an_audience_that_is_said_must_be_ours(audience: object, code: str) -> None:
    assert await at(jwt_aud="api").code(signed({"role": "editor", "aud": audience})) == code


async def test_a_signature_by_another_secret_is_refused() -> None:
    assert await at().code(mint_hs({"role": "editor"}, "another secret, longer than 32 bytes")) == "signature_invalid"
    assert await at().code(mint_hs({"role": "editor"}, SECRET)) == "signature_invalid"


async def test_the_projects_own_keys_stay_what_they_are() -> None:
    verdict = await at().judge(SECRETS.service_role_key.encode())

    assert isinstance(verdict, Principal)
    assert (verdict.role, verdict.issuer, verdict.privileged) == ("service_role", None, True)


async def test_a_key_beside_a_token_may_be_one_of_the_deployments_own() -> None:
    token = signed({"role": "editor"})

    assert await at().code(token, signed({"role": "anon"})) == "accepted"
    assert await at().code(token, mint_hs({"role": "anon"}, "another secret, longer than 32 bytes")) != "accepted"


async def test_secrets_in_base64_and_as_key_sets_are_read() -> None:
    token = signed({"role": "editor"})
    encoded = base64.urlsafe_b64encode(THEIRS.encode()).decode().replace("=", ".")

    assert await at(jwt_secret=encoded, jwt_secret_is_base64=True).code(token) == "accepted"
    assert await at(jwt_secret=json.dumps(oct_jwk(THEIRS))).code(token) == "accepted"
    document = jwks(
        oct_jwk(THEIRS, kid="s"), public_jwk(signing_key(), "r"), public_jwk(signing_key("EC"), "e")
    ).decode()
    here = at(jwt_secret=base64.b64encode(document.encode()).decode(), jwt_secret_is_base64=True)
    assert await here.code(token) == "accepted"
    assert await here.code(mint({"role": "editor"}, kid="r")) == "accepted"
    assert await here.code(mint({"role": "editor"}, kid=None)) == "accepted"
    assert await here.code(mint({"role": "editor"}, signing_key("EC"), alg="ES256", kid="e")) == "accepted"
    assert await here.code(mint({"role": "editor"}, kid="unknown")) == "key_unknown"


async def test_a_kid_is_looked_up_and_a_plain_secret_has_none() -> None:
    assert await at().code(mint({"role": "editor"}, OctKey.import_key(THEIRS), alg="HS256", kid="x")) == "key_unknown"


async def test_a_public_key_is_never_a_secret() -> None:
    """RFC 8725 section 3.1: HS256 with the text of an RSA key as its secret."""
    key = json.dumps(public_jwk(signing_key(), None))
    here = at(jwt_secret=key)

    assert await here.code(mint({"role": "editor"}, kid=None)) == "accepted"
    assert await here.code(mint_hs({"role": "editor"}, key)) == "algorithm_not_allowed"


async def test_a_plain_secret_checks_hs256_alone() -> None:
    token = mint({"role": "editor"}, OctKey.import_key(THEIRS), alg="HS512", kid=None)

    assert await at().code(token) == "algorithm_not_allowed"
    assert await at(jwt_secret=json.dumps(oct_jwk(THEIRS))).code(token) == "accepted"


async def test_what_a_configured_issuer_claims_is_that_issuers_alone() -> None:
    """Whoever holds a key of the set cannot speak for an issuer, by HS256 or by an asymmetric key."""
    mine = jwks(oct_jwk(THEIRS), public_jwk(signing_key(which=1), "k1")).decode()
    here = at(clerk(), jwt_secret=mine)
    session = {"iss": CLERK, "sub": "user_1", "role": "authenticated", "sid": "s", "azp": "https://a.example"}

    assert await here.code(mint(session, signing_key(which=1))) == "signature_invalid"
    assert await here.code(signed(session)) == "signature_invalid"
    assert await here.code(mint(session)) == "accepted"
    assert await here.code(mint({"iss": "https://other.example", "role": "editor"}, signing_key(which=1))) == "accepted"


@pytest.mark.parametrize("iss", [[CLERK], ["https://other.example", f"{CLERK}/"], f"{CLERK}/"])
async def test_an_issuer_in_a_list_is_claimed_as_well(iss: object) -> None:
    here = at(clerk(), jwt_secret=jwks(oct_jwk(THEIRS), public_jwk(signing_key(which=1), "k1")).decode())
    claims = {"iss": iss, "sub": "user_1", "role": "authenticated"}

    assert await here.code(signed(claims)) == "signature_invalid"
    assert await here.code(mint(claims, signing_key(which=1))) in ("claim_invalid", "signature_invalid")
    assert await here.code(signed(claims | {"iss": ["https://other.example"], "role": "editor"})) == "accepted"


async def test_without_a_key_set_an_unknown_issuer_stays_unknown() -> None:
    assert await door(clerk()).code(mint({"iss": "https://other.example", "role": "editor"})) == "issuer_unknown"


@pytest.mark.parametrize("role", ["service_role", "app_owner", "postgres"])
async def test_a_privileged_role_is_refused_until_the_operator_allows_it(role: str) -> None:
    token = signed({"role": role})

    assert await at().code(token) == "role_privileged"
    assert await at(jwt_roles=(role,)).code(token) == "role_privileged"
    here = at(allow_privileged_roles=True)
    reached = role == "service_role"  # the login may take it
    assert await here.code(token) == ("accepted" if reached else "role_privileged")
    if reached:
        assert (await accepted(here, token)).privileged


async def test_allowing_privileged_roles_allows_them_to_no_issuer() -> None:
    here = at(clerk(roles=("service_role",)), allow_privileged_roles=True)
    session = {"iss": CLERK, "sub": "user_1", "role": "service_role", "sid": "s"}

    assert await here.code(mint(session)) == "role_privileged"
    assert await here.code(mint_hs(session)) == "role_not_allowed"


async def test_the_list_of_roles_holds() -> None:
    here = at(jwt_roles=("editor",))

    assert await here.code(signed({"role": "editor"})) == "accepted"
    assert await here.code(signed({"role": "member"})) == "role_not_allowed"


async def test_a_changed_role_is_noticed() -> None:
    here = at()
    token = signed({"role": "editor"})
    assert await here.code(token) == "accepted"
    here.roles[0] = RoleSnapshot(public=frozenset({"anon"}), privileged={"editor": "has BYPASSRLS"})
    here.verifier.roles_changed()
    assert await here.code(token) == "role_privileged"


@pytest.mark.parametrize(
    ("secret", "settings"),
    [
        ("too short", {}),
        ("", {}),
        ("dG9vIHNob3J0", {"jwt_secret_is_base64": True}),
        ("not base64 !!!", {"jwt_secret_is_base64": True}),
        ('{"kty":"oct","k":"dG9vIHNob3J0"}', {}),
        ('{"keys":[]}', {}),
        ('{"keys":[{"kty":"RSA"}]}', {}),
        ('{"kty":', {}),
    ],
)
def test_a_secret_that_is_no_good_stops_the_start_without_being_shown(secret: str, settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        unbound_of(postgrest(jwt_secret=secret, **settings))
    assert "PGRST_JWT_SECRET" in caught.value.message
    assert len(secret) < 9 or secret not in caught.value.message


PUBLIC_KEY = json.dumps(public_jwk(signing_key("k")))
PEM = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----"


@pytest.mark.parametrize(
    ("published", "what"),
    [
        (PEM, "PEM"),
        (f"\n\ufeff{PEM}", "PEM"),
        ("https://login.example.com/.well-known/jwks.json", "address"),
        (f"\ufeff{PUBLIC_KEY}", "JSON Web Key"),
        (f"[{PUBLIC_KEY}]", "JSON Web Key"),
        (json.dumps(PUBLIC_KEY), "JSON Web Key"),
    ],
)
def test_what_is_published_is_never_taken_for_a_secret(published: str, what: str) -> None:
    for secret, encoded in ((published, False), (base64.b64encode(published.encode()).decode(), True)):
        with pytest.raises(ConfigurationError, match=what) as caught:
            unbound_of(postgrest(jwt_secret=secret, jwt_secret_is_base64=encoded))
        assert published not in caught.value.message


def test_it_is_announced_at_every_start() -> None:
    (warning,) = at().verifier.warnings
    assert "without an issuer" in warning
    (warning,) = at(allow_privileged_roles=True).verifier.warnings
    assert "bypass row-level security" in warning


async def test_explain_walks_the_same_steps() -> None:
    explanation = await explain_token(at().verifier, signed({"role": "service_role", "sub": 4}))

    assert explanation.refusal is not None
    assert explanation.refusal.code == "role_privileged"
    (step,) = (check for check in explanation.checks if check.name == "issuer")
    assert "key set without an issuer" in step.expected
    assert "allow_privileged_roles" in (explanation.fix or "")


@given(
    secret=st.text() | st.text(alphabet='{}[]":,keystyoctRSA0').map(lambda text: "{" + text), is_base64=st.booleans()
)
def test_any_secret_is_a_key_set_or_refused_in_words(secret: str, is_base64: bool) -> None:
    with contextlib.suppress(ConfigurationError):
        unbound_of(postgrest(jwt_secret=secret, jwt_secret_is_base64=is_base64))
