"""The one guarded outgoing fetch.

A host that the operator wrote may be private. A host that came out of a fetched document or a redirect must be public,
or be the operator's host: otherwise whoever controls a document could make this server read its own network. A name is
resolved once, its addresses are checked, and the connection goes to exactly those addresses, so a DNS server that
changes its answer (rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

SIZE_LIMIT = 1024 * 1024  # bytes; key sets have 1 to 10 KiB, discovery documents 1 to 4 KiB
REDIRECT_LIMIT = 3

_CHUNK = 16 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits
# What Python 3.11 does not know yet or calls public: 6to4 relays (RFC 7526), local NAT64 (RFC 8215), site-local (RFC
# 3879) and documentation addresses (RFC 9637).
_NOT_PUBLIC = tuple(map(ipaddress.ip_network, ("192.88.99.0/24", "64:ff9b:1::/48", "fec0::/10", "3fff::/20")))
_METADATA = ipaddress.ip_address("fd00:ec2::254")  # Amazon's metadata service beside the link-local one

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]


class FetchRefused(Exception):
    """The guard or a limit stopped a fetch, or the network failed; the message says which, and holds no secret."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: its status, its whole body, and the URL it came from after redirects."""

    status: int
    body: bytes
    url: str


class Fetch(Protocol):
    """What `rowgate.identity` needs of the network; tests give their own."""

    async def get(self, url: str, *, operator_host: str | None, timeout: float) -> Fetched:  # noqa: ASYNC109
        """GET a URL within `timeout` seconds. Raises FetchRefused.

        `operator_host` is the host the operator wrote in the configuration; any other must be public.
        """
        ...


async def resolve_by_system(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system's resolver gives them. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Fetcher:
    """The guarded fetch over aiohttp. Proxy variables, cookies and `.netrc` play no part."""

    def __init__(self, resolve: Resolve = resolve_by_system, ssl_context: ssl.SSLContext | None = None) -> None:
        self._resolve = resolve
        self._ssl: ssl.SSLContext | bool = ssl_context or True

    async def get(self, url: str, *, operator_host: str | None, timeout: float) -> Fetched:  # noqa: ASYNC109
        """See `Fetch.get`."""
        try:
            async with asyncio.timeout(timeout):
                return await self._follow(url, operator_host)
        except TimeoutError:
            raise FetchRefused(f"{_named(_parse(url))} did not answer within {timeout:g} s") from None

    async def _follow(self, url: str, operator_host: str | None) -> Fetched:
        target = _parse(url)
        for _ in range(REDIRECT_LIMIT + 1):
            addresses = await self._checked_addresses(target, operator_host)
            status, body, location = await self._once(target, addresses)
            if status not in _REDIRECTS:
                return Fetched(status, body, str(target))
            if location is None:
                raise FetchRefused(f"{_named(target)} redirects ({status}) without saying where")
            target = target.join(_parse(location))
        raise FetchRefused(f"more than {REDIRECT_LIMIT} redirects, the last to {_named(target)}")

    async def _checked_addresses(self, url: URL, operator_host: str | None) -> list[str]:
        host = url.raw_host
        if not host or url.scheme not in ("https", "http"):
            raise FetchRefused(f"{_named(url)} is not an https URL")
        if url.raw_user is not None or url.raw_password is not None:
            raise FetchRefused(f"{_named(url)} carries a user name or password")
        by_operator = operator_host is not None and host == operator_host.lower()
        if url.scheme == "http" and not (by_operator and is_loopback_name(host)):
            raise FetchRefused(f"{_named(url)} is plain http, which is for the operator's own loopback host only")
        found = [host] if _literal(host) is not None else await self._lookup(host, url.port or 443)
        allowed = [address for address in found if _permitted(address, by_operator, is_loopback_name(host))]
        if not allowed:
            origin = "the operator's host" if by_operator else "a host named by a document or a redirect"
            raise FetchRefused(f"{_named(url)} leads to {', '.join(found) or 'no address'}, not allowed for {origin}")
        return allowed

    async def _lookup(self, host: str, port: int) -> list[str]:
        try:
            return await self._resolve(host, port)
        except (OSError, UnicodeError):
            raise FetchRefused(f"the name {host} does not resolve") from None

    async def _once(self, url: URL, addresses: list[str]) -> tuple[int, bytes, str | None]:
        connector = aiohttp.TCPConnector(
            resolver=_Pinned(addresses), ssl=self._ssl, use_dns_cache=False, force_close=True, limit=1
        )
        try:
            async with (
                aiohttp.ClientSession(
                    connector=connector,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    trust_env=False,
                    auto_decompress=False,
                    requote_redirect_url=False,
                ) as session,
                session.get(
                    url,
                    allow_redirects=False,
                    headers={
                        "Accept": "application/json",
                        "Accept-Encoding": "identity",  # a compressed answer could unpack past the size limit
                        "User-Agent": "rowgate",
                    },
                ) as response,
            ):
                encoding = response.headers.get("Content-Encoding", "identity").lower()
                if encoding != "identity":
                    raise FetchRefused(f"{_named(url)} answers in {encoding}, which was not asked for")
                return response.status, await _read(response, url), response.headers.get("Location")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise FetchRefused(f"{_named(url)}: {_reason(error)}") from None


class _Pinned(AbstractResolver):
    """Gives the connector the addresses that were checked, and no others."""

    def __init__(self, addresses: list[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - the interface's
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        return None


async def _read(response: aiohttp.ClientResponse, url: URL) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > SIZE_LIMIT:
            raise FetchRefused(f"{_named(url)} answers with more than {SIZE_LIMIT} bytes")
    return bytes(body)


def is_loopback_name(host: str) -> bool:
    """Whether a host is a literal loopback address or a `localhost` name (RFC 6761 section 6.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    literal = _literal(host)
    return literal is not None and literal.is_loopback


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _permitted(address: str, by_operator: bool, loopback_only: bool) -> bool:
    parsed = _literal(address.partition("%")[0])  # a zone index (fe80::1%eth0) does not change what an address is
    if parsed is None:
        return False
    inner = _embedded(parsed)
    if loopback_only:
        return by_operator and inner.is_loopback
    if by_operator:
        # Link-local holds the clouds' metadata services, which no operator means by an issuer.
        linked = inner.is_link_local or inner == _METADATA
        return not (linked or inner.is_multicast or inner.is_unspecified or inner.is_reserved)
    public = inner.is_global and not inner.is_multicast and not inner.is_reserved
    return public and not any(inner in network for network in _NOT_PUBLIC)


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, 6to4, NAT64), or the address itself."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        return inner or address
    return address


def _parse(url: str) -> URL:
    # One parser for the check and the connection: two that disagree about the host would be a way around the guard.
    try:
        return URL(url)
    except (ValueError, TypeError):
        raise FetchRefused("not a URL") from None


def _named(url: URL) -> str:
    """A URL for a message: without user name, password, query and fragment."""
    if not url.absolute:
        return "the URL"
    port = f":{url.explicit_port}" if url.explicit_port else ""
    return f"{url.scheme}://{url.raw_host}{port}{url.raw_path}"[:200]


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not valid ({error.certificate_error})"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection ({error.os_error.strerror or error.os_error})"
    return type(error).__name__
