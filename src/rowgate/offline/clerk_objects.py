"""The objects of Clerk's APIs as JSON: discovery document, client, session, sign-in, template, error (sans-IO)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rowgate.offline.clerk_instance import ClerkError, JwtTemplate
from rowgate.offline.clerk_tokens import Session
from rowgate.offline.directory import User
from rowgate.offline.identifiers import clerk_id

SESSION_LIFE = 7 * 24 * 3600  # seconds a session lives without being touched


def discovery_document(issuer: str) -> Mapping[str, Any]:
    """Every member the Frontend API's schema requires."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "revocation_endpoint": f"{issuer}/oauth/token/revoke",
        "introspection_endpoint": f"{issuer}/oauth/token_info",
        "userinfo_endpoint": f"{issuer}/oauth/userinfo",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "scopes_supported": ["openid", "profile", "email", "public_metadata", "private_metadata"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "none", "client_secret_post"],
        "claims_supported": ["aud", "exp", "iat", "iss", "sub", "email", "name"],
        "code_challenge_methods_supported": ["S256"],
        "backchannel_logout_supported": False,
        "frontchannel_logout_supported": False,
    }


def sign_in_object(session: Session, identifier: str) -> dict[str, Any]:
    """A sign-in that is complete after its first factor."""
    return {
        "object": "sign_in_attempt",
        "id": clerk_id("sia"),
        "status": "complete",
        "identifier": identifier,
        "supported_identifiers": ["email_address"],
        "created_session_id": session.id,
    }


def client_object(session: Session, user: User, token: str, now: float) -> dict[str, Any]:
    """The client with its one session."""
    return {
        "object": "client",
        "id": clerk_id("client", session.id),
        "sessions": [session_object(session, user, token, now)],
        "last_active_session_id": session.id,
        "created_at": int(session.first_factor_at * 1000),
        "updated_at": int(now * 1000),
    }


def session_object(session: Session, user: User, token: str, now: float) -> dict[str, Any]:
    """A session with its last token. Times in milliseconds."""
    return {
        "object": "session",
        "id": session.id,
        "status": session.status,
        "expire_at": int((session.first_factor_at + SESSION_LIFE) * 1000),
        "last_active_at": int(now * 1000),
        "last_active_organization_id": session.organization_id,
        "actor": session.actor,
        "user": {
            "object": "user",
            "id": user.id,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "username": user.username,
            "external_id": user.external_id,
            "public_metadata": user.metadata,
            "unsafe_metadata": user.unsafe_metadata,
            "email_addresses": [{"object": "email_address", "email_address": user.email}],
        },
        "last_active_token": token_object(token),
        "created_at": int(session.first_factor_at * 1000),
        "updated_at": int(now * 1000),
    }


def token_object(token: str) -> dict[str, Any]:
    """What the token endpoints answer."""
    return {"object": "token", "jwt": token}


def template_object(template: JwtTemplate) -> dict[str, Any]:
    """A JWT template without its signing key. Times in milliseconds."""
    return {
        "object": "jwt_template",
        "id": template.id,
        "name": template.name,
        "claims": template.claims,
        "lifetime": template.lifetime,
        "allowed_clock_skew": template.allowed_clock_skew,
        "custom_signing_key": template.custom_signing_key,
        "signing_algorithm": template.signing_algorithm or "RS256",
        "created_at": template.created_at,
        "updated_at": template.updated_at,
    }


def error_object(error: ClerkError) -> dict[str, Any]:
    """An error body: a list of errors and a trace id."""
    return {
        "errors": [
            {
                "message": error.message,
                "long_message": error.message,
                "code": error.code,
                "meta": {"param_name": error.parameter} if error.parameter else {},
            }
        ],
        "clerk_trace_id": clerk_id("trace").removeprefix("trace_"),
    }
