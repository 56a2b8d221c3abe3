"""What a forger tries with a token, and that none of it opens the door."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import OctKey, RSAKey

from rowgate.identity.refusals import REFUSALS, Refusal
from rowgate.identity.signing_key import read_key_set
from rowgate.identity.strict_json import NotStrict, read_object
from rowgate.identity.token import parse_token
from rowgate.identity.verdict import Refused
from rowgate.identity.wording import listed, show
from rowgate.principal import Principal
from tests.unit.identity.identity_workshop import (
    CLERK,
    NOW,
    OIDC,
    SECRET,
    Network,
    b64,
    clerk,
    door,
    jwks,
    mint,
    mint_hs,
    oidc,
    pasted,
    public_jwk,
    sign,
    signing_key,
)

pytestmark = pytest.mark.anyio

CLAIMS: dict[str, Any] = {"iss": OIDC, "sub": "user_1", "role": "authenticated"}


async def code_of(token: bytes, **settings_: Any) -> str:
    return await door(pasted(**settings_)).code(token)


async def test_the_plain_token_of_these_tests_is_accepted() -> None:
    assert await code_of(mint(CLAIMS)) == "accepted"


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", "ES256K", "RS1", 5, None, ["RS256"], {}])
async def test_alg_none_and_unknown_algorithms_are_refused(alg: object) -> None:
    head = b64(json.dumps({"alg": alg, "kid": "k1", "typ": "JWT"}).encode())
    payload = b64(json.dumps(CLAIMS | {"exp": NOW + 60}).encode())
    for signature in (b"", b64(b"x" * 256)):
        assert await code_of(head + b"." + payload + b"." + signature) == "algorithm_not_allowed"


async def test_hs256_with_the_public_key_as_secret_is_refused() -> None:
    for secret in (signing_key().as_pem(private=False), json.dumps(public_jwk(signing_key())).encode()):
        token = mint(CLAIMS, OctKey.import_key(b64(secret)), alg="HS256")
        assert await code_of(token) == "signature_invalid"


async def test_an_algorithm_off_the_issuers_list_or_against_the_key_is_refused() -> None:
    assert await code_of(mint(CLAIMS, alg="RS512")) == "algorithm_not_allowed"
    assert await code_of(mint(CLAIMS, signing_key("EC"), alg="ES256")) == "algorithm_not_allowed"
    declared = pasted(public_jwk(signing_key(), alg="RS256"), algorithms=("RS256", "PS256"))
    assert await door(declared).code(mint(CLAIMS, alg="PS256")) == "algorithm_not_allowed"


async def test_only_the_named_issuers_key_counts_also_under_the_same_kid() -> None:
    network = Network()
    network.publish(CLERK, public_jwk(signing_key()))
    network.publish(OIDC, public_jwk(signing_key(which=1)))
    here = door(clerk(), oidc(), network=network)
    claims = CLAIMS | {"aud": "api"}
    assert await here.code(mint(claims, signing_key(which=1))) == "accepted"
    assert await here.code(mint(claims, signing_key())) == "signature_invalid"
    assert await here.code(mint(claims | {"iss": CLERK}, signing_key(which=1))) == "signature_invalid"


async def test_a_changed_payload_or_a_cut_signature_is_refused() -> None:
    head, payload, signature = mint(CLAIMS).split(b".")
    changed = b64(json.dumps(CLAIMS | {"exp": NOW + 60, "role": "editor"}).encode())
    for token in (
        head + b"." + changed + b"." + signature,
        head + b"." + payload + b".",
        head + b"." + payload + b"." + b64(b"\0" * 256),
        head + b"." + payload + b"." + b64(b"\0"),
    ):
        assert await code_of(token) == "signature_invalid"


@pytest.mark.parametrize(
    "header",
    [{"crit": ["exp"]}, {"crit": []}, {"crit": None}, {"typ": "logout+jwt"}, {"typ": "dpop+jwt"}, {"typ": 5}],
)
async def test_crit_and_foreign_types_are_refused(header: dict[str, Any]) -> None:
    assert await code_of(mint(CLAIMS, **header)) == "header_unsupported"


async def test_a_key_brought_along_in_the_header_is_ignored() -> None:
    forged = signing_key(which=1)
    for header in ({"jwk": public_jwk(forged)}, {"jku": "https://evil.example/keys"}, {"x5u": "https://evil.example"}):
        assert await code_of(mint(CLAIMS, forged, **header)) == "signature_invalid"


async def test_duplicate_members_are_refused_in_header_and_payload_at_any_depth() -> None:
    key = signing_key()
    for members in (
        '"role":"authenticated","role":"editor"',
        '"role":"authenticated","o":{"rol":"a","rol":"admin"}',
        '"role":"authenticated","r\\u006fle":"editor"',
    ):
        payload = f'{{"iss":"{OIDC}","exp":{NOW + 60},{members}}}'.encode()
        assert await code_of(sign(payload, {"alg": "RS256", "kid": "k1"}, key)) == "token_malformed"
    payload_bytes = json.dumps(CLAIMS | {"exp": NOW + 60}).encode()
    assert await code_of(sign(payload_bytes, b'{"alg":"RS256","kid":"k1","kid":"k1"}', key)) == "token_malformed"


async def test_a_member_that_comes_twice_among_thousands_costs_no_more_than_reading_them() -> None:
    # Nobody has looked at a signature yet. Counting each name among all names would be 2.5 billion steps here: half a
    # minute in which a worker serves nobody, for one key set of half a megabyte.
    text = b"{" + b",".join(b'"%d":1' % number for number in range(50_000)) + b',"49999":1}'
    begun = time.perf_counter()
    with pytest.raises(NotStrict, match='"49999" appears more than once'):
        read_object(text)
    assert time.perf_counter() - begun < 2.0


def test_a_value_is_shown_however_deep_it_nests_and_in_few_words() -> None:
    nest: list[Any] = []
    for _ in range(100_000):
        nest = [nest]
    assert show(nest).startswith("[[[[")
    assert len(show([1] * 100_000)) < 200
    assert len(listed(f"https://api-{number}.example.com" for number in range(5_000))) < 1_000


@pytest.mark.parametrize("parts", [1, 2, 4, 6])
async def test_anything_but_three_parts_is_refused(parts: int) -> None:
    assert await code_of(b".".join([b"eyJhbGciOiJSUzI1NiJ9"] * parts)) == "token_malformed"


async def test_five_parts_are_named_as_an_encrypted_token() -> None:
    assert await code_of(b".".join([b"eyJhbGciOiJSUzI1NiJ9"] * 5)) == "token_encrypted"


async def test_padding_white_space_and_other_spellings_of_base64_are_refused() -> None:
    token = mint(CLAIMS)
    head, payload, signature = token.split(b".")
    last = signature[-1:]
    other = bytes([last[0] + 1]) if last not in b"Zz9" else bytes([last[0] - 1])
    for bad in (
        token + b"=",
        head + b"=." + payload + b"." + signature,
        head + b"." + payload[:5] + b"\n" + payload[5:] + b"." + signature,
        head + b"." + payload + b" ." + signature,
        head + b"." + payload + b"." + signature[:-1] + other,  # the same bytes, spelled differently
        token.replace(b".", b".+", 1),
    ):
        assert await code_of(bad) == "token_malformed"


async def test_a_token_of_8_kb_passes_and_one_above_16384_bytes_is_not_parsed() -> None:
    assert await code_of(mint(CLAIMS | {"big": "x" * 8000})) == "accepted"
    assert await code_of(mint(CLAIMS | {"big": "x" * 12_300})) == "token_too_large"
    assert await code_of(b"x" * 16_385) == "token_too_large"


@pytest.mark.parametrize(
    "value",
    [
        rb'"\u0000"', rb'{"a\u0000":1}', rb'"\ud800"', rb'"\udc00\ud800"', b'"\xff"', b'"\xed\xa0\x80"', b"1e400000",
        b"-1e400000", b"1e-400000", b"1e999999999999", rb'["\u0000"]', b"0." + b"1" * 0 + b"1e-20000",
        b'{"a":' * 70 + b"1" + b"}" * 70,
    ],
)  # fmt: skip
async def test_claims_that_postgres_cannot_hold_are_refused(value: bytes) -> None:
    payload = b'{"iss":"%s","role":"authenticated","exp":%d,"x":%s}' % (OIDC.encode(), NOW + 60, value)
    assert await code_of(sign(payload, {"alg": "RS256", "kid": "k1"}, signing_key())) == "claims_unrepresentable"


@pytest.mark.parametrize("value", [b"NaN", b"Infinity", b"-Infinity", b'"\x00"', b"'x'", b"[1,]", b"01", b"[" * 6000])
async def test_what_is_not_strict_json_is_refused(value: bytes) -> None:
    payload = b'{"iss":"%s","role":"authenticated","exp":%d,"x":%s}' % (OIDC.encode(), NOW + 60, value)
    assert await code_of(sign(payload, {"alg": "RS256", "kid": "k1"}, signing_key())) == "token_malformed"


@pytest.mark.parametrize("value", [b"1e300", b"1e400", b"9" * 5000, rb'"\ud83d\ude00"', b'"\xf0\x9f\x98\x80"', b"0.1"])
async def test_claims_that_postgres_can_hold_are_accepted(value: bytes) -> None:
    payload = b'{"iss":"%s","role":"authenticated","exp":%d,"x":%s}' % (OIDC.encode(), NOW + 60, value)
    assert await code_of(sign(payload, {"alg": "RS256", "kid": "k1"}, signing_key())) == "accepted"


@pytest.mark.parametrize(
    ("exp", "code"),
    [
        (..., "expiry_missing"),
        (None, "expiry_missing"),
        (NOW - 31, "token_expired"),
        (NOW - 29, "accepted"),
        (NOW + 0.5, "accepted"),
        (10**400, "accepted"),
        (1e300, "accepted"),
        (-1, "token_expired"),
        (str(int(NOW) + 60), "claim_invalid"),
        (True, "claim_invalid"),
    ],
)
async def test_exp(exp: object, code: str) -> None:
    assert await code_of(mint(CLAIMS | {"exp": exp})) == code


@pytest.mark.parametrize("claim", ["nbf", "iat"])
@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (..., "accepted"),
        (NOW + 29, "accepted"),
        (NOW + 31, "token_not_yet_valid"),
        ("1", "claim_invalid"),
        (1.5, "accepted"),
    ],
)
async def test_nbf_and_iat(claim: str, moment: object, code: str) -> None:
    assert await code_of(mint(CLAIMS | {claim: moment})) == code


async def test_the_issuers_own_clock_skew_decides() -> None:
    assert await code_of(mint(CLAIMS | {"exp": NOW - 1}), clock_skew=0.0) == "token_expired"
    assert await code_of(mint(CLAIMS | {"exp": NOW - 100}), clock_skew=120.0) == "accepted"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": ...}, "issuer_missing"),
        ({"iss": None}, "issuer_missing"),
        ({"iss": 5}, "claim_invalid"),
        ({"iss": [OIDC]}, "claim_invalid"),
        ({"iss": "https://evil.example"}, "issuer_unknown"),
        ({"sub": 5}, "claim_invalid"),
        ({"sub": ["a"]}, "claim_invalid"),
    ],
)
async def test_registered_claims_of_the_wrong_type_are_refused(claims: dict[str, Any], code: str) -> None:
    assert await code_of(mint(CLAIMS | claims)) == code


async def test_kid_absent_is_accepted_only_with_exactly_one_key() -> None:
    one, two = public_jwk(signing_key()), public_jwk(signing_key(which=1), kid="k2")
    assert await door(pasted(one)).code(mint(CLAIMS, kid=None)) == "accepted"
    assert await door(pasted(one, two)).code(mint(CLAIMS, kid=None)) == "kid_missing"
    assert await door(pasted(one, two)).code(mint(CLAIMS, kid="k3")) == "key_unknown"


async def test_symmetric_private_encryption_and_unknown_keys_of_a_set_are_ignored() -> None:
    good, other = public_jwk(signing_key()), signing_key(which=1)
    network = Network()
    network.publish(OIDC)
    network.answers[OIDC + "/keys"] = jwks(
        good,
        {"kty": "oct", "kid": "k2", "k": b64(SECRET.encode()).decode()},
        dict(other.as_dict(private=True)) | {"kid": "k3"},
        public_jwk(other, kid="k4", use="enc"),
        {"kty": "PQC", "kid": "k5"},
        public_jwk(other, kid="k6", key_ops=["encrypt"]),
        public_jwk(other, kid="k7", alg="HS256"),
        public_jwk(other, kid="k8", alg=["RS256"]),
        public_jwk(other, kid=5),  # type: ignore[arg-type]
    )
    here = door(oidc(), network=network, fetch_timeout=0.02)
    claims = CLAIMS | {"aud": "api"}
    assert await here.code(mint(claims)) == "accepted"
    for kid in ("k3", "k4", "k6", "k7", "k8"):
        assert await here.code(mint(claims, other, kid=kid)) == "key_unknown"
    assert await here.code(mint(claims, OctKey.import_key(SECRET.encode()), alg="HS256", kid="k2")) == "accepted"
    (status,) = here.verifier.status()
    assert len(status.keys) == 1
    assert len(status.notes) == 8


@pytest.mark.filterwarnings("ignore:Key size should be")
async def test_rsa_keys_too_small_to_trust_are_ignored() -> None:
    small = RSAKey.generate_key(1024)
    here = door(pasted(public_jwk(signing_key()), public_jwk(small, kid="small")))
    assert await here.code(mint(CLAIMS, small, kid="small")) == "key_unknown"
    (status,) = here.verifier.status()
    assert status.notes == ('key "small" has 1024 bits; 2048 to 8192 are accepted: ignored',)


async def test_an_hs256_third_party_token_is_never_service_role() -> None:
    for claims in (
        {"sub": "user_1", "role": "service_role"},
        {"azp": "x", "role": "service_role"},
        {"iss": CLERK.upper(), "role": "service_role"},
        {"iss": "urn:example:issuer", "role": "service_role"},  # RFC 7519 section 2: with a colon it is a URI
        {"iss": [CLERK], "role": "service_role"},
        {"azp": "", "role": "service_role"},
        {"iss": CLERK, "role": "service_role"},
        {"iss": 5, "role": "service_role"},
        {"sub": None, "role": "service_role"},
    ):
        for allowed in (("authenticated",), ("authenticated", "service_role")):
            verdict = await door(shared_secret_roles=allowed).judge(mint_hs(claims))
            assert isinstance(verdict, Refusal)
            assert verdict.code in ("role_not_allowed", "role_privileged")


@pytest.mark.parametrize(
    "role", ["service_role", "postgres", "app_owner", "none", "PUBLIC", "Authenticated", '"anon"', "pg_read_all_data"]
)
async def test_no_issuer_reaches_a_privileged_or_unknown_role_whatever_its_list_says(role: str) -> None:
    verdict = await door(pasted(roles=(role,))).judge(mint(CLAIMS | {"role": role}))
    assert isinstance(verdict, Refusal)
    assert verdict.code == ("role_privileged" if role in ("service_role", "postgres", "app_owner") else "role_unknown")
    verdict = await door(pasted(default_role=role)).judge(mint(CLAIMS | {"role": None}))
    assert isinstance(verdict, Refusal)


async def test_without_a_role_snapshot_nobody_gets_in() -> None:
    from rowgate.postgres.roles import RoleSnapshot

    here = door(pasted())
    here.roles[0] = RoleSnapshot()
    assert await here.code(mint(CLAIMS)) == "role_unknown"
    assert await here.code(None) == "role_unknown"


segment = st.one_of(st.binary(max_size=60), st.binary(max_size=60).map(b64), st.just(b64(b'{"alg":"RS256"}')))
json_value = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(segment, max_size=6).map(b".".join) | st.binary(max_size=200))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_parser_gives_a_token_or_a_refusal_for_any_bytes(raw: bytes) -> None:
    code = "token_malformed"
    try:
        parse_token(raw)
    except Refused as refused:
        code = refused.refusal.code
    assert code in REFUSALS


@given(
    claims=st.dictionaries(
        st.sampled_from(["iss", "sub", "aud", "azp", "exp", "nbf", "iat", "role", "act", "sid", "o", "x"]),
        json_value | st.sampled_from([OIDC, "api", NOW + 9]),
        max_size=8,
    ),
    header=st.dictionaries(st.sampled_from(["typ", "kid", "cat", "crit", "x"]), json_value, max_size=3),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_any_signed_json_gives_a_principal_or_a_refusal(claims: dict[str, Any], header: dict[str, Any]) -> None:
    token = sign(
        json.dumps(claims).encode(), {"kid": "k1"} | header | {"alg": "HS256"}, OctKey.import_key(SECRET.encode())
    )
    verdict = await door(pasted()).judge(token)
    assert isinstance(verdict, Principal | Refusal)
    if isinstance(verdict, Principal):
        assert not verdict.privileged or "sub" not in claims


async def test_a_public_exponent_that_costs_milliseconds_is_not_taken() -> None:
    # OpenSSL itself stops at 64 bits for moduli above 3072; below, one check of 2047 bits takes 60 times as long.
    modulus = signing_key().as_dict(private=False)["n"]
    for exponent, usable in ((65537, True), ((1 << 64) + 1, False), ((1 << 2046) + 1, False)):
        text = b64(exponent.to_bytes((exponent.bit_length() + 7) // 8, "big")).decode()
        keys = read_key_set(jwks({"kty": "RSA", "n": modulus, "e": text, "kid": "k1"}))
        assert bool(keys.keys) is usable
        assert usable or "exponent" in keys.notes[0]
