"""Clerk's Frontend API, the part that ends in a token: discovery, keys, sign-in, session tokens, template tokens."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rowgate.offline import clerk_objects
from rowgate.offline.bodies import read_members
from rowgate.offline.clerk_instance import ClerkError, ClerkInstance
from rowgate.offline.clerk_tokens import Session
from rowgate.offline.keys import public_jwk


class FrontendApi:
    """Endpoints on the issuer's own host."""

    def __init__(self, instance: ClerkInstance) -> None:
        self.instance = instance

    def routes(self) -> list[Route]:
        """Starlette routes."""
        session = "/v1/client/sessions/{session_id}"
        return [
            Route("/.well-known/openid-configuration", self.discovery),
            Route("/.well-known/jwks.json", self.jwks),
            Route("/v1/client/sign_ins", self.sign_in, methods=["POST"]),
            Route(f"{session}/tokens", self.session_token, methods=["POST"]),
            Route(f"{session}/tokens/{{template}}", self.template_token, methods=["POST"]),
            Route(f"{session}/touch", self.touch, methods=["POST"]),
            Route(f"{session}/remove", self.remove, methods=["POST"]),
        ]

    async def discovery(self, _request: Request) -> Response:
        """The OpenID configuration."""
        return JSONResponse(clerk_objects.discovery_document(self.instance.issuer))

    async def jwks(self, _request: Request) -> Response:
        """The published keys."""
        return JSONResponse({"keys": [public_jwk(key) for key in self.instance.ring.published]})

    async def sign_in(self, request: Request) -> Response:
        """Identifier and password in one step."""
        fields = await read_members(request)
        identifier, password = fields.get("identifier"), fields.get("password")
        if not isinstance(identifier, str) or not identifier:
            raise ClerkError(422, "form_param_missing", "identifier must be included.", "identifier")
        if not isinstance(password, str):
            raise ClerkError(422, "form_param_missing", "password must be included.", "password")
        session = self.instance.sign_in(identifier, password)
        response = clerk_objects.sign_in_object(session, identifier)
        return JSONResponse({"response": response, "client": self._client(session, request)})

    async def session_token(self, request: Request) -> Response:
        """A session token; `organization_id` switches the organization, empty means the personal account."""
        session = self._session(request)
        fields = await read_members(request)
        if (organization_id := fields.get("organization_id")) is not None:
            session = self.instance.activate_organization(session, str(organization_id))
        return JSONResponse(clerk_objects.token_object(self.instance.session_token(session, _origin(request))))

    async def template_token(self, request: Request) -> Response:
        """A token of a JWT template."""
        token = self.instance.template_token(self._session(request), request.path_params["template"], _origin(request))
        return JSONResponse(clerk_objects.token_object(token))

    async def touch(self, request: Request) -> Response:
        """Make an organization the active one."""
        session = self._session(request)
        fields = await read_members(request)
        if (organization_id := fields.get("active_organization_id")) is not None:
            session = self.instance.activate_organization(session, str(organization_id))
        client = self._client(session, request)
        return JSONResponse({"response": client["sessions"][0], "client": client})

    async def remove(self, request: Request) -> Response:
        """Sign out of one session."""
        session = self._session(request)
        client = self._client(session, request)
        self.instance.end_session(session.id)
        return JSONResponse({"response": {**client["sessions"][0], "status": "removed"}, "client": None})

    def _session(self, request: Request) -> Session:
        return self.instance.session(request.path_params["session_id"])

    def _client(self, session: Session, request: Request) -> dict[str, Any]:
        user = self.instance.directory.user(session.user_id)
        assert user is not None
        token = self.instance.session_token(session, _origin(request))
        return clerk_objects.client_object(session, user, token, self.instance.clock.now())


def _origin(request: Request) -> str | None:
    """The Origin header, which becomes `azp`; absent outside a browser."""
    return request.headers.get("origin")
