"""Clerk's Backend API, the part a Supabase set-up touches: keys, JWT templates, machine tokens. Bearer `sk_…`."""

from __future__ import annotations

import hmac
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rowgate.offline import clerk_objects
from rowgate.offline.bodies import read_members, read_record
from rowgate.offline.clerk_instance import ClerkError, ClerkInstance, JwtTemplate
from rowgate.offline.identifiers import clerk_id
from rowgate.offline.keys import public_jwk

_TEMPLATE_FIELDS = frozenset(
    {"name", "claims", "lifetime", "allowed_clock_skew", "custom_signing_key", "signing_algorithm", "signing_key"}
)


class MachineTokenOrder(msgspec.Struct, frozen=True):
    """A machine token to be made; only `jwt` is offered here."""

    token_format: str = "jwt"  # noqa: S105 - a format's name
    claims: dict[str, Any] = {}


class BackendApi:
    """Endpoints that Clerk serves on api.clerk.com, here on the issuer's host."""

    def __init__(self, instance: ClerkInstance, secret_key: str) -> None:
        self.instance = instance
        self._secret_key = secret_key

    def routes(self) -> list[Route]:
        """Starlette routes."""
        return [
            Route("/v1/jwks", self.jwks),
            Route("/v1/jwt_templates", self.list_templates, methods=["GET"]),
            Route("/v1/jwt_templates", self.create_template, methods=["POST"]),
            Route("/v1/jwt_templates/{template_id}", self.get_template, methods=["GET"]),
            Route("/v1/jwt_templates/{template_id}", self.update_template, methods=["PATCH"]),
            Route("/v1/jwt_templates/{template_id}", self.delete_template, methods=["DELETE"]),
            Route("/v1/m2m_tokens", self.create_machine_token, methods=["POST"]),
        ]

    async def jwks(self, request: Request) -> Response:
        """The published keys, as Clerk's server SDKs ask for them."""
        self._check_key(request)
        return JSONResponse({"keys": [public_jwk(key) for key in self.instance.ring.published]})

    async def list_templates(self, request: Request) -> Response:
        """All JWT templates."""
        self._check_key(request)
        return JSONResponse([clerk_objects.template_object(found) for found in self.instance.templates.values()])

    async def create_template(self, request: Request) -> Response:
        """A new JWT template."""
        self._check_key(request)
        return self._keep(await read_members(request), None)

    async def get_template(self, request: Request) -> Response:
        """One JWT template."""
        self._check_key(request)
        return JSONResponse(clerk_objects.template_object(self._template(request)))

    async def update_template(self, request: Request) -> Response:
        """Change some members of a JWT template."""
        self._check_key(request)
        return self._keep(await read_members(request), self._template(request))

    async def delete_template(self, request: Request) -> Response:
        """Remove a JWT template."""
        self._check_key(request)
        template = self.instance.templates.pop(self._template(request).id)
        return JSONResponse({"object": "jwt_template", "id": template.id, "deleted": True})

    async def create_machine_token(self, request: Request) -> Response:
        """A machine-to-machine JWT with the caller's claims."""
        self._check_key(request)
        order = await read_record(request, MachineTokenOrder)
        if order.token_format != "jwt":  # noqa: S105 - a format's name
            raise ClerkError(422, "form_param_value_invalid", "Only token_format jwt is offered here.", "token_format")
        machine_id = clerk_id("mch")
        token = self.instance.machine_token(order.claims, machine_id)
        return JSONResponse(
            {
                "object": "machine_to_machine_token",
                "id": clerk_id("mt"),
                "subject": machine_id,
                "claims": order.claims,
                "revoked": False,
                "token": token,
            }
        )

    def _keep(self, members: dict[str, Any], existing: JwtTemplate | None) -> Response:
        if unknown := sorted(members.keys() - _TEMPLATE_FIELDS):
            message = f"{unknown[0]} is not a valid parameter for this request."
            raise ClerkError(422, "form_param_unknown", message, unknown[0])
        known: dict[str, Any] = msgspec.structs.asdict(existing) if existing else {}
        merged = known | {name: value for name, value in members.items() if value is not None}
        try:
            template = msgspec.convert(merged, JwtTemplate)
        except msgspec.ValidationError as error:
            raise ClerkError(422, "form_param_format_invalid", str(error)) from None
        return JSONResponse(clerk_objects.template_object(self.instance.keep_template(template)))

    def _template(self, request: Request) -> JwtTemplate:
        found = self.instance.templates.get(request.path_params["template_id"])
        if found is None:
            raise ClerkError(404, "resource_not_found", "JWT template not found")
        return found

    def _check_key(self, request: Request) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._secret_key.encode()):
            raise ClerkError(401, "clerk_key_invalid", "The provided Clerk Secret Key is invalid.")
