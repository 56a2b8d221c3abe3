"""One offline Clerk instance: sessions, settings and signing keys, without HTTP."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import Key

from rowgate.offline import clerk_template, clerk_tokens, minting
from rowgate.offline.clerk_tokens import Category, Session
from rowgate.offline.clock import Clock
from rowgate.offline.directory import Directory, User
from rowgate.offline.identifiers import clerk_id
from rowgate.offline.keys import KeyRing

CONNECT_WITH_SUPABASE = {"role": "authenticated"}  # the one thing Clerk's "Connect with Supabase" adds


class ClerkError(Exception):
    """A refused call, in the shape of Clerk's error body."""

    def __init__(self, status: int, code: str, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.parameter = parameter


class JwtTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A JWT template as the Backend API takes it. `lifetime` and `allowed_clock_skew` in seconds."""

    name: str
    claims: dict[str, Any]
    lifetime: int = 60
    allowed_clock_skew: int = 5
    custom_signing_key: bool = False
    signing_algorithm: str | None = None
    signing_key: str | None = None
    id: str = ""
    created_at: int = 0  # milliseconds
    updated_at: int = 0

    def __repr__(self) -> str:  # the signing key is a secret
        return f"JwtTemplate(name={self.name!r})"


@dataclass(slots=True)
class ClerkInstance:
    """What one instance knows. `issuer` is its Frontend API URL."""

    issuer: str
    directory: Directory
    ring: KeyRing
    clock: Clock = field(default_factory=Clock)
    token_version: Literal[1, 2] = 2
    category: Literal["by_class", "ignore", "absent"] = "by_class"
    session_claims: dict[str, Any] = field(default_factory=dict)
    session_lifetime: int = clerk_tokens.SESSION_LIFETIME
    connected_with_supabase: bool = True
    templates: dict[str, JwtTemplate] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict, repr=False)

    def sign_in(self, identifier: str, password: str) -> Session:
        """Begin a session with the person's first organization active. Raises ClerkError."""
        user = self.directory.user_by_email(identifier)
        if user is None:
            raise ClerkError(422, "form_identifier_not_found", "Couldn't find your account.", "identifier")
        if not hmac.compare_digest(user.password.encode(), password.encode()):
            raise ClerkError(422, "form_password_incorrect", "Password is incorrect. Try again.", "password")
        return self.begin_session(user)

    def begin_session(self, user: User) -> Session:
        """A session for a person who has passed the first factor just now."""
        organizations = self.directory.organizations_of(user)
        session = Session(
            id=clerk_id("sess"),
            user_id=user.id,
            organization_id=organizations[0].id if organizations else None,
            first_factor_at=self.clock.now(),
        )
        self.sessions[session.id] = session
        return session

    def session(self, session_id: str) -> Session:
        """The session with that id. Raises ClerkError 404."""
        found = self.sessions.get(session_id)
        if found is None:
            raise ClerkError(404, "resource_not_found", "Session not found")
        return found

    def end_session(self, session_id: str) -> Session:
        """Sign out. Raises ClerkError 404."""
        return self.sessions.pop(self.session(session_id).id)

    def activate_organization(self, session: Session, organization_id: str) -> Session:
        """Make an organization the session's active one; an empty id is the personal account. Raises ClerkError."""
        user = self.directory.user(session.user_id)
        organization = self.directory.organization(organization_id) if organization_id else None
        if organization_id and (
            user is None or organization is None or self.directory.membership(user, organization) is None
        ):
            raise ClerkError(404, "resource_not_found", "Organization not found")
        return self.change_session(replace(session, organization_id=organization_id or None))

    def change_session(self, session: Session) -> Session:
        """Keep the changed record of a session."""
        self.sessions[session.id] = session
        return session

    def session_token(
        self, session: Session, authorized_party: str | None, version: Literal[1, 2] | None = None
    ) -> str:
        """A session token: the default claims, and the custom ones that do not collide with them."""
        claims = clerk_tokens.session_claims(
            version or self.token_version,
            session,
            self.directory,
            issuer=self.issuer,
            authorized_party=authorized_party,
            now=self.clock.now(),
            lifetime=self.session_lifetime,
        )
        context = clerk_tokens.template_context(session, self.directory)
        custom = clerk_template.render(
            (CONNECT_WITH_SUPABASE if self.connected_with_supabase else {}) | self.session_claims, context
        )
        custom = {name: value for name, value in custom.items() if name not in clerk_template.SESSION_CLAIMS}
        return self.mint({**custom, **claims}, Category.SESSION)

    def template_token(self, session: Session, name: str, authorized_party: str | None) -> str:
        """A token of the named JWT template, signed with its own key where it has one. Raises ClerkError 404."""
        template = next((found for found in self.templates.values() if found.name == name), None)
        if template is None:
            raise ClerkError(404, "resource_not_found", f"No JWT template exists with name: {name}")
        claims = clerk_tokens.template_claims(
            clerk_template.render(template.claims, clerk_tokens.template_context(session, self.directory)),
            issuer=self.issuer,
            subject=session.user_id,
            authorized_party=authorized_party,
            now=self.clock.now(),
            lifetime=template.lifetime,
            skew=template.allowed_clock_skew,
        )
        if not template.custom_signing_key:
            return self.mint(claims, Category.TEMPLATE)
        assert template.signing_algorithm is not None
        header = clerk_tokens.header(None, self._category(Category.TEMPLATE), algorithm=template.signing_algorithm)
        return minting.mint(header, claims, template_key(template))

    def machine_token(self, custom: Mapping[str, Any], machine_id: str | None = None) -> str:
        """A machine-to-machine JWT with the caller's own claims."""
        claims = clerk_tokens.machine_claims(
            custom, issuer=self.issuer, machine_id=machine_id or clerk_id("mch"), now=self.clock.now()
        )
        return self.mint(claims, Category.MACHINE)

    def oauth_access_token(self, user: User, scope: str, client_id: str | None = None) -> str:
        """An OAuth access token (`typ: at+jwt`) for a person."""
        claims = clerk_tokens.oauth_access_claims(
            issuer=self.issuer,
            subject=user.id,
            client_id=client_id or clerk_id("client"),
            scope=scope,
            now=self.clock.now(),
        )
        return self.mint(claims, None, typ="at+jwt")

    def mint(self, claims: Mapping[str, Any], category: Category | None, typ: str = "JWT") -> str:
        """Sign claims with the instance key in use."""
        key = self.ring.in_use
        return minting.mint(clerk_tokens.header(key.kid, self._category(category), typ), claims, key.pair)

    def keep_template(self, template: JwtTemplate) -> JwtTemplate:
        """Add or replace a JWT template under its id. Raises ClerkError 422 for what Clerk refuses."""
        _check_template(template)
        if any(other.name == template.name and other.id != template.id for other in self.templates.values()):
            raise ClerkError(422, "form_identifier_exists", f"The name {template.name!r} is taken.", "name")
        moment = int(self.clock.now() * 1000)
        kept = msgspec.structs.replace(
            template,
            id=template.id or clerk_id("jtmp"),
            created_at=template.created_at or moment,
            updated_at=moment,
        )
        self.templates[kept.id] = kept
        return kept

    def _category(self, category: Category | None) -> Category | None:
        if self.category == "by_class":
            return category
        return Category.IGNORE if self.category == "ignore" else None


def template_key(template: JwtTemplate) -> Key:
    """The template's own signing key. Raises ValueError when it does not fit the algorithm."""
    assert template.signing_key is not None
    if template.signing_algorithm in minting.SYMMETRIC:
        return minting.secret_key(template.signing_key)
    return minting.private_pem_key(template.signing_key)


def _check_template(template: JwtTemplate) -> None:
    if not template.name:
        raise ClerkError(422, "form_param_missing", "name must be included.", "name")
    if not 30 <= template.lifetime <= 315_360_000:
        raise ClerkError(422, "form_param_value_invalid", "lifetime must be between 30 and 315360000.", "lifetime")
    if not 0 <= template.allowed_clock_skew <= 300:
        message = "allowed_clock_skew must be between 0 and 300."
        raise ClerkError(422, "form_param_value_invalid", message, "allowed_clock_skew")
    if taken := sorted(clerk_template.AUTOMATIC_CLAIMS & template.claims.keys()):
        message = f"These claims are set on every token and cannot be overridden: {', '.join(taken)}."
        raise ClerkError(422, "form_param_value_invalid", message, "claims")
    if not template.custom_signing_key:
        return
    if not template.signing_algorithm or not template.signing_key:
        message = "signing_algorithm and signing_key are required with custom_signing_key."
        raise ClerkError(422, "form_param_missing", message, "signing_key")
    known = (*minting.SYMMETRIC, *minting.ASYMMETRIC)
    if template.signing_algorithm not in known:
        message = f"signing_algorithm must be one of {', '.join(known)}."
        raise ClerkError(422, "form_param_value_invalid", message, "signing_algorithm")
    try:
        template_key(template)
    except (JoseError, ValueError):
        raise ClerkError(
            422, "form_param_value_invalid", "signing_key does not fit signing_algorithm.", "signing_key"
        ) from None
