"""Which roles the logins may take, and which of them could bypass row-level security."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RoleSnapshot:
    """The database's roles at one moment, as far as serving requests is concerned.

    `public` are the roles the public login may SET and that are not privileged; `privileged` maps every privileged
    role to the reason in words ("has BYPASSRLS", "is a member of app_owner, which owns public.todos"); `service` are
    the roles the service login may SET. Role names are compared exactly, as pg_roles spells them.
    """

    public: frozenset[str] = frozenset()
    service: frozenset[str] = frozenset()
    privileged: Mapping[str, str] = field(default_factory=dict)
