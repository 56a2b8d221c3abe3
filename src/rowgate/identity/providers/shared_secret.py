"""The old way: third-party tokens signed with the project's JWT secret (HS256), as a Clerk template makes them.

Whoever holds the secret can write any claim, so these tokens stay inside the role rule and are never service_role.
"""

from __future__ import annotations

from rowgate.identity.claim_path import parse_claim_path
from rowgate.identity.issuer import Issuer, ProjectSecret
from rowgate.identity.providers.profile import Claims, ClaimUse, Classified, Profile, claims_table
from rowgate.principal import TokenClass
from rowgate.project.settings import IdentitySettings

SHARED_SECRET_NAME = "shared_secret"  # noqa: S105 - a label of counters


def shared_secret_issuer(settings: IdentitySettings) -> Issuer:
    """The issuer that stands for the project's secret in other hands. Its `iss` may be anything."""
    return Issuer(
        name=SHARED_SECRET_NAME,
        provider="shared_secret",
        issuer="",
        key_source=ProjectSecret(),
        algorithms=frozenset({"HS256"}),
        role_claim=parse_claim_path("role"),
        roles=frozenset(settings.shared_secret_roles),
        default_role=settings.shared_secret_default_role,
        token_classes=frozenset({TokenClass.TEMPLATE}),
    )


def is_third_party(claims: Claims) -> bool:
    """Whether an HS256 token speaks for somebody: it has `sub` or `azp`, or its `iss` is a URI (or no string).

    RFC 7519 section 2: a text with a colon in it is a URI.
    """
    issuer = claims.get("iss")
    return "sub" in claims or "azp" in claims or (issuer is not None and (not isinstance(issuer, str) or ":" in issuer))


def classify(header: Claims, claims: Claims) -> Classified:
    """Every such token counts as a template token."""
    del header, claims
    return Classified(TokenClass.TEMPLATE, "signed with the project's JWT secret")


PROFILE = Profile(
    name="shared_secret",
    title="the project's JWT secret",
    classify=classify,
    claims=claims_table(
        sid=ClaimUse.READ,
        email=ClaimUse.PASSED,
        aal=ClaimUse.PASSED,
        amr=ClaimUse.PASSED,
        app_metadata=ClaimUse.PASSED,
        user_metadata=ClaimUse.PASSED,
        session_id=ClaimUse.PASSED,
    ),
    advice={
        "signature_invalid": "An HS256 token must be signed with this project's JWT secret. With a provider configured "
        "as an issuer, send its own session token instead: getToken() without a template.",
        "role_missing": 'Add "role": "authenticated" to the JWT template, or set shared_secret_default_role.',
        "role_not_allowed": 'The JWT template must say "role": "authenticated"; further roles go into '
        "shared_secret_roles.",
        "role_privileged": "A token that names a person is never service_role. Use the project's own secret key on a "
        "server.",
    },
)
