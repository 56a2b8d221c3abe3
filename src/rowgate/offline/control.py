"""The control endpoints under `/__offline__`: keys, clock, faults, arbitrary tokens, who can sign in."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec
from joserfc.errors import JoseError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rowgate.offline import minting
from rowgate.offline.bodies import BadBody, read_record
from rowgate.offline.clock import Clock
from rowgate.offline.directory import Directory, people
from rowgate.offline.faults import CONTROL_PREFIX, Fault, FaultPlan
from rowgate.offline.keys import KeyRing, KeyState, add_standby, new_key, rotate, save_ring, withdraw

MINT_LIFETIME = 60  # seconds


class Controlled(Protocol):
    """What an issuer must have to be controlled."""

    @property
    def issuer(self) -> str: ...
    @property
    def directory(self) -> Directory: ...

    ring: KeyRing
    clock: Clock


class Withdrawal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`kid`: a kid, or `previously_used` / `standby` for the newest key in that state."""

    kid: str = KeyState.PREVIOUS.value


class ClockSetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds the issuer's clock runs ahead (negative: behind)."""

    offset: float


class MintOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token to be signed exactly as asked.

    `claims` go over iss, sub, iat and exp, and `header` over alg, kid and typ; a null removes the member. `payload`
    (text) or `payload_base64` replaces the claims altogether. `key` is a kid or a state (`in_use`, `withdrawn`);
    `secret` signs with HS256 instead. `alg` `none` leaves the signature empty.
    """

    claims: dict[str, Any] = {}
    header: dict[str, Any] = {}
    payload: str | None = None
    payload_base64: str | None = None
    key: str = KeyState.IN_USE.value
    secret: str | None = None
    lifetime: int = MINT_LIFETIME

    def __repr__(self) -> str:  # the secret stays out of tracebacks
        return f"MintOrder(claims={self.claims!r})"


class Control:
    """The endpoints both providers share."""

    def __init__(
        self, controlled: Controlled, plan: FaultPlan, make_kid: Callable[[], str], key_file: Path | None = None
    ) -> None:
        self.controlled = controlled
        self.plan = plan
        self.make_kid = make_kid
        self.key_file = key_file

    def routes(self) -> list[Route]:
        """Starlette routes, to be put beside the provider's own."""
        table: list[tuple[str, str, Callable[[Request], Any]]] = [
            ("GET", "", self.status),
            ("GET", "/people", self.people),
            ("POST", "/standby", self.standby),
            ("POST", "/rotate", self.rotate),
            ("POST", "/withdraw", self.withdraw),
            ("POST", "/clock", self.set_clock),
            ("POST", "/faults", self.set_fault),
            ("DELETE", "/faults", self.clear_fault),
            ("POST", "/mint", self.mint),
        ]
        return [Route(CONTROL_PREFIX + path, endpoint, methods=[method]) for method, path, endpoint in table]

    async def status(self, _request: Request) -> Response:
        """Issuer, keys, clock, the fault in force, and the requests counted so far."""
        fault = self.plan.fault
        return JSONResponse(
            {
                "issuer": self.controlled.issuer,
                "keys": [{"kid": key.kid, "state": key.state.value} for key in self.controlled.ring.keys],
                "clock_offset": self.controlled.clock.offset,
                "fault": msgspec.to_builtins(fault) if fault else None,
                "requests": dict(self.plan.requests),
            }
        )

    async def people(self, _request: Request) -> Response:
        """Who can sign in."""
        return JSONResponse({"people": people(self.controlled.directory)})

    async def standby(self, _request: Request) -> Response:
        """Publish a key to be used next."""
        key = await run_in_threadpool(new_key, self.make_kid())
        await self._keep(add_standby(self.controlled.ring, key))
        return self._keys()

    async def rotate(self, _request: Request) -> Response:
        """Put the standby key in use; without one, a fresh key that nobody has seen yet."""
        ring = self.controlled.ring
        if not any(key.state is KeyState.STANDBY for key in ring.keys):
            ring = add_standby(ring, await run_in_threadpool(new_key, self.make_kid()))
        await self._keep(rotate(ring))
        return self._keys()

    async def withdraw(self, request: Request) -> Response:
        """Take a key out of the published set."""
        order = await read_record(request, Withdrawal)
        await self._keep(withdraw(self.controlled.ring, order.kid))
        return self._keys()

    async def set_clock(self, request: Request) -> Response:
        """Move the issuer's clock."""
        self.controlled.clock.offset = (await read_record(request, ClockSetting)).offset
        return JSONResponse({"clock_offset": self.controlled.clock.offset})

    async def set_fault(self, request: Request) -> Response:
        """Put a fault in force."""
        fault = await read_record(request, Fault)
        if fault.kind == "redirect" and not fault.location:
            raise BadBody("A redirect needs a `location`.")
        if not 100 <= fault.status <= 599 or fault.seconds < 0:
            raise BadBody("`status` must be an HTTP status and `seconds` not negative.")
        self.plan.set(fault)
        return JSONResponse({"fault": msgspec.to_builtins(fault)})

    async def clear_fault(self, _request: Request) -> Response:
        """End the fault in force and forget the request counts."""
        self.plan.set(None)
        self.plan.requests.clear()
        return JSONResponse({"fault": None})

    async def mint(self, request: Request) -> Response:
        """Sign what is asked for."""
        order = await read_record(request, MintOrder)
        try:
            return JSONResponse({"jwt": mint(order, self.controlled)})
        except (JoseError, ValueError) as error:
            raise BadBody(f"That token cannot be signed: {error}") from None

    async def _keep(self, ring: KeyRing) -> None:
        self.controlled.ring = ring
        if self.key_file is not None:
            await run_in_threadpool(save_ring, ring, self.key_file)

    def _keys(self) -> Response:
        return JSONResponse({"keys": [{"kid": key.kid, "state": key.state.value} for key in self.controlled.ring.keys]})


def mint(order: MintOrder, controlled: Controlled) -> str:
    """Sign an order. Raises KeyRingError for an unknown key, ValueError or JoseError for what cannot be signed."""
    key = controlled.ring.find(order.key)
    now = int(controlled.clock.now())
    base = {"iss": controlled.issuer, "sub": "user_minted", "iat": now, "exp": now + order.lifetime}
    claims = {name: value for name, value in {**base, **order.claims}.items() if value is not None}
    algorithm = "HS256" if order.secret is not None else "RS256"
    header = {"alg": algorithm, "kid": key.kid, "typ": "JWT", **order.header}
    header = {name: value for name, value in header.items() if value is not None}
    raw_header, payload = minting.encode(header), _payload(order, claims)
    if header.get("alg") == "none":
        return minting.unsigned(raw_header, payload)
    if order.secret is not None:
        return minting.sign(raw_header, payload, algorithm, minting.secret_key(order.secret))
    # The signature is what the key can make; the header may claim anything.
    return minting.sign(raw_header, payload, algorithm, key.pair)


def _payload(order: MintOrder, claims: dict[str, Any]) -> bytes:
    if order.payload_base64 is not None:
        try:
            return base64.b64decode(order.payload_base64, validate=True)
        except binascii.Error:
            raise ValueError("payload_base64 is not base64") from None
    return minting.encode(claims) if order.payload is None else order.payload.encode()
