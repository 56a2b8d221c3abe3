"""Errors of Postgres and of the gateway as errors of the dialect: one table from SQLSTATE to HTTP status.

The table is PostgREST 14's: https://docs.postgrest.org/en/v14/references/errors.html#http-status-codes
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from rowgate.identity.refusals import refusal
from rowgate.postgres.database import ServiceUnavailableHere
from rowgate.postgres.errors import DatabaseError, Interrupted, OutcomeUnknown, PoolTimeout, PostgresError, Unavailable
from rowgate.postgrest.errors import RestError
from rowgate.postgrest.refused import refusal_error
from rowgate.postgrest.said import STATUSES, are_headers, raw_headers, said_reason

EXACT: Mapping[str, int] = {
    "23503": 409,  # foreign key violation
    "23505": 409,  # unique violation
    "25006": 405,  # a write in a read-only transaction
    "42P01": 404,  # undefined table
    "42P17": 500,  # infinite recursion, of policies too
    "42883": 404,  # undefined function
    "53400": 500,  # configuration limit exceeded
    "57P01": 503,  # the backend was told to go
    "P0001": 400,  # RAISE without a code of its own
}
CLASSES: Mapping[str, int] = {
    "08": 503,  # connection exception
    "09": 500,  # triggered action exception
    "0L": 403,  # invalid grantor
    "0P": 403,  # invalid role specification
    "25": 500,  # invalid transaction state
    "28": 403,  # invalid authorization specification
    "2D": 500,  # invalid transaction termination
    "38": 500,  # external routine exception
    "39": 500,  # external routine invocation exception
    "3B": 500,  # savepoint exception
    "40": 500,  # transaction rollback
    "53": 503,  # insufficient resources
    "54": 500,  # program limit exceeded
    "55": 500,  # object not in prerequisite state
    "57": 500,  # operator intervention
    "58": 500,  # system error
    "F0": 500,  # configuration file error
    "HV": 500,  # foreign data wrapper error
    "P0": 500,  # PL/pgSQL error
    "XX": 500,  # internal error
}
CHOSEN_STATUS = re.compile(r"PT([2-5]\d\d)")
MESSAGE_HINT = (
    "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'."
)
DETAIL_HINT = "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'."


class _Raised(msgspec.Struct):
    """MESSAGE of a RAISE SQLSTATE 'PGRST'."""

    code: str
    message: str
    details: str | None = None
    hint: str | None = None


class _RaisedAnswer(msgspec.Struct):
    """DETAIL of a RAISE SQLSTATE 'PGRST'."""

    status: int
    headers: dict[str, str]
    status_text: str | None = None


def database_error(error: DatabaseError, *, authenticated: bool) -> RestError:
    """What Postgres refused. `authenticated`: 42501 is a 403 for someone with a token, 401 for someone without."""
    if error.sqlstate == "PGRST":
        return _raised(error)
    status = _status(error, authenticated=authenticated)
    headers = ((b"www-authenticate", b"Bearer"),) if status == 401 else ()
    reason = said_reason(error.message) if CHOSEN_STATUS.fullmatch(error.sqlstate) else b""
    return RestError(status, error.sqlstate, error.message, error.detail, error.hint, headers, reason)


def _status(error: DatabaseError, *, authenticated: bool) -> int:
    state, message = error.sqlstate, error.message
    if state == "42501":
        return 403 if authenticated else 401
    if state == "21000":
        # pg_safeupdate refuses an UPDATE or DELETE without WHERE under this code: the client's mistake
        return 400 if message.endswith("requires a WHERE clause") else 500
    if state == "22023" and message.startswith("role") and message.endswith("does not exist"):
        return 401
    if state == "42883" and message.startswith("function xmlagg("):
        return 406
    if chosen := CHOSEN_STATUS.fullmatch(state):
        return int(chosen[1])
    if state.startswith("PT"):
        return 500
    return EXACT.get(state) or CLASSES.get(state[:2], 400)


def _raised(error: DatabaseError) -> RestError:
    """RAISE SQLSTATE 'PGRST' names the whole answer in JSON."""
    refused = "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error"
    try:
        said = msgspec.json.decode(error.message, type=_Raised)
    except msgspec.MsgspecError:
        wrong = f"Invalid JSON value for MESSAGE: '{error.message}'"
        return RestError(500, "PGRST121", refused, wrong, MESSAGE_HINT)
    if error.detail is None:
        return RestError(500, "PGRST121", refused, "DETAIL is missing in the RAISE statement", DETAIL_HINT)
    try:
        answer = msgspec.json.decode(error.detail, type=_RaisedAnswer)
    except msgspec.MsgspecError:
        answer = None
    if answer is None or answer.status not in STATUSES or not are_headers(answer.headers):
        return RestError(500, "PGRST121", refused, f"Invalid JSON value for DETAIL: '{error.detail}'", DETAIL_HINT)
    headers = tuple(raw_headers(answer.headers))
    reason = said_reason(answer.status_text or "")
    return RestError(answer.status, said.code, said.message, said.details, said.hint, headers, reason)


def postgres_error(error: PostgresError, *, authenticated: bool) -> RestError:
    """Anything `Database.run` raises."""
    if isinstance(error, DatabaseError):
        return database_error(error, authenticated=authenticated)
    if isinstance(error, ServiceUnavailableHere):
        return refusal_error(
            refusal(
                "api_key_unavailable",
                "This database login cannot serve secret keys",
                "Give the server a login role that may SET service_role.",
            )
        )
    if isinstance(error, PoolTimeout):
        return RestError(504, "PGRST003", "Timed out acquiring connection from connection pool.")
    if isinstance(error, OutcomeUnknown):
        # No Retry-After: sending the write again could do it twice.
        return RestError(
            500,
            "outcome_unknown",
            "The connection to the database was lost before it acknowledged the write",
            error.message,
            "The write may or may not have happened: read before writing again.",
        )
    retry = ((b"retry-after", str(error.retry_after).encode()),) if isinstance(error, Unavailable) else ()
    code, what = ("PGRST001", "client") if isinstance(error, Interrupted) else ("PGRST000", "connection")
    message = f"Database {what} error. Retrying the connection."
    return RestError(503, code, message, str(error) or None, None, retry)


def no_catalog() -> RestError:
    """The catalog was never loaded."""
    return RestError(
        503,
        "PGRST002",
        "Could not query the database for the schema cache. Retrying.",
        headers=((b"retry-after", b"1"),),
    )
