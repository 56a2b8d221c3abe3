"""From a header and a payload to a compact JWS (RFC 7515 section 7.1).

The offline issuers must also make tokens that no honest issuer makes (unknown `crit`, repeated members, bytes that are
no JSON), so the header and payload are taken as bytes and only the signature is left to joserfc.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import msgspec
from joserfc.jwk import Key, OctKey, RSAKey
from joserfc.jws import JWSRegistry

SYMMETRIC = ("HS256", "HS384", "HS512")
ASYMMETRIC = ("RS256",)


def encode(members: Mapping[str, Any]) -> bytes:
    """Members as JSON bytes, in their order."""
    return msgspec.json.encode(members)


def sign(header: bytes, payload: bytes, algorithm: str, key: Key) -> str:
    """Sign header and payload exactly as given. Raises ValueError for an algorithm joserfc does not know."""
    signing_input = _base64url(header) + b"." + _base64url(payload)
    signature = JWSRegistry(algorithms=[algorithm]).get_alg(algorithm).sign(signing_input, key)
    return (signing_input + b"." + _base64url(signature)).decode("ascii")


def unsigned(header: bytes, payload: bytes) -> str:
    """A token with an empty signature, as `alg: none` has it (RFC 7515 appendix A.5): every verifier must refuse it."""
    return (_base64url(header) + b"." + _base64url(payload) + b".").decode("ascii")


def mint(header: Mapping[str, Any], claims: Mapping[str, Any], key: Key) -> str:
    """Sign claims under the algorithm the header names."""
    return sign(encode(header), encode(claims), str(header["alg"]), key)


def secret_key(secret: str) -> OctKey:
    """The symmetric key of a shared secret: its UTF-8 bytes, as Supabase and Clerk both read it."""
    return OctKey.import_key(secret.encode())


def private_pem_key(pem: str) -> RSAKey:
    """An RSA private key from PEM. Raises ValueError when it is none."""
    key = RSAKey.import_key(pem)
    if not key.is_private:
        raise ValueError("a public key cannot sign")
    return key


def _base64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
