"""Explain tells the verifier's own story, with the fix in the provider's words."""

from __future__ import annotations

import json

import msgspec
import pytest

from rowgate.fetch import FetchRefused
from rowgate.identity.explain import Explanation, explain_token, presumed_roles
from rowgate.identity.refusals import Refusal
from rowgate.postgres.roles import RoleSnapshot
from tests.unit.identity.identity_workshop import (
    CLERK,
    NOW,
    SECRETS,
    WORKOS,
    Door,
    Network,
    clerk,
    door,
    jwks,
    mint,
    mint_hs,
    pasted,
    public_jwk,
    signing_key,
    workos,
)

pytestmark = pytest.mark.anyio

SESSION = {"iss": CLERK, "sub": "user_1", "sid": "s", "role": "authenticated"}


async def explained(here: Door, token: bytes) -> Explanation:
    explanation = await explain_token(here.verifier, token)
    json.loads(msgspec.json.encode(explanation))  # what `-o json` prints
    return explanation


async def test_an_accepted_token_shows_every_check_and_the_principal() -> None:
    explanation = await explained(door(clerk()), b"Bearer " + mint(SESSION) + b"\n")
    assert [check.name for check in explanation.checks] == [
        "size", "shape", "header", "algorithm", "issuer", "allowed algorithm", "key", "key algorithm", "signature",
        "expiry", "not before", "issued at", "registered claims", "audience", "authorized party", "token class",
        "claims", "role", "database role",
    ]  # fmt: skip
    assert all(check.ok for check in explanation.checks)
    assert explanation.refusal is None
    assert explanation.principal is not None
    assert (explanation.principal.role, explanation.principal.issuer) == ("authenticated", "clerk")


@pytest.mark.parametrize(
    "token",
    [
        b"garbage",
        b"a.b.c.d.e",
        b"x" * 20_000,
        mint(SESSION | {"iss": "https://example.clerk.accounts.com"}),
        mint(SESSION | {"iss": 5}),
        mint(SESSION | {"exp": NOW - 100}),
        mint(SESSION | {"exp": "soon"}),
        mint(SESSION | {"role": None}),
        mint(SESSION | {"role": "service_role"}),
        mint(SESSION | {"sub": "mch_1"}),
        mint(SESSION, kid="k9"),
        mint(SESSION, signing_key(which=1)),
        mint(SESSION, alg="RS512"),
        mint(SESSION, crit=["x"]),
        mint_hs({"sub": "u", "role": "service_role"}),
        mint_hs({"sub": "u", "role": "authenticated"}, secret="another secret that is long enough"),
    ],
)
async def test_the_refusal_is_the_one_that_verify_gives(token: bytes) -> None:
    verdict = await door(clerk()).judge(token)
    explanation = await explained(door(clerk()), token)
    assert isinstance(verdict, Refusal)
    assert explanation.refusal == verdict
    assert explanation.fix == verdict.hint
    assert explanation.principal is None
    assert not all(check.ok for check in explanation.checks)


async def test_everything_that_is_wrong_is_shown_at_once() -> None:
    token = mint(SESSION | {"exp": NOW - 100, "role": "editor", "sub": "mch_1"})
    explanation = await explained(door(clerk()), token)
    assert [check.name for check in explanation.checks if not check.ok] == ["expiry", "token class", "role"]
    assert explanation.refusal is not None
    assert explanation.refusal.code == "token_expired"


async def test_a_literal_shortcode_is_pointed_out() -> None:
    token = mint(SESSION | {"tier": "{{organization.public_metadata.tier}}"})
    explanation = await explained(door(clerk()), token)
    assert explanation.principal is not None
    assert any("{{organization.public_metadata.tier}}" in note for note in explanation.notes)


async def test_both_clerk_shapes_unlisted_claims_and_impersonation_are_noted() -> None:
    second = await explained(door(clerk()), mint(SESSION | {"o": {"id": "org_1"}, "act": {"sub": "x"}, "tier": "gold"}))
    assert any("version 2" in note for note in second.notes)
    assert any("impersonation" in note for note in second.notes)
    assert any("passed on: tier" in note for note in second.notes)
    first = await explained(door(clerk()), mint(SESSION | {"org_id": "org_1"}))
    assert any("version 1" in note for note in first.notes)


async def test_ignored_keys_and_issuer_warnings_are_noted() -> None:
    network = Network()
    network.publish(CLERK)
    network.answers[CLERK + "/keys"] = jwks(public_jwk(signing_key()), {"kty": "oct", "kid": "k2", "k": "AA"})
    explanation = await explained(door(clerk(), network=network), mint(SESSION))
    assert any("symmetric" in note for note in explanation.notes)
    warned = await explained(door(pasted()), mint({"iss": "https://login.example.com/realms/main", "sub": "u"}))
    assert any("any audience" in note for note in warned.notes)


async def test_another_workos_client_is_told_which_one_is_configured() -> None:
    explanation = await explained(door(workos()), mint({"iss": WORKOS[:-1] + "2", "sub": "u", "role": "x"}))
    assert explanation.refusal is not None
    assert explanation.refusal.code == "issuer_unknown"
    assert WORKOS in (explanation.fix or "")


async def test_a_token_is_explained_without_a_database_by_presuming_the_listed_roles() -> None:
    here = door(clerk(roles=("editor",)))
    here.roles[0] = RoleSnapshot()
    token = mint(SESSION | {"role": "editor"})
    assert (await explained(here, token)).principal is None
    presumed = await explain_token(here.verifier, token, roles=presumed_roles(here.verifier))
    assert presumed.principal is not None
    assert presumed.principal.role == "editor"
    greedy = door(clerk(roles=("service_role",)))
    refused = await explain_token(
        greedy.verifier, mint(SESSION | {"role": "service_role"}), roles=presumed_roles(greedy.verifier)
    )
    assert refused.refusal is not None
    assert refused.refusal.code == "role_privileged"


async def test_the_projects_own_keys_are_explained_without_being_shown() -> None:
    explanation = await explained(door(), SECRETS.secret_key.encode())
    assert explanation.principal is not None
    assert explanation.principal.privileged
    assert SECRETS.secret_key not in repr(explanation)
    wrong = await explained(door(), b"sb_secret_wrong")
    assert wrong.refusal is not None
    assert wrong.refusal.code == "api_key_invalid"
    assert "sb_secret_wrong" not in repr(wrong)


async def test_why_the_keys_cannot_be_fetched_is_told_to_the_operator_alone() -> None:
    network = Network()
    network.answers[CLERK + "/.well-known/openid-configuration"] = FetchRefused("10.0.0.7 did not answer")
    network.answers[CLERK + "/.well-known/jwks.json"] = FetchRefused("10.0.0.7 did not answer")
    here = door(clerk(), network=network)
    refused = await here.judge(mint(SESSION))
    assert isinstance(refused, Refusal)
    assert refused.code == "key_unavailable"
    assert "10.0.0.7" not in f"{refused.message} {refused.hint}"
    assert any("10.0.0.7" in note for note in (await explained(here, mint(SESSION))).notes)
