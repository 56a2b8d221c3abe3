"""Every role that some credential may name."""

from __future__ import annotations

from rowgate.project.settings import Settings


def named_roles(settings: Settings) -> tuple[str, ...]:
    """The roles of issuers, of the shared secret, of PostgREST's key set, and of nobody, each once and in order."""
    identity, rest = settings.identity, settings.rest
    named = [role for issuer in identity.issuers for role in (*issuer.roles, issuer.default_role)]
    named += [*identity.shared_secret_roles, identity.shared_secret_default_role, rest.db_anon_role, *rest.jwt_roles]
    return tuple(dict.fromkeys(role for role in named if role))
