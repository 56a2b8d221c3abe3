"""Postgres' spellings of bytea, back to bytes.

https://www.postgresql.org/docs/current/datatype-binary.html
"""

from __future__ import annotations

from psycopg.pq import Escaping


def unescaped(spelled: bytes) -> bytes:
    """The bytes of a bytea's text: in hex, or as escapes where a role has `bytea_output` set to that."""
    return bytes(Escaping().unescape_bytea(spelled))
