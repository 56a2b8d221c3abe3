"""A request's body as a record: what to execute, and with which variables.

https://graphql.github.io/graphql-over-http/draft/#sec-Request
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from rowgate.graphql.given import Json


class GraphQLRequest(msgspec.Struct, frozen=True):
    """One request. `operation` is the name of the one to run; `variables` are as the client sent them."""

    query: str
    operation: str | None = None
    variables: Mapping[str, Json] = {}
