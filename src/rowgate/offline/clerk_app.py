"""The HTTP face of an offline Clerk instance: both APIs, and the controls that are Clerk's alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from rowgate.offline import application, clerk_objects
from rowgate.offline.bodies import read_record
from rowgate.offline.clerk_backend import BackendApi
from rowgate.offline.clerk_frontend import FrontendApi
from rowgate.offline.clerk_instance import ClerkError, ClerkInstance
from rowgate.offline.control import Control
from rowgate.offline.directory import User
from rowgate.offline.faults import CONTROL_PREFIX, FaultPlan
from rowgate.offline.identifiers import clerk_id

UNSET = msgspec.UNSET


class InstanceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the dashboard would change: each member that is present replaces the instance's."""

    token_version: Literal[1, 2] | msgspec.UnsetType = UNSET
    category: Literal["by_class", "ignore", "absent"] | msgspec.UnsetType = UNSET
    session_claims: dict[str, Any] | msgspec.UnsetType = UNSET
    session_lifetime: int | msgspec.UnsetType = UNSET
    connected_with_supabase: bool | msgspec.UnsetType = UNSET


class SessionOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A session without a password, and how far its sign-in has come."""

    email: str
    second_factor: bool = False
    status: Literal["active", "pending"] = "active"
    organization_id: str | None = None
    actor: dict[str, Any] | None = None


class SessionChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to a session: the second factor is passed (or forgotten), the status or the actor changes."""

    second_factor: bool | msgspec.UnsetType = UNSET
    status: Literal["active", "pending"] | msgspec.UnsetType = UNSET
    actor: dict[str, Any] | msgspec.UnsetType | None = UNSET


class TokenOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A session token of a given version, whatever the instance's own is."""

    version: Literal[1, 2] = 2
    authorized_party: str | None = None


class OAuthTokenOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An OAuth access token (`typ: at+jwt`) for a person."""

    email: str
    scope: str = "openid profile email"


class ClerkControl:
    """Controls beside the shared ones: instance settings, sessions, OAuth access tokens."""

    def __init__(self, instance: ClerkInstance) -> None:
        self.instance = instance

    def routes(self) -> list[Route]:
        """Starlette routes."""
        session = CONTROL_PREFIX + "/sessions/{session_id}"
        return [
            Route(f"{CONTROL_PREFIX}/settings", self.change_settings, methods=["POST"]),
            Route(f"{CONTROL_PREFIX}/sessions", self.begin_session, methods=["POST"]),
            Route(session, self.change_session, methods=["PATCH"]),
            Route(f"{session}/tokens", self.session_token, methods=["POST"]),
            Route(f"{CONTROL_PREFIX}/token", self.plain_token),
            Route(f"{CONTROL_PREFIX}/oauth_access_tokens", self.oauth_access_token, methods=["POST"]),
        ]

    async def change_settings(self, request: Request) -> Response:
        """Token version, `cat`, custom session claims, lifetime, "Connect with Supabase"."""
        settings = await read_record(request, InstanceSettings)
        for name, value in msgspec.structs.asdict(settings).items():
            if value is not UNSET:
                setattr(self.instance, name, value)
        return JSONResponse({name: getattr(self.instance, name) for name in InstanceSettings.__struct_fields__})

    async def begin_session(self, request: Request) -> Response:
        """A session as ordered, and its first token."""
        order = await read_record(request, SessionOrder)
        session = self.instance.begin_session(self._person(order.email))
        if order.organization_id is not None:
            session = self.instance.activate_organization(session, order.organization_id)
        session = self.instance.change_session(
            replace(
                session,
                second_factor_at=self.instance.clock.now() if order.second_factor else None,
                status=order.status,
                actor=order.actor,
            )
        )
        return JSONResponse({"id": session.id, "jwt": self.instance.session_token(session, None)})

    async def change_session(self, request: Request) -> Response:
        """Pass the second factor, change the status or the actor; answers a token that shows it."""
        session = self.instance.session(request.path_params["session_id"])
        change = await read_record(request, SessionChange)
        if not isinstance(change.second_factor, msgspec.UnsetType):
            session = replace(session, second_factor_at=self.instance.clock.now() if change.second_factor else None)
        if not isinstance(change.status, msgspec.UnsetType):
            session = replace(session, status=change.status)
        if not isinstance(change.actor, msgspec.UnsetType):
            session = replace(session, actor=change.actor)
        self.instance.change_session(session)
        return JSONResponse({"id": session.id, "jwt": self.instance.session_token(session, None)})

    async def session_token(self, request: Request) -> Response:
        """A session token of either version."""
        order = await read_record(request, TokenOrder)
        session = self.instance.session(request.path_params["session_id"])
        token = self.instance.session_token(session, order.authorized_party, order.version)
        return JSONResponse(clerk_objects.token_object(token))

    async def plain_token(self, request: Request) -> Response:
        """`?email=…`: a session token as plain text, for `$(curl …)` in a shell."""
        session = self.instance.begin_session(self._person(request.query_params.get("email", "")))
        return PlainTextResponse(self.instance.session_token(session, None))

    async def oauth_access_token(self, request: Request) -> Response:
        """An `at+jwt`."""
        order = await read_record(request, OAuthTokenOrder)
        token = self.instance.oauth_access_token(self._person(order.email), order.scope)
        return JSONResponse(clerk_objects.token_object(token))

    def _person(self, email: str) -> User:
        user = self.instance.directory.user_by_email(email)
        if user is None:
            raise ClerkError(404, "resource_not_found", f"Nobody here has the address {email}.")
        return user


def build(
    instance: ClerkInstance, secret_key: str, origins: Sequence[str] = (), key_file: Path | None = None
) -> ASGIApp:
    """The whole application of an instance."""
    plan = FaultPlan()
    control = Control(instance, plan, lambda: clerk_id("ins"), key_file)
    routes = [
        *FrontendApi(instance).routes(),
        *BackendApi(instance, secret_key).routes(),
        *ClerkControl(instance).routes(),
        *control.routes(),
    ]
    return application.build(routes, plan, origins, {ClerkError: _refused})


def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ClerkError)
    return JSONResponse(clerk_objects.error_object(error), status_code=error.status)
