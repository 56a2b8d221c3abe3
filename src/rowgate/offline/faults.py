"""Faults an issuer can be told to have: errors, delays, wrong bodies, floods, redirects."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

import msgspec
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTROL_PREFIX = "/__offline__"
HUGE_BYTES = 10 * 1024 * 1024

Surface = Literal["discovery", "jwks", "tokens", "all"]


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fault.

    `kind`: `status` answers `status`; `slow` waits `seconds`, then answers as usual; `html` answers a page with 200;
    `half` sends the first half of the true body; `huge` answers a key set of more than 10 MiB; `redirect` answers 302
    to `location`. `on` says where; `count` how many requests it lasts (None: until cleared).
    """

    kind: Literal["status", "slow", "html", "half", "huge", "redirect"]
    on: Surface = "jwks"
    status: int = 500
    seconds: float = 30.0
    location: str = ""
    count: int | None = None


@dataclass(slots=True)
class FaultPlan:
    """The fault in force, and how often each path was asked for (control paths aside)."""

    fault: Fault | None = None
    remaining: int | None = None
    requests: Counter[str] = field(default_factory=Counter)

    def set(self, fault: Fault | None) -> None:
        """Replace the fault in force; None ends it."""
        self.fault = fault
        self.remaining = fault.count if fault else None

    def take(self, path: str) -> Fault | None:
        """The fault this request meets, counting it down."""
        if self.fault is None or self.fault.on not in ("all", surface(path)) or self.remaining == 0:
            return None
        if self.remaining is not None:
            self.remaining -= 1
        return self.fault


def surface(path: str) -> Surface | None:
    """Which part of an issuer a path belongs to."""
    if path.endswith("/.well-known/openid-configuration"):
        return "discovery"
    if path in ("/.well-known/jwks.json", "/v1/jwks") or path.startswith("/sso/jwks/"):
        return "jwks"
    if "/tokens" in path or path == "/user_management/authenticate":
        return "tokens"
    return None


class Faults:
    """ASGI middleware: counts every request and plays the fault in force."""

    def __init__(self, app: ASGIApp, plan: FaultPlan) -> None:
        self.app = app
        self.plan = plan

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or path.startswith(CONTROL_PREFIX):
            await self.app(scope, receive, send)
            return
        self.plan.requests[path] += 1
        fault = self.plan.take(path)
        if fault is None:
            await self.app(scope, receive, send)
        elif fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self.app(scope, receive, send)
        elif fault.kind == "half":
            await self.app(scope, receive, _halving(send))
        else:
            await _wrong_answer(fault)(scope, receive, send)


def _wrong_answer(fault: Fault) -> Response:
    if fault.kind == "html":
        return HTMLResponse("<!doctype html><title>Sign in</title><p>This is the captive portal of a hotel.</p>")
    if fault.kind == "redirect":
        return RedirectResponse(fault.location, status_code=302)
    if fault.kind == "huge":
        filler = "A" * HUGE_BYTES
        return Response(f'{{"keys":[{{"kty":"RSA","n":"{filler}"}}]}}', media_type="application/json")
    return JSONResponse({"message": "an offline fault"}, status_code=fault.status)


def _halving(send: Send) -> Send:
    """Pass a response on with the first half of its body, whole as far as HTTP is concerned."""
    start: Message = {}
    body = bytearray()

    async def half(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            return
        body.extend(message.get("body", b""))
        if message.get("more_body"):
            return
        kept = bytes(body[: len(body) // 2])
        headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
        await send({**start, "headers": [*headers, (b"content-length", str(len(kept)).encode())]})
        await send({"type": "http.response.body", "body": kept})

    return half
