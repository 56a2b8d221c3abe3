"""SQL as a request runs it: under a role and its claims."""

import json
from typing import Any

import psycopg


class Asking:
    """One transaction in which several people ask, one after another."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def ask(self, claims: dict[str, Any] | None, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement as `authenticated` with these claims, as `anon` with None; rows, or [] without any."""
        with self.connection.transaction():
            self.connection.execute(
                "select set_config('role', %s, true)", ["anon" if claims is None else "authenticated"]
            )
            text = json.dumps(claims if claims is not None else {"role": "anon"})
            self.connection.execute("select set_config('request.jwt.claims', %s, true)", [text])
            cursor = self.connection.execute(statement, values)  # type: ignore[call-overload]
            rows = cursor.fetchall() if cursor.description else []
            self.connection.execute("reset role")
            return rows
