"""PostgREST's documented behaviour over the world of cinema.sql, as transcripts in documented/*.txt.

A case is its request line, the request's headers and body (`= …`) indented below it; then the status, and the headers
and body of the answer indented below that. `application/json` goes without saying, Content-Length and Proxy-Status
are checked for every answer. Without `order` in the request, rows are compared in any order. Of an error of Postgres'
own only code and message are compared: its details and hints change between its versions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rowgate.rest import syntax
from rowgate.rest.streaming import Weight
from tests.integration.rest.shop import Answer, Client

pytestmark = pytest.mark.anyio

JSON = "application/json; charset=utf-8"
FILES = sorted(Path(__file__).with_name("documented").glob("*.txt"))


@dataclass
class Part:
    """Half a case: the request or the answer."""

    first: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None


def cases(text: str) -> Iterator[tuple[Part, Part]]:
    for block in re.split(r"\n{2,}", text.strip()):
        if block.startswith("#"):
            continue
        parts: list[Part] = []
        for line in block.splitlines():
            if not line.startswith("  "):
                parts.append(Part(line))
            elif line.startswith("  = "):
                parts[-1].body = line[4:]
            else:
                name, _, value = line.strip().partition(": ")
                parts[-1].headers[name] = value
        asked, answered = parts
        yield asked, answered


def groups() -> Iterator[Any]:
    for file in FILES:
        for group in re.split(r"^# ", file.read_text(), flags=re.MULTILINE)[1:]:
            title, _, text = group.partition("\n")
            yield pytest.param(text, id=f"{file.stem}: {title}")


def sent(part: Part) -> bytes | None:
    """A JSON body is written as it is; in others `\\n` and `\\x00` stand for what they stand for in Python."""
    if part.body is None or "content-type" not in part.headers:
        return None if part.body is None else part.body.encode()
    return part.body.encode().decode("unicode_escape").encode("latin-1")


def comparable(body: Any, *, ordered: bool) -> Any:
    if isinstance(body, list) and not ordered:
        return sorted(json.dumps(each, sort_keys=True) for each in body)
    if isinstance(body, dict) and set(body) == {"code", "details", "hint", "message"}:
        return body if body["code"].startswith("PGRST") else {name: body[name] for name in ("code", "message")}
    return body


def differences(asked: Part, expected: Part, answer: Answer) -> Iterator[str]:
    if answer.status != int(expected.first):
        yield f"status {answer.status}, not {expected.first}: {answer.body.decode()}"
        return
    content_type = expected.headers.get("content-type", JSON)
    wanted = {"content-type": content_type} | expected.headers if expected.body is not None else expected.headers
    for name, value in wanted.items():
        if answer.headers.get(name) != value:
            yield f"{name}: {answer.headers.get(name)}, not {value}"
    for name in ("preference-applied", "content-range", "location", "content-profile"):
        if name in answer.headers and name not in expected.headers:
            yield f"{name}: {answer.headers[name]}, unasked"
    if not asked.first.startswith("HEAD") and answer.headers.get("content-length", "0") != str(len(answer.body)):
        yield "a wrong content-length"
    if answer.status >= 400 and answer.headers["proxy-status"] != f"PostgREST; error={answer.json['code']}":
        yield f"proxy-status: {answer.headers['proxy-status']}"
    ordered = "order=" in asked.first
    if expected.body is None:
        if answer.body and not asked.first.startswith("HEAD"):
            yield f"a body, unasked: {answer.body.decode()}"
    elif "json" in content_type:
        if comparable(answer.json, ordered=ordered) != comparable(json.loads(expected.body), ordered=ordered):
            yield f"body {answer.body.decode()}"
    elif answer.body.decode() != expected.body.replace("\\n", "\n").replace("\\t", "\t"):
        yield f"body {answer.body!r}"


@pytest.mark.parametrize("way", ["in one piece", "row by row"])
@pytest.mark.parametrize("text", list(groups()))
async def test_every_answer_is_the_documented_one(
    cinema: Client, text: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row by row is how large answers are made: to the client it must make no difference."""
    monkeypatch.setattr(Weight, "large", lambda *_: way == "row by row")
    monkeypatch.setattr(syntax, "FEW", -1)  # else a small page is never made row by row
    wrong: list[str] = []
    for asked, expected in cases(text):
        method, _, target = asked.first.partition(" ")
        headers = {name.replace("-", "_"): value for name, value in asked.headers.items() if name != "content-type"}
        content_type = asked.headers.get("content-type", "application/json")
        answer = await cinema(method, target, sent(asked), content_type=content_type, **headers)  # type: ignore[arg-type]
        wrong += [f"{asked.first} {asked.headers}: {each}" for each in differences(asked, expected, answer)]
    assert not wrong, "\n".join(wrong)
