"""Whether GraphiQL is shown to browsers."""

from __future__ import annotations

from urllib.parse import urlsplit

from rowgate.project.published import is_loopback
from rowgate.project.settings import Settings


def shows_graphiql(settings: Settings) -> bool:
    """As `graphql.graphiql` says; `auto` is for development: a server that only this machine can reach, and that no
    proxy makes known to others."""
    chosen = settings.graphql.graphiql
    if chosen != "auto":
        return chosen == "on"
    address = settings.api.external_url
    known_outside = address is not None and not is_loopback(urlsplit(address).hostname or "")
    return is_loopback(settings.api.host) and not known_outside and settings.rest.server_unix_socket is None
