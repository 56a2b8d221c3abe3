"""The compact JWS (RFC 7515 section 7.1), taken apart strictly and without trusting a word of it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from rowgate.identity.strict_json import NotStrict, Reading, read_object
from rowgate.identity.verdict import refuse

TOKEN_LIMIT = 16_384  # bytes; Clerk's cookie limit is 4 KB, WorkOS renders at most 3072 bytes of claims
HEADERS_KEPT = 64  # all tokens of one key have the same header, letter by letter: knowing it spares 8 of 73 µs
WHOLE = "Send the token as the issuer made it, whole and unchanged."


@dataclass(frozen=True, slots=True)
class Token:
    """A parsed token. `payload` is the claims' bytes exactly as signed; nothing here has been verified.

    `flaw` says what in the claims Postgres cannot hold; a step of the verification refuses it in its turn.
    """

    header: Mapping[str, Any]
    claims: dict[str, Any]
    payload: bytes
    signing_input: bytes
    signature: bytes
    flaw: str | None


def check_size(raw: bytes) -> None:
    """Raises Refused(token_too_large) before anything is parsed."""
    if len(raw) > TOKEN_LIMIT:
        raise refuse(
            "token_too_large",
            f"The token has {len(raw)} bytes; at most {TOKEN_LIMIT} are read.",
            "Take claims out of the token: large lists belong in a table that policies join.",
        )


def looks_like_token(raw: bytes) -> bool:
    """Whether this has the outer shape of a compact JWS or JWE; it chooses words, never a verdict."""
    return raw.count(b".") in (2, 4) and raw.startswith(b"ey")


def parse_token(raw: bytes) -> Token:
    """Take a token apart. Raises Refused with token_malformed or token_encrypted."""
    parts = raw.split(b".")
    if len(parts) == 5:
        raise refuse(
            "token_encrypted",
            "The token has five parts: it is encrypted (JWE), and only its issuer can read it.",
            "Ask the provider for a signed token. Auth0 encrypts, or hands out opaque tokens, when no audience is "
            "requested or when the API has token encryption switched on.",
            subject="5",
        )
    if len(parts) != 3:
        other = _what_else(raw)
        raise refuse(
            "token_malformed",
            f"A token has three parts joined by dots; this has {len(parts)}.",
            other or "Send the token as the provider issued it: `Authorization: Bearer <token>`.",
            subject=None if other else str(len(parts)),
        )
    header_part, payload_part, signature_part = parts
    header = _read_header(header_part)
    payload = _decode(payload_part, "payload")
    claims = _read_part(payload, "payload")
    return Token(
        header=header,
        claims=claims.members,
        payload=payload,
        signing_input=raw[: len(header_part) + 1 + len(payload_part)],
        signature=_decode(signature_part, "signature"),
        flaw=claims.flaw,
    )


@lru_cache(HEADERS_KEPT)
def _read_header(part: bytes) -> Mapping[str, Any]:
    header = _read_part(_decode(part, "header"), "header")
    if header.flaw is not None:
        raise refuse("token_malformed", f"The token's header holds {header.flaw}.", WHOLE, subject="3")
    return MappingProxyType(header.members)


def _decode(part: bytes, name: str) -> bytes:
    # RFC 7515 section 2: no padding, no line breaks, no white space. Python's decoder skips what the alphabet lacks;
    # encoding again shows whether it did, and that the last character's unused bits are zero: one token, one spelling.
    try:
        decoded = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise refuse("token_malformed", f"The token's {name} is not base64url.", WHOLE, subject="3") from None
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != part:
        problem = f"The token's {name} is not base64url without padding and white space."
        raise refuse("token_malformed", problem, WHOLE, subject="3")
    return decoded


def _read_part(text: bytes, name: str) -> Reading:
    try:
        return read_object(text)
    except NotStrict as error:
        problem = f"The token's {name} is not strict JSON: {error}."
        raise refuse("token_malformed", problem, WHOLE, subject="3" if name == "header" else "claims") from None


def _what_else(raw: bytes) -> str | None:
    if raw in (b"undefined", b"null", b"[object Promise]", b"[object Object]", b"None"):
        word = raw.decode("ascii")
        return f'The client sent the word "{word}": its accessToken function returned no token (await it).'
    if raw.startswith((b"mt_", b"oat_", b"ak_", b"sk_")):
        return "This is an opaque key of the provider. Ask the provider for a JWT instead."
    return None
