"""Further issuers beside Clerk and WorkOS: shapes of Auth0, Firebase, Cognito, and a key set pasted as it is.

Their keys are made anew for each run and live in this process alone; Rowgate gets the public halves, pasted.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

POOL = "eu-west-1_Todos0001"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One issuer: its entry in the configuration, its key, and the claims its tokens have."""

    title: str
    iss: str
    settings: dict[str, Any]
    claims: dict[str, Any]
    key: RSAKey

    def token(self, **changes: Any) -> str:
        """A token of five minutes; `changes` replaces claims."""
        now = int(time.time())
        claims = {"iss": self.iss, "iat": now, "exp": now + 300, "role": "authenticated", **self.claims, **changes}
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)


class Neighbours:
    """All of them, ready to be trusted."""

    def __init__(self) -> None:
        cognito = f"https://cognito-idp.eu-west-1.amazonaws.com/{POOL}"
        shapes: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
            (
                "Auth0",
                "https://todos.eu.auth0.com/",
                {"provider": "auth0", "tenant": "todos", "tenant_region": "eu", "audiences": ["https://todos.example"]},
                {"sub": "auth0|uma", "aud": ["https://todos.example"]},
            ),
            (
                "Firebase",
                "https://securetoken.google.com/todos-example",
                {"provider": "firebase", "project_id": "todos-example"},
                {"sub": "firebase-vera", "user_id": "firebase-vera", "aud": "todos-example", "auth_time": 1},
            ),
            (
                "Cognito",
                cognito,
                {"provider": "cognito", "user_pool_id": POOL, "user_pool_region": "eu-west-1", "client_ids": ["todos"]},
                {"sub": "cognito-walt", "client_id": "todos", "token_use": "access"},
            ),
            (
                "a pasted key set",
                "https://id.todos.example",
                {"provider": "jwks", "issuer": "https://id.todos.example", "audiences": ["todos"]},
                {"sub": "pasted-xena", "aud": "todos"},
            ),
        ]
        self.all = tuple(_neighbour(*shape) for shape in shapes)

    @property
    def configuration(self) -> list[dict[str, Any]]:
        """Entries for `ROWGATE_ISSUERS`."""
        return [neighbour.settings for neighbour in self.all]


def _neighbour(title: str, iss: str, settings: dict[str, Any], claims: dict[str, Any]) -> Neighbour:
    name = f"demo-{settings['provider']}"
    key = RSAKey.generate_key(2048, {"kid": f"{name}-1", "use": "sig", "alg": "RS256"})
    keys = {"keys": [key.as_dict(private=False)]}
    return Neighbour(title, iss, {"name": name, **settings, "jwks": json.dumps(keys)}, claims, key)
