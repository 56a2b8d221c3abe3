"""Issuers of every provider's shape, whose key sets a test can rotate, withdraw and break.

One loopback HTTP server stands for all of their hosts: an issuer that lives at https://tenant.auth0.com in the world is
configured with that issuer and a `jwks_url` here.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

Claims = dict[str, Any]


@dataclass
class Fault:
    """How the server misbehaves for one issuer: a status, a body of its own, a delay in seconds."""

    status: int = 200
    body: bytes | None = None
    delay: float = 0.0
    location: str | None = None


@dataclass
class SigningKey:
    """A private key and its id; `published` says whether the key set shows it."""

    kid: str
    key: RSAKey | ECKey
    algorithm: str = "RS256"
    published: bool = True

    def public(self) -> dict[str, Any]:
        return {**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": self.algorithm}


@dataclass
class TestIssuer:
    """One issuer: its name in `iss`, its keys, its defaults for claims and header."""

    __test__ = False

    slug: str
    issuer: str
    keys: list[SigningKey]
    claims: Claims = field(default_factory=dict)
    header: Claims = field(default_factory=dict)
    fault: Fault | None = None
    extra_keys: list[dict[str, Any]] = field(default_factory=list)
    discovery: bool = True

    def token(self, *, kid: str | None = None, header: Claims | None = None, lifetime: int = 300, **claims: Any) -> str:
        """A signed token: the provider's claims, then `claims` (a value of ... leaves the claim out)."""
        now = int(time.time())
        payload = {"iss": self.issuer, "iat": now, "exp": now + lifetime, **self.claims, **claims}
        payload = {name: value for name, value in payload.items() if value is not ...}
        key = next(k for k in self.keys if kid is None or k.kid == kid)
        protected = {"alg": key.algorithm, "typ": "JWT", "kid": key.kid, **self.header, **(header or {})}
        protected = {name: value for name, value in protected.items() if value is not ...}
        return sign(protected, json.dumps(payload).encode(), key)

    def add_key(self, kid: str, algorithm: str = "RS256") -> SigningKey:
        """A further key, published at once and used first from now on."""
        key = signing_key(kid, algorithm)
        self.keys.insert(0, key)
        return key

    def key_set(self) -> dict[str, Any]:
        return {"keys": [key.public() for key in self.keys if key.published] + self.extra_keys}


def sign(header: Claims, payload: bytes, key: SigningKey) -> str:
    """Exactly this header and these payload bytes, signed; joserfc would refuse members it does not know (`cat`)."""
    registry = jws.JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
    return jws.serialize_compact(header, payload, key.key, registry=registry)


def signing_key(kid: str, algorithm: str = "RS256") -> SigningKey:
    """A fresh key pair for the algorithm."""
    made = ECKey.generate_key("P-256") if algorithm.startswith("ES") else RSAKey.generate_key(2048)
    return SigningKey(kid, made, algorithm)


def shared_secret_token(secret: str, header: Claims | None = None, **claims: Any) -> str:
    """An HS256 token of the old way, as a Clerk template with the project's JWT secret makes it."""
    now = int(time.time())
    payload = {"iat": now, "exp": now + 60, **claims}
    payload = {name: value for name, value in payload.items() if value is not ...}
    protected = {"alg": "HS256", "typ": "JWT", **(header or {})}
    return jws.serialize_compact(
        protected, json.dumps(payload).encode(), OctKey.import_key(secret), algorithms=["HS256"]
    )


class IssuerFarm:
    """The loopback server behind all issuers. `fetches` counts key-set and discovery requests by issuer slug."""

    def __init__(self) -> None:
        farm = self
        self.issuers: dict[str, TestIssuer] = {}
        self.fetches: Counter[str] = Counter()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                farm.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def add(
        self, slug: str, issuer: str | None = None, *, algorithm: str = "RS256", kid: str | None = None, **kw: Any
    ) -> TestIssuer:
        """Register an issuer; without `issuer` it lives on this server, with discovery."""
        made = TestIssuer(slug, issuer or f"{self.base}/{slug}", [signing_key(kid or f"{slug}-1", algorithm)], **kw)
        self.issuers[slug] = made
        return made

    def jwks_url(self, slug: str) -> str:
        return f"{self.base}/{slug}/jwks"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        slug, _, rest = request.path.lstrip("/").partition("/")
        issuer = self.issuers.get(slug)
        if issuer is None:
            request.send_error(404)
            return
        self.fetches[slug] += 1
        fault = issuer.fault or Fault()
        if fault.delay:
            time.sleep(fault.delay)
        if rest == "jwks":
            body = json.dumps(issuer.key_set()).encode()
        elif rest.endswith(".well-known/openid-configuration") and issuer.discovery:
            body = json.dumps({"issuer": issuer.issuer, "jwks_uri": self.jwks_url(slug)}).encode()
        else:
            request.send_error(404)
            return
        if fault.body is not None:
            body = fault.body
        try:
            request.send_response(fault.status)
            if fault.location:
                request.send_header("Location", fault.location)
            request.send_header("Content-Type", "application/json")
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the fetcher hung up first, as it should on a fault

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
