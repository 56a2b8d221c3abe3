"""The one ASGI application: finds the service, asks who is there, and sends what the service answers.

This is the hot path of everything served, so it is one coroutine over plain values: no framework, no pattern matching,
header bytes made once. Measured figures are in docs/performance.md.
"""

from __future__ import annotations

from asyncio import CancelledError, current_task
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, NamedTuple, Protocol

from rowgate.http import plain
from rowgate.http.access import AccessLog
from rowgate.http.body import BodiesFull, Body, BodySpace, BodyStalled, Receive
from rowgate.http.cors import CorsPolicy, is_preflight
from rowgate.http.crash import place_of
from rowgate.http.credentials import Credentials, credentials
from rowgate.http.exchange import BODILESS, BodyTooLarge, ClientGone, RawHeaders, Request, Response, Service
from rowgate.http.metrics import RequestMetrics, Verdicts, render
from rowgate.http.presence import PRESENCE, Presence
from rowgate.http.request_id import RequestIds
from rowgate.http.stream import send_stream
from rowgate.identity.refusals import Refusal
from rowgate.principal import Principal, TokenClass

Scope = Mapping[str, Any]
Send = Callable[[Any], Awaitable[None]]

ROOT = "/"  # what the service at the root is called in the counts; its prefix is empty
_SERVER = (b"server", b"rowgate")


class Verifier(Protocol):
    """The part of `rowgate.identity.verifier.Verifier` that the gateway asks."""

    def recall(self, authorization: bytes | None, apikey: bytes | None) -> Principal | Refusal | None:
        """The verdict on credentials seen before, None when they must be verified."""
        ...

    async def verify(self, authorization: bytes | None, apikey: bytes | None) -> Principal | Refusal:
        """The verdict on any credentials."""
        ...


class FailureLog(Protocol):
    """The part of a structlog logger that the gateway uses itself."""

    def error(self, event: str, **fields: object) -> object: ...


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether requests can be served now, and what is missing (words without secrets)."""

    ready: bool
    parts: Mapping[str, str] = field(default_factory=dict)  # part -> "ok", or what is wrong


class _Route(NamedTuple):
    prefix: str
    exact: bytes
    below: bytes
    service: Service | None


class Gateway:
    """An ASGI application over services. It starts closed: until `open`, services answer 503 and `/ready` says why.

    `at_root` is the prefix of a service that has every other path as well: the gateway then serves none of its own, and
    a query parameter `apikey` is that service's, as any other.
    """

    def __init__(
        self,
        *,
        prefixes: Sequence[str],
        at_root: str | None = None,
        access: AccessLog,
        log: FailureLog,
        metrics: RequestMetrics,
        readiness: Callable[[], Readiness],
        gauges: Callable[[], Mapping[str, float]] = dict,
        verdicts: Callable[[], Verdicts] = dict,
        worker: str = "0",
        body_idle_timeout: float = 30.0,
        bodies_limit: int = 2**30,
        origins: Collection[str] = (),
        trace_header: str | None = None,
    ) -> None:
        self._at_root = at_root
        paths = prefixes if at_root is None else (*prefixes, "")
        self._routes = [_Route(prefix, prefix.encode(), prefix.encode() + b"/", None) for prefix in paths]
        self._verifier: Verifier | None = None
        self._access = access
        self._log = log
        self._metrics = metrics
        self._readiness = readiness
        self._gauges = gauges
        self._verdicts = verdicts
        self._worker = worker
        self._body_idle_timeout = body_idle_timeout
        self._body_space = BodySpace(bodies_limit)
        self.answer_with(origins, trace_header)
        self._ids = RequestIds()

    def open(self, verifier: Verifier, services: Sequence[Service]) -> None:
        """Begin to serve. Each service takes the place of its prefix."""
        self._verifier = verifier
        by_prefix = {service.prefix: service for service in services}
        if self._at_root is not None:
            by_prefix[""] = by_prefix[self._at_root]
        self._routes = [route._replace(service=by_prefix.get(route.prefix)) for route in self._routes]

    def answer_with(self, origins: Collection[str], trace_header: str | None) -> None:
        """From now on pages of these origins may ask (none: of any), and this header's value is repeated."""
        self._cors = CorsPolicy(origins)
        self._trace = trace_header.lower().encode() if trace_header else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request (ASGI 3, without lifespan or websockets)."""
        if scope["type"] != "http":
            return
        started = perf_counter()
        method: str = scope["method"]
        raw_path: bytes = scope["raw_path"]
        raw: RawHeaders = scope["headers"]
        headers = dict(raw)
        request_id = self._ids.of(headers.get(b"x-request-id"))
        who: Principal | Refusal | None = None
        name = "gateway"
        try:
            route = self._route(raw_path)
            if is_preflight(method, headers):
                response = self._cors.preflight(headers)
            elif route is None:
                response = await self._own(method, raw_path, raw, headers)
            elif route.service is None or self._verifier is None:
                response = self._closed()
            else:
                name = route.prefix
                service = route.service
                query = scope["query_string"]
                found = credentials(raw, headers, query if name else b"")
                if isinstance(found, Credentials):
                    verdict = self._verifier.recall(found.authorization, found.apikey)
                    if verdict is None:
                        verdict = await self._verifier.verify(found.authorization, found.apikey)
                else:
                    verdict = found
                who = verdict
                if isinstance(verdict, Refusal):
                    response = self._refuse(service, verdict)
                else:
                    assert isinstance(found, Credentials)  # only credentials make a Principal
                    client = scope.get("client")
                    body = Body(receive, headers, self._body_idle_timeout, self._body_space)
                    request = Request(
                        method=method,
                        path=scope["path"][len(name) :] or "/",
                        raw_path=raw_path[len(name) :] or b"/",
                        query=found.query if name else query,
                        headers=raw,
                        read=body.read,
                        request_id=request_id,
                        client=client[0] if client else None,
                        arrived=started,
                    )
                    presence: Presence | None = scope.get(PRESENCE)
                    if presence is not None:
                        presence.working = current_task()
                    try:
                        response = await service.answer(request, verdict)
                    except BodyTooLarge as error:
                        response = service.too_large(error.limit)
                    except CancelledError:
                        if presence is None or not presence.gone:
                            raise  # the server ends, not the client
                        raise ClientGone from None
                    finally:
                        if body.taken:
                            body.close()
                        if presence is not None:
                            presence.working = None
        except ClientGone:
            self._metrics.turned_away["client_gone"] += 1
            return
        except BodyStalled as error:
            self._metrics.turned_away["body_timeout"] += 1
            response = plain.failure(408, "body_timeout", f"The request timed out: {error}.", "Send the body again.")
            response.headers.append((b"connection", b"close"))
        except BodiesFull as error:
            self._metrics.turned_away["bodies_full"] += 1
            hint = "Try again in a moment, send less in one request, or raise bodies_limit under [rowgate.server]."
            response = plain.failure(
                503, "bodies_full", f"Too much is being sent at once: {error}.", hint, retry_after=1
            )
        except Exception as error:
            response = self._failed(error, request_id)
        status = response.status
        try:
            await self._send(scope, receive, send, headers, response, request_id)
        except Exception as error:  # the response has begun: uvicorn sees it unfinished and cuts the connection
            self._failed(error, request_id)
        ended = perf_counter()
        self._metrics.count(name or ROOT, status, ended - started)
        self._access.write(
            method=method,
            path=scope["path"],
            status=status,
            started=started,
            ended=ended,
            request_id=request_id,
            who=who,
        )

    def _route(self, raw_path: bytes) -> _Route | None:
        """Whose path this is. Decided on the path as received: an escaped prefix is no prefix."""
        for route in self._routes:
            if raw_path.startswith(route.below) or raw_path == route.exact:
                return route
        return None

    async def _send(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        asked: Mapping[bytes, bytes],
        response: Response,
        request_id: str,
    ) -> None:
        body = response.body
        said = dict(response.headers)
        headers = [*response.headers, _SERVER, (b"x-request-id", request_id.encode())]
        if self._trace is not None:
            headers = _traced(headers, self._trace, asked.get(self._trace))
        if b"access-control-allow-origin" not in said:
            headers += self._cors.headers(asked, response.status)
        if isinstance(body, bytes):
            head = scope["method"] == "HEAD"
            counted = response.status in BODILESS or b"content-length" in said
            if not counted and (body or not head):
                headers.append((b"content-length", str(len(body)).encode()))
            start: dict[str, object] = {"type": "http.response.start", "status": response.status, "headers": headers}
            if response.reason:
                start["reason"] = response.reason  # our own protocol's: ASGI has none
            await send(start)
            await send({"type": "http.response.body", "body": b"" if head else body})
        else:
            await send_stream(scope, receive, send, response.status, headers, body)

    def _refuse(self, service: Service | None, verdict: Refusal) -> Response:
        self._metrics.refusals[verdict.code] += 1
        response = plain.refused(verdict) if service is None else service.refuse(verdict)
        if not any(field == b"x-rowgate-refusal" for field, _ in response.headers):
            response.headers.append((b"x-rowgate-refusal", verdict.code.encode()))
        return response

    def _failed(self, error: Exception, request_id: str) -> Response:
        """Log an unexpected exception by its type and place, and answer without a word of it.

        Its text is left out of the log as well: exceptions quote the values they trip over, tokens among them.
        """
        self._metrics.failures += 1
        self._log.error("request failed", error=type(error).__name__, at=place_of(error), request_id=request_id)
        return plain.failure(
            500,
            "internal_error",
            "Something went wrong inside Rowgate while it served this request.",
            f"Look for request id {request_id} in Rowgate's log.",
        )

    def _closed(self) -> Response:
        missing = "; ".join(f"{part}: {state}" for part, state in self._readiness().parts.items() if state != "ok")
        return plain.failure(
            503,
            "not_ready",
            "Rowgate is running but cannot serve requests yet" + (f" ({missing})." if missing else "."),
            "Send the request again in a moment.",
            retry_after=1,
        )

    async def _own(self, method: str, raw_path: bytes, raw: RawHeaders, headers: Mapping[bytes, bytes]) -> Response:
        """What the gateway itself serves: `/`, `/health`, `/ready`, `/metrics`."""
        known = {b"/": self._front, b"/health": self._health, b"/ready": self._ready}.get(raw_path)
        if known is None and raw_path != b"/metrics":
            return plain.failure(
                404,
                "route_unknown",
                "Nothing is served at this path.",
                "Served here: "
                + ", ".join([*(route.prefix for route in self._routes), "/health", "/ready", "/metrics"]),
            )
        if method not in ("GET", "HEAD"):
            response = plain.failure(405, "method_not_allowed", f"{method} is not served at this path.", "Use GET.")
            response.headers.append((b"allow", b"GET, HEAD"))
            return response
        return known() if known is not None else await self._measurements(raw, headers)

    def _front(self) -> Response:
        return plain.document(200, {"name": "rowgate", "services": [route.prefix for route in self._routes]})

    def _health(self) -> Response:
        return plain.document(200, {"status": "live"})

    def _ready(self) -> Response:
        readiness = self._readiness()
        return plain.document(200 if readiness.ready else 503, {"ready": readiness.ready, "parts": readiness.parts})

    async def _measurements(self, raw: RawHeaders, headers: Mapping[bytes, bytes]) -> Response:
        if self._verifier is None:
            return self._closed()
        found = credentials(raw, headers, b"")
        if isinstance(found, Refusal):
            return self._refuse(None, found)
        verdict = await self._verifier.verify(found.authorization, found.apikey)
        if isinstance(verdict, Refusal):
            return self._refuse(None, verdict)
        if not (verdict.privileged and verdict.token_class is TokenClass.API_KEY):
            return plain.failure(
                403, "secret_key_required", "Metrics are for the project's secret key.", "Send it in the header apikey."
            )
        text = render(self._metrics, self._gauges(), self._worker, self._verdicts())
        return Response(200, [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")], text)


def _traced(headers: RawHeaders, name: bytes, value: bytes | None) -> RawHeaders:
    """The headers with the caller's trace header, as it came. One that no log line or header could hold is left out."""
    if value is None or not value.decode("latin-1").isprintable():
        return headers
    return [*(each for each in headers if each[0] != name), (name, value)]
