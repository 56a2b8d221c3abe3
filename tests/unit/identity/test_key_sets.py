"""Keys over time: rotation, storms, outages, restarts."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from rowgate.fetch import FetchRefused
from rowgate.identity.keysets import WAITING_LIMIT
from rowgate.identity.refusals import Refusal
from tests.unit.identity.identity_workshop import (
    CLERK,
    NOW,
    OIDC,
    FakeClock,
    Network,
    clerk,
    door,
    jwks,
    mint,
    oidc,
    public_jwk,
    signing_key,
)

pytestmark = pytest.mark.anyio

CLAIMS: dict[str, Any] = {"iss": OIDC, "sub": "u", "aud": "api", "role": "authenticated"}
KEYS = OIDC + "/keys"
OLD, NEW = public_jwk(signing_key()), public_jwk(signing_key(which=1), kid="k2")


def published() -> Network:
    network = Network()
    network.publish(OIDC, OLD)
    return network


def by_old(**claims: Any) -> bytes:
    return mint(CLAIMS | claims)


def by_new(**claims: Any) -> bytes:
    return mint(CLAIMS | claims, signing_key(which=1), kid="k2")


async def test_a_token_under_a_new_kid_works_at_once() -> None:
    network = published()
    here = door(oidc(), network=network)
    assert await here.code(by_old()) == "accepted"
    network.answers[KEYS] = jwks(OLD, NEW)
    assert await here.code(by_new()) == "accepted"
    assert network.calls[KEYS] == 2


async def test_two_rotations_in_a_row_refuse_no_good_token() -> None:
    network = published()
    here = door(oidc(), network=network)
    await here.judge(by_old())
    await here.judge(mint(CLAIMS, kid="made-up"))
    network.answers[KEYS] = jwks(OLD, NEW)
    assert await here.code(by_new()) == "accepted"


async def test_a_withdrawn_key_is_refused_as_soon_as_the_new_set_is_seen_remembered_tokens_too() -> None:
    network = published()
    here = door(oidc(), network=network)
    token = by_old()
    assert await here.code(token) == "accepted"
    assert here.verifier.recall(b"Bearer " + token, None) is not None
    epoch = here.verifier.epoch
    network.answers[KEYS] = jwks(NEW)
    await here.verifier.refresh("oidc")
    assert here.verifier.epoch > epoch
    assert here.verifier.recall(b"Bearer " + token, None) is None
    assert await here.code(token) == "key_unknown"


async def test_an_unchanged_set_forgets_no_verdict() -> None:
    here = door(oidc(), network=published())
    token = by_old()
    await here.judge(token)
    await here.verifier.refresh("oidc")
    assert here.verifier.recall(b"Bearer " + token, None) is not None


async def test_a_storm_of_ten_thousand_kids_makes_a_handful_of_fetches() -> None:
    network = published()
    here = door(oidc(), network=network, fetch_timeout=0.05)
    await here.judge(by_old())
    template = by_old().split(b".")
    from tests.unit.identity.identity_workshop import b64

    async def knock(number: int) -> str:
        head = b64(json.dumps({"alg": "RS256", "kid": f"storm-{number}"}).encode())
        return await here.code(head + b"." + template[1] + b"." + template[2])

    for start in range(0, 10_000, 1000):
        codes = await asyncio.gather(*(knock(number) for number in range(start, start + 1000)))
        assert set(codes) == {"key_unknown"}
        here.clock.advance(0.1)
    assert network.calls[KEYS] <= 1 + 3
    assert await here.code(by_old()) == "accepted"


async def test_waiting_for_a_fetch_has_few_places_and_beyond_them_a_kid_is_refused_at_once() -> None:
    # Given an issuer whose unplanned fetches are used up
    here = door(oidc(), network=published(), fetch_timeout=0.3)
    await here.judge(by_old())
    for number in range(3):
        await here.judge(mint(CLAIMS, kid=f"used-up-{number}"))
    # When every place is taken
    waiting = [asyncio.create_task(here.code(mint(CLAIMS, kid=f"waits-{number}"))) for number in range(WAITING_LIMIT)]
    await asyncio.sleep(0)
    # Then the next one is refused while they still wait
    assert await here.code(mint(CLAIMS, kid="one-too-many")) == "key_unknown"
    assert not any(task.done() for task in waiting)
    assert set(await asyncio.gather(*waiting)) == {"key_unknown"}


async def test_every_client_that_comes_under_a_new_kid_finds_a_place_to_wait() -> None:
    # Given an issuer that rotates right after its unplanned fetches were used up
    network = published()
    here = door(oidc(), network=network, unknown_kid_cooldown=0.1)
    await here.judge(by_old())
    for number in range(3):
        await here.judge(mint(CLAIMS, kid=f"used-up-{number}"))
    network.answers[KEYS] = jwks(OLD, NEW)
    # When more clients than there are places come with its new tokens, none is turned away
    tokens = [by_new(sub=f"u{number}") for number in range(WAITING_LIMIT + 20)]
    waiting = [asyncio.create_task(here.code(token)) for token in tokens]
    await asyncio.sleep(0)
    here.clock.advance(0.2)
    assert set(await asyncio.gather(*waiting)) == {"accepted"}
    assert here.verifier._keepers["oidc"]._waiting == {}


async def test_a_withdrawn_kid_is_refused_at_once_also_when_no_fetch_is_allowed() -> None:
    network = published()
    network.answers[KEYS] = jwks(OLD, NEW)
    here = door(oidc(), network=network)
    await here.judge(by_old())
    for number in range(3):
        await here.judge(mint(CLAIMS, kid=f"used-up-{number}"))
    network.answers[KEYS] = jwks(NEW)
    await here.verifier.refresh("oidc")
    async with asyncio.timeout(1):
        assert await here.code(by_old()) == "key_unknown"
    assert await here.code(by_new()) == "accepted"


async def test_a_kid_of_absurd_length_is_neither_waited_for_nor_remembered() -> None:
    network = published()
    here = door(oidc(), network=network)
    await here.judge(by_old())
    for number in range(10):
        assert await here.code(mint(CLAIMS, kid=f"{number}" + "x" * 8_000)) == "key_unknown"
    assert network.calls[KEYS] == 1
    assert not here.verifier._keepers["oidc"]._missing


async def test_a_kid_known_to_be_missing_is_refused_without_waiting_or_fetching() -> None:
    network = published()
    here = door(oidc(), network=network)
    unknown = mint(CLAIMS, kid="other-environment")
    await here.judge(unknown)
    fetched = network.calls[KEYS]
    for _ in range(20):
        assert await here.code(unknown) == "key_unknown"
    assert network.calls[KEYS] == fetched
    here.clock.advance(6)
    await here.judge(unknown)
    assert network.calls[KEYS] == fetched + 1


async def test_parallel_first_tokens_share_one_fetch() -> None:
    network = published()
    network.delay = 0.01
    here = door(oidc(), network=network)
    codes = await asyncio.gather(*(here.code(by_old(jti=str(number))) for number in range(50)))
    assert set(codes) == {"accepted"}
    assert network.calls[KEYS] == 1


async def test_nobody_waits_longer_than_the_fetch_timeout_for_a_slow_issuer() -> None:
    network = published()
    network.delay = 30
    here = door(oidc(), network=network, fetch_timeout=0.05)
    async with asyncio.timeout(2):
        verdicts = await asyncio.gather(*(here.judge(by_old(jti=str(number))) for number in range(50)))
    assert all(isinstance(verdict, Refusal) and verdict.code == "key_unavailable" for verdict in verdicts)
    assert all(isinstance(verdict, Refusal) and verdict.status == 503 for verdict in verdicts)
    await here.verifier.stop()


@pytest.mark.parametrize(
    "answer",
    [
        500,
        302,
        b"<html>",
        b'{"keys":[',
        b'{"keys":[]}',
        b"[]",
        b'{"keys":{}}',
        b"\xff",
        FetchRefused("slow"),
        ValueError(),
    ],
)
async def test_a_broken_answer_leaves_the_known_keys_working_and_shows_in_the_status(answer: Any) -> None:
    network = published()
    here = door(oidc(), network=network)
    await here.judge(by_old())
    network.answers[KEYS] = answer
    await here.verifier.refresh("oidc")
    assert await here.code(by_old(jti="another")) == "accepted"
    (status,) = here.verifier.status()
    assert status.last_error
    network.answers[KEYS] = jwks(OLD)
    await here.verifier.refresh("oidc")
    (status,) = here.verifier.status()
    assert status.last_error is None


async def test_a_broken_issuer_is_broken_alone() -> None:
    network = published()
    here = door(oidc(), clerk(), network=network)
    claims = {"iss": CLERK, "sub": "u", "sid": "s", "role": "authenticated"}
    assert await here.code(mint(claims)) == "key_unavailable"
    assert await here.code(by_old()) == "accepted"
    network.publish(CLERK, OLD)
    here.clock.advance(6)
    assert await here.code(mint(claims)) == "accepted"


async def test_stale_keys_work_through_an_outage_of_a_day_and_not_longer() -> None:
    network = published()
    here = door(oidc(), network=network)
    await here.judge(by_old())
    network.down()
    here.clock.advance(23.9 * 3600)
    await here.verifier.refresh("oidc")
    assert await here.code(by_old(exp=int(NOW) + 10**7)) == "accepted"
    here.clock.advance(0.2 * 3600)
    assert await here.code(by_old(exp=int(NOW) + 10**7, jti="x")) == "key_unavailable"


async def test_the_last_good_set_survives_a_restart_while_the_issuer_is_down(tmp_path: Path) -> None:
    network = published()
    folder = tmp_path / "keys"
    assert await door(oidc(), network=network, cache_folder=folder).code(by_old()) == "accepted"
    network.down()
    assert await door(oidc(), network=network, cache_folder=folder).code(by_old()) == "accepted"
    # private to the service user
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    # and only as long as stale keys may live
    late = FakeClock()
    late.advance(25 * 3600)
    again = door(oidc(), network=network, cache_folder=folder, clock=late)
    assert await again.code(by_old(exp=int(NOW) + 10**7)) == "key_unavailable"


async def test_a_cache_of_another_source_or_a_torn_one_is_not_used(tmp_path: Path) -> None:
    network = published()
    await door(oidc(), network=network, cache_folder=tmp_path).judge(by_old())
    network.down()
    moved = oidc(jwks_url="https://login.example.com/other")
    assert await door(moved, network=network, cache_folder=tmp_path).code(by_old()) == "key_unavailable"
    (file,) = tmp_path.iterdir()
    for torn in (b"", b"{", b'{"issuer":5}', b"\xff", file.read_bytes()[:-5]):
        file.write_bytes(torn)
        assert await door(oidc(), network=network, cache_folder=tmp_path).code(by_old()) == "key_unavailable"


async def test_a_cache_file_that_others_could_have_written_is_not_used(tmp_path: Path) -> None:
    network = published()
    await door(oidc(), network=network, cache_folder=tmp_path).judge(by_old())
    (file,) = tmp_path.glob("*.json")
    network.down()
    assert await door(oidc(), network=network, cache_folder=tmp_path).code(by_old()) == "accepted"
    file.chmod(0o622)
    assert await door(oidc(), network=network, cache_folder=tmp_path).code(by_old()) == "key_unavailable"
    file.chmod(0o600)
    elsewhere = tmp_path / "planted"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    assert await door(oidc(), network=network, cache_folder=tmp_path).code(by_old()) == "key_unavailable"


async def test_a_discovery_document_of_another_issuer_is_not_believed() -> None:
    network = published()
    document = json.loads(network.answers[OIDC + "/.well-known/openid-configuration"])
    for wrong in ({"issuer": "https://evil.example"}, {"issuer": 5}, {"jwks_uri": None}, {"jwks_uri": 5}):
        network.answers[OIDC + "/.well-known/openid-configuration"] = json.dumps(document | wrong).encode()
        assert await door(oidc(), network=network).code(by_old()) == "key_unavailable"
    network.answers[OIDC + "/.well-known/openid-configuration"] = json.dumps(document | {"issuer": OIDC + "/"}).encode()
    assert await door(oidc(), network=network).code(by_old()) == "accepted"


async def test_start_waits_for_no_issuer_and_the_background_refresh_resumes_after_an_outage() -> None:
    network = published()
    network.down()
    here = door(oidc(), network=network, refresh_interval=0.01)
    before = asyncio.all_tasks()
    async with asyncio.timeout(2):
        await here.verifier.start()
        assert await here.code(by_old()) == "key_unavailable"
        network.publish(OIDC, OLD)
        while not here.verifier.status()[0].keys:
            await asyncio.sleep(0.005)
        assert await here.code(by_old()) == "accepted"
        await here.verifier.stop()
    assert asyncio.all_tasks() == before
