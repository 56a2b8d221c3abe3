"""The project's own keys: `sb_publishable_…`, `sb_secret_…`, and the legacy anon and service_role JWTs as issued."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from rowgate.identity.token import parse_token
from rowgate.identity.verdict import Refused
from rowgate.project.settings import Secrets

OPAQUE_PREFIX = b"sb_"

ANON = "anon"
SERVICE_ROLE = "service_role"


@dataclass(frozen=True, slots=True)
class ProjectKey:
    """What one of the project's keys stands for. `claims` become `request.jwt.claims`."""

    role: str
    claims: bytes = field(repr=False)


class ProjectKeys:
    """Recognises the project's keys by SHA-256 digest, in time that does not depend on what is presented.

    Only digests are kept. Every digest is compared on every call, so that neither a match nor its place shows in time.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._keys = tuple(
            (hashlib.sha256(key.encode("utf-8")).digest(), ProjectKey(role, _claims(key, role)))
            for key, role in (
                (secrets.publishable_key, ANON),
                (secrets.secret_key, SERVICE_ROLE),
                (secrets.anon_key, ANON),
                (secrets.service_role_key, SERVICE_ROLE),
            )
            if key  # an empty key would be matched by an empty header
        )

    def match(self, presented: bytes) -> ProjectKey | None:
        """The key that this is, byte for byte, or None."""
        digest = hashlib.sha256(presented).digest()
        found: ProjectKey | None = None
        for known, key in self._keys:
            if hmac.compare_digest(known, digest):
                found = key
        return found


def _claims(key: str, role: str) -> bytes:
    """A legacy key's own payload; for an opaque key what its JWT would say."""
    if not key.startswith("sb_"):
        try:
            token = parse_token(key.encode("utf-8"))
        except Refused:
            pass
        else:
            if token.flaw is None and token.claims.get("role") == role:
                return token.payload
    return b'{"role":"' + role.encode("ascii") + b'"}'
