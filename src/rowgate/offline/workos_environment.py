"""One offline WorkOS environment: sessions, refresh tokens, the JWT template and signing keys, without HTTP."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rowgate.offline import minting, workos_template, workos_tokens
from rowgate.offline.clock import Clock
from rowgate.offline.directory import Directory, User
from rowgate.offline.identifiers import workos_id
from rowgate.offline.keys import KeyRing
from rowgate.offline.workos_template import Template, TemplateError
from rowgate.offline.workos_tokens import Session, timestamp, user_object

ORGANIZATION_SELECTION = "urn:workos:oauth:grant-type:organization-selection"
SUPABASE_TEMPLATE = '{"role":"authenticated","user_role": {{organization_membership.role}}}'


class WorkosError(Exception):
    """A refused call: a status and the members of WorkOS's error body."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(str(body.get("message") or body.get("error_description")))
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class StoredTemplate:
    """The environment's one JWT template. Times in Unix seconds."""

    content: str
    parsed: Template
    created_at: float
    updated_at: float

    def as_object(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "object": "jwt_template",
            "content": self.content,
            "created_at": timestamp(self.created_at),
            "updated_at": timestamp(self.updated_at),
        }


@dataclass(slots=True)
class WorkosEnvironment:
    """What one environment knows. `base` is its origin; the issuer is `{base}/user_management/{client_id}`."""

    base: str
    client_id: str
    api_key: str = field(repr=False)
    directory: Directory
    ring: KeyRing
    clock: Clock = field(default_factory=Clock)
    token_lifetime: int = workos_tokens.ACCESS_TOKEN_LIFETIME
    template: StoredTemplate | None = None
    sessions: dict[str, Session] = field(default_factory=dict, repr=False)
    refresh_tokens: dict[str, str] = field(default_factory=dict, repr=False)  # token → session id
    pending: dict[str, str] = field(default_factory=dict, repr=False)  # pending authentication token → user id

    @property
    def issuer(self) -> str:
        """The issuer of environments made since mid-2025."""
        return f"{self.base}/user_management/{self.client_id}"

    def authenticate(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a token request of any supported grant. Raises WorkosError."""
        self._check_client(request)
        grant = request.get("grant_type")
        if grant == "password":
            return self._password(request)
        if grant == "refresh_token":
            return self._refresh(request)
        if grant == ORGANIZATION_SELECTION:
            return self._select_organization(request)
        if grant is None:
            raise _invalid_request("grant_type is required.")
        raise WorkosError(
            400, _oauth("unsupported_grant_type", f"The grant type {grant!r} is not one this provider offers.")
        )

    def set_template(self, content: object) -> StoredTemplate:
        """Check and keep the JWT template. Raises WorkosError 422 with the vendor's words."""
        if not isinstance(content, str):
            raise _unprocessable("content must be a string")
        try:
            parsed = workos_template.parse(content)
        except TemplateError as error:
            raise _unprocessable(str(error)) from None
        now = self.clock.now()
        self.template = StoredTemplate(content, parsed, self.template.created_at if self.template else now, now)
        return self.template

    def access_token(self, session: Session) -> str:
        """A fresh access token of the session. Raises WorkosError 422 when the template fails for this person."""
        try:
            claims = workos_tokens.access_claims(
                session,
                self.directory,
                issuer=self.issuer,
                client_id=self.client_id,
                template=self.template.parsed if self.template else None,
                now=self.clock.now(),
                lifetime=self.token_lifetime,
            )
        except TemplateError as error:
            raise _unprocessable(str(error)) from None
        return self.mint(claims)

    def mint(self, claims: Mapping[str, Any]) -> str:
        """Sign claims with the key in use."""
        key = self.ring.in_use
        return minting.mint(workos_tokens.header(key.kid), claims, key.pair)

    def begin_session(self, user: User, organization_id: str | None, impersonator: str | None = None) -> Session:
        """A session for a person who has authenticated just now. Raises WorkosError for a stranger's organization."""
        if organization_id is not None:
            organization_id = self._own_organization(user, organization_id)
        session = Session(workos_id("session"), user.id, self.clock.now(), organization_id, impersonator)
        self.sessions[session.id] = session
        return session

    def end_session(self, session_id: str) -> None:
        """Revoke a session and its refresh tokens. Raises WorkosError 404."""
        if self.sessions.pop(session_id, None) is None:
            raise WorkosError(404, {"message": f"Session not found: '{session_id}'.", "code": "entity_not_found"})
        self.refresh_tokens = {token: sid for token, sid in self.refresh_tokens.items() if sid != session_id}

    def answer(self, session: Session, method: str) -> dict[str, Any]:
        """The body of a successful authentication, with a new refresh token."""
        user = self.directory.user(session.user_id)
        assert user is not None
        access_token = self.access_token(session)
        refresh_token = secrets.token_urlsafe(24)
        self.refresh_tokens[refresh_token] = session.id
        body: dict[str, Any] = {"user": user_object(user)}
        if session.organization_id is not None:
            body["organization_id"] = session.organization_id
        return body | {
            "access_token": access_token,
            "refresh_token": refresh_token,
            "authentication_method": method,
        }

    def _check_client(self, request: Mapping[str, Any]) -> None:
        client_id, secret = request.get("client_id"), request.get("client_secret")
        if client_id is None:
            raise _invalid_request("client_id is required.")
        if client_id != self.client_id:
            raise WorkosError(400, _oauth("invalid_client", "Invalid client ID."))
        # Public clients (a browser) send none; a secret that is sent must be the right one.
        if secret is not None and not hmac.compare_digest(str(secret).encode(), self.api_key.encode()):
            raise WorkosError(400, _oauth("invalid_client", "Invalid client secret."))

    def _password(self, request: Mapping[str, Any]) -> dict[str, Any]:
        email, password = request.get("email"), request.get("password")
        if not isinstance(email, str) or not isinstance(password, str):
            raise _invalid_request("email and password are required.")
        user = self.directory.user_by_email(email)
        if user is None or not hmac.compare_digest(user.password.encode(), password.encode()):
            raise WorkosError(401, {"code": "invalid_credentials", "message": "Invalid credentials."})
        organizations = self.directory.organizations_of(user)
        if len(organizations) > 1:
            token = secrets.token_urlsafe(24)
            self.pending[token] = user.id
            raise WorkosError(
                403,
                {
                    "code": "organization_selection_required",
                    "message": "The user must choose an organization to finish their authentication.",
                    "pending_authentication_token": token,
                    "user": user_object(user),
                    "organizations": [{"id": found.id, "name": found.name} for found in organizations],
                },
            )
        return self.answer(self.begin_session(user, organizations[0].id if organizations else None), "Password")

    def _select_organization(self, request: Mapping[str, Any]) -> dict[str, Any]:
        user = self.directory.user(self.pending.get(str(request.get("pending_authentication_token")), ""))
        if user is None:
            raise WorkosError(400, _oauth("invalid_grant", "The pending authentication token is invalid or expired."))
        organization_id = self._own_organization(user, request.get("organization_id"))
        del self.pending[str(request["pending_authentication_token"])]
        return self.answer(self.begin_session(user, organization_id), "Password")

    def _refresh(self, request: Mapping[str, Any]) -> dict[str, Any]:
        token = str(request.get("refresh_token"))
        session = self.sessions.get(self.refresh_tokens.get(token, ""))
        user = self.directory.user(session.user_id) if session else None
        if session is None or user is None:
            raise WorkosError(400, _oauth("invalid_grant", "Invalid refresh token."))
        if request.get("organization_id") is not None:
            organization_id = self._own_organization(user, request["organization_id"])
            session = replace(session, organization_id=organization_id)
        answer = self.answer(session, "Password")
        # Only once nothing can fail any more: the old token is spent and the switch holds.
        del self.refresh_tokens[token]
        self.sessions[session.id] = session
        return answer

    def _own_organization(self, user: User, organization_id: object) -> str:
        organization = self.directory.organization(str(organization_id))
        if organization is None or self.directory.membership(user, organization) is None:
            # Unlike the official emulator, which grants any organization.
            raise WorkosError(400, _oauth("invalid_grant", "The user is not a member of the organization."))
        return organization.id


def _oauth(error: str, description: str) -> dict[str, Any]:
    return {"error": error, "error_description": description}


def _invalid_request(message: str) -> WorkosError:
    return WorkosError(400, {"code": "invalid_request", "message": message})


def _unprocessable(message: str) -> WorkosError:
    return WorkosError(422, {"code": "jwt_template_invalid", "message": message})
