"""What the verifier remembers, and what makes it forget."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from rowgate.errors import ConfigurationError
from rowgate.identity.refusals import Refusal, refusal
from rowgate.identity.verdict_cache import VerdictCache
from rowgate.postgres.roles import RoleSnapshot
from rowgate.principal import Principal
from rowgate.project.settings import Folders, IdentitySettings, IssuerSettings, Settings
from tests.unit.identity.identity_workshop import (
    OIDC,
    ROLES,
    SECRETS,
    Network,
    door,
    jwks,
    mint,
    oidc,
    pasted,
    public_jwk,
    signing_key,
)

pytestmark = pytest.mark.anyio

CLAIMS: dict[str, Any] = {"iss": OIDC, "sub": "user_1", "role": "authenticated"}
TOKEN = mint(CLAIMS)
BEARER = b"Bearer " + TOKEN


def settings(*issuers: IssuerSettings, **identity: Any) -> Settings:
    return Settings(
        project_id="p",
        folders=Folders(Path("w"), Path("s")),
        secrets=SECRETS,
        identity=IdentitySettings(issuers=issuers, **identity),
    )


async def test_a_second_sight_is_recalled_and_is_the_same_principal() -> None:
    here = door(pasted())
    assert here.verifier.recall(BEARER, None) is None
    principal = await here.verifier.verify(BEARER, None)
    assert here.verifier.recall(BEARER, None) is principal


async def test_recall_goes_by_both_headers() -> None:
    here = door(pasted())
    await here.verifier.verify(BEARER, None)
    assert here.verifier.recall(BEARER, b"sb_publishable_wrong") is None
    assert await here.code(TOKEN, b"sb_publishable_wrong") == "api_key_invalid"


async def test_a_remembered_token_ends_with_its_exp_and_skew() -> None:
    here = door(pasted())
    await here.verifier.verify(BEARER, None)
    here.clock.advance(89)
    assert here.verifier.recall(BEARER, None) is not None
    here.clock.advance(2)
    assert here.verifier.recall(BEARER, None) is None
    assert await here.code(TOKEN) == "token_expired"


@pytest.mark.parametrize("step", [3600.0, -3600.0])
async def test_verdicts_follow_a_clock_that_steps(step: float) -> None:
    here = door(pasted())
    await here.verifier.verify(BEARER, None)
    here.clock.now += step
    assert await here.code(TOKEN) == ("token_expired" if step > 0 else "token_not_yet_valid")
    here.clock.now -= step
    assert await here.code(TOKEN) == "accepted"


async def test_a_token_without_end_is_looked_at_again_after_an_hour() -> None:
    here = door(pasted())
    forever = b"Bearer " + mint(CLAIMS | {"exp": 10**400})
    principal = await here.verifier.verify(forever, None)
    assert isinstance(principal, Principal)
    assert principal.expires_at == 253_402_300_799.0
    here.clock.advance(3601)
    assert here.verifier.recall(forever, None) is None


async def test_a_role_that_becomes_privileged_is_refused_remembered_tokens_included() -> None:
    here = door(pasted())
    await here.verifier.verify(BEARER, None)
    here.roles[0] = dataclasses.replace(
        ROLES, public=ROLES.public - {"authenticated"}, privileged={"authenticated": "has BYPASSRLS"}
    )
    here.verifier.roles_changed()
    verdict = await here.verifier.verify(BEARER, None)
    assert isinstance(verdict, Refusal)
    assert (verdict.code, verdict.status) == ("role_privileged", 403)
    assert "BYPASSRLS" in verdict.message


async def test_a_verification_begun_under_an_older_epoch_is_not_remembered() -> None:
    # Given trust that changes during every attempt
    restless = True

    def roles() -> RoleSnapshot:
        if restless:
            here.verifier.roles_changed()
        return ROLES

    here = door(pasted(), ask_roles=roles)
    # Then the verdict is given but not remembered; and once trust is at rest, it is
    assert await here.code(TOKEN) == "accepted"
    assert here.verifier.recall(BEARER, None) is None
    restless = False
    assert await here.code(TOKEN) == "accepted"
    assert here.verifier.recall(BEARER, None) is not None


async def test_trust_that_is_withdrawn_while_keys_are_fetched_is_not_given() -> None:
    network = Network()
    network.publish(OIDC, public_jwk(signing_key()))
    here = door(oidc(), network=network)
    document = network.answers[OIDC + "/keys"]

    def remove_the_role_meanwhile() -> bytes:
        here.roles[0] = dataclasses.replace(ROLES, public=frozenset({"anon"}))
        here.verifier.roles_changed()
        return document

    network.answers[OIDC + "/keys"] = remove_the_role_meanwhile
    assert await here.code(mint(CLAIMS | {"aud": "api"})) == "role_unknown"


async def test_removing_an_issuer_does_not_cancel_the_requests_that_wait_for_its_keys() -> None:
    network = Network(delay=0.05)
    network.publish(OIDC, public_jwk(signing_key()))
    here = door(oidc(), network=network)
    await here.verifier.start()
    waiting = asyncio.create_task(here.code(mint(CLAIMS | {"aud": "api"})))
    await asyncio.sleep(0.01)
    here.verifier.reconfigure(settings())
    assert await waiting == "issuer_unknown"
    await here.verifier.stop()


async def test_the_kill_list_has_its_place_on_both_paths() -> None:
    killed: set[str | None] = set()
    dead = refusal("token_expired", "the session was ended")
    here = door(pasted(), killed=lambda principal: dead if principal.subject in killed else None)
    assert await here.code(TOKEN) == "accepted"
    killed.add("user_1")
    assert here.verifier.recall(BEARER, None) is dead
    here.verifier.kills_changed()
    assert await here.verifier.verify(BEARER, None) is dead
    assert here.verifier.recall(BEARER, None) is None


async def test_the_memory_is_bounded_in_bytes() -> None:
    here = door(pasted(), token_cache_bytes=20_000)
    for number in range(60):
        await here.judge(mint(CLAIMS | {"jti": str(number)}))
    memory: VerdictCache = here.verifier._memory
    assert 5 < len(memory.entries) < 20
    assert memory.size == sum(entry.size for entry in memory.entries.values()) <= 20_000
    assert await door(pasted(), token_cache_bytes=100).code(TOKEN) == "accepted"


async def test_refusals_are_not_remembered() -> None:
    here = door(pasted())
    assert await here.code(mint(CLAIMS | {"role": "editor"})) == "role_not_allowed"
    assert not here.verifier._memory.entries


async def test_reconfigure_takes_issuers_over_at_once_and_keeps_unchanged_key_sets() -> None:
    network = Network()
    network.publish(OIDC, public_jwk(signing_key()))
    here = door(oidc(), network=network)
    token = mint(CLAIMS | {"aud": "api"})
    assert await here.code(token) == "accepted"
    # When only a rule changes, the keys stay and the rule holds
    here.verifier.reconfigure(settings(oidc(roles=("editor",))))
    assert await here.code(token) == "role_not_allowed"
    assert network.calls[OIDC + "/keys"] == 1
    # When the issuer goes, its tokens go
    here.verifier.reconfigure(settings())
    assert await here.code(token) == "issuer_unknown"
    # When it comes back, its keys are fetched again
    here.verifier.reconfigure(settings(oidc()))
    assert await here.code(token) == "accepted"
    assert network.calls[OIDC + "/keys"] == 2


async def test_a_bad_configuration_changes_nothing() -> None:
    here = door(pasted())
    epoch = here.verifier.epoch
    with pytest.raises(ConfigurationError):
        here.verifier.reconfigure(settings(oidc(audiences=None)))
    assert here.verifier.epoch == epoch
    assert await here.code(TOKEN) == "accepted"


async def test_reconfigure_ends_the_refresh_of_a_removed_issuer() -> None:
    network = Network()
    network.publish(OIDC, public_jwk(signing_key()))
    here = door(oidc(), network=network, refresh_interval=0.001)
    await here.verifier.start()
    here.verifier.reconfigure(settings(pasted()))
    await here.verifier.stop()
    calls = sum(network.calls.values())
    await asyncio.sleep(0.02)
    assert sum(network.calls.values()) == calls


async def test_a_changed_key_source_drops_the_old_keys() -> None:
    network = Network()
    network.publish(OIDC, public_jwk(signing_key()))
    network.answers["https://login.example.com/new"] = jwks(public_jwk(signing_key(which=1)))
    here = door(oidc(), network=network)
    token = mint(CLAIMS | {"aud": "api"})
    assert await here.code(token) == "accepted"
    here.verifier.reconfigure(settings(oidc(jwks_url="https://login.example.com/new")))
    assert await here.code(token) == "signature_invalid"
