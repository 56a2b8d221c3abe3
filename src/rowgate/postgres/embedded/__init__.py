"""The embedded PostgreSQL: found, initialised, started and stopped with the process that owns it."""

from rowgate.postgres.embedded.server import EmbeddedServer

__all__ = ["EmbeddedServer"]
