"""What a running server takes up of changed settings, and what waits for its next start."""

from __future__ import annotations

from dataclasses import fields, replace

from rowgate.project.settings import Settings

LIVE_SECTIONS = frozenset({"graphql", "identity", "rest"})
# Of `[rowgate.rest]` these wait all the same: they decide where the server listens.
AT_START = frozenset(
    {
        "at_root",
        "db_channel",
        "db_channel_enabled",
        "server_unix_socket",
        "server_unix_socket_mode",
        "admin_server_host",
        "admin_server_port",
    }
)


def taken_up(settings: Settings, running: Settings) -> tuple[Settings, tuple[str, ...]]:
    """What a server that runs with `running` goes on with, equal to it where nothing changes, and the names of what
    waits: a section, or a setting of `[rowgate.rest]` as `rest.<name>`."""
    sections = [part.name for part in fields(Settings) if part.compare and part.name not in LIVE_SECTIONS]
    waiting = [name for name in sections if getattr(settings, name) != getattr(running, name)]
    kept = {name: getattr(running.rest, name) for name in AT_START}
    waiting += sorted(f"rest.{name}" for name, value in kept.items() if getattr(settings.rest, name) != value)
    rest = replace(settings.rest, **kept)
    live = replace(running, identity=settings.identity, graphql=settings.graphql, rest=rest, origins=settings.origins)
    return live, tuple(waiting)
