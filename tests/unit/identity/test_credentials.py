"""Every combination of the two headers that real clients send, and those that nobody should."""

from __future__ import annotations

import dataclasses
import hmac
import json

import pytest

from rowgate.identity.apikeys import ProjectKeys
from rowgate.identity.credentials import read_credentials
from rowgate.identity.meter import ACCEPTED
from rowgate.identity.refusals import Refusal
from rowgate.postgres.roles import RoleSnapshot
from rowgate.principal import Principal, TokenClass
from tests.unit.identity.identity_workshop import CLERK, NOW, ROLES, SECRETS, clerk, door, mint, mint_hs

pytestmark = pytest.mark.anyio

PUBLISHABLE = SECRETS.publishable_key.encode()
SECRET_KEY = SECRETS.secret_key.encode()
ANON = SECRETS.anon_key.encode()
SERVICE = SECRETS.service_role_key.encode()
SESSION = mint({"iss": CLERK, "sub": "user_1", "sid": "s", "role": "authenticated"})
TEMPLATE = mint_hs({"iss": CLERK, "sub": "user_1", "role": "authenticated"})


@pytest.mark.parametrize(
    ("authorization", "apikey", "role", "token_class"),
    [
        (None, None, "anon", TokenClass.ANONYMOUS),
        (None, PUBLISHABLE, "anon", TokenClass.API_KEY),
        (b"Bearer " + PUBLISHABLE, PUBLISHABLE, "anon", TokenClass.API_KEY),
        (b"Bearer " + PUBLISHABLE, None, "anon", TokenClass.API_KEY),
        (None, SECRET_KEY, "service_role", TokenClass.API_KEY),
        (b"Bearer " + SECRET_KEY, SECRET_KEY, "service_role", TokenClass.API_KEY),
        (b"Bearer " + SECRET_KEY, None, "service_role", TokenClass.API_KEY),
        (None, ANON, "anon", TokenClass.API_KEY),
        (b"Bearer " + ANON, ANON, "anon", TokenClass.API_KEY),
        (b"bearer  " + ANON, None, "anon", TokenClass.API_KEY),
        (b"Bearer " + SERVICE, SERVICE, "service_role", TokenClass.API_KEY),
        (b"Bearer " + SERVICE, PUBLISHABLE, "service_role", TokenClass.API_KEY),
        (b"Bearer " + SESSION, PUBLISHABLE, "authenticated", TokenClass.SESSION),
        (b"Bearer " + SESSION, ANON, "authenticated", TokenClass.SESSION),
        (b"Bearer " + SESSION, SECRET_KEY, "authenticated", TokenClass.SESSION),
        (b"Bearer " + SESSION, None, "authenticated", TokenClass.SESSION),
        (None, SESSION, "authenticated", TokenClass.SESSION),
        (b"Bearer " + TEMPLATE, ANON, "authenticated", TokenClass.TEMPLATE),
        (b"Bearer " + TEMPLATE, TEMPLATE, "authenticated", TokenClass.TEMPLATE),
    ],
)
async def test_header_combinations(
    authorization: bytes | None, apikey: bytes | None, role: str, token_class: TokenClass
) -> None:
    verdict = await door(clerk()).verifier.verify(authorization, apikey)
    assert isinstance(verdict, Principal), verdict
    assert (verdict.role, verdict.token_class) == (role, token_class)
    assert verdict.privileged == (role == "service_role")
    assert json.loads(verdict.claims)["role"] == role


@pytest.mark.parametrize(
    ("authorization", "apikey", "code"),
    [
        (b"", None, "credentials_conflict"),
        (b"", PUBLISHABLE, "credentials_conflict"),
        (b"Basic dXNlcjpwYXNz", PUBLISHABLE, "credentials_conflict"),
        (SESSION, PUBLISHABLE, "credentials_conflict"),
        (b"Bearer", PUBLISHABLE, "token_malformed"),
        (b"Bearer ", PUBLISHABLE, "token_malformed"),
        (b"Bearer garbage", PUBLISHABLE, "token_malformed"),
        (b"Bearer undefined", PUBLISHABLE, "token_malformed"),
        (b"Bearer " + SESSION + b" x", PUBLISHABLE, "token_malformed"),
        (b"Bearer " + PUBLISHABLE, SECRET_KEY, "credentials_conflict"),
        (b"Bearer " + SECRET_KEY, PUBLISHABLE, "credentials_conflict"),
        (b"Bearer sb_secret_wrong", b"sb_secret_wrong", "api_key_invalid"),
        (b"Bearer sb_publishable_", None, "api_key_invalid"),
        (None, b"", "api_key_invalid"),
        (None, b"garbage", "api_key_invalid"),
        (None, PUBLISHABLE[:-1], "api_key_invalid"),
        (b"Bearer " + SESSION, b"sb_publishable_of_another_project", "api_key_invalid"),
        (b"Bearer " + SESSION, b"", "api_key_invalid"),
        (b"Bearer " + SESSION, TEMPLATE, "api_key_invalid"),
        (None, mint_hs({"role": "anon"}, secret="another project's secret, long enough"), "signature_invalid"),
    ],
)
async def test_what_cannot_be_understood_is_refused_and_never_anonymous(
    authorization: bytes | None, apikey: bytes | None, code: str
) -> None:
    verdict = await door(clerk()).verifier.verify(authorization, apikey)
    assert isinstance(verdict, Refusal)
    assert verdict.code == code


async def test_the_word_undefined_is_named() -> None:
    verdict = await door().judge(b"undefined")
    assert isinstance(verdict, Refusal)
    assert "accessToken" in (verdict.hint or "")


async def test_a_key_minted_with_the_secret_and_no_subject_is_the_projects_own() -> None:
    here = door()
    own = await here.judge(mint_hs({"role": "service_role", "exp": ...}))
    assert isinstance(own, Principal)
    assert (own.privileged, own.issuer, own.token_class) == (True, None, TokenClass.API_KEY)
    assert await here.code(mint_hs({"role": "service_role", "exp": int(NOW) - 100})) == "token_expired"
    assert await here.code(mint_hs({"role": "nobody"})) == "role_unknown"


async def test_the_old_way_needs_an_exp_goes_through_the_role_rule_and_can_be_switched_off() -> None:
    here = door(clerk())
    assert await here.code(mint_hs({"sub": "user_1", "role": "authenticated", "exp": ...})) == "expiry_missing"
    assert await here.code(mint_hs({"sub": "user_1", "role": "editor"})) == "role_not_allowed"
    assert await here.code(mint_hs({"sub": "user_1"})) == "role_missing"
    off = door(clerk(), shared_secret_enabled=False)
    assert await off.code(TEMPLATE) == "shared_secret_disabled"
    assert await off.code(ANON) == "accepted"
    assert await off.code(mint_hs({"role": "anon"})) == "accepted"
    assert await door(shared_secret_default_role="anon").code(mint_hs({"sub": "u"})) == "accepted"


@pytest.mark.parametrize("alg", ["HS384", "HS512"])
async def test_other_hmac_algorithms_are_refused(alg: str) -> None:
    from joserfc.jwk import OctKey

    from tests.unit.identity.identity_workshop import SECRET

    token = mint({"sub": "u", "role": "authenticated"}, OctKey.import_key(SECRET.encode()), alg=alg)
    assert await door().code(token) == "algorithm_not_allowed"


async def test_a_secret_key_whose_role_no_login_serves_is_403() -> None:
    here = door()
    here.roles[0] = RoleSnapshot(public=ROLES.public, privileged=ROLES.privileged)
    for key in (SECRET_KEY, SERVICE):
        verdict = await here.judge(None, key)
        assert isinstance(verdict, Refusal)
        assert (verdict.code, verdict.status) == ("api_key_unavailable", 403)


async def test_without_an_anonymous_role_nothing_is_refused() -> None:
    verdict = await door(anonymous_role=None).judge(None)
    assert isinstance(verdict, Refusal)
    assert verdict.code == "anonymous_disabled"
    assert await door(anonymous_role="service_role").code(None) == "role_privileged"
    assert await door(anonymous_role="nobody").code(None) == "role_unknown"


async def test_the_old_way_is_counted_apart() -> None:
    here = door(clerk())
    for token in (SESSION, TEMPLATE, TEMPLATE, b"garbage"):
        await here.judge(token)
    await here.judge(None)
    assert here.verifier.meter.counts() == {
        ("clerk", ACCEPTED): 1,
        ("shared_secret", ACCEPTED): 2,
        ("unidentified", "token_malformed"): 1,
        ("anonymous", ACCEPTED): 1,
    }


async def test_no_credential_shows_in_a_repr() -> None:
    here = door(clerk())
    shown = repr(here.verifier.case(TEMPLATE).trust) + repr(here.verifier.keys.__dict__) + repr(SECRETS)
    for secret in (SECRETS.jwt_secret, SECRETS.secret_key, SECRETS.service_role_key):
        assert secret not in shown


def test_what_was_presented_does_not_show_in_a_repr() -> None:
    for authorization, apikey in ((b"Bearer eyJ.hunter2.x", b"hunter2"), (None, b"sb_secret_hunter2")):
        assert "hunter2" not in repr(read_credentials(authorization, apikey))


@pytest.mark.parametrize("presented", [PUBLISHABLE, SERVICE, b"sb_secret_wrong", b""])
async def test_every_key_is_compared_in_constant_time_whatever_is_presented(
    presented: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = door().verifier.keys
    compared: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    keys.match(presented)
    assert len(compared) == 4
    assert all(len(one) == len(other) == 32 for one, other in compared)  # digests: the length of a key shows nothing


async def test_an_empty_project_key_matches_nothing() -> None:
    assert ProjectKeys(dataclasses.replace(SECRETS, secret_key="", anon_key="")).match(b"") is None
