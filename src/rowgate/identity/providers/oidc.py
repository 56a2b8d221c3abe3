"""Any OpenID Connect issuer with a discovery document: Keycloak, Zitadel, Entra, Okta, the company's own."""

from __future__ import annotations

from rowgate.identity.issuer import Issuer
from rowgate.identity.issuer_url import check_domain
from rowgate.identity.providers.profile import (
    Claims,
    ClaimUse,
    Classified,
    Profile,
    claims_table,
    is_at_jwt,
    make_issuer,
    required,
    setting,
)
from rowgate.principal import TokenClass
from rowgate.project.settings import IssuerSettings

ALGORITHMS = ("RS256", "ES256", "EdDSA")
DEFAULT_CLASSES = frozenset({TokenClass.ACCESS, TokenClass.ID})


def build(configured: IssuerSettings) -> Issuer:
    """`issuer` (or `domain`); `audiences` is required."""
    if configured.domain and not configured.issuer:
        issuer = "https://" + check_domain(configured.domain, setting(configured, "domain"))
    else:
        issuer = required(configured, "issuer")
    return make_issuer(configured, issuer, algorithms=ALGORITHMS, token_classes=DEFAULT_CLASSES, audience_required=True)


def classify_oidc(header: Claims, claims: Claims) -> Classified:
    """By `typ` of the header, Keycloak's `typ` claim, Entra's `idtyp`, and the claims only id tokens carry."""
    if is_at_jwt(header):
        return Classified(TokenClass.OAUTH_ACCESS, "typ at+jwt")
    if claims.get("idtyp") == "app" or str(claims.get("preferred_username", "")).startswith("service-account-"):
        return Classified(TokenClass.MACHINE, "idtyp app or a service account")
    subject = claims.get("sub")
    if subject is not None and subject in (claims.get("client_id"), claims.get("azp")):
        return Classified(TokenClass.MACHINE, "the subject is the client")
    kind = claims.get("typ")  # Keycloak writes Bearer, ID, Refresh, Offline, Logout into the payload
    if kind == "ID":
        return Classified(TokenClass.ID, "typ claim ID")
    if isinstance(kind, str) and kind.lower() in ("refresh", "offline", "logout"):
        return Classified(None, f"its typ claim is {kind}")
    if any(claim in claims for claim in ("nonce", "at_hash", "c_hash")) and "scope" not in claims:
        return Classified(TokenClass.ID, "nonce, at_hash or c_hash without scope")
    return Classified(TokenClass.ACCESS, "nothing says otherwise")


CLAIMS = claims_table(
    sid=ClaimUse.READ,
    auth_time=ClaimUse.PASSED,
    nonce=ClaimUse.PASSED,
    acr=ClaimUse.PASSED,
    amr=ClaimUse.PASSED,
    at_hash=ClaimUse.PASSED,
    c_hash=ClaimUse.PASSED,
    scope=ClaimUse.PASSED,
    client_id=ClaimUse.PASSED,
    name=ClaimUse.PASSED,
    email=ClaimUse.PASSED,
    email_verified=ClaimUse.PASSED,
    preferred_username=ClaimUse.PASSED,
)

ROLE_ADVICE = (
    "Let the server put role = authenticated into the token (a claim mapper), point role_claim at the claim that holds "
    'the role, or set default_role = "authenticated" for this issuer.'
)

PROFILE = Profile(
    name="oidc",
    title="OpenID Connect",
    classify=classify_oidc,
    claims=CLAIMS,
    advice={
        "role_missing": ROLE_ADVICE,
        "role_not_allowed": ROLE_ADVICE + " To allow the role itself, add it to `roles`.",
        "token_class_not_allowed": 'List "oauth_access" (typ at+jwt), "machine", "id" or "access" in token_classes.',
    },
)
