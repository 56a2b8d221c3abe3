"""How requests reach the database once it has been prepared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from rowgate.errors import ConfigurationError

# Parameters that prove who the owner is; none of them may travel with another login's name.
_OWNERS_PROOFS = ("password", "passfile", "sslcert", "sslkey", "sslpassword", "krbsrvname", "gssdelegation", "service")


@dataclass(frozen=True, slots=True)
class Serving:
    """What `prepare` found or made. Connection strings hold passwords and never show in `repr`.

    `service_conninfo` is None where secret keys cannot be served, and `secret_keys_need` then is the statement with
    which an administrator changes that; `owner_url` is None where nothing may be changed.
    `left_out` says in sentences what the database's owner may not do, with the statement an administrator must run;
    `warnings` what an operator should know before serving.
    """

    public_conninfo: str = field(repr=False)
    service_conninfo: str | None = field(repr=False)
    listen_conninfo: str = field(repr=False)
    owner_url: str | None = field(repr=False)
    server_version: int  # server_version_num, for example 180006
    public_login: str  # the role names, as the server knows them
    service_login: str | None
    secret_keys_need: str | None = None
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def parse_conninfo(url: str, name: str = "DATABASE_URL") -> dict[str, str]:
    """Parse a URL or keyword string as libpq does. Raises ConfigurationError, which quotes nothing of it: libpq's own
    message would hold the password."""
    try:
        return {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.ProgrammingError:
        raise ConfigurationError(
            f"{name} is not a connection URL that libpq understands.",
            "Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with %-codes for special characters in USER and "
            "PASSWORD (`%40` for @).",
        ) from None


def completed(url: str, environ: Mapping[str, str]) -> str:
    """A URL with what libpq would add to it from `PGHOST`, `PGUSER`, `PGPASSWORD` and their kind: the processes that
    connect with it have no such variables. Raises ConfigurationError."""
    given = parse_conninfo(url)
    added: dict[str, str] = {}
    for option in Conninfo.get_defaults():
        name, variable = option.keyword.decode(), option.envvar.decode() if option.envvar is not None else ""
        if name not in given and environ.get(variable):
            added[name] = environ[variable]
    return make_conninfo(url, **added) if added else url


def place_of(url: str) -> str:
    """Where a URL points to, for messages: host, port and database, never user or password."""
    parameters = parse_conninfo(url)
    host = parameters.get("host") or parameters.get("hostaddr") or "the default socket"
    return f"{host}:{parameters.get('port', '5432')}/{parameters.get('dbname', '')}".rstrip("/")


def login_conninfo(
    owner_url: str, owner_name: str, login: str, password: str, socket: tuple[Path, int] | None = None
) -> str:
    """The owner's connection string with another login's name and password.

    `owner_name` is who the server says the owner is: poolers that route by the user name append a suffix to it in the
    URL (`postgres.abcdef`, `postgres@server`), which the login needs as well. `socket` (folder, port) replaces host
    and port by the embedded server's socket.
    """
    parameters: Mapping[str, str] = {
        key: value for key, value in parse_conninfo(owner_url).items() if key not in _OWNERS_PROOFS
    }
    user = parameters.get("user", owner_name)
    suffix = user[len(owner_name) :] if user.startswith(owner_name) else ""
    changed = {**parameters, "user": login + suffix, "password": password}
    if socket is not None:
        changed |= {"host": str(socket[0]), "port": str(socket[1])}
        changed.pop("hostaddr", None)
    return make_conninfo("", **changed)
