"""Plain HTTP to REST and GraphQL, and what a scene may expect of an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

REFUSAL_HEADER = "x-rowgate-refusal"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, JSON body (None when it is none) and the refusal code."""

    status: int
    body: Any
    refusal: str | None

    @property
    def code(self) -> str | None:
        """The error body's `code`."""
        return self.body.get("code") if isinstance(self.body, Mapping) else None

    def in_words(self) -> str:
        """For the table."""
        if self.refusal:
            return f"{self.status} {self.refusal}"
        if isinstance(self.body, list):
            return f"{self.status}, {len(self.body)} row{'' if len(self.body) == 1 else 's'}"
        return f"{self.status} {self.code}" if self.code else str(self.status)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an answer should be, in words and as a test."""

    words: str
    holds: Callable[[Answer], bool]


def rows(count: int) -> Expectation:
    """A success with so many rows."""
    words = f"{count} row{'' if count == 1 else 's'}"
    return Expectation(words, lambda answer: answer.status < 300 and len(answer.body or []) == count)


def exactly(body: Any, words: str) -> Expectation:
    """A success with this very body."""
    return Expectation(words, lambda answer: answer.status < 300 and answer.body == body)


def denied(status: int = 403) -> Expectation:
    """Postgres' own refusal: 42501, a policy or a missing grant."""
    return Expectation(f"{status} 42501", lambda answer: answer.status == status and answer.code == "42501")


def refused(code: str, status: int = 401, saying: tuple[str, ...] = ()) -> Expectation:
    """A refusal of the token: its code and status, and words its message or hint must hold."""

    def holds(answer: Answer) -> bool:
        text = json.dumps(answer.body)
        return answer.status == status and answer.refusal == code and all(word in text for word in saying)

    return Expectation(f"{status} {code}", holds)


class Rest:
    """The API of a running Rowgate."""

    def __init__(self, http: aiohttp.ClientSession, url: str, key: str) -> None:
        self.http = http
        self.url = url
        self.key = key

    async def ask(self, method: str, path: str, token: str | None, body: Any = None) -> Answer:
        """One request of REST; writes ask for the rows they touched."""
        return await self._sent(method, f"rest/v1/{path}", token, body, {"Prefer": "return=representation"})

    async def graphql(self, query: str, token: str | None, variables: Any) -> Answer:
        """One operation of GraphQL."""
        return await self._sent("POST", "graphql/v1", token, {"query": query, "variables": variables}, {})

    async def _sent(self, method: str, path: str, token: str | None, body: Any, headers: dict[str, str]) -> Answer:
        headers = {"apikey": self.key, **headers}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        async with self.http.request(method, f"{self.url}/{path}", json=body, headers=headers) as response:
            text = await response.text()
            try:
                decoded = json.loads(text) if text else None
            except ValueError:
                decoded = None
            return Answer(response.status, decoded, response.headers.get(REFUSAL_HEADER))
