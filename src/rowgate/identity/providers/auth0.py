"""Auth0: a tenant, its region, or a custom domain. Its `iss` ends with a slash, which is forgiven everywhere."""

from __future__ import annotations

from rowgate.identity.issuer import Issuer
from rowgate.identity.issuer_url import check_domain
from rowgate.identity.providers.oidc import classify_oidc
from rowgate.identity.providers.profile import (
    Claims,
    ClaimUse,
    Classified,
    Profile,
    claims_table,
    make_issuer,
    required,
    setting,
)
from rowgate.principal import TokenClass
from rowgate.project.settings import IssuerSettings


def build(configured: IssuerSettings) -> Issuer:
    """`tenant` and `tenant_region`, or `domain` (custom domain), or `issuer`. `audiences` is required."""
    if configured.issuer:
        issuer = configured.issuer
    elif configured.domain:
        issuer = "https://" + check_domain(configured.domain, setting(configured, "domain"))
    else:
        tenant = required(configured, "tenant")
        region = f".{configured.tenant_region}" if configured.tenant_region else ""
        issuer = "https://" + check_domain(f"{tenant}{region}.auth0.com", setting(configured, "tenant"))
    return make_issuer(
        configured,
        issuer,
        algorithms=("RS256",),
        token_classes=frozenset({TokenClass.ACCESS, TokenClass.ID}),
        audience_required=True,
    )


def classify(header: Claims, claims: Claims) -> Classified:
    """As any OIDC server, and client-credentials tokens by `gty` or the subject's `@clients`."""
    if claims.get("gty") == "client-credentials" or str(claims.get("sub", "")).endswith("@clients"):
        return Classified(TokenClass.MACHINE, "gty client-credentials or sub …@clients")
    return classify_oidc(header, claims)


_ROLE_FIX = (
    "Auth0 drops an un-namespaced `role` set by an Action. Set a namespaced one, "
    'api.accessToken.setCustomClaim("https://example.com/role", "authenticated"), and point role_claim at it: '
    'role_claim = "\\"https://example.com/role\\"". '
)

PROFILE = Profile(
    name="auth0",
    title="Auth0",
    classify=classify,
    claims=claims_table(
        sid=ClaimUse.READ,
        scope=ClaimUse.PASSED,
        gty=ClaimUse.PASSED,
        org_id=ClaimUse.PASSED,
        org_name=ClaimUse.PASSED,
        permissions=ClaimUse.PASSED,
        nonce=ClaimUse.PASSED,
    ),
    advice={
        "role_missing": _ROLE_FIX + 'Or set default_role = "authenticated" for this issuer.',
        "role_not_allowed": _ROLE_FIX + "Or add the role to `roles` of the issuer.",
        "audience_mismatch": "Request the token with the API's identifier as audience, and list that identifier here.",
        "algorithm_not_allowed": "An Auth0 API can sign with RS256 or PS256: add PS256 to algorithms if that is meant. "
        "HS256 applications must be switched to RS256.",
        "token_encrypted": "Switch off token encryption of the API in Auth0.",
        "token_class_not_allowed": "APIs with the RFC 9068 profile issue `typ: at+jwt`: add "
        '"oauth_access" to token_classes. Client-credentials tokens need "machine".',
    },
)
