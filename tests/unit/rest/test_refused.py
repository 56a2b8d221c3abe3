"""A refused credential on the wire: PostgREST's words where it refuses the same token, ours beside them or alone."""

from __future__ import annotations

import pytest
from joserfc.jwk import OctKey

from rowgate.identity.refusals import REFUSALS, Refusal, refusal
from rowgate.postgrest.errors import RestError
from rowgate.postgrest.refused import refusal_error
from tests.unit.identity.identity_workshop import (
    NOW,
    OIDC,
    SECRET,
    b64,
    door,
    mint,
    mint_hs,
    oidc,
    sign,
    signing_key,
)

pytestmark = pytest.mark.anyio

PERSON = {"sub": "user_1", "role": "authenticated"}
NO_KEY = "No suitable key or wrong key type"
UNREADABLE = "JWT cryptographic operation failed"

# what is wrong, the token -> code, message, details
TOKENS: dict[str, tuple[bytes, str, str, str | None]] = {
    "nothing behind Bearer": (b"", "PGRST301", "Empty JWT is sent in Authorization header", None),
    "one part": (b"abc", "PGRST301", "Expected 3 parts in JWT; got 1", None),
    "two parts": (b"ey.ey", "PGRST301", "Expected 3 parts in JWT; got 2", None),
    "no base64": (b"a.b.c", "PGRST301", UNREADABLE, None),
    "no JSON": (b".".join([b64(b"{"), b64(b"{}"), b"AAAA"]), "PGRST301", UNREADABLE, None),
    "claims that are no object": (
        sign(b"[1]", {"alg": "HS256"}, OctKey.import_key(SECRET.encode())),
        "PGRST303",
        "Parsing claims failed",
        None,
    ),
    "alg none": (
        b".".join([b64(b'{"alg":"none"}'), b64(b"{}"), b""]),
        "PGRST301",
        "Wrong or unsupported encoding algorithm",
        "JWT is unsecured but expected 'alg' was not 'none'",
    ),
    "an alg nobody knows": (b".".join([b64(b'{"alg":"X1"}'), b64(b"{}"), b"AAAA"]), "PGRST301", UNREADABLE, None),
    "another secret": (
        mint_hs(PERSON, "another secret that is long enough for HS256"),
        "PGRST301",
        NO_KEY,
        "None of the keys was able to decode the JWT",
    ),
    "expired": (mint_hs(PERSON | {"exp": NOW - 100}), "PGRST303", "JWT expired", None),
    "not yet": (mint_hs(PERSON | {"nbf": NOW + 100}), "PGRST303", "JWT not yet valid", None),
    "from the future": (mint_hs(PERSON | {"iat": NOW + 100}), "PGRST303", "JWT issued at future", None),
    "exp is a text": (mint_hs(PERSON | {"exp": "soon"}), "PGRST303", "The JWT 'exp' claim must be a number", None),
    "nbf is a text": (mint_hs(PERSON | {"nbf": "soon"}), "PGRST303", "The JWT 'nbf' claim must be a number", None),
    "iat is a text": (mint_hs(PERSON | {"iat": "soon"}), "PGRST303", "The JWT 'iat' claim must be a number", None),
    "aud is an object": (
        mint_hs(PERSON | {"aud": {"a": 1}}),
        "PGRST303",
        "The JWT 'aud' claim must be a string or an array of strings",
        None,
    ),
    "aud holds a number": (
        mint_hs(PERSON | {"aud": ["a", 1]}),
        "PGRST303",
        "The JWT 'aud' claim must be a string or an array of strings",
        None,
    ),
}


async def refused(token: bytes) -> Refusal:
    verdict = await door(oidc()).judge(token)
    assert isinstance(verdict, Refusal)
    return verdict


def challenge(error: RestError) -> bytes:
    return dict(error.headers)[b"www-authenticate"]


@pytest.mark.parametrize("case", TOKENS)
async def test_a_token_postgrest_refuses_is_refused_in_its_words(case: str) -> None:
    token, code, message, details = TOKENS[case]

    error = refusal_error(await refused(token))

    assert (error.status, error.code, error.message, error.details, error.hint) == (401, code, message, details, None)
    said = message.replace('"', " ")
    assert challenge(error) == f'Bearer error="invalid_token", error_description="{said}"'.encode()


async def test_a_role_that_does_not_exist_is_answered_as_by_set_role() -> None:
    here = door(shared_secret_roles=("authenticated", "ghost"))
    verdict = await here.judge(mint_hs(PERSON | {"role": "ghost"}))
    assert isinstance(verdict, Refusal)

    error = refusal_error(verdict)

    assert (error.status, error.code, error.message) == (401, "22023", 'role "ghost" does not exist')
    assert (error.details, error.hint) == (None, None)
    assert dict(error.headers)[b"x-rowgate-refusal"] == b"role_unknown"
    assert challenge(error) == b"Bearer"


async def test_a_deployment_without_a_secret_takes_the_blame_for_a_token_signed_with_one() -> None:
    for claims in (PERSON, {"role": "authenticated"}):
        verdict = await refused(mint_hs(claims, "another secret that is long enough for HS256"))
        error = refusal_error(verdict, lacks_secret=True)
        assert (error.status, error.code, error.message) == (500, "PGRST300", "Server lacks JWT secret")
        assert (error.details, error.hint) == (None, None)
    other = refusal_error(await refused(mint(PERSON | {"iss": OIDC, "aud": "other"})), lacks_secret=True)
    assert (other.status, other.code) == (401, "PGRST303")


async def test_a_configured_issuers_token_keeps_the_explanation_and_the_fix_beside_the_words() -> None:
    verdict = await refused(mint(PERSON | {"iss": OIDC, "aud": "other"}))

    error = refusal_error(verdict)

    assert (error.code, error.message) == ("PGRST303", "JWT not in audience")
    assert error.details == verdict.message
    assert '"other"' in verdict.message
    assert error.hint == verdict.hint
    assert error.hint


@pytest.mark.parametrize(
    ("token", "details"),
    [
        (mint(PERSON | {"iss": OIDC, "aud": "api"}, kid="k9"), "Issuer"),
        (mint(PERSON | {"iss": OIDC, "aud": "api"}, signing_key(which=1)), "The signature"),
    ],
    ids=["another kid", "another key"],
)
async def test_a_key_that_does_not_fit_is_told_so(token: bytes, details: str) -> None:
    error = refusal_error(await refused(token))
    assert (error.code, error.message) == ("PGRST301", NO_KEY)
    assert str(error.details).startswith(details)


async def test_a_word_instead_of_a_token_is_recognized() -> None:
    error = refusal_error(await refused(b"undefined"))
    assert error.code == "PGRST301"
    assert "await it" in str(error.hint)


async def test_an_encrypted_token_is_told_why() -> None:
    error = refusal_error(await refused(b".".join([b64(b'{"alg":"dir"}'), b"", b"a", b"b", b"c"])))
    assert error.message == "Expected 3 parts in JWT; got 5"
    assert "encryption" in str(error.hint)


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_every_refusal_names_its_code_and_keeps_its_status(code: str) -> None:
    error = refusal_error(refusal(code, 'the "words"\n', "what to do"))
    headers = dict(error.headers)
    assert error.status == REFUSALS[code].status
    assert headers[b"x-rowgate-refusal"] == code.encode()
    assert error.code in ("PGRST300", "PGRST301", "PGRST302", "PGRST303")
    assert (b"www-authenticate" in headers) == (error.status == 401)
    assert (headers.get(b"retry-after") == b"1") == (error.status == 503)


def test_no_credential_is_answered_with_the_bare_scheme() -> None:
    error = refusal_error(refusal("anonymous_disabled", "The request carries no credential.", "Send one."))
    assert (error.status, error.code, error.message, error.hint) == (
        401,
        "PGRST302",
        "Anonymous access is disabled",
        None,
    )
    assert challenge(error) == b"Bearer"


def test_words_of_ours_go_into_the_challenge_without_quotes_and_controls() -> None:
    error = refusal_error(refusal("expiry_missing", 'the "words"\n', "what to do"))
    assert (error.message, error.hint) == ('the "words"\n', "what to do")
    assert challenge(error) == b'Bearer error="invalid_token", error_description="the  words "'
