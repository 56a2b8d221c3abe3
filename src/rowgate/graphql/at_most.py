"""`atMost`: a statement that touched more rows than allowed fails in Postgres itself, so that all of it is undone.

Where there are too many rows the statement casts a text to an integer that is none, and Postgres says so, quoting the
text (22P02). The text begins with a mark that this process made by chance and that travels as a parameter: no SQL text,
no view and no answer shows it. So nothing that a trigger or a function raises can be taken for this error, and it needs
neither a function in the database nor a second round trip, as a check between result and COMMIT would.
"""

from __future__ import annotations

import re
import secrets
from enum import StrEnum

from rowgate.graphql.given import Given
from rowgate.graphql.rendering import text
from rowgate.graphql.written import Writer
from rowgate.postgres.errors import DatabaseError

_MARK = secrets.token_hex(16)
_MARKED = re.compile(f"{_MARK} (update|delete) ")
_INVALID_TEXT = "22P02"


class Limited(StrEnum):
    """What `atMost` limits, as the message calls it."""

    UPDATE = "update"
    DELETE = "delete"


def checked_sql(what: Limited, count: str, most: Given, result: str, writer: Writer) -> str:
    """`result`, a text, unless `count` is more than `most`.

    The count is part of the text that is cast: a constant one would be cast, and refused, when the plan is made.
    """
    limit = writer.parameter(most, text)
    mark = writer.parameter(Given(f"{_MARK} {what} "), text)
    return f"case when {count} > {limit}::bigint then ({mark}::text || {count}::text)::integer::text else {result} end"


def excess_message(error: DatabaseError) -> str | None:
    """pg_graphql's words for an error that `checked_sql` raised; None for any other."""
    found = _MARKED.search(error.message) if error.sqlstate == _INVALID_TEXT else None
    return None if found is None else f"{found[1]} impacts too many records"
