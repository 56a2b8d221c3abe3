"""PostgREST's tokens: one class, no claim of their own, and the words for what is wrong with them."""

from __future__ import annotations

from rowgate.identity.providers.profile import Claims, Classified, Profile, claims_table
from rowgate.principal import TokenClass

POSTGREST_NAME = "postgrest"


def classify(header: Claims, claims: Claims) -> Classified:
    """Every such token counts as an access token."""
    del header, claims
    return Classified(TokenClass.ACCESS, "signed with a key of the set without an issuer")


PROFILE = Profile(
    name="postgrest",
    title="the key set without an issuer",
    classify=classify,
    claims=claims_table(),
    advice={
        "algorithm_not_allowed": "rest.jwt_secret holds no key for this algorithm. A configured issuer's token names "
        "its issuer in iss.",
        "key_unknown": "The token's kid names a key that rest.jwt_secret does not hold.",
        "signature_invalid": "The token was not signed with a key of rest.jwt_secret (PGRST_JWT_SECRET).",
        "audience_mismatch": "The token's aud must be rest.jwt_aud (PGRST_JWT_AUD), or absent.",
        "role_not_allowed": "Add the role to rest.jwt_roles, or leave that list empty.",
        "role_unknown": "Create the role, and grant it to the role that Rowgate logs in as.",
        "role_privileged": "Use a role that row-level security applies to, or set rest.allow_privileged_roles = true.",
        "anonymous_disabled": "The token names no role, and rest.db_anon_role (PGRST_DB_ANON_ROLE) is not set.",
    },
)
