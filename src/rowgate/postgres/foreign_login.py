"""Serving through somebody else's login as it is, as PostgREST does through its authenticator."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg.rows import TupleRow

from rowgate.postgres.login_names import SERVICE_ROLE
from rowgate.postgres.quoting import identifier
from rowgate.postgres.roles import read_roles
from rowgate.postgres.serving import Serving


async def serve_through(
    connection: psycopg.AsyncConnection[TupleRow],
    login: str,
    url: str,
    *,
    superuser: bool,
    schemas: Sequence[str],
    listen_url: str | None,
    privileged_tokens: bool,
    expected: Sequence[str],
) -> Serving:
    """How to serve through `login`, the one `url` and `connection` log in as. Changes nothing.

    `schemas` are the exposed ones; `privileged_tokens` says that tokens may take the privileged roles it reaches, and
    `expected` which roles not to reach is warned of. Raises psycopg.Error.
    """
    snapshot = await read_roles(connection, login, login, schemas)
    reachable = {role: why for role, why in snapshot.privileged.items() if role in snapshot.service}
    through = f"Nothing was changed in the database: requests are served through the login {login}"
    left_out = [f"{through}, without login roles and a system schema of Rowgate's own."]
    warnings: list[str] = []
    if superuser:
        warnings.append(f"The login {login} is a superuser: any function called in a request can become anything.")
    elif reachable:
        listed = "; ".join(f"{role} ({why})" for role, why in sorted(reachable.items()))
        warnings.append(f"Any function called in a request can become what the login {login} may: {listed}.")
    missing = [role for role in expected if role not in snapshot.public and role not in snapshot.privileged]
    warnings.extend(
        f"Requests as {role} are refused: it {snapshot.privileged[role]} and could bypass row-level security. "
        "Name a role without such powers in its place, and grant that to the login."
        for role in expected
        if role in snapshot.privileged and not (privileged_tokens and role in reachable)
    )
    if missing:
        warnings.append(
            f"The login {login} cannot serve {', '.join(missing)}. Where they exist and are unprivileged, an "
            f"administrator runs: GRANT {', '.join(missing)} TO {identifier(login)};"
        )
    serves_secret_keys = SERVICE_ROLE in snapshot.service
    grant = f"GRANT {SERVICE_ROLE} TO {identifier(login)};"
    if not serves_secret_keys and SERVICE_ROLE in snapshot.privileged:  # else there is no such role to be granted
        left_out.append(
            f"Secret keys are refused with 403: the login {login} may not become {SERVICE_ROLE}. "
            f"An administrator runs: {grant}"
        )
    return Serving(
        public_conninfo=url,
        service_conninfo=url if serves_secret_keys or privileged_tokens else None,
        listen_conninfo=listen_url or url,
        owner_url=None,
        server_version=connection.info.server_version,
        public_login=login,
        service_login=login if serves_secret_keys or privileged_tokens else None,
        secret_keys_need=None if serves_secret_keys else grant,
        left_out=tuple(left_out),
        warnings=tuple(warnings),
    )
