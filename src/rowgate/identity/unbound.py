"""The key set without an issuer: PostgREST's `jwt-secret`, for tokens whose `iss` no configured issuer claims.

Everything else here trusts an issuer, and only for what that issuer says. Whoever holds one of these keys may write any
`iss`, so these tokens stay behind every configured issuer, take unprivileged roles alone unless
`allow_privileged_roles` says otherwise, and are announced at every start.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from rowgate.errors import ConfigurationError
from rowgate.identity.case import KeyAnswer
from rowgate.identity.issuer import Issuer, UnboundKeys
from rowgate.identity.jspath import parse_jspath
from rowgate.identity.providers.postgrest import POSTGREST_NAME
from rowgate.identity.signing_key import (
    SECRET_BYTES,
    KeySet,
    KeySetMalformed,
    read_key_set,
    secret_key,
)
from rowgate.identity.strict_json import NotStrict, read_object
from rowgate.identity.wording import show
from rowgate.principal import TokenClass
from rowgate.project.settings import RestSettings

CLOCK_SKEW = 30.0  # seconds, PostgREST's own

# What is published and does not read as a JWK or a JWKS: taken for a secret, anybody could sign with it
# (RFC 8725 section 2.1). A JWKS behind a byte order mark is what some editors save.
_PUBLIC = re.compile(
    rb'(?:\xef\xbb\xbf|\s)*(?:(?P<pem>-----BEGIN )|(?P<url>https?://)|(?P<wrapped>.*"kty\\?"))',
    re.DOTALL | re.IGNORECASE,
)
_WHAT_IS_PUBLIC = {
    "pem": "is a key in PEM form",
    "url": "is the address of a key set",
    "wrapped": "holds a JSON Web Key and does not begin with {",
}


@dataclass(frozen=True, slots=True)
class Unbound:
    """The rules for tokens of the key set, and its keys."""

    issuer: Issuer
    keys: KeySet

    def answer(self, kid: str | None) -> KeyAnswer:
        """The keys for a `kid`; without one every key, as PostgREST tries them."""
        found = self.keys.keys if kid is None else tuple(key for key in self.keys.keys if key.kid == kid)
        if found:
            return KeyAnswer(found, notes=self.keys.notes)
        return KeyAnswer(
            problem="key_unknown",
            explanation=f"The key set without an issuer has no key with the kid {show(kid)}.",
            notes=self.keys.notes,
        )


def unbound_of(rest: RestSettings) -> Unbound | None:
    """The key set that `rest.jwt_secret` configures, None where it is not set. Raises ConfigurationError."""
    if rest.jwt_secret is None:
        return None
    keys = _read_keys(rest.jwt_secret, rest.jwt_secret_is_base64)
    issuer = Issuer(
        name=POSTGREST_NAME,
        provider="postgrest",
        issuer="",
        key_source=UnboundKeys(),
        algorithms=frozenset().union(*(key.algorithms for key in keys.keys)),
        role_claim=parse_jspath(rest.jwt_role_claim_key),
        roles=frozenset(rest.jwt_roles) or None,
        token_classes=frozenset({TokenClass.ACCESS}),
        audiences=None if rest.jwt_aud is None else frozenset({rest.jwt_aud}),
        audience_optional=True,
        clock_skew=CLOCK_SKEW,
        default_role=rest.db_anon_role,
        expiry_required=False,
        may_be_privileged=rest.allow_privileged_roles,
        warnings=_warnings(rest, keys),
    )
    return Unbound(issuer, keys)


def _warnings(rest: RestSettings, keys: KeySet) -> tuple[str, ...]:
    power = " Its tokens may take roles that bypass row-level security." if rest.allow_privileged_roles else ""
    announced = (
        "rest.jwt_secret (PGRST_JWT_SECRET) is a key set without an issuer: whoever holds one of its keys may sign in "
        f"as anybody, with any iss that no configured issuer claims.{power}"
    )
    return (announced, *(f"rest.jwt_secret: {note}" for note in keys.notes))


def _read_keys(secret: str, is_base64: bool) -> KeySet:
    content = _decoded(secret) if is_base64 else secret.encode("utf-8", "surrogateescape")
    if not content.lstrip().startswith(b"{"):
        if (public := _PUBLIC.match(content)) is not None:
            raise ConfigurationError(
                f"rest.jwt_secret (PGRST_JWT_SECRET) {_WHAT_IS_PUBLIC[str(public.lastgroup)]}; "
                "taken as a text it would be an HS256 secret that others may know.",
                'Give the key ({"kty": …}) or the set ({"keys": […]}) itself, as JSON that begins with {.',
            )
        if len(content) < SECRET_BYTES:
            raise ConfigurationError(
                f"rest.jwt_secret (PGRST_JWT_SECRET) has {len(content)} bytes; a secret needs at least {SECRET_BYTES}.",
                "A shorter one can be guessed off line from one token. `openssl rand -base64 48` makes one.",
            )
        return KeySet((secret_key(content),))
    try:
        members = read_object(content).members
        document = content if "keys" in members else b'{"keys":[' + content + b"]}"
        keys = read_key_set(document, pasted=True, symmetric=True)
    except (NotStrict, KeySetMalformed) as error:
        raise ConfigurationError(
            f"rest.jwt_secret (PGRST_JWT_SECRET) begins like a JSON Web Key and is none: {error}.",
            'Give the key ({"kty": …}) or the set ({"keys": […]}) as one line of JSON.',
        ) from None
    if not keys.keys:
        raise ConfigurationError(
            f"rest.jwt_secret (PGRST_JWT_SECRET) holds no usable key ({'; '.join(keys.notes) or 'it is empty'}).",
            "Give the keys that tokens are signed with, symmetric or public ones.",
        )
    return keys


def _decoded(secret: str) -> bytes:
    """Base64 as PostgREST takes it: `-`, `_` and `.` stand for `+`, `/` and `=`."""
    text = secret.strip().replace("-", "+").replace("_", "/").replace(".", "=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError(
            "rest.jwt_secret (PGRST_JWT_SECRET) is not base64, and jwt_secret_is_base64 says it is.",
            "Turn jwt_secret_is_base64 off, or encode the secret.",
        ) from None
