"""supabase-py from PyPI against the example project."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from postgrest.exceptions import APIError
from supabase import Client, ClientOptions, create_client

from tests.support.stack import Stack

As = Callable[[str], Client]


@pytest.fixture
def as_(todos: Stack, tokens: dict[str, str]) -> As:
    """A client that carries a person's token the way supabase-py can: as its Authorization header."""

    def client(person: str) -> Client:
        options = ClientOptions(headers={"Authorization": f"Bearer {tokens[person]}"})
        return create_client(todos.url, todos.publishable_key, options)

    return client


def test_people_of_both_providers_write_and_read_their_own_rows(as_: As) -> None:
    for person in ("alice", "wanda"):
        client = as_(person)
        [made] = client.table("lists").insert({"name": f"py {person}"}).execute().data
        assert made["user_id"] == f"user_{person}"
        client.table("todos").insert([{"list_id": made["id"], "title": t} for t in ("a", "b")]).execute()
        read = client.table("todos").select("title, lists(name)", count="exact").eq("list_id", made["id"]).execute()
        assert read.count == 2
        assert [row["lists"]["name"] for row in read.data] == [f"py {person}"] * 2
        stranger = as_("walt").table("lists").select("*").eq("id", made["id"]).execute()
        assert stranger.data == []
        [changed] = client.table("lists").update({"name": "changed"}).eq("id", made["id"]).execute().data
        assert changed["name"] == "changed"
        assert len(client.table("lists").delete().eq("id", made["id"]).execute().data) == 1
        assert client.table("todos").select("id").eq("list_id", made["id"]).execute().data == []


def test_an_upsert_and_a_call_come_back(as_: As) -> None:
    client = as_("alice")
    assert client.rpc("requesting_user_id", {}).execute().data == "user_alice"
    assert client.rpc("requesting_user_id", {}, get=True).execute().data == "user_alice"


def test_an_error_has_code_message_and_hint(as_: As) -> None:
    with pytest.raises(APIError) as refused:
        as_("no_template").table("todos").select("*").execute()
    assert refused.value.code is not None
    assert refused.value.code.startswith("PGRST3")
    assert "organization_membership.role" in f"{refused.value.message} {refused.value.hint} {refused.value.details}"
    with pytest.raises(APIError) as denied:
        as_("alan").table("announcements").insert({"title": "x", "organization_id": "org_acme"}).execute()
    assert denied.value.code == "42501"
