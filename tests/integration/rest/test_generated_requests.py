"""Requests that schemathesis makes out of the OpenAPI document, against a whole server and its own database.

The document is upstream's, which leaves much unsaid: that a column may be null, that a filter begins with an operator,
that `select` names columns. `tightened` says it, so that most requests reach the tables; those made to be wrong break
these rules too. Two sides are asked of every answer: that it is one of the dialect's, and that it is what the document
promised where the document promises something.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from joserfc import jwt
from joserfc.jwk import OctKey
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.integration.rest.conftest import made_database
from tests.support.stack import Stack, start

LIBRARY = Path(__file__).with_name("library.sql")
RIGHTS = """
grant all on all tables in schema public to authenticated;
grant usage on all sequences in schema public to authenticated;
-- nobody answers there, which is a 5xx of its own
revoke all on afar_books from authenticated;
insert into authors values (1, 'Ann'), (2, 'Bob');
insert into books (title, author_id, tags, flags) values ('Roof', 1, '{a,b}', B'101'), ('Wall', null, null, null);
insert into loans values (1, 'Cid');
"""
EXAMPLES = 12  # per operation and mode: 1,400 requests, 31 s of processor time with the server's part, measured
OPERATOR = (
    r"^(not\.)?(eq|neq|gt|gte|lt|lte|like|ilike|match|imatch|is|isdistinct|in|cs|cd|ov|fts|plfts|phfts|wfts)"
    r"(\((any|all|english)\))?\.[^\x00]*$"
)
WRITES = {"post": {200, 201}, "patch": {200, 204}, "delete": {200, 204}}


@dataclass
class Asked:
    """A running server, its document, and how often each kind of answer was given."""

    stack: Stack
    schema: Any
    session: requests.Session
    answers: dict[int, int]


@pytest.fixture(scope="module")
def asked(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    folder = tmp_path_factory.mktemp("generated") / "project"
    (folder / "supabase").mkdir(parents=True)
    (folder / "supabase" / "config.toml").write_text(
        'project_id = "generated"\n[rowgate.db]\nlogin_prefix = "rowgate_generated"\n'
        "[rowgate.rest]\ndb_aggregates_enabled = true\ndb_plan_enabled = true\n"
    )
    with made_database(postgres_url, LIBRARY.read_text() + RIGHTS) as url:
        stack = start(folder, environ={"DATABASE_URL": url})
        key = OctKey.import_key(stack.keys["JWT_SECRET"])
        claims = {"role": "authenticated", "sub": "reader", "exp": int(time.time()) + 3600}
        session = requests.Session()
        session.headers["apikey"] = stack.publishable_key
        session.headers["authorization"] = f"Bearer {jwt.encode({'alg': 'HS256'}, claims, key)}"
        document = session.get(f"{stack.rest}/").json()
        schema = schemathesis.openapi.from_dict(tightened(document))
        schema.validate()  # against the JSON schema of OpenAPI 2.0
        schema.config.update(base_url=stack.rest)
        yield Asked(stack, schema, session, {})
        session.close()
        stack.stop()


def tightened(document: dict[str, Any]) -> dict[str, Any]:
    """The document with what Swagger 2 or upstream leaves out of it."""
    columns = {name for definition in document["definitions"].values() for name in definition["properties"]}
    plain = "|".join(sorted(name for name in columns if name.isidentifier()))
    patterns = {
        "select": rf"^(\*|({plain})(,({plain}))?)$",
        "order": rf"^({plain})(\.asc|\.desc)?(\.nullsfirst|\.nullslast)?$",
        "offset": r"^-?\d{1,3}$",
        "limit": r"^-?\d{1,3}$",
        "range": r"^\d{1,3}-\d{0,3}$",
    }
    for name, parameter in document["parameters"].items():
        if pattern := patterns.get(name, OPERATOR if name.startswith("rowFilter.") else None):
            parameter["pattern"] = pattern
    for definition in document["definitions"].values():
        for column in definition["properties"].values():
            column["x-nullable"] = True
        definition.pop("required", None)  # an answer has the columns that were selected; whole rows are looked at here
    return document


def test_no_generated_request_is_a_surprise(asked: Asked) -> None:
    """No 5xx, errors in PostgREST's shape, and answers of the declared statuses, types and columns."""
    operations = [each.ok() for each in asked.schema.get_all_operations()]
    assert len(operations) > 40
    for operation in operations:
        for mode in schemathesis.GenerationMode:
            ask(asked, operation, mode)
    answers = asked.answers
    assert answers[200] > 100
    assert answers[201] >= 5
    assert answers[204] > 20
    assert answers[400] > 100
    assert not [line for line in asked.stack.output if "request failed" in line]


def ask(asked: Asked, operation: Any, mode: schemathesis.GenerationMode) -> None:
    """Send some requests for an operation that are meant to be right, or wrong."""

    @seed(20261125)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: schemathesis.Case) -> None:
        response = case.call(session=asked.session)
        asked.answers[response.status_code] = asked.answers.get(response.status_code, 0) + 1
        checks = [not_a_server_error]
        if response.status_code < 400 and response.content:
            checks += [content_type_conformance]
            if case.method.lower() == "get" and not operation.path.startswith("/rpc/"):
                checks += [response_schema_conformance]
        case.validate_response(response, checks=checks)
        look(asked, case, response)

    try:
        one()
    except Unsatisfiable:  # what takes no parameters cannot be asked wrongly
        assert mode is schemathesis.GenerationMode.NEGATIVE
        assert not list(operation.iter_parameters())


def look(asked: Asked, case: schemathesis.Case, response: Any) -> None:
    """What the document does not say, or says of a well-behaved client alone."""
    status, method, path = response.status_code, case.method.lower(), case.operation.path
    if status >= 400:
        error = json.loads(response.content or "{}")
        if method != "head":
            assert set(error) == {"code", "details", "hint", "message"}, (case, error)
            assert isinstance(error["message"], str)
            assert response.headers["content-type"] == ["application/json; charset=utf-8"]
            assert response.headers["proxy-status"] == [f"PostgREST; error={error['code']}"]
        return
    if path == "/":
        assert status == 200
    elif path.startswith("/rpc/"):
        assert status in {200, 204, 206}
    elif method == "get":
        assert status in {200, 206}
        if "select" not in (case.query or {}):
            columns = set(asked.schema.raw_schema["definitions"][path[1:]]["properties"])
            assert all(set(row) == columns for row in json.loads(response.content))
    else:
        assert status in WRITES[method], (case, status)
