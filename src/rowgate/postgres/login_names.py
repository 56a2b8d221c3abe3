"""What the two logins are called, and the mark by which a project knows its own.

Roles belong to the whole cluster, so two projects with databases in one cluster meet in their logins' names. Each
set-up sets the passwords, which would lock the other project out. The mark stands in the role's comment, which any
login may read and a role's maker may write.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rowgate.errors import ConfigurationError
from rowgate.project.settings import Secrets

SERVICE_ROLE = "service_role"
PUBLIC_ROLES = ("anon", "authenticated")
DEFAULT_PREFIX = "rowgate"
# The longest name a role may have is 63 bytes; poolers and pg_hba.conf read plain lower-case names everywhere.
_PREFIX = re.compile(r"[a-z_][a-z0-9_]{0,47}")
_MARK = "Login of a Rowgate project, mark "


@dataclass(frozen=True, slots=True)
class LoginNames:
    """The two login roles of a project."""

    public: str
    service: str

    def __iter__(self) -> Iterator[str]:
        return iter((self.public, self.service))


def login_names(prefix: str = DEFAULT_PREFIX) -> LoginNames:
    """The names for a setting `db.login_prefix`. Raises ConfigurationError for what makes no plain role name."""
    if not _PREFIX.fullmatch(prefix) or prefix.startswith("pg_"):
        raise ConfigurationError(
            f"[rowgate.db] login_prefix = {prefix!r} makes no plain role name.",
            "Use lower-case letters, digits and _, at most 48, not beginning with a digit or pg_.",
        )
    return LoginNames(f"{prefix}_public", f"{prefix}_service")


def mark_of(secrets: Secrets) -> str:
    """The comment on a project's logins. It follows from their passwords: nodes that share those are one project.

    Anyone who may connect can read it, and a password may have been chosen by hand: hence the slow hash, of which 64
    bits are shown.
    """
    passwords = f"{secrets.public_login_password}\0{secrets.service_login_password}".encode()
    digest = hashlib.scrypt(passwords, salt=b"rowgate login mark", n=2**13, r=8, p=1, dklen=8)
    return _MARK + digest.hex()


def is_mark(comment: str | None) -> bool:
    """Whether a role's comment is the mark of some project."""
    return comment is not None and comment.startswith(_MARK)
