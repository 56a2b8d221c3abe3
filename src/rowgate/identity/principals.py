"""Where principals are made: from an examined token, from one of the project's keys, or from nothing at all."""

from __future__ import annotations

import json
from typing import Any

from rowgate.identity.apikeys import ProjectKeys
from rowgate.identity.case import Case
from rowgate.identity.issuer import Issuer
from rowgate.identity.refusals import Refusal, refusal
from rowgate.identity.roles import check_role
from rowgate.identity.verdict import Refused
from rowgate.identity.wording import show
from rowgate.postgres.roles import RoleSnapshot
from rowgate.principal import Principal, TokenClass


def principal_of(case: Case) -> Principal:
    """The principal of a token that has passed every step."""
    assert case.role is not None
    assert case.token_class is not None
    claims = case.token.claims
    return Principal(
        role=case.role,
        claims=_with_role(case.token.payload, claims, case.role) if case.issuer.unbound else case.token.payload,
        token_class=case.token_class,
        issuer=None if case.issuer.own else case.issuer.name,
        subject=_text(claims.get("sub")),
        session_id=_text(claims.get("sid")) or _text(claims.get("session_id")) or _text(claims.get("origin_jti")),
        actor=_actor(claims),
        expires_at=case.expires_at,
        privileged=case.privileged,
    )


def judge_key(presented: bytes, keys: ProjectKeys, own: Issuer, roles: RoleSnapshot) -> Principal | Refusal:
    """The principal of one of the project's keys; or that this is none, or why its role cannot be served."""
    key = keys.match(presented)
    if key is None:
        return refusal(
            "api_key_invalid",
            "The key is none of this project's keys.",
            "`rowgate status` shows the keys of this project.",
            own.name,
        )
    try:
        privileged = check_role(own, key.role, roles)
    except Refused as refused:
        return refused.refusal
    return Principal(role=key.role, claims=key.claims, token_class=TokenClass.API_KEY, privileged=privileged)


def anonymous(role: str | None, roles: RoleSnapshot) -> Principal | Refusal:
    """The principal of a request without any credential."""
    if role is None:
        return refusal(
            "anonymous_disabled",
            "The request carries no credential, and no anonymous role is configured.",
            "Send `apikey` or `Authorization: Bearer <token>`.",
        )
    if role in roles.privileged or role not in roles.public:
        reason = roles.privileged.get(role)
        return refusal(
            "role_privileged" if reason else "role_unknown",
            f"The anonymous role {show(role)} could bypass row-level security: it {reason}."
            if reason
            else f"The anonymous role {show(role)} does not exist, or the login may not take it.",
            "Set db_anon_role to a role without such powers."
            if reason
            else "Create the role, grant it to the login role that serves requests, or set db_anon_role.",
        )
    # What PostgREST puts into request.jwt.claims for a request without a token.
    return Principal(role=role, claims=_role_claims(role), token_class=TokenClass.ANONYMOUS)


def _role_claims(role: str) -> bytes:
    return json.dumps({"role": role}, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _with_role(payload: bytes, claims: dict[str, Any], role: str) -> bytes:
    """The claims with the role that was taken as `role`, which is what PostgREST tells SQL."""
    if claims.get("role") == role:
        return payload
    if "role" in claims:
        return json.dumps({**claims, "role": role}, ensure_ascii=False).encode("utf-8")
    rest = payload.strip()[1:]
    return _role_claims(role)[:-1] + (b"," if claims else b"") + rest


def _actor(claims: dict[str, Any]) -> str | None:
    actor = claims.get("act")
    return _text(actor.get("sub")) if isinstance(actor, dict) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
