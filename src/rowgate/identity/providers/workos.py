"""WorkOS AuthKit: an environment known by its issuer, of which there are at least five shapes.

`https://api.workos.com/user_management/<client_id>`, the same behind a custom auth domain, the legacy bare
`https://api.workos.com` (with or without a trailing slash), `/sso/<client_id>`, and an AuthKit domain.
"""

from __future__ import annotations

from rowgate.errors import ConfigurationError
from rowgate.identity.issuer import Issuer, JwksUrl, KeySource
from rowgate.identity.providers.profile import (
    Claims,
    ClaimUse,
    Classified,
    Profile,
    claims_table,
    is_at_jwt,
    make_issuer,
)
from rowgate.principal import TokenClass
from rowgate.project.settings import IssuerSettings

API = "https://api.workos.com"

TEMPLATE = '{"role":"authenticated","user_role": {{organization_membership.role}}}'


def build(configured: IssuerSettings) -> Issuer:
    """`issuer` as WorkOS shows it, or one `client_ids` entry from which issuer and key URL follow."""
    clients = configured.client_ids or ()
    if len(clients) > 1:
        raise ConfigurationError(
            f'issuer "{configured.name}" (provider workos) has {len(clients)} client_ids',
            "Each WorkOS client has keys of its own: write one [[rowgate.issuers]] for each.",
        )
    if configured.issuer:
        issuer = configured.issuer
    elif clients:
        issuer = f"{API}/user_management/{clients[0]}"
    else:
        raise ConfigurationError(
            f'issuer "{configured.name}" (provider workos) has no issuer',
            f'Write issuer = "{API}/user_management/client_…" (the `iss` of one of your access tokens).',
        )
    source: KeySource | None = None
    if issuer.rstrip("/") == API:  # the legacy issuer serves no discovery document; its keys lie per client
        if not clients and not configured.jwks_url and not configured.jwks:
            raise ConfigurationError(
                f'issuer "{configured.name}": issuer = "{issuer}" does not say whose keys to use',
                'Add client_ids = ["client_…"]: the keys are at /sso/jwks/<client_id>.',
            )
        source = JwksUrl(f"{API}/sso/jwks/{clients[0]}") if clients else None
    return make_issuer(
        configured,
        issuer,
        algorithms=("RS256",),
        token_classes=frozenset({TokenClass.ACCESS, TokenClass.ID}),
        key_source=source,
    )


def classify(header: Claims, claims: Claims) -> Classified:
    """Access tokens carry a session id; client-credentials tokens are their own subject."""
    subject = claims.get("sub")
    if str(subject).startswith("client_") or (subject is not None and subject == claims.get("client_id")):
        return Classified(TokenClass.MACHINE, "the subject is a client")
    if is_at_jwt(header):
        return Classified(TokenClass.OAUTH_ACCESS, "typ at+jwt")
    if "sid" not in claims and any(claim in claims for claim in ("nonce", "at_hash", "c_hash")):
        return Classified(TokenClass.ID, "nonce, at_hash or c_hash without sid")
    return Classified(TokenClass.ACCESS, "an AuthKit access token")


_ROLE_FIX = (
    "WorkOS puts the organization role (such as member) into `role`. Add a JWT template in the WorkOS dashboard, "
    f"Authentication → Sessions: {TEMPLATE} . Without a template: set role_claim to a claim that holds a Postgres role "
)

PROFILE = Profile(
    name="workos",
    title="WorkOS",
    classify=classify,
    claims=claims_table(
        sid=ClaimUse.READ,
        client_id=ClaimUse.PASSED,
        org_id=ClaimUse.PASSED,
        roles=ClaimUse.PASSED,
        permissions=ClaimUse.PASSED,
        entitlements=ClaimUse.PASSED,
        feature_flags=ClaimUse.PASSED,
        auth_time=ClaimUse.PASSED,
        user_role=ClaimUse.PASSED,
    ),
    advice={
        "role_not_allowed": _ROLE_FIX
        + '(role_claim = "user_role" with default_role = "authenticated" signs everybody in as authenticated), or add '
        "this role to `roles` of the issuer and create it in Postgres.",
        "role_missing": _ROLE_FIX + 'or set default_role = "authenticated" for this issuer.',
        "issuer_unknown": "WorkOS issuers differ per environment and client: configure the `iss` of the token, and the "
        "old one under aliases while tokens of it live.",
        "key_unknown": "Each WorkOS client has a key set of its own: is the client_id in the configured issuer the one "
        "this token was made for?",
        "audience_mismatch": "WorkOS tokens have no aud unless the JWT template sets one: add "
        '"aud": "…" to the template or remove audiences.',
        "token_class_not_allowed": 'Client-credentials tokens are accepted only where token_classes lists "machine".',
    },
)
