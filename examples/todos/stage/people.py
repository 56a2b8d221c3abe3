"""The people of the story, signed in at one of the two offline issuers."""

from __future__ import annotations

from typing import Any

import aiohttp

ADA, BEN = "ada@harbor.example", "ben@harbor.example"  # at Clerk: admin and member of Harbor Books
CLEO, DAN = "cleo@juniper.example", "dan@juniper.example"  # at WorkOS: admin and member of Juniper Labs
PASSWORD = "offline-password"  # noqa: S105 - of made-up people, see docs/offline.md
SECRET_KEY = "sk_test_offline"  # noqa: S105
BACKEND = {"Authorization": f"Bearer {SECRET_KEY}"}


class Clerk:
    """Someone's Clerk, as a browser and a backend use it."""

    def __init__(self, http: aiohttp.ClientSession, issuer: str) -> None:
        self.http = http
        self.issuer = issuer

    async def sign_in(self, email: str) -> str:
        """A session id."""
        form = {"identifier": email, "password": PASSWORD}
        async with self.http.post(f"{self.issuer}/v1/client/sign_ins", data=form) as response:
            return str((await response.json())["response"]["created_session_id"])

    async def token(self, session: str, template: str | None = None) -> str:
        """`getToken()` and `getToken({template})`."""
        suffix = f"/{template}" if template else ""
        async with self.http.post(f"{self.issuer}/v1/client/sessions/{session}/tokens{suffix}") as response:
            return str((await response.json())["jwt"])

    async def machine_token(self, claims: dict[str, Any]) -> str:
        """A machine-to-machine JWT."""
        body = {"token_format": "jwt", "claims": claims}
        async with self.http.post(f"{self.issuer}/v1/m2m_tokens", json=body, headers=BACKEND) as response:
            return str((await response.json())["token"])

    async def add_template(self, name: str, claims: dict[str, Any], secret: str) -> None:
        """A JWT template of the old way: HS256 with the project's JWT secret."""
        body = {
            "name": name,
            "claims": claims,
            "custom_signing_key": True,
            "signing_algorithm": "HS256",
            "signing_key": secret,
        }
        async with self.http.post(f"{self.issuer}/v1/jwt_templates", json=body, headers=BACKEND) as response:
            response.raise_for_status()

    async def control(self, name: str, body: dict[str, Any] | None = None, method: str = "POST") -> Any:
        """A control of the offline issuer."""
        return await control(self.http, self.issuer, name, body, method)


class Workos:
    """Someone's WorkOS environment."""

    def __init__(self, http: aiohttp.ClientSession, issuer: str) -> None:
        self.http = http
        self.issuer = issuer
        self.base, _, self.client_id = issuer.partition("/user_management/")

    async def sign_in(self, email: str) -> str:
        """An access token."""
        body = {"client_id": self.client_id, "grant_type": "password", "email": email, "password": PASSWORD}
        async with self.http.post(f"{self.base}/user_management/authenticate", json=body) as response:
            return str((await response.json())["access_token"])

    async def set_template(self, content: str) -> None:
        """Set the environment's JWT template."""
        url = f"{self.base}/user_management/jwt_template"
        async with self.http.put(url, json={"content": content}, headers=BACKEND) as response:
            response.raise_for_status()

    async def control(self, name: str, body: dict[str, Any] | None = None) -> Any:
        """A control of the offline issuer."""
        return await control(self.http, self.base, name, body, "POST")


async def control(http: aiohttp.ClientSession, base: str, name: str, body: dict[str, Any] | None, method: str) -> Any:
    """Call an endpoint under `/__offline__`."""
    async with http.request(method, f"{base}/__offline__/{name}".rstrip("/"), json=body) as response:
        response.raise_for_status()
        return await response.json()
