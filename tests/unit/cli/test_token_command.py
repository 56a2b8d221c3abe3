"""rowgate token explain: the verdict, each check, the fix, and never the token."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from rowgate.project.resolve import resolve

from .conftest import Run


def token(project: Path, **claims: object) -> str:
    now = int(time.time())
    secret = OctKey.import_key(resolve(project, environ={}).secrets.jwt_secret)
    payload = {"sub": "user_1", "role": "authenticated", "iat": now, "exp": now + 60, **claims}
    return jwt.encode({"alg": "HS256"}, payload, secret)


def test_a_good_token_is_explained_with_its_principal(run: Run, project: Path) -> None:
    outcome = run("token", "explain", token(project))

    assert outcome.status == 0
    assert outcome.out.startswith("Accepted as role authenticated")
    assert "subject      user_1" in outcome.out
    assert "The database could not be asked" in outcome.out


def test_a_refused_token_is_exit_status_1_with_code_and_fix(run: Run, project: Path) -> None:
    outcome = run("token", "explain", token(project, role="admin"))

    assert outcome.status == 1
    assert outcome.out.startswith("Refused (403 role_not_allowed)")
    assert "\nFix\n" in outcome.out


def test_every_check_comes_as_json(run: Run, project: Path) -> None:
    explained = json.loads(run("token", "explain", token(project), "-o", "json").out)

    assert explained["accepted"] is True
    assert explained["principal"]["role"] == "authenticated"
    assert {"name", "expected", "found", "ok"} == set(explained["checks"][0])
    assert explained["claims"]["sub"] == "user_1"


@pytest.mark.parametrize("prefix", ["", "Bearer ", "Authorization: Bearer ", "\n  "])
def test_a_token_is_read_from_standard_input_as_it_was_pasted(run: Run, project: Path, prefix: str) -> None:
    outcome = run("token", "explain", "-", stdin=f"{prefix}{token(project)}\n")

    assert outcome.status == 0


@pytest.mark.parametrize("output", ["pretty", "json"])
@pytest.mark.parametrize("role", ["authenticated", "admin"])
def test_the_token_is_never_repeated(run: Run, project: Path, output: str, role: str) -> None:
    text = token(project, role=role)

    outcome = run("token", "explain", text, "-o", output)

    for part in text.split("."):
        assert part not in outcome.out + outcome.err


def test_a_project_key_is_explained_and_not_repeated(run: Run, project: Path) -> None:
    key = resolve(project, environ={}).secrets.secret_key

    outcome = run("token", "explain", key)

    assert outcome.status == 0
    assert "service_role" in outcome.out
    assert key not in outcome.out + outcome.err


@pytest.mark.parametrize("text", ["", "abc", "a.b.c", "\x00", "é.é.é", "." * 2000, "x" * 20_000])
def test_any_text_gets_an_answer(run: Run, project: Path, text: str) -> None:
    outcome = run("token", "explain", "-", stdin=text)

    assert outcome.status == 1
    assert "unexpected" not in outcome.err
