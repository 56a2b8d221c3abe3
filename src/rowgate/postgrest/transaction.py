"""What transactions begin with, whatever they run: the pre-request, and their isolation level.

https://docs.postgrest.org/en/v14/references/transactions.html
"""

from __future__ import annotations

from typing import Final

from rowgate.postgres.catalog.records import RoleSettings
from rowgate.postgres.quoting import dotted
from rowgate.postgres.statement import Access, Isolation, Statement
from rowgate.project.settings import RestSettings

NOTHING: Final = Statement("select")  # where a transaction runs only for what it begins with
NO_SETTINGS: Final = RoleSettings()  # of a role that has none


def pre_request(settings: RestSettings) -> dict[Access, Statement] | None:
    """`db_pre_request`: a function called before every statement, in its transaction; None where there is none."""
    if settings.db_pre_request is None:
        return None
    call = f"select {dotted(settings.db_pre_request)}()"
    return {access: Statement(call, (), access) for access in Access}


def isolation(of_role: Isolation | None, declared: Isolation | None = None) -> Isolation | None:
    """The level that a called function declares, or else that its role has. READ COMMITTED is every transaction's."""
    level = declared or of_role
    return None if level is Isolation.READ_COMMITTED else level
