"""Tokens as each provider really makes them, and the verdict each gets."""

from __future__ import annotations

import pytest

from rowgate.identity.refusals import Refusal
from rowgate.principal import Principal, TokenClass
from rowgate.project.settings import IssuerSettings
from tests.unit.identity.identity_workshop import (
    AUTH0,
    CLERK,
    COGNITO,
    FIREBASE,
    OIDC,
    WORKOS,
    Network,
    clerk,
    door,
    mint,
    oidc,
    public_jwk,
    signing_key,
    workos,
)

pytestmark = pytest.mark.anyio

CLERK_V2 = {
    "iss": CLERK, "sub": "user_1", "sid": "sess_1", "v": 2, "fva": [1, -1], "role": "authenticated",
    "azp": "http://localhost:3000", "jti": "x", "pla": "o:pro", "fea": "o:dashboard", "sts": "active",
    "o": {"id": "org_1", "slg": "acme", "rol": "admin", "per": "manage,read", "fpm": "3"},
}  # fmt: skip
CLERK_V1 = {
    "iss": CLERK, "sub": "user_1", "sid": "sess_1", "role": "authenticated",
    "org_id": "org_1", "org_role": "org:admin", "org_slug": "acme", "org_permissions": ["org:x:read"],
}  # fmt: skip
WORKOS_TOKEN = {
    "iss": WORKOS, "sub": "user_1", "sid": "session_1", "jti": "j", "org_id": "org_1", "role": "authenticated",
    "user_role": "admin", "permissions": [],
}  # fmt: skip


async def accepted(*issuers: IssuerSettings, token: bytes) -> Principal:
    verdict = await door(*issuers).judge(token)
    assert isinstance(verdict, Principal), verdict
    return verdict


async def refused(*issuers: IssuerSettings, token: bytes) -> Refusal:
    verdict = await door(*issuers).judge(token)
    assert isinstance(verdict, Refusal), verdict
    return verdict


@pytest.mark.parametrize("claims", [CLERK_V1, CLERK_V2], ids=["v1", "v2"])
@pytest.mark.parametrize("category", [..., "cl_B7d4PD111AAA", "cl_I7d4PD111III"])
async def test_clerk_session_tokens_of_both_versions_are_sessions(claims: dict[str, object], category: object) -> None:
    principal = await accepted(clerk(), token=mint(claims, cat=category))
    assert (principal.role, principal.token_class, principal.issuer) == ("authenticated", TokenClass.SESSION, "clerk")
    assert (principal.subject, principal.session_id) == ("user_1", "sess_1")


async def test_a_clerk_template_token_has_no_session_and_is_accepted() -> None:
    token = mint({"iss": CLERK, "sub": "user_1", "role": "authenticated"}, cat="cl_B7d4PD222AAA")
    assert (await accepted(clerk(), token=token)).token_class is TokenClass.TEMPLATE


@pytest.mark.parametrize(
    ("claims", "header", "code"),
    [
        ({"sub": "mch_1"}, {"cat": "cl_B7d4PD333AAA"}, "token_class_not_allowed"),
        ({"sub": "mch_1"}, {}, "token_class_not_allowed"),
        ({"sub": "mch_1"}, {"cat": "cl_B7d4PD111AAA"}, "token_class_not_allowed"),
        ({}, {"typ": "at+jwt"}, "token_class_not_allowed"),
        ({}, {"typ": "application/at+jwt"}, "token_class_not_allowed"),
        ({}, {"cat": "cl_unheard_of"}, "header_unsupported"),
        ({}, {"cat": 5}, "header_unsupported"),
        ({"sts": "pending"}, {}, "session_pending"),
    ],
)
async def test_clerk_machine_oauth_and_pending_tokens_are_refused(
    claims: dict[str, object], header: dict[str, object], code: str
) -> None:
    assert (await refused(clerk(), token=mint(CLERK_V2 | claims, **header))).code == code


async def test_a_class_that_the_issuer_lists_is_accepted() -> None:
    issuer = clerk(token_classes=("machine", "oauth_access", "session", "session_pending"))
    assert (await accepted(issuer, token=mint(CLERK_V2 | {"sub": "mch_1"}))).token_class is TokenClass.MACHINE
    assert (await accepted(issuer, token=mint(CLERK_V2, typ="at+jwt"))).token_class is TokenClass.OAUTH_ACCESS
    assert (await accepted(issuer, token=mint(CLERK_V2 | {"sts": "pending"}))).token_class is TokenClass.SESSION


async def test_impersonation_is_accepted_and_the_principal_names_the_actor() -> None:
    token = mint(CLERK_V2 | {"act": {"iss": "https://dashboard.clerk.com", "sub": "user_2", "sid": "s"}})
    assert (await accepted(clerk(), token=token)).actor == "user_2"


async def test_azp_is_free_without_a_list_and_must_be_on_one() -> None:
    absent, there, other = (mint(CLERK_V2 | {"azp": azp}) for azp in (..., "https://app.example.com", "https://evil"))
    listed = clerk(authorized_parties=("https://app.example.com",))
    await accepted(clerk(), token=absent)
    await accepted(listed, token=there)
    assert (await refused(listed, token=absent)).code == "authorized_party_mismatch"
    assert (await refused(listed, token=other)).code == "authorized_party_mismatch"


@pytest.mark.parametrize("role", [..., None])
async def test_an_absent_or_null_role_is_refused_and_default_role_fills_it(role: object) -> None:
    token = mint(CLERK_V2 | {"role": role})
    refusal = await refused(clerk(), token=token)
    assert (refusal.code, refusal.status) == ("role_missing", 403)
    assert "Connect with Supabase" in (refusal.hint or "")
    assert "default_role" in (refusal.hint or "")
    assert "role_claim" in (refusal.hint or "")
    assert (await accepted(clerk(default_role="anon"), token=token)).role == "anon"


async def test_default_role_never_replaces_a_present_value() -> None:
    issuer = clerk(default_role="authenticated")
    for role in ("editor", "", "service_role", ["authenticated"], 5, True, "{{organization.role}}"):
        assert (await refused(issuer, token=mint(CLERK_V2 | {"role": role}))).code == "role_not_allowed"


async def test_a_workos_token_without_template_is_told_template_and_settings() -> None:
    refusal = await refused(workos(), token=mint(WORKOS_TOKEN | {"role": "member"}))
    assert (refusal.code, refusal.status, refusal.issuer) == ("role_not_allowed", 403, "workos")
    assert '"member"' in refusal.message
    for words in (
        '{"role":"authenticated","user_role": {{organization_membership.role}}}',
        "role_claim",
        "default_role",
        "`roles`",
    ):
        assert words in (refusal.hint or "")


async def test_workos_works_without_a_template_by_two_settings() -> None:
    token = mint(WORKOS_TOKEN | {"role": "member", "user_role": ...})
    issuer = workos(role_claim="user_role", default_role="authenticated")
    assert (await accepted(issuer, token=token)).role == "authenticated"
    assert (await accepted(workos(roles=("member",)), token=token)).role == "member"


async def test_workos_issuer_with_and_without_slash_and_by_alias() -> None:
    alias = "https://auth.example.com/user_management/client_01"
    issuer = workos(aliases=(alias + "/",))
    for iss in (WORKOS, WORKOS + "/", alias, alias + "/"):
        assert (await accepted(issuer, token=mint(WORKOS_TOKEN | {"iss": iss}))).token_class is TokenClass.ACCESS
    for iss in (WORKOS + "//", WORKOS + "x", WORKOS.upper(), "https://api.workos.com"):
        assert (await refused(issuer, token=mint(WORKOS_TOKEN | {"iss": iss}))).code == "issuer_unknown"


async def test_two_workos_clients_are_each_judged_by_their_own_keys() -> None:
    # Given two clients with two key sets under the same kid
    other = WORKOS[:-1] + "2"
    network = Network()
    network.publish(WORKOS, public_jwk(signing_key()))
    network.publish(other, public_jwk(signing_key(which=1)))
    second = IssuerSettings(name="second", provider="workos", issuer=other)
    here = door(workos(), second, network=network)
    # Then each token passes at its own issuer and nowhere else
    assert await here.code(mint(WORKOS_TOKEN)) == "accepted"
    assert await here.code(mint(WORKOS_TOKEN | {"iss": other}, signing_key(which=1))) == "accepted"
    assert await here.code(mint(WORKOS_TOKEN | {"iss": other})) == "signature_invalid"
    assert await here.code(mint(WORKOS_TOKEN, signing_key(which=1))) == "signature_invalid"


async def test_a_configured_jwks_url_needs_no_discovery() -> None:
    network = Network({"https://api.workos.com/sso/jwks/client_01": network_keys()})
    here = door(workos(jwks_url="https://api.workos.com/sso/jwks/client_01"), network=network)
    assert await here.code(mint(WORKOS_TOKEN)) == "accepted"
    assert list(network.calls) == ["https://api.workos.com/sso/jwks/client_01"]


async def test_the_legacy_workos_issuer_takes_its_keys_from_the_client() -> None:
    network = Network({"https://api.workos.com/sso/jwks/client_01": network_keys()})
    legacy = IssuerSettings(
        name="workos", provider="workos", issuer="https://api.workos.com/", client_ids=("client_01",)
    )
    assert await door(legacy, network=network).code(mint(WORKOS_TOKEN | {"iss": "https://api.workos.com"})) == (
        "accepted"
    )


def network_keys() -> bytes:
    from tests.unit.identity.identity_workshop import jwks

    return jwks(public_jwk(signing_key(), alg="RS256", use="sig"))


async def test_firebase_refuses_another_projects_tokens_under_the_shared_keys() -> None:
    firebase = IssuerSettings(name="firebase", provider="firebase", project_id="shop")
    good = {"iss": FIREBASE, "aud": "shop", "sub": "u", "role": "authenticated"}
    assert (await accepted(firebase, token=mint(good))).token_class is TokenClass.ID
    assert (await refused(firebase, token=mint(good | {"aud": "other"}))).code == "audience_mismatch"
    other = FIREBASE.replace("shop", "other")
    assert (await refused(firebase, token=mint(good | {"iss": other}))).code == "issuer_unknown"


async def test_cognito_names_its_client_by_token_use() -> None:
    cognito = IssuerSettings(
        name="cognito", provider="cognito", user_pool_id="pool_1", user_pool_region="eu-west-1",
        client_ids=("app1",), default_role="authenticated",
    )  # fmt: skip
    access = {"iss": COGNITO, "sub": "u", "token_use": "access", "client_id": "app1", "username": "ann"}
    identity = {"iss": COGNITO, "sub": "u", "token_use": "id", "aud": "app1"}
    assert (await accepted(cognito, token=mint(access))).token_class is TokenClass.ACCESS
    assert (await accepted(cognito, token=mint(identity))).token_class is TokenClass.ID
    for wrong in (
        access | {"client_id": "app2"},
        access | {"client_id": ..., "aud": "app1"},
        identity | {"aud": "app2"},
        identity | {"aud": ..., "client_id": "app1"},
    ):
        assert (await refused(cognito, token=mint(wrong))).code == "audience_mismatch"
    machine = access | {"sub": "app1", "username": ...}
    assert (await refused(cognito, token=mint(machine))).code == "token_class_not_allowed"
    assert (await refused(cognito, token=mint(identity | {"token_use": "refresh"}))).code == "token_class_not_allowed"


async def test_auth0_namespaced_role_and_ps256() -> None:
    auth0 = IssuerSettings(
        name="auth0", provider="auth0", tenant="tenant", tenant_region="eu", audiences=("https://api.example.com",),
        role_claim='"https://example.com/role"', algorithms=("RS256", "PS256"),
    )  # fmt: skip
    claims = {
        "iss": AUTH0 + "/", "sub": "auth0|1", "aud": ["https://api.example.com", AUTH0 + "/userinfo"],
        "https://example.com/role": "authenticated", "scope": "openid", "azp": "app",
    }  # fmt: skip
    assert (await accepted(auth0, token=mint(claims, alg="PS256"))).role == "authenticated"
    assert (await refused(auth0, token=mint(claims | {"sub": "x@clients"}))).code == "token_class_not_allowed"
    only_rs = IssuerSettings(
        name="auth0", provider="auth0", tenant="tenant", tenant_region="eu", audiences=("https://api.example.com",)
    )
    refusal = await refused(only_rs, token=mint(claims, alg="PS256"))
    assert refusal.code == "algorithm_not_allowed"
    assert "PS256" in refusal.message


async def test_oidc_classes_and_audience() -> None:
    claims = {"iss": OIDC, "sub": "u", "aud": "api", "role": "authenticated"}
    assert (await accepted(oidc(), token=mint(claims))).token_class is TokenClass.ACCESS
    assert (await accepted(oidc(), token=mint(claims | {"nonce": "n"}))).token_class is TokenClass.ID
    for audience in (None, [], ..., "other", ["a", "b"]):
        assert (await refused(oidc(), token=mint(claims | {"aud": audience}))).code == "audience_mismatch"
    for audience in (5, ["api", 5], {}):
        assert (await refused(oidc(), token=mint(claims | {"aud": audience}))).code == "claim_invalid"
    for extra in ({"sub": "svc", "azp": "svc"}, {"idtyp": "app"}, {"typ": "Refresh"}):
        assert (await refused(oidc(), token=mint(claims | extra))).code == "token_class_not_allowed"


@pytest.mark.parametrize(("kind", "alg"), [("EC", "ES256"), ("OKP", "EdDSA")])
async def test_elliptic_and_edwards_keys_verify(kind: str, alg: str) -> None:
    network = Network()
    network.publish(OIDC, public_jwk(signing_key(kind)))
    claims = {"iss": OIDC, "sub": "u", "aud": "api", "role": "authenticated"}
    here = door(oidc(), network=network)
    assert await here.code(mint(claims, signing_key(kind), alg=alg)) == "accepted"


async def test_claims_are_the_payload_bytes_exactly_as_signed() -> None:
    import json

    from tests.unit.identity.identity_workshop import NOW, sign

    payload = json.dumps(CLERK_V2 | {"exp": NOW + 60, "name": "Zoë", "n": 1.50}, indent=1).encode()
    verdict = await door(clerk()).judge(sign(payload, {"alg": "RS256", "kid": "k1"}, signing_key()))
    assert isinstance(verdict, Principal)
    assert verdict.claims == payload
