"""Every combination of credentials clients send, and the recorded request shapes of the Flutter and Swift clients."""

from __future__ import annotations

import httpx
import pytest

from tests.support.stack import Stack

FLUTTER = {
    "X-Client-Info": "supabase-flutter/2.10.0",
    "X-Supabase-Client-Platform": "android",
    "X-Supabase-Client-Runtime": "dart",
    "User-Agent": "Dart/3.9 (dart:io)",
}
SWIFT = {
    "X-Client-Info": "supabase-swift/2.33.0",
    "Accept": "application/json",
    "Content-Type": "application/json",  # on reads too
    "User-Agent": "App/1 CFNetwork/1568.100.1 Darwin/24.0.0",
}


@pytest.fixture
def client(todos: Stack) -> httpx.Client:
    return httpx.Client(base_url=todos.rest, timeout=15)


def shapes(keys: dict[str, str], token: str) -> dict[str, tuple[dict[str, str], dict[str, str], str]]:
    """name: (headers, query, the role the request must run as)."""
    publishable, secret = keys["PUBLISHABLE_KEY"], keys["SECRET_KEY"]
    anon, service = keys["ANON_KEY"], keys["SERVICE_ROLE_KEY"]
    return {
        "nothing at all": ({}, {}, "anon"),
        "publishable key as apikey": ({"apikey": publishable}, {}, "anon"),
        "publishable key twice (supabase-js)": (
            {"apikey": publishable, "Authorization": f"Bearer {publishable}"}, {}, "anon",
        ),
        "publishable key as bearer alone (storage-js)": ({"Authorization": f"Bearer {publishable}"}, {}, "anon"),
        "legacy anon key twice": ({"apikey": anon, "Authorization": f"Bearer {anon}"}, {}, "anon"),
        "legacy anon key as apikey": ({"apikey": anon}, {}, "anon"),
        "secret key as apikey": ({"apikey": secret}, {}, "service_role"),
        "secret key twice": ({"apikey": secret, "Authorization": f"Bearer {secret}"}, {}, "service_role"),
        "legacy service key twice": ({"apikey": service, "Authorization": f"Bearer {service}"}, {}, "service_role"),
        "legacy service key as bearer": ({"Authorization": f"Bearer {service}"}, {}, "service_role"),
        "token with publishable key": (
            {"apikey": publishable, "Authorization": f"Bearer {token}"}, {}, "authenticated",
        ),
        "token with legacy anon key": ({"apikey": anon, "Authorization": f"Bearer {token}"}, {}, "authenticated"),
        "token with secret key": ({"apikey": secret, "Authorization": f"Bearer {token}"}, {}, "authenticated"),
        "token alone": ({"Authorization": f"Bearer {token}"}, {}, "authenticated"),
        "lower-case scheme": ({"Authorization": f"bearer {token}"}, {}, "authenticated"),
        "apikey in the query": ({}, {"apikey": publishable}, "anon"),
    }  # fmt: skip


NAMES = list(shapes(dict.fromkeys(("PUBLISHABLE_KEY", "SECRET_KEY", "ANON_KEY", "SERVICE_ROLE_KEY"), ""), ""))


@pytest.mark.parametrize("name", NAMES)
def test_a_combination_of_credentials_means_one_role(
    name: str, client: httpx.Client, todos: Stack, tokens: dict[str, str]
) -> None:
    headers, query, role = shapes(todos.keys, tokens["alice"])[name]
    # The policies answer for the role: anon may not read the table, authenticated sees its own, service_role all.
    answer = client.get("/lists", headers=headers, params={"select": "id", "limit": "0", **query})
    assert answer.status_code == (401 if role == "anon" else 200), answer.text
    who = client.post("/rpc/requesting_user_id", headers=headers, params=query, json={})
    assert who.json() == ("user_alice" if role == "authenticated" else None), who.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer sb_publishable_not_ours"},
        {"apikey": "sb_secret_not_ours"},
        {"apikey": "garbage"},
        {"Authorization": "Bearer garbage"},
        {"Authorization": "Basic dXNlcjpwYXNz"},
        {"Authorization": "Bearer"},
    ],
    ids=str,
)
def test_a_wrong_credential_is_never_anonymous(headers: dict[str, str], client: httpx.Client, todos: Stack) -> None:
    with_key = client.get("/lists", headers={"apikey": todos.publishable_key, **headers})
    alone = client.get("/lists", headers=headers)
    for answer in (with_key, alone):
        assert answer.status_code == 401, answer.text
        assert "x-rowgate-refusal" in answer.headers


@pytest.mark.parametrize("device", [FLUTTER, SWIFT], ids=["flutter", "swift"])
def test_the_recorded_requests_of_a_mobile_client_work(
    device: dict[str, str], client: httpx.Client, todos: Stack, tokens: dict[str, str]
) -> None:
    auth = {"apikey": todos.publishable_key, "Authorization": f"Bearer {tokens['alice']}", **device}
    write = {**auth, "Content-Type": "application/json", "Content-Profile": "public"}
    made = client.post(
        "/lists", params={"select": "*"}, headers={**write, "Prefer": "return=representation"}, json={"name": "phone"}
    )
    assert made.status_code == 201, made.text
    [row] = made.json()
    read = client.get(
        "/lists",
        params={"select": "id,name", "id": f"eq.{row['id']}", "order": "name.asc.nullslast", "limit": "1"},
        headers={**auth, "Accept-Profile": "public", "Prefer": "count=exact"},
    )
    assert (read.status_code, read.json()) == (206 if read.headers["content-range"].endswith("/2") else 200, [
        {"id": row["id"], "name": "phone"}
    ]), read.text  # fmt: skip
    assert read.headers["content-range"] == "0-0/1"
    one = client.get(
        "/lists",
        params={"select": "*", "id": f"eq.{row['id']}"},
        headers={**auth, "Accept": "application/vnd.pgrst.object+json", "Accept-Profile": "public"},
    )
    assert one.json()["user_id"] == "user_alice"
    upserted = client.post(
        "/lists",
        params={"on_conflict": "id", "select": "*"},
        headers={**write, "Prefer": "resolution=merge-duplicates,return=representation"},
        json=[{"name": "tablet"}],
    )
    assert upserted.status_code in (200, 201), upserted.text
    head = client.head("/lists", params={"select": "*"}, headers={**auth, "Prefer": "count=exact"})
    assert head.status_code in (200, 206)
    gone = client.delete("/lists", params={"id": "gte.0"}, headers={**write, "Prefer": "return=minimal"})
    assert gone.status_code == 204, gone.text
    called = client.post("/rpc/requesting_user_id", headers=write, content="{}")
    assert called.json() == "user_alice"
