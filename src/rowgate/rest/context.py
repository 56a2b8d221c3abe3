"""What all requests of one shape set in their transactions, and where names without a schema are looked for."""

from __future__ import annotations

from rowgate.postgres.catalog.records import Function
from rowgate.postgres.context import RESERVED_SETTINGS
from rowgate.postgres.quoting import identifier
from rowgate.postgres.statement import ISOLATION_SETTING
from rowgate.project.settings import RestSettings


def shape_settings(
    settings: RestSettings, timezone: str | None, function: Function | None
) -> tuple[tuple[str, str], ...]:
    """What all requests of one shape set. `timezone` has been checked against the catalog; `function` is called."""
    applied = [*settings.app_settings]
    if timezone is not None:
        applied.append(("timezone", timezone))
    if function is not None:
        applied += hoisted(function, settings)
    return tuple(applied)


def hoisted(function: Function, settings: RestSettings) -> list[tuple[str, str]]:
    """Settings of a function that must hold before it is called; Postgres applies the others itself, on entry.

    Those that decide who asks are no function's to say, whatever `db_hoisted_tx_settings` lists; its isolation level
    is the transaction's own.
    """
    chosen = frozenset(settings.db_hoisted_tx_settings) - RESERVED_SETTINGS - {ISOLATION_SETTING}
    return [(name, value) for name, value in function.settings if name in chosen]


def search_path(schema: str, settings: RestSettings) -> str:
    """The request's schema, then the extra ones; one that is named twice stands twice, as upstream has it."""
    return ", ".join(identifier(name) for name in (schema, *settings.db_extra_search_path))
