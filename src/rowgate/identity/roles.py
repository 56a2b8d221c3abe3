"""Which Postgres role a token takes: the issuer's rule first, then the database's own word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rowgate.identity.advice import refuse_for
from rowgate.identity.apikeys import SERVICE_ROLE
from rowgate.identity.issuer import Issuer
from rowgate.identity.wording import listed, show
from rowgate.postgres.roles import RoleSnapshot


def choose_role(issuer: Issuer, claims: Mapping[str, Any]) -> str:
    """The role by the issuer's rule. Raises Refused with role_missing or role_not_allowed.

    An absent or null claim takes `default_role`; a present one is never replaced by it.
    """
    claimed = issuer.role_claim.find(claims)
    if claimed is None:
        if issuer.default_role is None:
            if issuer.unbound:
                raise refuse_for(issuer, "anonymous_disabled", "Anonymous access is disabled")
            raise refuse_for(
                issuer, "role_missing", f"The claim {issuer.role_claim.text} is absent or null, so there is no role."
            )
        return issuer.default_role
    if not isinstance(claimed, str):
        raise refuse_for(
            issuer,
            "role_not_allowed",
            f"The claim {issuer.role_claim.text} is {show(claimed)}, not one role.",
            f'Point role_claim at one value, for example role_claim = "{issuer.role_claim.text}[0]".'
            if isinstance(claimed, list)
            else None,
        )
    if issuer.roles is not None and claimed not in issuer.roles:
        raise refuse_for(
            issuer,
            "role_not_allowed",
            f"The role {show(claimed)} is not one that tokens of this issuer may take ({listed(issuer.roles)}).",
        )
    return claimed


def check_role(issuer: Issuer, role: str, snapshot: RoleSnapshot) -> bool:
    """Ask the database's snapshot about a role; returns whether it is served by the service login.

    Only the project's own keys may take a privileged role, and where allow_privileged_roles says so the tokens of the
    key set without an issuer. Raises Refused with role_privileged, role_unknown or api_key_unavailable.
    """
    if role in snapshot.public and role not in snapshot.privileged:
        return False
    if issuer.may_be_privileged and role in snapshot.service:
        return True
    reason = snapshot.privileged.get(role)
    if reason is None and role in snapshot.service:
        reason = "is served by the service login only"
    needed = snapshot.secret_keys_need if role == SERVICE_ROLE else None
    if issuer.own and (reason is not None or needed is not None):
        raise refuse_for(
            issuer,
            "api_key_unavailable",
            f"The role {show(role)}{f' ({reason})' if reason else ''} cannot be served by this database login.",
            f"An administrator of the database runs: {needed}"
            if needed is not None
            else "An administrator grants it to the login that serves secret keys.",
        )
    if reason is not None:
        raise refuse_for(
            issuer, "role_privileged", f"The role {show(role)} could bypass row-level security: it {reason}."
        )
    if not snapshot.public:
        raise refuse_for(
            issuer,
            "role_unknown",
            f"The role {show(role)} cannot be confirmed: no role of the database is known yet.",
            "The database has not been reached, or its login may take no role; `rowgate status` says which.",
        )
    problem = f"The role {show(role)} does not exist, or the login may not take it."
    raise refuse_for(issuer, "role_unknown", problem, subject=role)
