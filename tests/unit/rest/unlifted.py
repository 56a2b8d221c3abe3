"""A request parsed with its values in it, as the grammar's tests want to see them."""

from __future__ import annotations

from msgspec.structs import replace

from rowgate.http.exchange import RawHeaders
from rowgate.project.settings import RestSettings
from rowgate.rest import request
from rowgate.rest.lifting import lift
from rowgate.rest.query_string import decode_pairs
from rowgate.rest.resource import resource_of
from rowgate.rest.syntax import Range, RestRequest


def parse(method: str, path: str, query: bytes, headers: RawHeaders, settings: RestSettings) -> RestRequest:
    """What `rowgate.rest.request.parse` makes of a request from which nothing but its rows was lifted."""
    resource = resource_of(path.encode(), settings)
    asked = lift(method, resource, query, headers, settings)
    pairs = [pair for pair in decode_pairs(query) if pair[0] not in ("limit", "offset")]
    parsed = request.parse(method, resource, replace(asked, pairs=tuple(pairs)), headers, settings)
    assert isinstance(asked.rows, Range)
    return replace(parsed, range=asked.rows)  # by number, where a plan sees holes
