"""The fix for a refusal: in the provider's own words where its module has some, else a general one."""

from __future__ import annotations

from collections.abc import Mapping

from rowgate.identity.issuer import Issuer
from rowgate.identity.providers import PROFILES
from rowgate.identity.refusals import Refusal, refusal
from rowgate.identity.verdict import Refused

GENERAL: Mapping[str, str] = {
    "header_unsupported": "Send the person's session or access token, as the issuer makes it for calling an API.",
    "claim_invalid": "Mend the claim where it is written, a template or a claim mapper; RFC 7519 says what it holds.",
    "token_expired": "Fetch a fresh token for each request: accessToken is called for every one.",
    "token_not_yet_valid": "Compare this machine's clock with the issuer's; clock_skew is how far they may differ.",
    "expiry_missing": "Only tokens that end are accepted; let the issuer set exp.",
    "signature_invalid": "The token was changed on its way, or comes from another environment of the same issuer.",
    "key_unknown": "The token is signed by a key the issuer does not publish: another environment, or a withdrawn key.",
    "key_unavailable": "Check that this server reaches the issuer; `rowgate issuer test` shows what it answers.",
    "kid_missing": "The issuer has to name its key in the token's header.",
    "audience_mismatch": "Ask the provider for a token meant for this API, or add its aud to audiences.",
    "authorized_party_mismatch": "Add the azp to authorized_parties, if it is an application of yours.",
    "token_class_not_allowed": "Send the person's session or access token, or list the class under token_classes.",
    "role_missing": "Let the issuer add a role claim, set role_claim, or set default_role.",
    "role_not_allowed": "Add the role to `roles` of the issuer, or let the issuer send one that is listed.",
    "role_unknown": "Create the role and grant it to the login role that serves requests.",
    "role_privileged": "Use a role that row-level security applies to.",
    "algorithm_not_allowed": "List the algorithm under `algorithms` of the issuer if the issuer really signs with it.",
}


def refuse_for(issuer: Issuer, code: str, message: str, hint: str | None = None, subject: str | None = None) -> Refused:
    """A refusal that names the issuer and gives the best fix there is."""
    return Refused(refusal_for(issuer, code, message, hint, subject))


def refusal_for(
    issuer: Issuer, code: str, message: str, hint: str | None = None, subject: str | None = None
) -> Refusal:
    """As `refuse_for`, as a value."""
    words = hint or PROFILES[issuer.provider].advice.get(code) or GENERAL.get(code)
    return refusal(code, message, words, issuer.name, subject)
