"""A request's line, headers and query string as one record; its body joins once it has been read.

https://docs.postgrest.org/en/v14/references/api.html
"""

from __future__ import annotations

from msgspec.structs import replace

from rowgate.http.media_types import parse_accept, parse_content_type
from rowgate.postgrest.errors import RestError
from rowgate.project.settings import RestSettings
from rowgate.rest.bulk_body import Steps
from rowgate.rest.lifting import READING, Asked
from rowgate.rest.payload import parse_payload, steps_of
from rowgate.rest.preferences import parse_preferences
from rowgate.rest.query_string import parse_query
from rowgate.rest.resource import Resource
from rowgate.rest.syntax import Action, Payload, Preferences, RestRequest

_RELATION_ACTIONS = {
    "GET": Action.READ,
    "HEAD": Action.READ,
    "POST": Action.CREATE,
    "PUT": Action.PUT,
    "PATCH": Action.UPDATE,
    "DELETE": Action.DELETE,
    "OPTIONS": Action.OPTIONS,
}
_CALL_ACTIONS = {"GET": Action.CALL, "HEAD": Action.CALL, "POST": Action.CALL, "OPTIONS": Action.OPTIONS}
_ROOT_ACTIONS = {"GET": Action.DESCRIBE, "HEAD": Action.DESCRIBE, "OPTIONS": Action.OPTIONS}
_WITH_BODY = frozenset({Action.CREATE, Action.PUT, Action.UPDATE})
_CONTENT_PROFILE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def parse(
    method: str, resource: Resource, asked: Asked, headers: list[tuple[bytes, bytes]], settings: RestSettings
) -> RestRequest:
    """Parse everything of a request but its body; `asked` is its query string.

    Header names are in lower case. Raises RestError, in upstream's order of checks: schema (PGRST106), method (101,
    117), query string (100), range (103, 114).
    """
    heard: dict[bytes, bytes] = {}
    prefer: list[bytes] = []
    for name, value in headers:
        if name == b"prefer":
            prefer.append(value)
        elif name not in heard:
            heard[name] = value
    target, call = resource.name, resource.call
    schema, named = _schema(method, heard, settings)
    action = _action(method, target, call)
    parsed = parse_query(asked.pairs, reading_call=call and method in READING)
    if isinstance(asked.rows, RestError):
        raise asked.rows
    window = asked.window
    assert window is not None
    return RestRequest(
        action,
        method,
        schema,
        target,
        parsed,
        _preferences(prefer, settings),
        window,
        parse_accept(heard.get(b"accept")),
        parse_content_type(heard.get(b"content-type")),
        None,
        method == "HEAD",
        named,
        call,
    )


def with_payload(request: RestRequest, body: bytes | Payload) -> RestRequest:
    """The request with its body, or unchanged where the method takes none. Raises RestError PGRST102, 22021."""
    if not _takes_body(request):
        return request
    if isinstance(body, bytes):
        call = request.action is Action.CALL
        body = parse_payload(body, request.content_type, call=call, columns=_named_columns(request))
    return replace(request, payload=body)


def payload_steps(request: RestRequest, body: bytes) -> Steps | None:
    """The reading of a request's body in steps; None where there is nothing to read for long."""
    return steps_of(body, request.content_type, _named_columns(request)) if _takes_body(request) else None


def _takes_body(request: RestRequest) -> bool:
    return request.action in _WITH_BODY or (request.action is Action.CALL and request.method == "POST")


def _named_columns(request: RestRequest) -> tuple[str, ...] | None:
    """PUT takes all of its columns from the body, whatever `columns` says."""
    return None if request.action is Action.PUT else request.query.columns


def _schema(method: str, heard: dict[bytes, bytes], settings: RestSettings) -> tuple[str, bool]:
    """The schema, and whether it was negotiated: by a header, or because there are several to choose from."""
    header = b"content-profile" if method in _CONTENT_PROFILE_METHODS else b"accept-profile"
    profile = heard.get(header)
    if profile is None:
        return settings.db_schemas[0], len(settings.db_schemas) > 1
    name = profile.decode("utf-8", "replace")
    if name not in settings.db_schemas:
        exposed = ", ".join(settings.db_schemas)
        hint = f"Only the following schemas are exposed: {exposed}"
        raise RestError(406, "PGRST106", f"Invalid schema: {name}", hint=hint)
    return name, True


def _action(method: str, target: str, call: bool) -> Action:
    if call:
        if action := _CALL_ACTIONS.get(method):
            return action
        raise RestError(405, "PGRST101", f"Cannot use the {method} method on RPC")
    if action := (_RELATION_ACTIONS if target else _ROOT_ACTIONS).get(method):
        return action
    raise RestError(405, "PGRST117", f"Unsupported HTTP method: {method}")


def _preferences(prefer: list[bytes], settings: RestSettings) -> Preferences:
    return parse_preferences(prefer, transaction_override=settings.db_tx_end.endswith("-allow-override"))
