"""What a request presents, from its two headers. Fail closed: what cannot be understood is refused, never anonymous.

Upstream's gateway keeps an Authorization header unless it starts with `Bearer sb_`, and otherwise takes `apikey`.
supabase-js sends its key in both headers, storage-js in Authorization alone, postgrest-js alone sends none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rowgate.identity.apikeys import OPAQUE_PREFIX
from rowgate.identity.refusals import Refusal, refusal
from rowgate.identity.token import looks_like_token


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Neither header."""


@dataclass(frozen=True, slots=True)
class OpaqueKey:
    """An `sb_…` key, or something in `apikey` that is no token."""

    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token to verify. `apikey` is what came beside it and must be one of the project's keys, where it differs."""

    token: bytes = field(repr=False)
    apikey: bytes | None = field(default=None, repr=False)


Presented = Anonymous | OpaqueKey | Bearer


def read_credentials(authorization: bytes | None, apikey: bytes | None) -> Presented | Refusal:
    """Sort out the two headers; values are as received. Returns credentials_conflict or token_malformed otherwise."""
    apikey = apikey.strip(b" \t") if apikey is not None else None
    if authorization is None:
        if apikey is None:
            return Anonymous()
        return Bearer(apikey) if looks_like_token(apikey) else OpaqueKey(apikey)
    scheme, _, token = authorization.strip(b" \t").partition(b" ")
    token = token.strip(b" \t")
    if scheme.lower() != b"bearer":  # RFC 9110 section 11.1: the scheme's case does not matter
        return refusal(
            "credentials_conflict",
            "The Authorization header is not of the form `Bearer <token>`.",
            "Send `Authorization: Bearer <token>`, or only `apikey`.",
        )
    if not token:
        return refusal(
            "token_malformed",
            "The Authorization header says Bearer, but no token follows.",
            "The client's accessToken function returned an empty string; leave the header out for anonymous requests.",
            subject="0",
        )
    if token.startswith(OPAQUE_PREFIX):
        if apikey is not None and apikey != token:
            return refusal(
                "credentials_conflict",
                "The Authorization header and apikey carry two different keys.",
                "Send the same key in both, or only one of them.",
            )
        return OpaqueKey(token)
    return Bearer(token, apikey if apikey != token else None)
