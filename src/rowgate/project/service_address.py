"""Where clients reach the REST service, as the OpenAPI document tells them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rowgate.errors import ConfigurationError
from rowgate.project.addresses import without_credentials
from rowgate.project.document import shown
from rowgate.project.settings import ApiSettings

# RFC 3986: an absolute URI of http or https without user, query and fragment, as PostgREST accepts it.
_PROXY_URI = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9a-f]{2})+)(?::(?P<port>\d{1,10}))?"
    r"(?P<path>(?:/(?:[\w.~!$&'()*+,;=:@-]|%[0-9a-f]{2})*)*)",
    re.ASCII | re.IGNORECASE,
)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """A scheme (`http` or `https`), a host, a port and a path that begins with `/`."""

    scheme: str
    host: str
    port: int
    path: str


def proxy_address(uri: str) -> ServiceAddress | None:
    """The address in `openapi_server_proxy_uri`; None where it is none."""
    parts = _PROXY_URI.fullmatch(uri)
    if parts is None:
        return None
    scheme = parts["scheme"].lower()
    port = _PORTS[scheme] if parts["port"] is None else int(parts["port"])
    return ServiceAddress(scheme, parts["host"], port, parts["path"] or "/") if 0 < port < 65536 else None


def check_proxy_uri(uri: str | None) -> None:
    """Raise ConfigurationError for a URI that the document cannot name as its server's."""
    if uri is not None and proxy_address(uri) is None:
        raise ConfigurationError(
            f"rest.openapi_server_proxy_uri is {shown(without_credentials(uri))}; expected an absolute http or https "
            "URI without a user, a query and a fragment.",
            "A correct example: https://example.com:8443/basePath",
        )


def service_address(proxy_uri: str | None, api: ApiSettings, prefix: str) -> ServiceAddress:
    """Where clients find the service of a prefix: behind the proxy, below `api.external_url`, or where we listen."""
    if proxy_uri is not None and (behind := proxy_address(proxy_uri)) is not None:
        return behind
    if api.external_url is not None and (outside := proxy_address(api.external_url.rstrip("/") + prefix)) is not None:
        return outside
    host = f"[{api.host}]" if ":" in api.host else api.host
    return ServiceAddress("http", host, api.port, prefix or "/")
