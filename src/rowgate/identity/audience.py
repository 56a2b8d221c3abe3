"""For whom a token was made: `aud` (RFC 7519 section 4.1.3), Cognito's client, `azp` (OpenID Connect Core 2)."""

from __future__ import annotations

from rowgate.identity.advice import refuse_for
from rowgate.identity.case import Case
from rowgate.identity.wording import listed, show


def check_audience(case: Case) -> None:
    """One of `aud` must be on the issuer's list; absent, null and [] hold none, which PostgREST forgives."""
    issuer, claims = case.issuer, case.token.claims
    audiences = _audiences(case)
    unsaid = issuer.audience_optional and not audiences
    if issuer.audiences is not None and not unsaid and not audiences & issuer.audiences:
        raise refuse_for(
            issuer,
            "audience_mismatch",
            f"The token is meant for {listed(audiences)}; this issuer's tokens must be meant for one of "
            f"{listed(issuer.audiences)}.",
            subject="aud",
        )
    if issuer.provider == "cognito" and issuer.client_ids is not None:
        # Cognito's access tokens have no aud; they name the app client in client_id.
        access = claims.get("token_use") == "access"
        found = frozenset({claims["client_id"]} if isinstance(claims.get("client_id"), str) else ())
        clients = found if access else audiences
        if not clients & issuer.client_ids:
            raise refuse_for(
                issuer,
                "audience_mismatch",
                f"The token's {'client_id' if access else 'aud'} is {listed(clients)}; client_ids lists "
                f"{listed(issuer.client_ids)}.",
            )


def _audiences(case: Case) -> frozenset[str]:
    audience = case.token.claims.get("aud")
    if audience is None:
        return frozenset()
    if isinstance(audience, str):
        return frozenset({audience})
    if isinstance(audience, list) and all(isinstance(one, str) for one in audience):
        return frozenset(audience)
    problem = f"aud is {show(audience)}, neither a string nor a list of strings."
    raise refuse_for(case.issuer, "claim_invalid", problem, subject="aud")


def check_authorized_party(case: Case) -> None:
    """With a list, `azp` must be on it; without one, anything goes."""
    allowed = case.issuer.authorized_parties
    party = case.token.claims.get("azp")
    if allowed is not None and (not isinstance(party, str) or party not in allowed):
        raise refuse_for(
            case.issuer,
            "authorized_party_mismatch",
            f"azp is {'absent' if party is None else show(party)}; this issuer's list is {listed(allowed)}.",
        )
