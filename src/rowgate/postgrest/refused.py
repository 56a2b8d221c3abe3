"""A refused credential in the dialect's words: PGRST300 to PGRST303, and what WWW-Authenticate says.

Where PostgREST 14 refuses the same token, its code, message and details are given:
https://docs.postgrest.org/en/v14/references/errors.html#group-3-jwt and, for the words, its Error.hs. A token of a
configured issuer keeps our own explanation and fix beside them; PostgREST knows no issuers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rowgate.identity.issuers import RESERVED_NAMES
from rowgate.identity.providers.own import OWN_NAME
from rowgate.identity.providers.shared_secret import SHARED_SECRET_NAME
from rowgate.identity.refusals import Refusal
from rowgate.postgrest.errors import RestError

CODES: Mapping[str, str] = {
    "shared_secret_disabled": "PGRST300",
    "anonymous_disabled": "PGRST302",
    "expiry_missing": "PGRST303",
    "token_expired": "PGRST303",
    "token_not_yet_valid": "PGRST303",
    "claim_invalid": "PGRST303",
    "claims_unrepresentable": "PGRST303",
    "audience_mismatch": "PGRST303",
    "authorized_party_mismatch": "PGRST303",
    "token_class_not_allowed": "PGRST303",
    "session_pending": "PGRST303",
    "role_missing": "PGRST303",
    "role_not_allowed": "PGRST303",
    "role_unknown": "PGRST303",
    "role_privileged": "PGRST303",
}
UNREADABLE = "JWT cryptographic operation failed"
NO_KEY = "No suitable key or wrong key type"


class Words(NamedTuple):
    """What PostgREST says."""

    message: str
    details: str | None = None


def refusal_error(refusal: Refusal, *, lacks_secret: bool = False) -> RestError:
    """The error of a refused credential: PGRST301 unless the table says otherwise.

    `lacks_secret`: this is a deployment of PostgREST's without a secret. A token that only a secret could prove is then
    refused by the server's fault, as PostgREST has it.
    """
    if lacks_secret and refusal.code == "signature_invalid" and refusal.issuer in (OWN_NAME, SHARED_SECRET_NAME):
        said = ((b"x-rowgate-refusal", refusal.code.encode()),)
        return RestError(500, "PGRST300", "Server lacks JWT secret", headers=said)
    code, status = CODES.get(refusal.code, "PGRST301"), refusal.status
    message, details, hint = refusal.message, None, refusal.hint
    configured = refusal.issuer is not None and refusal.issuer not in RESERVED_NAMES
    if refusal.code == "role_unknown" and refusal.subject is not None and not configured:
        # PostgREST asks Postgres, by SET ROLE, and hands on what Postgres says.
        code, status, message, hint = "22023", 401, f'role "{refusal.subject}" does not exist', None
    elif (words := _words(refusal)) is not None:
        message, details = words
        if refusal.subject == "claims":
            code = "PGRST303"
        if configured:
            details = refusal.message
        elif refusal.code != "token_encrypted":  # nobody guesses from the number of parts why a provider encrypts
            hint = None
    headers: list[tuple[bytes, bytes]] = [(b"x-rowgate-refusal", refusal.code.encode())]
    if status == 401:
        headers.append((b"www-authenticate", _challenge(code, message)))
    elif status == 503:
        headers.append((b"retry-after", b"1"))
    return RestError(status, code, message, details, hint, tuple(headers))


def _words(refusal: Refusal) -> Words | None:
    """PostgREST's words for a refusal, None where it would not refuse or would say nothing of use."""
    match refusal.code, refusal.subject:
        case "token_malformed", "0":
            return Words("Empty JWT is sent in Authorization header")
        case "token_malformed", "claims":
            return Words("Parsing claims failed")
        case "token_malformed", "3":
            return Words(UNREADABLE)
        case "token_malformed" | "token_encrypted", str(parts):
            return Words(f"Expected 3 parts in JWT; got {parts}")
        case "algorithm_not_allowed", "none":
            return Words(
                "Wrong or unsupported encoding algorithm", "JWT is unsecured but expected 'alg' was not 'none'"
            )
        case "algorithm_not_allowed", "unknown":
            return Words(UNREADABLE)
        case "algorithm_not_allowed" | "key_unknown", None:
            return Words(NO_KEY, "No suitable key was found to decode the JWT")
        case "signature_invalid", _:
            return Words(NO_KEY, "None of the keys was able to decode the JWT")
        case "token_expired", _:
            return Words("JWT expired")
        case "token_not_yet_valid", "nbf":
            return Words("JWT not yet valid")
        case "token_not_yet_valid", "iat":
            return Words("JWT issued at future")
        case "claim_invalid", "exp" | "nbf" | "iat" as claim:
            return Words(f"The JWT '{claim}' claim must be a number")
        case "claim_invalid", "aud":
            return Words("The JWT 'aud' claim must be a string or an array of strings")
        case "audience_mismatch", "aud":
            return Words("JWT not in audience")
        case "anonymous_disabled", _:
            return Words("Anonymous access is disabled")
        case _:
            return None


def _challenge(code: str, message: str) -> bytes:
    """The WWW-Authenticate header: the bare scheme where no token was judged (RFC 6750 section 3)."""
    if code in ("PGRST302", "22023"):
        return b"Bearer"
    return f'Bearer error="invalid_token", error_description="{_quotable(message)}"'.encode()


def _quotable(text: str) -> str:
    """A text as RFC 6750 section 3 allows it in error_description: printable ASCII without `"` and `\\`."""
    return "".join(" " if c in '"\\' else c for c in text.encode("ascii", "replace").decode() if " " <= c <= "~")
