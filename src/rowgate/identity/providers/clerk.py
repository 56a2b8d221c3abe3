"""Clerk: one instance, known by its domain.

Claims: the vendor's session token page (version 2 and the deprecated version 1). Classes: the `cat` header member,
`jwtCategories.ts` of Clerk's own SDK; all classes are signed with the same instance key, so only `cat`, `typ` and the
subject tell them apart.
"""

from __future__ import annotations

from rowgate.errors import ConfigurationError
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
    setting,
)
from rowgate.principal import TokenClass
from rowgate.project.settings import IssuerSettings

_CATEGORIES = {
    "cl_B7d4PD111AAA": TokenClass.SESSION,
    "cl_B7d4PD222AAA": TokenClass.TEMPLATE,
    "cl_B7d4PD333AAA": TokenClass.MACHINE,
}
_NO_INFORMATION = "cl_I7d4PD111III"  # some instances stamp it on every class
_MACHINE_SUBJECT = "mch_"


def build(configured: IssuerSettings) -> Issuer:
    """`domain` (example.clerk.accounts.dev, clerk.example.com), or `issuer` for a proxied or local instance."""
    if configured.issuer:
        issuer = configured.issuer
    elif configured.domain:
        issuer = "https://" + check_domain(configured.domain, setting(configured, "domain"))
    else:
        raise ConfigurationError(
            f'issuer "{configured.name}" (provider clerk) has no domain',
            'Write domain = "example.clerk.accounts.dev": Clerk shows it under "Connect with Supabase" and as the '
            "Frontend API URL.",
        )
    return make_issuer(
        configured,
        issuer,
        algorithms=("RS256",),
        token_classes=frozenset({TokenClass.SESSION, TokenClass.TEMPLATE}),
    )


def classify(header: Claims, claims: Claims) -> Classified:
    """By `typ`, the subject, `cat`, and where the instance stamps none, by the session id."""
    if is_at_jwt(header):
        return Classified(TokenClass.OAUTH_ACCESS, "typ at+jwt")
    if str(claims.get("sub", "")).startswith(_MACHINE_SUBJECT):
        return Classified(TokenClass.MACHINE, "sub mch_…")
    category = header.get("cat")
    if category is not None and category != _NO_INFORMATION:
        known = _CATEGORIES.get(category) if isinstance(category, str) else None
        return Classified(known, "cat")
    if "sid" in claims:
        return Classified(TokenClass.SESSION, "it has a session id (sid)")
    return Classified(TokenClass.TEMPLATE, "it has no session id (sid)")


_ROLE_FIX = (
    'In Clerk, "Connect with Supabase" adds the claim "role": "authenticated" to every session token; a JWT template '
    'needs {"role": "authenticated"} of its own. '
)

PROFILE = Profile(
    name="clerk",
    title="Clerk",
    classify=classify,
    claims=claims_table(
        sid=ClaimUse.READ,
        sts=ClaimUse.CHECKED,
        v=ClaimUse.PASSED,
        fva=ClaimUse.PASSED,
        pla=ClaimUse.PASSED,
        fea=ClaimUse.PASSED,
        o=ClaimUse.PASSED,
        org_id=ClaimUse.PASSED,
        org_slug=ClaimUse.PASSED,
        org_role=ClaimUse.PASSED,
        org_permissions=ClaimUse.PASSED,
    ),
    advice={
        "role_missing": _ROLE_FIX
        + 'Without touching Clerk: default_role = "authenticated" for this issuer, or role_claim where the role lies.',
        "role_not_allowed": _ROLE_FIX
        + "To let this issuer's tokens become another role, add it to `roles`; to read it elsewhere, set role_claim.",
        "session_pending": "The person still has to finish a task (for example choose an organization). Clerk's "
        "components do that; until then treat them as signed out.",
        "token_class_not_allowed": "Send what getToken() returns. Machine (M2M) tokens and OAuth access tokens are "
        'accepted only where token_classes lists "machine" or "oauth_access".',
        "authorized_party_mismatch": "azp is the origin of the page that asked Clerk for the token. Add that origin to "
        "authorized_parties.",
        "token_expired": "Clerk session tokens live 60 seconds: call getToken() for every request "
        "(accessToken: async () => session.getToken()) instead of keeping one.",
        "issuer_unknown": "The issuer of Clerk tokens is https:// and the Frontend API domain.",
    },
)
