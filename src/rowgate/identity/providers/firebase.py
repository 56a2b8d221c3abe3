"""Firebase Authentication: every project shares one key set, so issuer and audience are what tells them apart."""

from __future__ import annotations

from rowgate.identity.issuer import Issuer
from rowgate.identity.providers.profile import (
    Claims,
    ClaimUse,
    Classified,
    Profile,
    claims_table,
    make_issuer,
    required,
)
from rowgate.principal import TokenClass
from rowgate.project.settings import IssuerSettings


def build(configured: IssuerSettings) -> Issuer:
    """`project_id`: the issuer follows from it, and `aud` must be it."""
    project = required(configured, "project_id")
    return make_issuer(
        configured,
        configured.issuer or f"https://securetoken.google.com/{project}",
        algorithms=("RS256",),
        token_classes=frozenset({TokenClass.ACCESS, TokenClass.ID}),
        audiences=(project,),
        audience_required=True,
    )


def classify(header: Claims, claims: Claims) -> Classified:
    """The secure-token service issues id tokens only; session cookies and custom tokens have other issuers."""
    del header, claims
    return Classified(TokenClass.ID, "Firebase issues id tokens")


_ROLE_FIX = (
    "Set the custom claim with the Admin SDK, setCustomUserClaims(uid, { role: 'authenticated' }), for existing users "
    "and in a blocking function (beforeUserCreated, beforeUserSignedIn) for new ones, then refresh the id token. "
)

PROFILE = Profile(
    name="firebase",
    title="Firebase",
    classify=classify,
    claims=claims_table(
        auth_time=ClaimUse.PASSED,
        user_id=ClaimUse.PASSED,
        firebase=ClaimUse.PASSED,
        email=ClaimUse.PASSED,
        email_verified=ClaimUse.PASSED,
        phone_number=ClaimUse.PASSED,
        name=ClaimUse.PASSED,
        picture=ClaimUse.PASSED,
    ),
    advice={
        "role_missing": _ROLE_FIX + 'Or set default_role = "authenticated" for this issuer.',
        "role_not_allowed": _ROLE_FIX + "Or add the role to `roles` of the issuer.",
        "audience_mismatch": "aud of a Firebase id token is the project id.",
        "issuer_unknown": "The issuer is https://securetoken.google.com/<project id>.",
    },
)
