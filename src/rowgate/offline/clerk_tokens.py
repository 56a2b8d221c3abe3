"""The claims and headers of every token class Clerk signs (sans-IO).

All classes are signed with the same instance key; only the header's `cat` and `typ`, and the claims, tell them apart.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from rowgate.offline.directory import Directory, Membership, Organization, User, full_name

SESSION_LIFETIME = 60  # seconds
NOT_BEFORE_SKEW = 5  # seconds that `nbf` lies before `iat`, the default `allowed_clock_skew`
MACHINE_LIFETIME = 3600  # seconds
OAUTH_LIFETIME = 86_400  # seconds


class Category(StrEnum):
    """The header's `cat`: which class a token is of."""

    SESSION = "cl_B7d4PD111AAA"
    TEMPLATE = "cl_B7d4PD222AAA"
    MACHINE = "cl_B7d4PD333AAA"
    IGNORE = "cl_I7d4PD111III"  # stamped on every class by some instances; says nothing


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person on one client. Times in Unix seconds; `actor` is whoever impersonates the person."""

    id: str
    user_id: str
    organization_id: str | None
    first_factor_at: float
    second_factor_at: float | None = None
    status: Literal["active", "pending"] = "active"
    actor: Mapping[str, Any] | None = None


def header(kid: str | None, category: Category | None, typ: str = "JWT", algorithm: str = "RS256") -> dict[str, Any]:
    """`alg`, `cat`, `kid`, `typ`; a None is left out (no `cat`: tokens from before its roll-out)."""
    members = {"alg": algorithm, "cat": category, "kid": kid, "typ": typ}
    return {name: value for name, value in members.items() if value is not None}


def session_claims(
    version: Literal[1, 2],
    session: Session,
    directory: Directory,
    *,
    issuer: str,
    authorized_party: str | None,
    now: float,
    lifetime: int = SESSION_LIFETIME,
) -> dict[str, Any]:
    """A session token's default claims; `authorized_party` (`azp`) is the request's Origin, absent without one."""
    user = directory.user(session.user_id)
    organization = directory.organization(session.organization_id) if session.organization_id else None
    place = directory.membership(user, organization) if user and organization else None
    claims: dict[str, Any] = {
        **_base(issuer, session.user_id, now, lifetime, NOT_BEFORE_SKEW, authorized_party),
        "sid": session.id,
        "fva": [_minutes_since(session.first_factor_at, now), _minutes_since(session.second_factor_at, now)],
    }
    if session.actor is not None:
        claims["act"] = dict(session.actor)
    if version == 1:
        if organization and place:
            claims |= {
                "org_id": organization.id,
                "org_slug": organization.slug,
                "org_role": f"org:{place.role}",
                "org_permissions": [f"org:{permission}" for permission in place.permissions],
            }
        return claims
    claims |= {"jti": new_jti(), "v": 2, "sts": session.status, "pla": "u:free_user", "fea": ""}
    if organization and place:
        claims |= {"pla": "o:free_org", **_compact_organization(organization, place)}
    return claims


def template_claims(
    rendered: Mapping[str, Any],
    *,
    issuer: str,
    subject: str,
    authorized_party: str | None,
    now: float,
    lifetime: int,
    skew: int,
) -> dict[str, Any]:
    """A JWT-template token's claims: the automatic ones win; `sid`, `v`, `pla`, `fea` belong to sessions alone."""
    automatic = _base(issuer, subject, now, lifetime, skew, authorized_party) | {"jti": new_jti()}
    session_bound = {"sid", "v", "pla", "fea"}
    return {**{name: value for name, value in rendered.items() if name not in session_bound}, **automatic}


def machine_claims(
    custom: Mapping[str, Any], *, issuer: str, machine_id: str, now: float, lifetime: int = MACHINE_LIFETIME
) -> dict[str, Any]:
    """A machine-to-machine JWT: whatever the machine asked for (also `aud`, `scopes`, `role`) under its own `sub`."""
    base = _base(issuer, machine_id, now, lifetime, NOT_BEFORE_SKEW, None)
    return {**custom, **base, "jti": f"mt_{secrets.token_hex(16)}"}


def oauth_access_claims(
    *, issuer: str, subject: str, client_id: str, scope: str, now: float, lifetime: int = OAUTH_LIFETIME
) -> dict[str, Any]:
    """An access token of Clerk as an OAuth server; its header says `typ: at+jwt` (RFC 9068)."""
    base = _base(issuer, subject, now, lifetime, NOT_BEFORE_SKEW, None)
    return {**base, "jti": f"oat_{secrets.token_hex(16)}", "client_id": client_id, "scope": scope}


def template_context(session: Session, directory: Directory) -> dict[str, Any]:
    """What shortcodes can see: one mapping per root, None for `org` and `org_membership` without an organization."""
    user = directory.user(session.user_id)
    assert user is not None, "a session's person is in the directory"
    organization = directory.organization(session.organization_id) if session.organization_id else None
    place = directory.membership(user, organization) if organization else None
    return {
        "user": _user_context(user, directory),
        "org": organization
        and {
            "id": organization.id,
            "slug": organization.slug,
            "name": organization.name,
            "role": f"org:{place.role}" if place else None,
            "public_metadata": organization.metadata,
        },
        "org_membership": place
        and {
            "role": f"org:{place.role}",
            "permissions": [f"org:{permission}" for permission in place.permissions],
            "public_metadata": {},
        },
        "session": {"id": session.id, "actor": session.actor, "reverification_id": None},
    }


def compress_permissions(features: Sequence[str], permissions: Sequence[str]) -> tuple[str, str, str]:
    """`fea`, `per` and `fpm` of a v2 token, without the claim's scope prefix.

    `permissions` are `feature:permission`. The i-th integer of `fpm` belongs to the i-th feature; its bit j, lowest
    first, to the j-th entry of `per`.
    """
    granted = [permission.partition(":")[::2] for permission in permissions]
    names = list(dict.fromkeys(name for feature, name in granted if feature in features))
    masks = [sum(1 << index for index, name in enumerate(names) if (feature, name) in granted) for feature in features]
    return ",".join(features), ",".join(names), ",".join(map(str, masks))


def new_jti() -> str:
    """A token id: twenty hexadecimal digits."""
    return secrets.token_hex(10)


def _base(
    issuer: str, subject: str, now: float, lifetime: int, skew: int, authorized_party: str | None
) -> dict[str, Any]:
    issued = int(now)
    claims: dict[str, Any] = {"azp": authorized_party} if authorized_party is not None else {}
    return claims | {
        "exp": issued + lifetime,
        "iat": issued,
        "iss": issuer,
        "nbf": issued - skew,
        "sub": subject,
    }


def _minutes_since(moment: float | None, now: float) -> int:
    return -1 if moment is None else max(0, int((now - moment) // 60))


def _compact_organization(organization: Organization, place: Membership) -> dict[str, Any]:
    features, permissions, masks = compress_permissions(organization.features, place.permissions)
    compact: dict[str, Any] = {"id": organization.id, "slg": organization.slug, "rol": place.role}
    if permissions:
        compact |= {"per": permissions, "fpm": masks}
    return {"o": compact, "fea": ",".join(f"o:{feature}" for feature in features.split(",") if feature)}


def _user_context(user: User, directory: Directory) -> dict[str, Any]:
    return {
        "id": user.id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "full_name": full_name(user),
        "username": user.username,
        "image_url": f"https://img.clerk.com/{user.id}",
        "has_image": False,
        "primary_email_address": user.email,
        "primary_phone_number": user.phone_number,
        "email_verified": True,
        "phone_number_verified": user.phone_number is not None,
        "two_factor_enabled": False,
        "external_id": user.external_id,
        "public_metadata": user.metadata,
        "unsafe_metadata": user.unsafe_metadata,
        "created_at": int(user.created_at),
        "updated_at": int(user.created_at),
        "last_sign_in_at": None,
        "organizations": {
            found.id: f"org:{place.role}"
            for found in directory.organizations
            if (place := directory.membership(user, found)) is not None
        },
    }
