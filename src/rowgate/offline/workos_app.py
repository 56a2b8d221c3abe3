"""The HTTP face of an offline WorkOS environment, under WorkOS's own paths."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from rowgate.offline import application
from rowgate.offline.bodies import read_members, read_record
from rowgate.offline.control import Control
from rowgate.offline.directory import User
from rowgate.offline.faults import CONTROL_PREFIX, FaultPlan
from rowgate.offline.identifiers import workos_id
from rowgate.offline.keys import certified_jwk
from rowgate.offline.workos_environment import WorkosEnvironment, WorkosError
from rowgate.offline.workos_tokens import discovery_document


class SessionOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A session without a password, for tests: who, in which organization, impersonated by whom."""

    email: str
    organization_id: str | None = None
    impersonator: str | None = None


class WorkosApp:
    """Endpoints of one environment."""

    def __init__(self, environment: WorkosEnvironment) -> None:
        self.environment = environment

    def routes(self) -> list[Route]:
        """Starlette routes."""
        return [
            Route("/user_management/{client_id}/.well-known/openid-configuration", self.discovery),
            Route("/sso/jwks/{client_id}", self.jwks),
            Route("/user_management/authenticate", self.authenticate, methods=["POST"]),
            Route("/user_management/jwt_template", self.get_template, methods=["GET"]),
            Route("/user_management/jwt_template", self.put_template, methods=["PUT"]),
            Route("/user_management/sessions/revoke", self.revoke, methods=["POST"]),
            Route(f"{CONTROL_PREFIX}/sessions", self.begin_session, methods=["POST"]),
            Route(f"{CONTROL_PREFIX}/token", self.plain_token),
            Route(f"{CONTROL_PREFIX}/template", self.set_template, methods=["POST"]),
        ]

    async def discovery(self, request: Request) -> Response:
        """The five members, for this environment's client only."""
        self._check_client(request)
        found = self.environment
        return JSONResponse(discovery_document(found.base, found.issuer, found.client_id))

    async def jwks(self, request: Request) -> Response:
        """The client's key set."""
        self._check_client(request)
        return JSONResponse({"keys": [certified_jwk(key) for key in self.environment.ring.published]})

    async def authenticate(self, request: Request) -> Response:
        """The token endpoint, JSON and form."""
        return JSONResponse(self.environment.authenticate(await read_members(request)))

    async def get_template(self, request: Request) -> Response:
        """The JWT template, 404 while there is none."""
        self._check_api_key(request)
        if self.environment.template is None:
            raise WorkosError(404, {"message": "JWT template not found.", "code": "entity_not_found"})
        return JSONResponse(self.environment.template.as_object())

    async def put_template(self, request: Request) -> Response:
        """Check and keep the JWT template."""
        self._check_api_key(request)
        members = await read_members(request)
        return JSONResponse(self.environment.set_template(members.get("content")).as_object())

    async def revoke(self, request: Request) -> Response:
        """End a session."""
        self._check_api_key(request)
        self.environment.end_session(str((await read_members(request)).get("session_id")))
        return Response(status_code=200)

    async def begin_session(self, request: Request) -> Response:
        """Control: a session for a person without a password, in any organization of theirs."""
        order = await read_record(request, SessionOrder)
        user = self._person(order.email)
        session = self.environment.begin_session(user, order.organization_id, order.impersonator)
        return JSONResponse(self.environment.answer(session, "Impersonation" if order.impersonator else "Password"))

    async def plain_token(self, request: Request) -> Response:
        """Control: `?email=…`: an access token as plain text, for `$(curl …)` in a shell."""
        user = self._person(request.query_params.get("email", ""))
        organizations = self.environment.directory.organizations_of(user)
        session = self.environment.begin_session(user, organizations[0].id if organizations else None)
        return PlainTextResponse(self.environment.access_token(session))

    async def set_template(self, request: Request) -> Response:
        """Control: set the JWT template, or remove it with a null."""
        content = (await read_members(request)).get("content")
        if content is None:
            self.environment.template = None
            return JSONResponse({"content": None})
        return JSONResponse(self.environment.set_template(content).as_object())

    def _person(self, email: str) -> User:
        user = self.environment.directory.user_by_email(email)
        if user is None:
            raise WorkosError(404, {"message": f"User not found: '{email}'.", "code": "entity_not_found"})
        return user

    def _check_client(self, request: Request) -> None:
        if request.path_params["client_id"] != self.environment.client_id:
            raise WorkosError(404, {"message": "Not Found", "error": "Not Found"})

    def _check_api_key(self, request: Request) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self.environment.api_key.encode()):
            raise WorkosError(401, {"message": "Unauthorized"})


def build(environment: WorkosEnvironment, origins: Sequence[str] = (), key_file: Path | None = None) -> ASGIApp:
    """The whole application of an environment."""
    plan = FaultPlan()
    control = Control(environment, plan, lambda: workos_id("sso_oidc_key_pair"), key_file)
    routes = [*WorkosApp(environment).routes(), *control.routes()]
    return application.build(routes, plan, origins, {WorkosError: _refused})


def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, WorkosError)
    return JSONResponse(dict(error.body), status_code=error.status)
