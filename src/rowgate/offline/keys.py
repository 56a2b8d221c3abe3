"""Signing keys and their life: standby, in use, previously used, withdrawn.

A key ring is a frozen record; rotating gives a new ring. The published set holds every key that is not withdrawn, so
tokens signed before a rotation stay good until their key is withdrawn.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from rowgate.errors import ConfigurationError, RowgateError

RSA_BITS = 2048  # what both vendors use
CERTIFICATE_LIFE = datetime.timedelta(days=3650)


class KeyState(StrEnum):
    """Where a key stands in its life."""

    STANDBY = "standby"  # published, signs nothing yet
    IN_USE = "in_use"  # signs
    PREVIOUS = "previously_used"  # published, signs nothing any more
    WITHDRAWN = "withdrawn"  # not published: its tokens must be refused


class KeyRingError(RowgateError):
    """A rotation step that cannot be taken."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An RSA key pair under its kid."""

    kid: str
    pair: RSAKey = field(repr=False)
    state: KeyState = KeyState.STANDBY


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys of one issuer, oldest first. Exactly one is in use."""

    keys: tuple[SigningKey, ...]

    @property
    def in_use(self) -> SigningKey:
        """The key that signs."""
        return next(key for key in self.keys if key.state is KeyState.IN_USE)

    @property
    def published(self) -> tuple[SigningKey, ...]:
        """The keys of the public set."""
        return tuple(key for key in self.keys if key.state is not KeyState.WITHDRAWN)

    def find(self, name: str) -> SigningKey:
        """The key with that kid, or the newest one in that state (`standby`, `withdrawn`, …). Raises KeyRingError."""
        for key in reversed(self.keys):
            if name in (key.kid, key.state.value):
                return key
        raise KeyRingError(
            f"there is no key {name!r}", "The keys are: " + ", ".join(f"{key.kid} ({key.state})" for key in self.keys)
        )


def new_key(kid: str) -> SigningKey:
    """Generate a key pair (about 0.1 s)."""
    return SigningKey(kid=kid, pair=RSAKey.generate_key(RSA_BITS, private=True))


def new_ring(make_kid: Callable[[], str]) -> KeyRing:
    """A ring with one fresh key in use."""
    return KeyRing((replace(new_key(make_kid()), state=KeyState.IN_USE),))


def add_standby(ring: KeyRing, key: SigningKey) -> KeyRing:
    """Publish a key that will be used next, so that verifiers know it before its first token."""
    return KeyRing((*ring.keys, replace(key, state=KeyState.STANDBY)))


def rotate(ring: KeyRing) -> KeyRing:
    """Put the oldest standby key in use; the one in use becomes previously used. Raises KeyRingError without one."""
    following = next((key for key in ring.keys if key.state is KeyState.STANDBY), None)
    if following is None:
        raise KeyRingError("there is no standby key to rotate to", "Add one first.")
    return _with_states(ring, {following.kid: KeyState.IN_USE, ring.in_use.kid: KeyState.PREVIOUS})


def withdraw(ring: KeyRing, kid: str) -> KeyRing:
    """Take a key out of the public set. Raises KeyRingError for an unknown kid and for the key in use."""
    key = ring.find(kid)
    if key.state is KeyState.IN_USE:
        raise KeyRingError(f"the key {key.kid} is in use and cannot be withdrawn", "Rotate to another key first.")
    return _with_states(ring, {key.kid: KeyState.WITHDRAWN})


def _with_states(ring: KeyRing, states: dict[str, KeyState]) -> KeyRing:
    return KeyRing(tuple(replace(key, state=states.get(key.kid, key.state)) for key in ring.keys))


def public_jwk(key: SigningKey) -> dict[str, Any]:
    """The public members of a signature key as Clerk publishes them: use, kty, kid, alg, n, e."""
    public = key.pair.as_dict(private=False)
    return {"use": "sig", "kty": "RSA", "kid": key.kid, "alg": "RS256", "n": public["n"], "e": public["e"]}


def certified_jwk(key: SigningKey) -> dict[str, Any]:
    """The same with `x5c` and `x5t#S256` (RFC 7517 sections 4.7 and 4.9), which WorkOS lists for every key."""
    der = _certificate(key)
    thumbprint = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
    return {**public_jwk(key), "x5c": [base64.b64encode(der).decode()], "x5t#S256": thumbprint}


def _certificate(key: SigningKey) -> bytes:
    private = key.pair.private_key
    assert private is not None
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Rowgate offline issuer")])
    start = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
    serial = int.from_bytes(hashlib.sha256(key.kid.encode()).digest()[:16], "big")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(serial)  # from the kid: the same key always shows the same certificate
        .not_valid_before(start)
        .not_valid_after(start + CERTIFICATE_LIFE)
        .sign(private, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.DER)


def save_ring(ring: KeyRing, path: Path) -> None:
    """Keep a ring for the next start, mode 0600: known keys then survive a restart of the issuer."""
    body = [{"kid": key.kid, "state": key.state, "jwk": key.pair.as_dict(private=True)} for key in ring.keys]
    scratch = path.with_name(path.name + ".new")
    scratch.unlink(missing_ok=True)
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(body))
    scratch.replace(path)


def load_ring(path: Path) -> KeyRing:
    """Read a ring kept by `save_ring`. Raises ConfigurationError when the file is something else."""
    try:
        rows = msgspec.json.decode(path.read_bytes())
        keys = tuple(SigningKey(row["kid"], RSAKey.import_key(row["jwk"]), KeyState(row["state"])) for row in rows)
        ring = KeyRing(keys)
        ring.in_use  # noqa: B018 - a ring without a key in use is no ring
    except (OSError, ValueError, TypeError, KeyError, StopIteration, JoseError, msgspec.DecodeError) as error:
        # The error's own text could show key material, so only its kind is named.
        raise ConfigurationError(
            f"{path} is not a key file of an offline issuer ({type(error).__name__})",
            "Name a file that does not exist yet to start with a fresh key.",
        ) from None
    return ring
