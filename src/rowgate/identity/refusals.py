"""The one closed table of refusals. Every dialect renders these in its own error shape; `code` is stable and goes out
as the header `x-rowgate-refusal`.

401 where the credential is not good, 403 where it is genuine but may not do what it asks, 503 where a verdict cannot be
reached because the issuer's keys were never seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """A credential was refused: a stable code, an HTTP status, and words a person can act on. Holds no secret."""

    code: str
    status: int
    message: str
    hint: str | None = None
    issuer: str | None = None  # the issuer's name, where one was identified
    subject: str | None = None  # the claim, algorithm, part or role that it is about, or the number of parts


@dataclass(frozen=True, slots=True)
class RefusalKind:
    """A row of the table: the status and what the code means (docs/refusals.md is checked against it)."""

    status: int
    meaning: str


REFUSALS: Mapping[str, RefusalKind] = {
    "token_too_large": RefusalKind(401, "The token is longer than 16,384 bytes."),
    "token_malformed": RefusalKind(401, "Not a compact JWS: three base64url parts, JSON members that appear once."),
    "token_encrypted": RefusalKind(401, "A five-part JWE: an encrypted token, which only its issuer can read."),
    "header_unsupported": RefusalKind(401, "The header carries `crit`, or a `typ` or `cat` that no class has."),
    "algorithm_not_allowed": RefusalKind(401, "`alg` is none, unknown, unlisted, or contradicts the key."),
    "issuer_missing": RefusalKind(401, "An asymmetric token without `iss`."),
    "issuer_unknown": RefusalKind(401, "No configured issuer has this `iss`, also not as an alias."),
    "key_unknown": RefusalKind(401, "The issuer has no key with this `kid`."),
    "key_unavailable": RefusalKind(503, "The issuer's keys were never seen and cannot be fetched now."),
    "kid_missing": RefusalKind(401, "No `kid`, and the issuer has more than one usable key."),
    "signature_invalid": RefusalKind(401, "The signature does not fit the key."),
    "expiry_missing": RefusalKind(401, "No `exp`."),
    "token_expired": RefusalKind(401, "`exp` has passed by more than the issuer's clock skew."),
    "token_not_yet_valid": RefusalKind(401, "`nbf` or `iat` lies in the future by more than the issuer's clock skew."),
    "claim_invalid": RefusalKind(401, "A registered claim has the wrong type."),
    "audience_mismatch": RefusalKind(401, "`aud` holds none of the issuer's audiences."),
    "authorized_party_mismatch": RefusalKind(401, "`azp` is not on the issuer's list."),
    "token_class_not_allowed": RefusalKind(403, "A genuine token of a class that the issuer does not list."),
    "session_pending": RefusalKind(403, "A Clerk session with `sts` pending: sign-in is not finished."),
    "claims_unrepresentable": RefusalKind(401, "A claim that Postgres' json cannot hold: NUL, lone surrogate."),
    "role_missing": RefusalKind(403, "The role claim is absent or null and no `default_role` is set."),
    "role_not_allowed": RefusalKind(403, "The role is not on the issuer's list `roles`."),
    "role_unknown": RefusalKind(403, "The role does not exist in the database, or the login may not take it."),
    "role_privileged": RefusalKind(403, "The role could bypass row-level security; no issuer's token becomes it."),
    "shared_secret_disabled": RefusalKind(401, "A third-party HS256 token, and the old way is switched off."),
    "api_key_invalid": RefusalKind(401, "`apikey` is none of the project's keys."),
    "api_key_unavailable": RefusalKind(403, "The secret key's role cannot be served by this database login."),
    "credentials_conflict": RefusalKind(401, "The Authorization header is not of the form `Bearer <token>`."),
    "anonymous_disabled": RefusalKind(401, "No credential, and no anonymous role is configured."),
}


def refusal(
    code: str, message: str, hint: str | None = None, issuer: str | None = None, subject: str | None = None
) -> Refusal:
    """Make the refusal of that code, with the table's status. Raises KeyError for a code that is not in the table."""
    return Refusal(code=code, status=REFUSALS[code].status, message=message, hint=hint, issuer=issuer, subject=subject)
