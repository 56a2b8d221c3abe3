"""The one outgoing fetch, against a real HTTP server on loopback and a pretended name system."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rowgate.fetch import SIZE_LIMIT, Fetcher, FetchRefused, _permitted

pytestmark = pytest.mark.anyio

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


# The guard's own words: a fetch that fails for another reason (no TLS at that port) proves nothing.
STOPPED = ("not allowed for", "plain http", "not an https URL", "not a URL")


@dataclass
class Server:
    """A loopback server; `seen` holds the headers of every request that reached it."""

    port: int = 0
    seen: list[dict[str, str]] = field(default_factory=list)
    handler: Handler | None = None

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


async def serve(server: Server, context: ssl.SSLContext | None = None) -> web.AppRunner:
    async def answer(request: web.Request) -> web.StreamResponse:
        server.seen.append(dict(request.headers))
        if server.handler is not None:
            return await server.handler(request)
        return web.Response(body=b'{"ok":true}', headers={"Set-Cookie": "a=b"})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    server.port = runner.addresses[0][1]
    return runner


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    here = Server()
    runner = await serve(here)
    yield here
    await runner.cleanup()


def names(**addresses: list[str]) -> Fetcher:
    """A fetcher whose name system knows only these (dots written as two underscores)."""
    table = {name.replace("__", "."): found for name, found in addresses.items()}

    async def resolve(host: str, port: int) -> list[str]:
        if host not in table:
            raise OSError("no such name")
        return table[host]

    return Fetcher(resolve)


async def refused(fetcher: Fetcher, url: str, operator_host: str | None = None, timeout: float = 2) -> str:
    with pytest.raises(FetchRefused) as raised:
        await fetcher.get(url, operator_host=operator_host, timeout=timeout)
    return str(raised.value)


async def test_a_loopback_host_that_the_operator_wrote_is_fetched(server: Server) -> None:
    answer = await Fetcher().get(server.url("/keys"), operator_host="127.0.0.1", timeout=2)
    assert (answer.status, answer.body) == (200, b'{"ok":true}')
    assert (await Fetcher().get(server.url(host="localhost"), operator_host="localhost", timeout=2)).status == 200


async def test_no_cookie_credential_or_compression_is_offered_and_no_proxy_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    fetcher = Fetcher()
    for _ in range(2):
        await fetcher.get(server.url(), operator_host="127.0.0.1", timeout=2)
    assert not {"Cookie", "Authorization"} & set(server.seen[1])
    assert server.seen[1]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "https://127.0.0.1:{port}/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]:{port}/",
        "https://[::ffff:127.0.0.1]:{port}/",
        "https://[64:ff9b::7f00:1]:{port}/",
        "https://10.0.0.1/",
        "https://0.0.0.0:{port}/",
        "https://2130706433:{port}/",
        "https://0x7f000001:{port}/",
        "https://rebound.example:{port}/",
        "https://inside.example:{port}/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "https://",
        "https://[::1",
        "//example.com",
    ],
)
async def test_a_document_or_redirect_leads_nowhere_private(server: Server, url: str) -> None:
    fetcher = names(
        rebound__example=["127.0.0.1"], inside__example=["10.1.2.3", "fd00::1"], localhost=["127.0.0.1"],
        **{"2130706433": ["127.0.0.1"], "0x7f000001": ["127.0.0.1"]},
    )  # fmt: skip
    target = url.replace("{port}", str(server.port))
    words = await refused(fetcher, target, operator_host="issuer.example")
    assert any(stopped in words for stopped in STOPPED), words

    async def redirect(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": target})

    server.handler = redirect
    server.seen.clear()
    operator = "issuer.localhost"
    elsewhere = names(issuer__localhost=["127.0.0.1"], rebound__example=["127.0.0.1"], inside__example=["10.1.2.3"],
        localhost=["127.0.0.1"], **{"2130706433": ["127.0.0.1"], "0x7f000001": ["127.0.0.1"]})  # fmt: skip
    if not target.startswith("//"):  # a scheme-relative redirect would be a public host here
        words = await refused(elsewhere, server.url(host=operator), operator_host=operator)
        assert any(stopped in words for stopped in STOPPED), words
        assert len(server.seen) == 1


async def test_plain_http_is_for_a_loopback_host_that_the_operator_wrote(server: Server) -> None:
    for host in ("issuer.example", "127.0.0.1.example"):
        fetcher = names(issuer__example=["127.0.0.1"], **{"127__0__0__1__example": ["127.0.0.1"]})
        assert "plain http" in await refused(fetcher, server.url(host=host), host)
    assert "plain http" in await refused(Fetcher(), server.url(), "issuer.example")
    assert server.seen == []


async def test_the_same_host_may_redirect_to_itself_three_times(server: Server) -> None:
    hops = 3

    async def handler(request: web.Request) -> web.StreamResponse:
        step = int(request.path.strip("/") or 0)
        return (
            web.Response(status=307, headers={"Location": f"/{step + 1}"}) if step < hops else web.Response(body=b"x")
        )

    server.handler = handler
    assert (await Fetcher().get(server.url("/0"), operator_host="127.0.0.1", timeout=2)).body == b"x"
    hops = 4
    assert "redirects" in await refused(Fetcher(), server.url("/0"), "127.0.0.1")


async def test_a_name_that_changes_its_answer_gains_nothing(server: Server) -> None:
    # Given a name that is public when it is checked and private ever after
    answers = iter([["93.184.216.34"]])
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers, ["127.0.0.1"])

    # When a document leads to it, then the connection goes to the checked address, and the name is asked once
    await refused(Fetcher(resolve), server.url(host="rebind.example", scheme="https"), "issuer.example", timeout=0.2)
    assert asked == ["rebind.example"]
    assert server.seen == []


async def test_the_connection_goes_to_the_checked_address_and_asks_no_other_name_system(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def system(host: object, *_: object, **__: object) -> object:
        asked.append(host)
        raise OSError("the system was asked")

    fetcher = names(issuer__localhost=["127.0.0.1"])
    monkeypatch.setattr(socket, "getaddrinfo", system)
    answer = await fetcher.get(server.url(host="issuer.localhost"), operator_host="issuer.localhost", timeout=2)
    assert answer.status == 200
    assert asked == []


async def test_an_operators_host_may_be_private_but_never_the_metadata_service() -> None:
    assert "not allowed" in await refused(
        names(meta__example=["169.254.169.254"]), "https://meta.example/", "meta.example"
    )
    for address in (
        "169.254.169.254",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "224.0.0.1",
        "0.0.0.0",
        "::",
        "::ffff:169.254.169.254",
    ):
        assert not _permitted(address, by_operator=True, loopback_only=False)
    for address in ("10.0.0.1", "192.168.1.1", "fd00::1", "127.0.0.1", "93.184.216.34"):
        assert _permitted(address, by_operator=True, loopback_only=False)
    for address in (
        "10.0.0.1",
        "100.64.0.1",
        "192.0.0.1",
        "192.88.99.1",
        "198.18.0.1",
        "fd00::1",
        "fec0::1",
        "::1",
        "::127.0.0.1",
        "2001:0:7f00:1::",
        "2002:7f00:1::",
        "3fff::1",
        "64:ff9b:1::7f00:1",
        "not one",
    ):
        assert not _permitted(address, by_operator=False, loopback_only=False)
    assert _permitted("93.184.216.34", by_operator=False, loopback_only=False)


async def test_a_localhost_name_that_resolves_elsewhere_is_refused() -> None:
    assert "not allowed" in await refused(names(localhost=["93.184.216.34"]), "http://localhost/", "localhost")


async def test_credentials_in_a_url_are_refused_and_not_repeated(server: Server) -> None:
    words = await refused(Fetcher(), f"http://user:hunter2@127.0.0.1:{server.port}/?key=hunter2", "127.0.0.1")
    assert "hunter2" not in words
    assert server.seen == []


async def test_answers_are_limited_in_size_and_time(server: Server) -> None:
    async def big(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x" * (SIZE_LIMIT + 1))

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
                await asyncio.sleep(0)
        except (ConnectionError, asyncio.CancelledError):
            return response

    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        return web.Response()

    async def zipped(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x", headers={"Content-Encoding": "gzip"})

    for handler, words in ((big, "more than"), (endless, "more than"), (zipped, "gzip")):
        server.handler = handler
        assert words in await refused(Fetcher(), server.url(), "127.0.0.1")
    server.handler = slow
    assert "did not answer" in await refused(Fetcher(), server.url(), "127.0.0.1", timeout=0.1)


async def test_a_closed_port_and_an_unknown_name_are_said_in_words(server: Server) -> None:
    assert "no connection" in await refused(Fetcher(), "http://127.0.0.1:9/", "127.0.0.1")
    assert "does not resolve" in await refused(names(), "https://nowhere.example/", "nowhere.example")


async def test_an_expired_certificate_is_refused_and_a_good_one_is_not(tmp_path: Path) -> None:
    for days, good in ((-1, False), (1, True)):
        certificate, context = certificate_for("issuer.localhost", days, tmp_path)
        here = Server()
        runner = await serve(here, context)
        trusting = Fetcher(resolve_loopback, ssl.create_default_context(cadata=certificate))
        url = here.url(host="issuer.localhost", scheme="https")
        try:
            if good:
                assert (await trusting.get(url, operator_host="issuer.localhost", timeout=2)).status == 200
                assert "certificate" in await refused(Fetcher(resolve_loopback), url, "issuer.localhost")
            else:
                assert "certificate" in await refused(trusting, url, "issuer.localhost")
        finally:
            await runner.cleanup()


async def resolve_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def certificate_for(host: str, days: int, folder: Path) -> tuple[str, ssl.SSLContext]:
    """A self-signed certificate that ends `days` from now, and a server context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    end = datetime.now(UTC) + timedelta(days=days)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=30))
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    file = folder / f"{days}.pem"
    file.write_bytes(
        pem
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return pem.decode(), context
