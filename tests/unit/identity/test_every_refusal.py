"""Each code of the table is reached: by explain where a token is to blame, by the two headers for the rest.

A code that nothing provokes is a promise nobody keeps, so the two tables together must be the table of refusals.
"""

from __future__ import annotations

import json

import msgspec
import pytest

from rowgate.identity.explain import explain_token
from rowgate.identity.refusals import REFUSALS, Refusal
from rowgate.postgres.roles import RoleSnapshot
from tests.unit.identity.identity_workshop import (
    CLERK,
    NOW,
    OIDC,
    ROLES,
    SECRETS,
    Door,
    Network,
    b64,
    clerk,
    door,
    mint,
    mint_hs,
    oidc,
    public_jwk,
    sign,
    signing_key,
)

pytestmark = pytest.mark.anyio

SESSION = {"iss": CLERK, "sub": "user_1", "sid": "s", "role": "authenticated"}
ACCESS = {"iss": OIDC, "sub": "user_1", "aud": "api", "role": "authenticated"}
OLD = {"sub": "user_1", "role": "authenticated"}


def two_keys() -> Network:
    network = Network()
    network.publish(CLERK, public_jwk(signing_key()), public_jwk(signing_key(which=1), "k2"))
    return network


def without_service_role() -> Door:
    here = door()
    here.roles[0] = RoleSnapshot(public=ROLES.public, privileged=ROLES.privileged)
    return here


TOKENS: dict[str, tuple[Door, bytes]] = {
    "token_too_large": (door(clerk()), b"x" * 20_000),
    "token_malformed": (door(clerk()), b"garbage"),
    "token_encrypted": (door(clerk()), b".".join([b64(b'{"alg":"dir","enc":"A256GCM"}'), b"", b"a", b"b", b"c"])),
    "header_unsupported": (door(clerk()), mint(SESSION, crit=["x"])),
    "algorithm_not_allowed": (door(clerk()), mint(SESSION, alg="RS512")),
    "issuer_missing": (door(clerk()), mint(SESSION | {"iss": ...})),
    "issuer_unknown": (door(clerk()), mint(SESSION | {"iss": "https://other.example.com"})),
    "key_unknown": (door(clerk()), mint(SESSION, kid="k9")),
    "key_unavailable": (door(clerk(), network=Network()), mint(SESSION)),
    "kid_missing": (door(clerk(), network=two_keys()), mint(SESSION, kid=None)),
    "signature_invalid": (door(clerk()), mint(SESSION, signing_key(which=1))),
    "expiry_missing": (door(clerk()), mint(SESSION | {"exp": ...})),
    "token_expired": (door(clerk()), mint(SESSION | {"exp": NOW - 100})),
    "token_not_yet_valid": (door(clerk()), mint(SESSION | {"nbf": NOW + 100})),
    "claim_invalid": (door(clerk()), mint(SESSION | {"exp": "soon"})),
    "audience_mismatch": (door(oidc()), mint(ACCESS | {"aud": "other"})),
    "authorized_party_mismatch": (door(clerk(authorized_parties=("https://a.example",))), mint(SESSION | {"azp": "x"})),
    "token_class_not_allowed": (door(clerk()), mint(SESSION | {"sub": "mch_1"})),
    "session_pending": (door(clerk()), mint(SESSION | {"sts": "pending"})),
    "claims_unrepresentable": (
        door(clerk()),
        sign(json.dumps(SESSION | {"exp": NOW + 60, "x": "\0"}).encode(), {"alg": "RS256", "kid": "k1"}, signing_key()),
    ),
    "role_missing": (door(clerk()), mint(SESSION | {"role": None})),
    "role_not_allowed": (door(clerk()), mint(SESSION | {"role": "editor"})),
    "role_unknown": (door(clerk(roles=("nobody",))), mint(SESSION | {"role": "nobody"})),
    "role_privileged": (door(clerk(roles=("app_owner",))), mint(SESSION | {"role": "app_owner"})),
    "shared_secret_disabled": (door(shared_secret_enabled=False), mint_hs(OLD)),
    "api_key_invalid": (door(), b"sb_secret_wrong"),
    "api_key_unavailable": (without_service_role(), SECRETS.secret_key.encode()),
}

HEADERS: dict[str, tuple[Door, bytes | None, bytes | None]] = {
    "credentials_conflict": (door(), b"Basic dXNlcjpwYXNz", None),
    "anonymous_disabled": (door(anonymous_role=None), None, None),
}


def test_the_two_tables_are_the_table() -> None:
    assert set(TOKENS) | set(HEADERS) == set(REFUSALS)


@pytest.mark.parametrize("code", TOKENS)
async def test_explain_gives_the_code_the_failed_check_and_a_fix_and_never_the_token(code: str) -> None:
    here, token = TOKENS[code]

    explanation = await explain_token(here.verifier, token)

    assert explanation.refusal is not None
    assert (explanation.refusal.code, explanation.refusal.status) == (code, REFUSALS[code].status)
    assert explanation.fix, "a person is told what to do"
    failed = [check for check in explanation.checks if not check.ok]
    assert failed
    assert all(check.expected and check.found for check in failed)
    shown = msgspec.json.encode(explanation)
    assert not any(part in shown for part in token.split(b".") if len(part) > 12)


@pytest.mark.parametrize("code", TOKENS)
async def test_a_request_is_refused_with_the_same_code(code: str) -> None:
    here, token = TOKENS[code]

    verdict = await here.judge(token)

    assert isinstance(verdict, Refusal)
    assert verdict.code == code


@pytest.mark.parametrize("code", HEADERS)
async def test_the_headers_are_refused_with_the_code_and_a_fix(code: str) -> None:
    here, authorization, apikey = HEADERS[code]

    verdict = await here.verifier.verify(authorization, apikey)

    assert isinstance(verdict, Refusal)
    assert verdict.code == code
    assert verdict.hint


@pytest.mark.parametrize(
    "token",
    [b"a", b"a.b", b"a.b.c", b"!.!.!", b"e30.e30.", b"eyJ.e30.e30", b"undefined", b"null", b"e30=.e30.e30"],
)
async def test_every_malformed_token_gets_a_fix(token: bytes) -> None:
    explanation = await explain_token(door(clerk()).verifier, token)

    assert explanation.refusal is not None
    assert explanation.fix
