"""Where the identity tests get their keys, tokens, issuers and clocks: real signatures, a pretended network."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from rowgate.fetch import Fetched, FetchRefused
from rowgate.identity.keysets import Clock
from rowgate.identity.refusals import Refusal
from rowgate.identity.verifier import Verifier
from rowgate.postgres.roles import RoleSnapshot
from rowgate.principal import Principal
from rowgate.project.settings import IdentitySettings, IssuerSettings, RestSettings, Secrets

NOW = 1_900_000_000.0
SECRET = "test-secret-with-enough-characters-for-hmac-sha256"

CLERK = "https://example.clerk.accounts.dev"
WORKOS = "https://api.workos.com/user_management/client_01"
AUTH0 = "https://tenant.eu.auth0.com"
FIREBASE = "https://securetoken.google.com/shop"
COGNITO = "https://cognito-idp.eu-west-1.amazonaws.com/pool_1"
OIDC = "https://login.example.com/realms/main"

ROLES = RoleSnapshot(
    public=frozenset({"anon", "authenticated", "editor", "member"}),
    service=frozenset({"service_role"}),
    privileged={"service_role": "has BYPASSRLS", "app_owner": "owns public.todos", "postgres": "is a superuser"},
)


@cache
def signing_key(kind: str = "RSA", which: int = 0) -> Key:
    """A private key of a kind; the same for the same arguments."""
    del which
    if kind == "RSA":
        return RSAKey.generate_key(2048)
    return ECKey.generate_key("P-256") if kind == "EC" else OKPKey.generate_key("Ed25519")


def public_jwk(key: Key, kid: str | None = "k1", **members: Any) -> dict[str, Any]:
    document = dict(key.as_dict(private=False))
    document.pop("kid", None)
    return document | ({"kid": kid} if kid is not None else {}) | members


def jwks(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


def b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def sign(payload: bytes, header: dict[str, Any] | bytes, key: Key) -> bytes:
    """A compact JWS over exactly these payload bytes."""
    head = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    algorithm = json.loads(head)["alg"]
    signing_input = b64(head) + b"." + b64(payload)
    return signing_input + b"." + b64(jws.JWSRegistry.algorithms[algorithm].sign(signing_input, key))


def mint(
    claims: dict[str, Any],
    key: Key | None = None,
    *,
    alg: str = "RS256",
    kid: str | None = "k1",
    defaults: bool = True,
    **header: Any,
) -> bytes:
    """A token whose exp, iat and nbf fit NOW unless `claims` say otherwise; a claim of `...` is left out."""
    full = ({"exp": int(NOW) + 60, "iat": int(NOW), "nbf": int(NOW) - 5} if defaults else {}) | claims
    full = {name: value for name, value in full.items() if value is not ...}
    head = {"alg": alg, "typ": "JWT"} | ({"kid": kid} if kid is not None else {}) | header
    return sign(json.dumps(full).encode(), {k: v for k, v in head.items() if v is not ...}, key or signing_key())


def mint_hs(claims: dict[str, Any], secret: str = SECRET, **kwargs: Any) -> bytes:
    return mint(claims, OctKey.import_key(secret.encode()), alg="HS256", kid=None, **kwargs)


SECRETS = Secrets(
    jwt_secret=SECRET,
    anon_key=mint_hs({"iss": "rowgate", "role": "anon", "exp": int(NOW) + 10**8}).decode(),
    service_role_key=mint_hs({"iss": "rowgate", "role": "service_role", "exp": int(NOW) + 10**8}).decode(),
    publishable_key="sb_publishable_0123456789012345678901_abcdefgh",
    secret_key="sb_secret_0123456789012345678901_abcdefgh",
    database_password="-",
    public_login_password="-",
    service_login_password="-",
)


@dataclass
class FakeClock:
    """Time that stands still until told otherwise."""

    now: float = NOW
    steady: float = 1000.0

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.steady += seconds

    def clock(self) -> Clock:
        return Clock(wall=lambda: self.now, steady=lambda: self.steady)


@dataclass
class Network:
    """Answers by URL: bytes (200), a status, an exception, or a callable giving one of these. Counts every call."""

    answers: dict[str, Any] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    delay: float = 0.0

    async def get(self, url: str, *, operator_host: str | None, timeout: float) -> Fetched:
        self.calls[url] += 1
        await asyncio.sleep(self.delay)
        answer = self.answers.get(url, 404)
        if callable(answer):
            answer = answer()
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            return Fetched(answer, b"no", url)
        return Fetched(200, answer, url)

    def publish(self, issuer: str, *keys: dict[str, Any], jwks_uri: str | None = None) -> None:
        """Serve a discovery document of WorkOS's five members, and a key set elsewhere."""
        uri = jwks_uri or issuer + "/keys"
        self.answers[issuer + "/.well-known/openid-configuration"] = json.dumps(
            {
                "issuer": issuer,
                "authorization_endpoint": issuer + "/authorize",
                "token_endpoint": issuer + "/token",
                "response_types_supported": ["code"],
                "jwks_uri": uri,
            }
        ).encode()
        self.answers[uri] = jwks(*keys)

    def down(self) -> None:
        for url in list(self.answers):
            self.answers[url] = FetchRefused("no connection")


@dataclass
class Door:
    """A verifier with its clock, network and roles at hand."""

    verifier: Verifier
    clock: FakeClock
    network: Network
    roles: list[RoleSnapshot]

    async def judge(self, token: bytes | None, apikey: bytes | None = None) -> Principal | Refusal:
        return await self.verifier.verify(b"Bearer " + token if token is not None else None, apikey)

    async def code(self, token: bytes | None, apikey: bytes | None = None) -> str:
        """The refusal's code, or `accepted`."""
        verdict = await self.judge(token, apikey)
        return verdict.code if isinstance(verdict, Refusal) else "accepted"


def clerk(**settings: Any) -> IssuerSettings:
    return IssuerSettings(name="clerk", provider="clerk", **({"domain": "example.clerk.accounts.dev"} | settings))


def workos(**settings: Any) -> IssuerSettings:
    return IssuerSettings(name="workos", provider="workos", **({"issuer": WORKOS} | settings))


def oidc(**settings: Any) -> IssuerSettings:
    return IssuerSettings(name="oidc", provider="oidc", **({"issuer": OIDC, "audiences": ("api",)} | settings))


def pasted(*keys: dict[str, Any], **settings: Any) -> IssuerSettings:
    """An issuer whose keys stand in the configuration; the fewest moving parts."""
    return IssuerSettings(
        name="pasted",
        provider="jwks",
        **(
            {
                "issuer": OIDC,
                "audiences": ("*",),
                "jwks": jwks(*(keys or (public_jwk(signing_key()),))).decode(),
            }
            | settings
        ),
    )


def door(
    *issuers: IssuerSettings,
    network: Network | None = None,
    clock: FakeClock | None = None,
    cache_folder: Path | None = None,
    killed: Callable[[Principal], Refusal | None] | None = None,
    anonymous_role: str | None = "anon",
    ask_roles: Callable[[], RoleSnapshot] | None = None,
    rest: RestSettings | None = None,
    **identity: Any,
) -> Door:
    """A verifier for these issuers; every one of them publishes signing_key() as k1 unless `network` is given."""
    if network is None:
        network = Network()
        for issuer in (CLERK, WORKOS, AUTH0, FIREBASE, COGNITO, OIDC):
            network.publish(issuer, public_jwk(signing_key()))
    clock = clock or FakeClock()
    roles = [ROLES]
    verifier = Verifier(
        IdentitySettings(issuers=issuers, **identity),
        SECRETS,
        anonymous_role=anonymous_role,
        cache_folder=cache_folder,
        roles=ask_roles or (lambda: roles[0]),
        rest=rest,
        fetch=network,
        clock=clock.clock(),
        killed=killed,
    )
    return Door(verifier, clock, network, roles)
