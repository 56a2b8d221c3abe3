"""Served through somebody else's login, as PostgREST through its authenticator: nothing in the database changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.server.asking import until
from tests.support.stack import Stack

from .asking import ask, token
from .cluster import Cluster
from .schema import NOTES, PASSWORD, ROLES, TWO_ROWS

GRANT = 'GRANT service_role TO "authenticator";'


@pytest.fixture
def prepared(cluster: Cluster) -> Cluster:
    cluster.execute(ROLES + NOTES + TWO_ROWS)
    return cluster


def check_rows(stack: Stack) -> None:
    """Policies hold, and the role's list and the check on privileged roles do too."""
    for who in ("ana", "ben"):
        found = ask(stack, "GET", "/notes?select=body", bearer=token(stack, who))
        assert (found.status, found.body) == (200, [{"body": f"{who}'s"}])
    assert ask(stack, "GET", "/notes").body == []
    refused = ask(stack, "GET", "/notes", bearer=token(stack, "ana", "service_role"))
    assert (refused.status, refused.headers["x-rowgate-refusal"]) == (403, "role_not_allowed")
    listed = ask(stack, "GET", "/notes", bearer=token(stack, "ana", "writer"))
    assert (listed.status, listed.headers["x-rowgate-refusal"]) == (403, "role_not_allowed")


def test_a_login_with_service_role_serves_everything_and_says_how_far_it_reaches(
    prepared: Cluster, serve: Callable[..., Stack]
) -> None:
    prepared.execute("grant service_role to authenticator")
    before = prepared.dump()
    stack = serve(prepared.url("authenticator", PASSWORD), "--services", "rest")
    printed = "".join(stack.output)
    assert "Nothing was changed in the database" in printed
    assert "service_role (has BYPASSRLS)" in printed
    check_rows(stack)
    everything = ask(stack, "GET", "/notes?select=owner&order=owner", key=stack.keys["SECRET_KEY"])
    assert everything.body == [{"owner": "ana"}, {"owner": "ben"}]
    made = ask(stack, "POST", "/notes", {"body": "new"}, bearer=token(stack, "ana"), prefer="return=representation")
    assert (made.status, made.body[0]["owner"]) == (201, "ana")
    assert stack.stop() == 0
    assert prepared.dump() == before


def test_a_login_without_service_role_refuses_secret_keys_until_an_administrator_grants_it(
    prepared: Cluster, serve: Callable[..., Stack]
) -> None:
    before = prepared.dump()
    stack = serve(prepared.url("authenticator", PASSWORD), "--services", "rest")
    printed = "".join(stack.output)
    assert GRANT in printed
    assert "can become" not in printed
    check_rows(stack)
    for secret in ("SECRET_KEY", "SERVICE_ROLE_KEY"):
        refused = ask(stack, "GET", "/notes", key=stack.keys[secret])
        assert (refused.status, refused.headers["x-rowgate-refusal"]) == (403, "api_key_unavailable")
        assert GRANT in refused.body["hint"]
    assert prepared.dump() == before
    prepared.execute(GRANT)
    until(lambda: ask(stack, "GET", "/notes", key=stack.keys["SECRET_KEY"]).status == 200, 8)
    check_rows(stack)


def test_setup_never_changes_nothing_even_as_a_superuser(prepared: Cluster, serve: Callable[..., Stack]) -> None:
    before = prepared.dump()
    stack = serve(prepared.superuser, environ={"ROWGATE_DB__SETUP": "never"})
    assert "is a superuser: any function called in a request can become anything" in "".join(stack.output)
    check_rows(stack)
    assert ask(stack, "GET", "/notes", key=stack.keys["SECRET_KEY"]).status == 200
    assert stack.stop() == 0
    assert prepared.dump() == before
