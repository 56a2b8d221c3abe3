"""One ASGI application out of a provider's routes: who may call, faults, errors."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from rowgate.errors import RowgateError
from rowgate.offline.bodies import BadBody
from rowgate.offline.faults import FaultPlan, Faults

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
LOOPBACK_ORIGIN = re.compile(r"https?://(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?")

ErrorHandler = Callable[[Request, Exception], Response | Awaitable[Response]]


class OriginGuard:
    """Refuses pages from elsewhere.

    Anyone who can call an offline issuer can mint tokens that a local Rowgate trusts. A page of the open web, opened
    in a browser on this machine, can send plain POSTs to loopback without asking; its Origin gives it away.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self.app = app
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            origin = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"), None)
            if origin is not None and not LOOPBACK_ORIGIN.fullmatch(origin) and origin not in self.origins:
                message = f"Pages from {origin} may not use this offline provider; start it with --allow-origin."
                await JSONResponse({"message": message}, status_code=403)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def build(
    routes: Sequence[Route],
    plan: FaultPlan,
    origins: Sequence[str] = (),
    handlers: Mapping[type[Exception], ErrorHandler] | None = None,
) -> ASGIApp:
    """The application: Host and Origin checked, CORS for loopback pages and `origins`, faults, then the routes."""
    table: dict[Any, ErrorHandler] = {BadBody: _bad_body, RowgateError: _rowgate_error, **(handlers or {})}
    return Starlette(
        routes=list(routes),
        exception_handlers=table,
        middleware=[
            # A name that resolves to 127.0.0.1 (DNS rebinding) shows itself in the Host header.
            Middleware(TrustedHostMiddleware, allowed_hosts=LOOPBACK_HOSTS, www_redirect=False),
            Middleware(OriginGuard, origins=tuple(origins)),
            Middleware(
                CORSMiddleware,
                allow_origins=tuple(origins),
                allow_origin_regex=LOOPBACK_ORIGIN.pattern,
                allow_methods=["*"],
                allow_headers=["*"],
            ),
            Middleware(Faults, plan=plan),
        ],
    )


def _bad_body(_request: Request, error: Exception) -> Response:
    assert isinstance(error, BadBody)
    return JSONResponse({"code": "invalid_request", "message": str(error)}, status_code=error.status)


def _rowgate_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RowgateError)
    return JSONResponse({"code": "invalid_request", "message": error.message, "hint": error.hint}, status_code=400)
