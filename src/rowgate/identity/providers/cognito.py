"""Amazon Cognito user pools: access tokens name their client in `client_id`, id tokens in `aud`."""

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
    """`user_pool_id` and `user_pool_region`; `client_ids` are checked by `token_use`."""
    if configured.issuer:
        issuer = configured.issuer
    else:
        pool, region = required(configured, "user_pool_id"), required(configured, "user_pool_region")
        issuer = f"https://cognito-idp.{region}.amazonaws.com/{pool}"
    warnings: tuple[str, ...] = ()
    if not configured.client_ids:
        warnings = (
            f'issuer "{configured.name}" has no client_ids: a token of any app client of the user pool works here.',
        )
    return make_issuer(
        configured,
        issuer,
        algorithms=("RS256",),
        token_classes=frozenset({TokenClass.ACCESS, TokenClass.ID}),
        client_ids=configured.client_ids,
        warnings=warnings,
    )


def classify(header: Claims, claims: Claims) -> Classified:
    """By `token_use`; a client-credentials token has its client as subject and no user name."""
    del header
    use = claims.get("token_use")
    if use == "id":
        return Classified(TokenClass.ID, "token_use id")
    if use == "access":
        if claims.get("sub") == claims.get("client_id") and "username" not in claims:
            return Classified(TokenClass.MACHINE, "token_use access whose subject is the client")
        return Classified(TokenClass.ACCESS, "token_use access")
    return Classified(None, "token_use is neither id nor access")


_ROLE_FIX = (
    "Add the claim role: authenticated in a pre token generation Lambda trigger (version 2 for access tokens), or read "
    'a group: role_claim = "cognito:groups[0]". '
)

PROFILE = Profile(
    name="cognito",
    title="Amazon Cognito",
    classify=classify,
    claims={
        **claims_table(
            token_use=ClaimUse.CHECKED,
            client_id=ClaimUse.CHECKED,
            auth_time=ClaimUse.PASSED,
            event_id=ClaimUse.PASSED,
            origin_jti=ClaimUse.READ,
            scope=ClaimUse.PASSED,
            username=ClaimUse.PASSED,
            version=ClaimUse.PASSED,
            email=ClaimUse.PASSED,
            email_verified=ClaimUse.PASSED,
        ),
        "cognito:groups": ClaimUse.PASSED,
        "cognito:username": ClaimUse.PASSED,
        "cognito:roles": ClaimUse.PASSED,
        "cognito:preferred_role": ClaimUse.PASSED,
    },
    advice={
        "role_missing": _ROLE_FIX + 'Or set default_role = "authenticated" for this issuer.',
        "role_not_allowed": _ROLE_FIX + "Or add the role to `roles` of the issuer.",
        "audience_mismatch": "List the app client's id under client_ids: it is aud in id tokens and client_id in "
        "access tokens.",
    },
)
