"""Keys rotate, vanish and come back at the issuer while requests run."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import aiohttp
import httpx
import psycopg
import pytest

from rowgate.identity.keysets import UNPLANNED_BURST
from rowgate.project.settings import IdentitySettings
from tests.support.issuers import Fault, IssuerFarm
from tests.support.stack import Stack, start
from tests.support.trust import PATIENCE, REFRESH

STORM = 10_000  # tokens under key ids nobody has seen
AT_ONCE = 200


@pytest.fixture
def client(trusting: Stack) -> httpx.Client:
    return httpx.Client(base_url=trusting.rest, timeout=15, headers={"apikey": trusting.publishable_key})


def read(client: httpx.Client, token: str) -> httpx.Response:
    return client.get("/notes?limit=1", headers={"Authorization": f"Bearer {token}"})


def eventually(what: Callable[[], bool], within: float) -> float:
    """Seconds until `what` holds; fails when it does not within the time."""
    started = time.monotonic()
    while not what():
        assert time.monotonic() - started < within, f"not so within {within} s"
        time.sleep(0.05)
    return time.monotonic() - started


def test_no_good_token_is_refused_while_keys_rotate(farm: IssuerFarm, client: httpx.Client) -> None:
    issuer = farm.issuers["rotating"]
    statuses: Counter[int] = Counter()
    stop = threading.Event()

    def keep_asking() -> None:
        with httpx.Client(base_url=client.base_url, headers=client.headers, timeout=15) as mine:
            while not stop.is_set():
                # A fresh token each time: nothing is remembered from the request before.
                statuses[read(mine, issuer.token(jti=secrets.token_hex(8))).status_code] += 1

    threads = [threading.Thread(target=keep_asking) for _ in range(3)]
    for thread in threads:
        thread.start()
    for generation in range(2, 5):
        issuer.add_key(f"rotating-{generation}")  # published, and signing, at once
        time.sleep(0.6)
    stop.set()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200}
    assert statuses[200] > 30


def test_a_token_under_a_withdrawn_key_is_refused_one_refresh_later(farm: IssuerFarm, client: httpx.Client) -> None:
    issuer = farm.issuers["rotating"]
    old = issuer.keys[-1]
    token = issuer.token(kid=old.kid)
    assert read(client, token).status_code == 200
    old.published = False
    eventually(lambda: read(client, token).status_code == 401, within=REFRESH + 2)
    assert read(client, token).headers["x-rowgate-refusal"] == "key_unknown"


def forged(template: str) -> str:
    """A token that nobody signed, under a key id that nobody has seen."""
    _, payload, signature = template.split(".")
    header = json.dumps({"alg": "RS256", "typ": "JWT", "kid": secrets.token_hex(8)}).encode()
    return f"{base64.urlsafe_b64encode(header).rstrip(b'=').decode()}.{payload}.{signature}"


@pytest.mark.anyio
async def test_a_storm_of_unknown_key_ids_makes_a_handful_of_fetches(farm: IssuerFarm, trusting: Stack) -> None:
    issuer = farm.issuers["stormy"]
    template = issuer.token()
    forgeries, verdicts, good = iter(range(STORM)), Counter[tuple[int, str]](), Counter[int]()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(headers={"apikey": trusting.publishable_key}, connector=connector) as session:

        async def ask(token: str) -> tuple[int, str]:
            headers = {"Authorization": f"Bearer {token}"}
            async with session.get(f"{trusting.rest}/notes?limit=1", headers=headers) as answer:
                await answer.read()
                return answer.status, answer.headers.get("x-rowgate-refusal", "")

        async def storm() -> None:
            for _ in forgeries:
                verdicts[await ask(forged(template))] += 1

        async def keep_asking() -> None:
            while True:
                status, _ = await ask(issuer.token(jti=secrets.token_hex(8)))  # fresh: nothing is remembered of it
                good[status] += 1
                await asyncio.sleep(0.1)

        assert await ask(template) == (200, "")
        before, started = farm.fetches["stormy"], time.monotonic()
        asking = asyncio.create_task(keep_asking())
        # Few of them may wait for the next fetch, a second or two each; the others are refused at once.
        async with asyncio.timeout(60):
            await asyncio.gather(*(storm() for _ in range(AT_ONCE)))
        elapsed, fetched = time.monotonic() - started, farm.fetches["stormy"] - before
        asking.cancel()
        await asyncio.wait((asking,))
        assert await ask(issuer.token(jti="after")) == (200, "")
    assert verdicts == {(401, "key_unknown"): STORM}
    assert set(good) == {200}
    assert good[200] >= 5
    # Each refresh asks twice (discovery, key set): those on schedule, and unplanned ones no closer than the cool-down
    # after the first few.
    planned, unplanned = elapsed / REFRESH + 1, UNPLANNED_BURST + elapsed / IdentitySettings().unknown_kid_cooldown + 1
    assert fetched <= 2 * (planned + unplanned)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500, body=b"oops"),
        Fault(body=b"<html>sign in</html>"),
        Fault(body=b'{"keys": [{"kty"'),
        Fault(body=b'{"keys": []}'),
        Fault(body=b"[" * 10_000_000),
        Fault(delay=PATIENCE + 0.5),
        Fault(status=302, body=b"", location="http://169.254.169.254/latest/meta-data"),
    ],
    ids=["500", "html", "half json", "empty set", "10 MB", "slow", "redirect to a private address"],
)
def test_known_keys_keep_working_while_the_issuer_is_broken(
    fault: Fault, farm: IssuerFarm, client: httpx.Client
) -> None:
    issuer = farm.issuers["flaky"]
    assert read(client, issuer.token()).status_code == 200
    seen = farm.fetches["flaky"]
    issuer.fault = fault
    try:
        # Two more have begun, so one has met the fault from its beginning to its end.
        eventually(lambda: farm.fetches["flaky"] > seen + 1, within=2 * (REFRESH + PATIENCE) + 4)
        assert read(client, issuer.token()).status_code == 200
    finally:
        issuer.fault = None


def test_refresh_resumes_when_the_issuer_is_back(farm: IssuerFarm, client: httpx.Client) -> None:
    issuer = farm.issuers["flaky"]
    issuer.fault = Fault(status=500)
    time.sleep(REFRESH)
    issuer.fault = None
    new = issuer.add_key("flaky-back")
    assert new.published
    eventually(lambda: read(client, issuer.token()).status_code == 200, within=REFRESH + 6)


def test_a_dead_issuer_does_not_hurt_the_others_or_the_start(farm: IssuerFarm, client: httpx.Client) -> None:
    assert read(client, farm.issuers["oidc"].token()).status_code == 200
    refused = read(client, farm.issuers["dead"].token())
    assert (refused.status_code, refused.headers["x-rowgate-refusal"]) == (503, "key_unavailable")


def test_known_keys_survive_a_restart_of_ours_while_the_issuer_is_down(tmp_path: Path) -> None:
    farm = IssuerFarm()
    issuer = farm.add("oidc", claims={"sub": "u", "aud": "api", "role": "authenticated"})
    supabase = tmp_path / "supabase"
    (supabase / "migrations").mkdir(parents=True)
    (supabase / "migrations" / "20260101000000_notes.sql").write_text("create table public.notes (id int)")
    (supabase / "config.toml").write_text(
        f'project_id = "restart"\n[[rowgate.issuers]]\nname = "oidc"\nprovider = "oidc"\n'
        f'issuer = "{issuer.issuer}"\naudiences = ["api"]\n'
    )
    stack = start(tmp_path)
    try:
        assert httpx.get(f"{stack.rest}/notes", headers={"Authorization": f"Bearer {issuer.token()}"}).json() == []
    finally:
        assert stack.stop(keep_database=True) == 0
    farm.stop()
    stack = start(tmp_path)
    try:
        assert httpx.get(f"{stack.rest}/notes", headers={"Authorization": f"Bearer {issuer.token()}"}).json() == []
    finally:
        assert stack.stop() == 0


def test_a_role_that_gains_bypassrls_is_refused_within_five_seconds(
    farm: IssuerFarm, client: httpx.Client, trusting: Stack
) -> None:
    token = farm.issuers["clerk"].token(role="editor")
    assert read(client, token).status_code == 200
    with psycopg.connect(trusting.keys["DB_URL"], autocommit=True) as owner:
        owner.execute("alter role editor bypassrls")
        try:
            # Until the worker has seen it too, Postgres itself may say that the role is not to be had any more.
            eventually(lambda: read(client, token).headers.get("x-rowgate-refusal") == "role_privileged", within=5)
        finally:
            owner.execute("alter role editor nobypassrls")
            eventually(lambda: read(client, token).status_code == 200, within=10)
