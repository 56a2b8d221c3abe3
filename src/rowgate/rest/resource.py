"""What a path names: a relation, a function, or the root."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import msgspec

from rowgate.postgrest.errors import RestError
from rowgate.project.settings import RestSettings


class Resource(msgspec.Struct, frozen=True):
    """A relation or, where `call`, a function, by its name; "" is the OpenAPI document."""

    name: str
    call: bool = False


def resource_of(raw_path: bytes, settings: RestSettings) -> Resource:
    """Read a path as it was received, from behind the service's prefix.

    Its segments are told apart before they are decoded (RFC 3986 section 2.2), so `%2F` is a letter of a name. Raises
    RestError PGRST125 for a path of another shape, PGRST126 for the root where nothing stands there.
    """
    match [_name(segment) for segment in raw_path.removeprefix(b"/").split(b"/")]:
        case [""]:
            return _root(settings)
        case [name]:
            return Resource(name)
        case ["rpc", name]:
            return Resource(name, call=True)
    raise RestError(404, "PGRST125", "Invalid path specified in request URL")


def _root(settings: RestSettings) -> Resource:
    """What stands at `/`: the OpenAPI document, or the function of `db_root_spec`, in the request's own schema."""
    if settings.openapi_mode == "disabled":
        raise RestError(404, "PGRST126", "Root endpoint metadata is disabled")
    if settings.db_root_spec is None:
        return Resource("")
    schema, dot, name = settings.db_root_spec.partition(".")
    return Resource(name if dot else schema, call=True)


def _name(segment: bytes) -> str:
    return (segment if segment.find(b"%") < 0 else unquote_to_bytes(segment)).decode("utf-8", "replace")
