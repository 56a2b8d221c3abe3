"""A bare key set: a JWKS URL or a pasted JWKS, for issuers without a discovery document."""

from __future__ import annotations

from rowgate.errors import ConfigurationError
from rowgate.identity.issuer import Issuer
from rowgate.identity.providers.oidc import ALGORITHMS, CLAIMS, DEFAULT_CLASSES, ROLE_ADVICE, classify_oidc
from rowgate.identity.providers.profile import Profile, make_issuer, required
from rowgate.project.settings import IssuerSettings


def build(configured: IssuerSettings) -> Issuer:
    """`issuer`, `audiences` and one of `jwks_url` and `jwks`. Keys without an issuer would open for any `iss`."""
    issuer = required(configured, "issuer")
    if not configured.jwks_url and not configured.jwks:
        raise ConfigurationError(
            f'issuer "{configured.name}" (provider jwks) has neither jwks_url nor jwks',
            'Write jwks_url = "https://…" or paste the key set as jwks, or use provider = "oidc" for discovery.',
        )
    return make_issuer(configured, issuer, algorithms=ALGORITHMS, token_classes=DEFAULT_CLASSES, audience_required=True)


PROFILE = Profile(
    name="jwks",
    title="JWKS",
    classify=classify_oidc,
    claims=CLAIMS,
    advice={"role_missing": ROLE_ADVICE, "role_not_allowed": ROLE_ADVICE},
)
