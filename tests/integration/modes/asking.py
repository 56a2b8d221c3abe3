"""Requests as somebody, with their answers whole."""

from __future__ import annotations

import json
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey

from tests.support.stack import Stack


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str]


def token(stack: Stack, subject: str, role: str = "authenticated") -> str:
    """A third-party token of the old way: signed with the project's JWT secret."""
    claims = {"sub": subject, "role": role, "exp": int(time.time()) + 600}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(stack.keys["JWT_SECRET"]))


def ask(
    stack: Stack,
    method: str,
    path: str,
    body: object = None,
    *,
    bearer: str | None = None,
    key: str | None = None,
    timeout: float = 20,
    **headers: str,
) -> Answer:
    """One request on a connection of its own. Raises OSError when there is no answer."""
    sent = {"apikey": key or stack.publishable_key, **{name.replace("_", "-"): v for name, v in headers.items()}}
    if bearer is not None:
        sent["authorization"] = f"Bearer {bearer}"
    content = None
    if body is not None:
        content = json.dumps(body).encode()
        sent["content-type"] = "application/json"
    address = urlsplit(stack.rest)
    with closing(HTTPConnection(address.hostname or "", address.port, timeout=timeout)) as connection:
        with suppress(BrokenPipeError):  # refused before all of it was sent: the answer is there all the same
            connection.request(method, address.path + path, content, sent)
        response = connection.getresponse()
        raw, answered = response.read(), response.headers
    return Answer(
        response.status, json.loads(raw or b"null"), {name.lower(): value for name, value in answered.items()}
    )
