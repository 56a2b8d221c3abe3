"""Public keys for checking signatures, read from JSON Web Keys (RFC 7517, 7518, 8037)."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from rowgate.identity.strict_json import NotStrict, read_object
from rowgate.identity.wording import show

RSA_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_EC_ALGORITHMS = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
# RFC 9864 gives `EdDSA` with Ed25519 the name `Ed25519`; issuers use either.
_EDWARDS_ALGORITHMS = frozenset({"EdDSA", "Ed25519"})
ASYMMETRIC_ALGORITHMS = RSA_ALGORITHMS | frozenset(_EC_ALGORITHMS.values()) | _EDWARDS_ALGORITHMS
SYMMETRIC_ALGORITHMS = frozenset({"HS256", "HS384", "HS512"})

_FACTORIES: Mapping[str, Callable[[dict[str, Any]], Key]] = {
    "RSA": RSAKey.import_key,
    "EC": ECKey.import_key,
    "OKP": OKPKey.import_key,
}

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})  # RFC 7518 sections 6.2.2, 6.3.2, 6.4.1
RSA_BITS = (2048, 8192)  # RFC 7518 section 3.3 asks for 2048 or more; above 8192 a check costs milliseconds
RSA_EXPONENT_BITS = 64  # OpenSSL's own bound for large moduli; everybody uses 65537, and a long one costs milliseconds
SECRET_BYTES = 32  # RFC 7518 section 3.2: an HMAC key is at least as long as SHA-256's output
KEYS_LIMIT = 100  # keys read from one set; providers publish one to three


class KeySetMalformed(ValueError):
    """A key set document could not be read at all; the message says why."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One usable public key and the algorithms it may check."""

    kid: str | None
    algorithms: frozenset[str]
    key: Key = field(repr=False, compare=False)
    thumbprint: str = ""  # RFC 7638; tells whether a set changed

    def verifies(self, algorithm: str, signing_input: bytes, signature: bytes) -> bool:
        """Whether the signature fits. Never raises: a key the library chokes on fits nothing."""
        if algorithm not in self.algorithms:
            return False
        try:
            return JWSRegistry.algorithms[algorithm].verify(signing_input, signature, self.key)
        except (JoseError, ValueError, TypeError, OverflowError):
            return False


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of one issuer, and a note for each key that was left out."""

    keys: tuple[SigningKey, ...] = ()
    notes: tuple[str, ...] = ()

    def candidates(self, kid: str | None) -> tuple[SigningKey, ...]:
        """The keys a token with this `kid` may have been signed by. Without a `kid`, the only key, if it is one."""
        if kid is None:
            return self.keys if len(self.keys) == 1 else ()
        return tuple(key for key in self.keys if key.kid == kid)

    @property
    def fingerprints(self) -> frozenset[tuple[str | None, str, frozenset[str]]]:
        """What makes one set different from another."""
        return frozenset((key.kid, key.thumbprint, key.algorithms) for key in self.keys)


def secret_key(secret: bytes) -> SigningKey:
    """A JWT secret as a key. HS256 only: what upstream's keys, Clerk's template and PostgREST's plain secret use."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        key = OctKey.import_key(secret)
    return SigningKey(kid=None, algorithms=frozenset({"HS256"}), key=key)


def read_key_set(document: bytes, *, pasted: bool = False, symmetric: bool = False) -> KeySet:
    """Read a JWKS. Unusable keys are left out with a note; raises KeySetMalformed only when there is no list of keys.

    In a `pasted` set private members are dropped and the public half is kept: nobody but the operator has seen it. A
    published private key is anybody's, so that key is left out. `symmetric` is for a set that only the operator knows:
    secrets in it (kty oct) are keys as well.
    """
    try:
        listed = read_object(document).members.get("keys")
    except NotStrict as error:
        raise KeySetMalformed(f"not a JSON key set: {error}") from None
    if not isinstance(listed, list):
        raise KeySetMalformed('no list named "keys"')
    keys: list[SigningKey] = []
    notes: list[str] = []
    if len(listed) > KEYS_LIMIT:
        notes.append(f"only the first {KEYS_LIMIT} of {len(listed)} keys were read")
    for position, member in enumerate(listed[:KEYS_LIMIT]):
        if not isinstance(member, dict):
            notes.append(f"entry {position} is not an object: ignored")
            continue
        name = f"key {show(member.get('kid', position))}"
        try:
            if symmetric and member.get("kty") == "oct":
                key, note = _read_secret(member), None
            else:
                key, note = _read_key(member, pasted=pasted)
        except _Unusable as reason:
            notes.append(f"{name} {reason}: ignored")
            continue
        keys.append(key)
        if note:
            notes.append(f"{name} {note}")
    return KeySet(tuple(keys), tuple(notes))


def write_key_set(document: bytes) -> bytes:
    """The document again without private members, for the cache on disk."""
    members = read_object(document).members["keys"]
    public = [
        {name: value for name, value in key.items() if name not in PRIVATE_MEMBERS}
        for key in members
        if isinstance(key, dict) and key.get("kty") != "oct"
    ]
    return json.dumps({"keys": public}, separators=(",", ":")).encode("utf-8")


class _Unusable(ValueError):
    pass


def _read_key(member: Mapping[str, Any], *, pasted: bool) -> tuple[SigningKey, str | None]:
    kind, kid, use, operations = (member.get(name) for name in ("kty", "kid", "use", "key_ops"))
    if kind == "oct":
        raise _Unusable("is symmetric (kty oct), and a public set can hold no secret")
    if kind not in ("RSA", "EC", "OKP"):
        raise _Unusable(f"has the unknown kty {show(kind)}")
    _check_purpose(kid, use)
    if operations is not None and not (isinstance(operations, list) and "verify" in operations):
        raise _Unusable("is not for checking signatures (key_ops)")
    private = sorted(PRIVATE_MEMBERS & member.keys())
    if private and not pasted:
        raise _Unusable("was published with its private members, so anybody can sign with it")
    public = {name: member[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in member}
    key = _import(kind, public)
    algorithms = _algorithms(kind, key)
    declared = member.get("alg")
    if declared is not None:
        if not isinstance(declared, str):
            raise _Unusable("has an alg that is not a string")
        same = _EDWARDS_ALGORITHMS if declared in _EDWARDS_ALGORITHMS else frozenset({declared})
        if not algorithms & same:
            raise _Unusable(f"declares the alg {show(declared)}, which does not fit it or is unknown")
        algorithms &= same
    note = f"lost its private members ({', '.join(private)}): only the public half is used" if private else None
    return SigningKey(kid, frozenset(algorithms), key, key.thumbprint()), note


def _check_purpose(kid: object, use: object) -> None:
    if kid is not None and not isinstance(kid, str):
        raise _Unusable("has a kid that is not a string")
    if use not in (None, "sig"):
        raise _Unusable(f"is not for signatures (use {show(use)})")


def _read_secret(member: Mapping[str, Any]) -> SigningKey:
    kid, use, declared = (member.get(name) for name in ("kid", "use", "alg"))
    _check_purpose(kid, use)
    if declared is not None and (not isinstance(declared, str) or declared not in SYMMETRIC_ALGORITHMS):
        raise _Unusable(f"declares the alg {show(declared)}, which does not fit it or is unknown")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            key = OctKey.import_key({"kty": "oct", "k": member["k"]})
            length = len(key.raw_value)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _Unusable(f"cannot be read ({type(error).__name__})") from None
    if length < SECRET_BYTES:
        raise _Unusable(f"has {length} bytes; a secret needs at least {SECRET_BYTES}")
    algorithms = SYMMETRIC_ALGORITHMS if declared is None else frozenset({declared})
    return SigningKey(kid, algorithms, key, key.thumbprint())


def _import(kind: str, public: dict[str, Any]) -> Key:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            key = _FACTORIES[kind](public)
            native = key.public_key
    except (JoseError, ValueError, TypeError, KeyError, OverflowError, AttributeError) as error:
        raise _Unusable(f"cannot be read ({type(error).__name__})") from None
    if isinstance(key, RSAKey):
        bits = native.key_size  # type: ignore[union-attr]
        if not RSA_BITS[0] <= bits <= RSA_BITS[1]:
            raise _Unusable(f"has {bits} bits; {RSA_BITS[0]} to {RSA_BITS[1]} are accepted")
        if native.public_numbers().e.bit_length() > RSA_EXPONENT_BITS:  # type: ignore[union-attr]
            raise _Unusable(f"has a public exponent of more than {RSA_EXPONENT_BITS} bits")
    return key


def _algorithms(kind: str, key: Key) -> frozenset[str]:
    if kind == "RSA":
        return RSA_ALGORITHMS
    curve = str(key.get("crv"))
    if kind == "EC" and curve in _EC_ALGORITHMS:
        return frozenset({_EC_ALGORITHMS[curve]})
    if kind == "OKP" and curve == "Ed25519":
        return _EDWARDS_ALGORITHMS
    raise _Unusable(f"uses the curve {show(curve)}, which no accepted algorithm has")
