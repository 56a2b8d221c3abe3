"""The claims of a WorkOS access token, and the objects its API and JWT templates show (sans-IO)."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rowgate.offline.directory import Directory, Membership, Organization, User, full_name
from rowgate.offline.identifiers import workos_id
from rowgate.offline.workos_template import PATHS, RESERVED, Template

ACCESS_TOKEN_LIFETIME = 300  # seconds


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person. `authenticated_at` in Unix seconds; `impersonator` is an email address."""

    id: str
    user_id: str
    authenticated_at: float
    organization_id: str | None = None
    impersonator: str | None = None


def header(kid: str) -> dict[str, Any]:
    """`alg`, `kid`, `typ`."""
    return {"alg": "RS256", "kid": kid, "typ": "JWT"}


def access_claims(
    session: Session,
    directory: Directory,
    *,
    issuer: str,
    client_id: str,
    template: Template | None,
    now: float,
    lifetime: int = ACCESS_TOKEN_LIFETIME,
) -> dict[str, Any]:
    """An access token's claims, the template's over the defaults (it may replace `role`, `org_id`, …, not RESERVED).

    There is no `aud` and no `nbf` unless the template adds one. Raises TemplateError where the template cannot be
    rendered for this person.
    """
    user = directory.user(session.user_id)
    assert user is not None, "a session's person is in the directory"
    organization = directory.organization(session.organization_id) if session.organization_id else None
    place = directory.membership(user, organization) if organization else None
    issued = int(now)
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": user.id,
        "sid": session.id,
        "jti": f"01{secrets.token_hex(12).upper()}",
        "client_id": client_id,
        "auth_time": int(session.authenticated_at),
    }
    if session.impersonator is not None:
        claims["act"] = {"sub": session.impersonator}
    if organization and place:
        claims |= {
            "org_id": organization.id,
            "role": place.role,
            "roles": [place.role],
            "permissions": list(place.permissions),
        }
        if organization.entitlements:
            claims["entitlements"] = list(organization.entitlements)
        if organization.feature_flags:
            claims["feature_flags"] = list(organization.feature_flags)
    claims |= {"exp": issued + lifetime, "iat": issued}
    if template is not None:
        rendered = template.render(template_context(user, organization, place))
        claims |= {name: value for name, value in rendered.items() if name not in RESERVED}
    return claims


def template_context(user: User, organization: Organization | None, place: Membership | None) -> dict[str, Any]:
    """What a JWT template can see: an object per root, None for what the person does not have."""
    return {
        "user": user_object(user) | {"name": full_name(user), "identities": dict.fromkeys(PATHS["user"]["identities"])},
        "organization": organization
        and {
            "object": "organization",
            "id": organization.id,
            "name": organization.name,
            "allow_profiles_outside_organization": False,
            "domains": [],
            "external_id": organization.external_id,
            "metadata": organization.metadata,
            "stripe_customer_id": None,
            "created_at": timestamp(user.created_at),
            "updated_at": timestamp(user.created_at),
        },
        "organization_membership": organization
        and place
        and {
            "object": "organization_membership",
            "id": workos_id("om", f"{user.id} {organization.id}"),
            "role": place.role,
            "roles": [place.role],
            "custom_attributes": {},
            "created_at": timestamp(user.created_at),
            "updated_at": timestamp(user.created_at),
        },
    }


def user_object(user: User) -> dict[str, Any]:
    """The user as the API shows it."""
    return {
        "object": "user",
        "id": user.id,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email_verified": True,
        "profile_picture_url": None,
        "external_id": user.external_id,
        "locale": None,
        "metadata": user.metadata,
        "last_sign_in_at": None,
        "created_at": timestamp(user.created_at),
        "updated_at": timestamp(user.created_at),
    }


def discovery_document(base: str, issuer: str, client_id: str) -> Mapping[str, Any]:
    """The five members of the real one, and no more: strict OIDC validators would refuse it."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{base}/user_management/authorize",
        "token_endpoint": f"{base}/user_management/authenticate",
        "response_types_supported": ["code"],
        "jwks_uri": f"{base}/sso/jwks/{client_id}",
    }


def timestamp(moment: float) -> str:
    """`2025-01-01T00:00:00.000Z`."""
    at = datetime.datetime.fromtimestamp(moment, tz=datetime.UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
