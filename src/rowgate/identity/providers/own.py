"""The project's own JWT keys: minted with its secret, for nobody in particular (no `sub`), meant to last."""

from __future__ import annotations

from rowgate.identity.claim_path import parse_claim_path
from rowgate.identity.issuer import Issuer, ProjectSecret
from rowgate.identity.providers.profile import Claims, Classified, Profile, claims_table
from rowgate.principal import TokenClass

OWN_NAME = "api_key"


def own_issuer() -> Issuer:
    """The one issuer whose tokens may be privileged and may have no `exp`."""
    return Issuer(
        name=OWN_NAME,
        provider="own",
        issuer="",
        key_source=ProjectSecret(),
        algorithms=frozenset({"HS256"}),
        role_claim=parse_claim_path("role"),
        roles=None,
        token_classes=frozenset({TokenClass.API_KEY}),
        expiry_required=False,
        may_be_privileged=True,
    )


def classify(header: Claims, claims: Claims) -> Classified:
    """Always a key."""
    del header, claims
    return Classified(TokenClass.API_KEY, "signed with the project's JWT secret and names nobody")


PROFILE = Profile(
    name="own",
    title="the project's own keys",
    classify=classify,
    claims=claims_table(),
    advice={
        "signature_invalid": "This HS256 token was not made with this project's JWT secret. `rowgate status` shows the "
        "keys of this project.",
    },
)
