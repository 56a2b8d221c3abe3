"""Where the OpenAPI document says that the API is."""

from __future__ import annotations

import pytest

from rowgate.errors import ConfigurationError
from rowgate.project.service_address import ServiceAddress, proxy_address, service_address
from rowgate.project.settings import ApiSettings

from .conftest import Resolve


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("https://example.com:8443/basePath", ServiceAddress("https", "example.com", 8443, "/basePath")),
        ("https://example.com", ServiceAddress("https", "example.com", 443, "/")),
        ("http://example.com/", ServiceAddress("http", "example.com", 80, "/")),
        ("HTTP://Example.com/a/b.json", ServiceAddress("http", "Example.com", 80, "/a/b.json")),
        ("http://[::1]:3000/x%20y", ServiceAddress("http", "[::1]", 3000, "/x%20y")),
    ],
)
def test_a_proxy_uri_gives_scheme_host_port_and_path(uri: str, address: ServiceAddress) -> None:
    assert proxy_address(uri) == address


MALFORMED = [
    "",
    "example.com",
    "//example.com",
    "ftp://example.com",
    "https://",
    "https:///path",
    "https://user@example.com",
    "https://user:secret@example.com",
    "https://example.com?query",
    "https://example.com/#fragment",
    "https://example.com:0",
    "https://example.com:65536",
    "https://example.com:x",
    "https://example.com:",
    "https://example.com/a b",
    "https://exämple.com",
    "https://example.com/%zz",
    "https://example.com\n",
]


@pytest.mark.parametrize("uri", MALFORMED)
def test_what_is_no_proxy_uri(uri: str) -> None:
    assert proxy_address(uri) is None


@pytest.mark.parametrize("uri", [uri for uri in MALFORMED if uri])
def test_a_malformed_proxy_uri_ends_the_start_without_its_password(settings_of: Resolve, uri: str) -> None:
    with pytest.raises(ConfigurationError, match=r"rest\.openapi_server_proxy_uri is ") as caught:
        settings_of("", ROWGATE_REST__OPENAPI_SERVER_PROXY_URI=uri)
    assert caught.value.hint == "A correct example: https://example.com:8443/basePath"
    assert "secret" not in caught.value.message


def test_the_proxy_goes_before_the_external_url_and_that_before_the_listener() -> None:
    api = ApiSettings(host="::1", port=3000, external_url="https://api.example.com/")
    outside = ServiceAddress("https", "api.example.com", 443, "/rest/v1")
    assert service_address("http://proxy/x", api, "/rest/v1") == ServiceAddress("http", "proxy", 80, "/x")
    assert service_address(None, api, "/rest/v1") == outside
    assert service_address("no uri", api, "/rest/v1") == outside
    api = ApiSettings(host="::1", port=3000)
    assert service_address(None, api, "/rest/v1") == ServiceAddress("http", "[::1]", 3000, "/rest/v1")
    assert service_address(None, api, "") == ServiceAddress("http", "[::1]", 3000, "/")
