"""An offline issuer as a process of its own, and plain HTTP to it."""

import base64
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

SOURCE = Path(__file__).parents[3] / "src"
START = "import typer; from rowgate.cli.offline import register; app = typer.Typer(); register(app); app()"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class IssuerProcess:
    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, "offline", *arguments, "--parent-pipe"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
        assert self.process.stdout
        self.ready = self.process.stdout.readline()
        self.facts = dict(re.findall(r"(\w+)=(\S+)", self.ready))
        self.issuer = self.facts.get("issuer", "")
        self.base = self.facts.get("control", "").removesuffix("/__offline__")

    def call(self, method: str, path: str, body: Any = None, form: Any = None, **headers: str) -> Answer:
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        elif form is not None:
            data, headers["Content-Type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
        url = path if path.startswith("http") else self.base + path
        request = urllib.request.Request(url, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return Answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def control(self, name: str, body: Any = None) -> Any:
        answer = self.call("POST", f"/__offline__/{name}", body)
        assert answer.status == 200, answer
        return answer.json

    def stop(self) -> int:
        assert self.process.stdin
        self.process.stdin.close()
        status = self.process.wait(timeout=10)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        return status


def header_of(token: str) -> dict[str, Any]:
    return _part(token, 0)


def claims_of(token: str) -> dict[str, Any]:
    return _part(token, 1)


def _part(token: str, index: int) -> dict[str, Any]:
    part = token.split(".")[index]
    members: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return members
