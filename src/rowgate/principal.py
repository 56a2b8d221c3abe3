"""The principal: who is asking, decided once by `rowgate.identity` and used by every dialect."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TokenClass(StrEnum):
    """What kind of credential was presented. Issuers list the classes they accept (`token_classes`)."""

    ANONYMOUS = "anonymous"  # no credential at all
    API_KEY = "api_key"  # the project's own keys: sb_publishable_, sb_secret_, legacy anon/service_role JWTs
    SESSION = "session"  # a signed-in person's session token (Clerk `cat` cl_B7d4PD111AAA, own Auth sessions)
    TEMPLATE = "template"  # a Clerk JWT-template token, and every HS256 token of the old way
    ACCESS = "access"  # an access token of WorkOS, Auth0, Cognito or an OIDC server
    ID = "id"  # an OIDC id token (Firebase, Cognito `token_use` id)
    OAUTH_ACCESS = "oauth_access"  # RFC 9068 `typ: at+jwt`
    MACHINE = "machine"  # a machine-to-machine token


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified identity and the Postgres role it takes.

    Only `rowgate.identity` makes one. `claims` are the token's payload bytes exactly as signed (UTF-8 JSON), or the
    claims that stand for an API key; they become the setting `request.jwt.claims`.
    """

    role: str
    claims: bytes
    token_class: TokenClass
    issuer: str | None = None  # the configured issuer's name; None for the project's own keys
    subject: str | None = None
    session_id: str | None = None
    actor: str | None = None  # `act.sub`: who impersonates the subject (RFC 8693 section 4.1)
    expires_at: float | None = None  # Unix seconds; None never expires
    privileged: bool = False  # runs on the service login: secret keys, and PostgREST's tokens where that is allowed
