"""Every edge case a token can be, and the one verdict it gets, on reads and on writes alike, over the wire."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from tests.support.issuers import IssuerFarm, TestIssuer, shared_secret_token
from tests.support.stack import Stack
from tests.support.trust import CLIENT, COGNITO_CLIENT


@dataclass(frozen=True)
class World:
    farm: IssuerFarm
    keys: dict[str, str]

    def __getitem__(self, slug: str) -> TestIssuer:
        return self.farm.issuers[slug]

    def secret_token(self, **claims: object) -> str:
        return shared_secret_token(self.keys["JWT_SECRET"], **claims)


Make = Callable[[World], str]


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(issuer: TestIssuer, payload: bytes, header: dict[str, object] | None = None) -> str:
    """A token with exactly these payload bytes."""
    key = issuer.keys[0]
    protected = {"alg": key.algorithm, "typ": "JWT", "kid": key.kid, **(header or {})}
    return jws.serialize_compact(protected, payload, key.key, algorithms=[key.algorithm])


def with_header(issuer: TestIssuer, header: bytes, claims: bytes | None = None) -> str:
    """A token whose signature covers exactly these header bytes."""
    body = claims or json.dumps({"iss": issuer.issuer, **issuer.claims, "exp": int(time.time()) + 60}).encode()
    signing_input = f"{b64(header)}.{b64(body)}"
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    private = issuer.keys[0].key.private_key
    return f"{signing_input}.{b64(private.sign(signing_input.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def public_key_as_hmac_secret(w: World) -> str:
    issuer = w["clerk"]
    pem = issuer.keys[0].key.as_pem(private=False)
    payload = json.dumps({"iss": issuer.issuer, **issuer.claims, "exp": int(time.time()) + 60}).encode()
    header = {"alg": "HS256", "typ": "JWT", "kid": issuer.keys[0].kid}
    import hashlib
    import hmac

    signing_input = f"{b64(json.dumps(header).encode())}.{b64(payload)}"
    return f"{signing_input}.{b64(hmac.new(pem, signing_input.encode(), hashlib.sha256).digest())}"


def padded(w: World) -> str:
    header, payload, signature = w["clerk"].token().split(".")
    return f"{header}.{payload}=.{signature}"


ACCEPTED: dict[str, Make] = {
    "a clerk session token, version 2": lambda w: w["clerk"].token(),
    "a clerk session token, version 1": lambda w: w["clerk"].token(
        v=..., fva=..., org_id="org_1", org_role="org:admin"
    ),
    "clerk's cat that carries no class": lambda w: w["clerk"].token(header={"cat": "cl_I7d4PD111III"}),
    "clerk without cat": lambda w: w["clerk"].token(header={"cat": ...}),
    "clerk without azp where no list is set": lambda w: w["clerk"].token(azp=...),
    "clerk with azp on the list": lambda w: w["clerk-strict"].token(),
    "clerk's template token": lambda w: w["clerk"].token(header={"cat": "cl_B7d4PD222AAA"}, sid=...),
    "a role that is listed beside the default": lambda w: w["clerk"].token(role="editor"),
    "an absent role where default_role is set": lambda w: w["clerk-strict"].token(role=...),
    "a null role where default_role is set": lambda w: w["clerk-strict"].token(role=None),
    "impersonation": lambda w: w["clerk"].token(act={"sub": "user_admin", "iss": "x", "sid": "sess_2"}),
    "an unrendered shortcode as an ordinary claim": lambda w: w["clerk"].token(
        plan="{{organization.public_metadata.x}}"
    ),
    "workos with its own issuer": lambda w: w["workos"].token(),
    "workos with one trailing slash": lambda w: w["workos"].token(iss=w["workos"].issuer + "/"),
    "workos by an alias, the custom domain": lambda w: w["workos"].token(
        iss="https://auth.example.com/user_management/" + CLIENT
    ),
    "workos by the legacy bare issuer with slash": lambda w: w["workos"].token(iss="https://api.workos.com/"),
    "the second workos client by its own keys": lambda w: w["workos-other"].token(),
    "workos without discovery, by jwks_url": lambda w: w["workos-bare"].token(),
    "auth0 with a namespaced role": lambda w: w["auth0"].token(),
    "firebase": lambda w: w["firebase"].token(),
    "cognito access token by client_id": lambda w: w["cognito"].token(),
    "cognito id token by aud": lambda w: w["cognito"].token(client_id=..., aud=COGNITO_CLIENT, token_use="id"),
    "plain oidc": lambda w: w["oidc"].token(),
    "a jwks url with ES256": lambda w: w["jwks"].token(),
    "a pasted key set": lambda w: w["pasted"].token(),
    "no kid where the issuer has one key": lambda w: w["oidc"].token(header={"kid": ...}),
    "exp as a float": lambda w: w["clerk"].token(exp=time.time() + 60.5),
    "exp in the far future": lambda w: w["clerk"].token(exp=10**15),
    "exp passed within the skew": lambda w: w["clerk"].token(exp=int(time.time()) - 10),
    "nbf ahead within the skew": lambda w: w["clerk"].token(nbf=int(time.time()) + 10),
    "a token of eight kilobytes": lambda w: w["clerk"].token(filler="x" * 8000),
    "the old way": lambda w: w.secret_token(sub="user_old", role="authenticated", iss="https://clerk.example.com"),
    "the old way, its clerk instance also an issuer": lambda w: w.secret_token(
        sub="user_old", role="authenticated", iss=w["clerk"].issuer, azp="https://app.example.com"
    ),
}

REFUSED: dict[str, tuple[Make, int, str]] = {
    "workos without a template": (lambda w: w["workos"].token(role="member"), 403, "role_not_allowed"),
    "an absent role": (lambda w: w["clerk"].token(role=...), 403, "role_missing"),
    "a null role": (lambda w: w["clerk"].token(role=None), 403, "role_missing"),
    "an unrendered shortcode as the role": (lambda w: w["clerk"].token(role="{{org.role}}"), 403, "role_not_allowed"),
    "a present role is not replaced by default_role": (
        lambda w: w["clerk-strict"].token(role="admin"),
        403,
        "role_not_allowed",
    ),
    "azp that is not on the list": (
        lambda w: w["clerk-strict"].token(azp="https://evil.example.com"),
        401,
        "authorized_party_mismatch",
    ),
    "azp absent where a list is set": (lambda w: w["clerk-strict"].token(azp=...), 401, "authorized_party_mismatch"),
    "a pending clerk session": (lambda w: w["clerk"].token(sts="pending"), 403, "session_pending"),
    "a clerk machine token": (
        lambda w: w["clerk"].token(header={"cat": "cl_B7d4PD333AAA"}, sub="mch_1"),
        403,
        "token_class_not_allowed",
    ),
    "an at+jwt": (lambda w: w["clerk"].token(header={"typ": "at+jwt", "cat": ...}), 403, "token_class_not_allowed"),
    "an application/at+jwt": (
        lambda w: w["clerk"].token(header={"typ": "application/at+jwt", "cat": ...}),
        403,
        "token_class_not_allowed",
    ),
    "another firebase project's token under the shared key": (
        lambda w: w["firebase"].token(iss="https://securetoken.google.com/other", aud="other"),
        401,
        "issuer_unknown",
    ),
    "another firebase project's audience": (lambda w: w["firebase"].token(aud="other"), 401, "audience_mismatch"),
    "cognito access token of another client": (
        lambda w: w["cognito"].token(client_id="other"),
        401,
        "audience_mismatch",
    ),
    "cognito id token of another client": (
        lambda w: w["cognito"].token(client_id=..., aud="other", token_use="id"),
        401,
        "audience_mismatch",
    ),
    "a five-part encrypted token": (lambda w: "a.b.c.d.e", 401, "token_encrypted"),
    "auth0 without the namespaced role": (
        lambda w: w["auth0"].token(**{"https://example.com/role": ...}),
        403,
        "role_missing",
    ),
    "PS256 where it is not listed": (
        lambda w: jws.serialize_compact(
            {"alg": "PS256", "kid": w["oidc"].keys[0].kid},
            json.dumps({"iss": w["oidc"].issuer, **w["oidc"].claims, "exp": int(time.time()) + 60}).encode(),
            w["oidc"].keys[0].key,
            algorithms=["PS256"],
        ),
        401,
        "algorithm_not_allowed",
    ),
    "no kid where the issuer has several keys": (
        lambda w: w["auth0"].token(header={"kid": ...}),
        401,
        "kid_missing",
    ),
    "an unknown kid": (lambda w: w["clerk"].token(header={"kid": "ins_unknown"}), 401, "key_unknown"),
    "the same kid signed by another issuer's key": (
        lambda w: TestIssuer("x", w["clerk"].issuer, [w["clerk-strict"].keys[0]], w["clerk"].claims).token(
            header={"kid": w["clerk"].keys[0].kid}
        ),
        401,
        "signature_invalid",
    ),
    "another issuer's kid": (
        lambda w: TestIssuer("x", w["clerk"].issuer, [w["clerk-strict"].keys[0]], w["clerk"].claims).token(),
        401,
        "key_unknown",
    ),
    "an unknown issuer": (lambda w: w["clerk"].token(iss="https://evil.example.com"), 401, "issuer_unknown"),
    "no issuer": (lambda w: w["clerk"].token(iss=...), 401, "issuer_missing"),
    "two trailing slashes": (lambda w: w["workos"].token(iss=w["workos"].issuer + "//"), 401, "issuer_unknown"),
    "alg none": (
        lambda w: b64(b'{"alg":"none","typ":"JWT"}') + "." + w["clerk"].token().split(".")[1] + ".",
        401,
        "algorithm_not_allowed",
    ),
    "HS256 with the public key as the secret": (public_key_as_hmac_secret, 401, "signature_invalid"),
    "an algorithm against the key's own": (
        lambda w: jws.serialize_compact(
            {"alg": "RS512", "kid": w["clerk"].keys[0].kid},
            json.dumps({"iss": w["clerk"].issuer, **w["clerk"].claims, "exp": int(time.time()) + 60}).encode(),
            w["clerk"].keys[0].key,
            algorithms=["RS512"],
        ),
        401,
        "algorithm_not_allowed",
    ),
    "crit with an unknown name": (
        lambda w: with_header(
            w["clerk"], json.dumps({"alg": "RS256", "kid": "ins_1", "crit": ["b64x"], "b64x": True}).encode()
        ),
        401,
        "header_unsupported",
    ),
    "duplicate members in the header": (
        lambda w: with_header(w["clerk"], b'{"alg":"RS256","kid":"ins_1","kid":"ins_1"}'),
        401,
        "token_malformed",
    ),
    "duplicate members in the claims": (
        lambda w: signed(
            w["clerk"],
            json.dumps({"iss": w["clerk"].issuer, **w["clerk"].claims, "exp": int(time.time()) + 60}).encode()[:-1]
            + b',"role":"authenticated"}',
        ),
        401,
        "token_malformed",
    ),
    "two parts": (lambda w: w["clerk"].token().rpartition(".")[0], 401, "token_malformed"),
    "four parts": (lambda w: w["clerk"].token() + ".x", 401, "token_malformed"),
    "base64 with padding": (padded, 401, "token_malformed"),
    "base64 with white space": (lambda w: w["clerk"].token().replace(".", ". ", 1), 401, "token_malformed"),
    "a signature cut off": (lambda w: w["clerk"].token().rpartition(".")[0] + ".", 401, "signature_invalid"),
    "a claim changed after signing": (
        lambda w: ".".join(
            [
                w["clerk"].token().split(".")[0],
                w["clerk-strict"].token().split(".")[1],
                w["clerk"].token().split(".")[2],
            ]
        ),
        401,
        "key_unknown",
    ),
    "garbage": (lambda w: "garbage", 401, "token_malformed"),
    "exp missing": (lambda w: w["clerk"].token(exp=...), 401, "expiry_missing"),
    "exp passed by more than the skew": (lambda w: w["clerk"].token(exp=int(time.time()) - 60), 401, "token_expired"),
    "exp as text": (lambda w: w["clerk"].token(exp="tomorrow"), 401, "claim_invalid"),
    "nbf beyond the skew": (lambda w: w["clerk"].token(nbf=int(time.time()) + 120), 401, "token_not_yet_valid"),
    "iat beyond the skew": (lambda w: w["clerk"].token(iat=int(time.time()) + 120), 401, "token_not_yet_valid"),
    "aud null where audiences are set": (lambda w: w["oidc"].token(aud=None), 401, "audience_mismatch"),
    "aud empty where audiences are set": (lambda w: w["oidc"].token(aud=[]), 401, "audience_mismatch"),
    "aud absent where audiences are set": (lambda w: w["oidc"].token(aud=...), 401, "audience_mismatch"),
    "a NUL in a claim": (lambda w: w["clerk"].token(name="a\0b"), 401, "claims_unrepresentable"),
    "a lone surrogate in a claim": (lambda w: w["clerk"].token(name="\ud800"), 401, "claims_unrepresentable"),
    "bad UTF-8 in the claims": (
        lambda w: signed(
            w["clerk"],
            json.dumps({"iss": w["clerk"].issuer, **w["clerk"].claims, "exp": int(time.time()) + 60}).encode()[:-1]
            + b',"name":"\xff\xfe"}',
        ),
        401,
        "claims_unrepresentable",
    ),
    "an overflowing number in the claims": (
        lambda w: signed(
            w["clerk"],
            json.dumps({"iss": w["clerk"].issuer, **w["clerk"].claims, "exp": int(time.time()) + 60}).encode()[:-1]
            + b',"n":1e400000}',
        ),
        401,
        "claims_unrepresentable",
    ),
    "a token above 16,384 bytes": (lambda w: w["clerk"].token(filler="x" * 16000), 401, "token_too_large"),
    "service_role, though listed": (lambda w: w["clerk"].token(role="service_role"), 403, "role_privileged"),
    "a superuser, though listed": (lambda w: w["clerk"].token(role="super"), 403, "role_privileged"),
    "postgres, though listed": (lambda w: w["clerk"].token(role="postgres"), 403, "role_privileged"),
    "a role with BYPASSRLS, though listed": (lambda w: w["clerk"].token(role="walker"), 403, "role_privileged"),
    "a table's owner, though listed": (lambda w: w["clerk"].token(role="table_owner"), 403, "role_privileged"),
    "a member of a table's owner, though listed": (
        lambda w: w["clerk"].token(role="owners_friend"),
        403,
        "role_unknown",
    ),
    "the login role, though listed": (lambda w: w["clerk"].token(role="rowgate_public"), 403, "role_privileged"),
    "none, though listed": (lambda w: w["clerk"].token(role="none"), 403, "role_privileged"),
    "PUBLIC, though listed": (lambda w: w["clerk"].token(role="PUBLIC"), 403, "role_unknown"),
    "another case of a listed role": (lambda w: w["clerk"].token(role="Authenticated"), 403, "role_not_allowed"),
    "a listed role that does not exist in that case": (
        lambda w: w["clerk"].token(role="AUTHENTICATED"),
        403,
        "role_unknown",
    ),
    "a listed role in quotes": (lambda w: w["clerk"].token(role='"authenticated"'), 403, "role_unknown"),
    "a role that is no text": (lambda w: w["clerk"].token(role=["authenticated"]), 403, "role_not_allowed"),
    "the old way as service_role": (
        lambda w: w.secret_token(sub="user_old", role="service_role"),
        403,
        "role_not_allowed",
    ),
    "the old way as service_role, known by azp": (
        lambda w: w.secret_token(azp="https://app.example.com", role="service_role"),
        403,
        "role_not_allowed",
    ),
    "the old way as service_role, known by its issuer": (
        lambda w: w.secret_token(iss="https://clerk.example.com", role="service_role"),
        403,
        "role_not_allowed",
    ),
    "HS256 under a wrong secret": (
        lambda w: shared_secret_token("another-secret-of-at-least-32-characters", sub="x", role="authenticated"),
        401,
        "signature_invalid",
    ),
}


@pytest.fixture(scope="module")
def world(farm: IssuerFarm, trusting: Stack) -> World:
    return World(farm, trusting.keys)


@pytest.fixture(scope="module")
def client(trusting: Stack) -> httpx.Client:
    return httpx.Client(base_url=trusting.rest, timeout=15, headers={"apikey": trusting.publishable_key})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_good_token_reads_and_writes_its_own_rows(case: str, world: World, client: httpx.Client) -> None:
    token = ACCEPTED[case](world)
    written = client.post("/notes", headers={**bearer(token), "Prefer": "return=representation"}, json={"body": case})
    assert written.status_code == 201, written.text
    [row] = written.json()
    read = client.get(f"/notes?id=eq.{row['id']}", headers=bearer(token))
    assert read.status_code == 200, read.text
    assert read.json() == [row]


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_token_is_refused_on_reads_and_on_writes(case: str, world: World, client: httpx.Client) -> None:
    make, status, code = REFUSED[case]
    token = make(world)
    for answer in (
        client.get("/notes", headers=bearer(token)),
        client.post("/notes", headers=bearer(token), json={"body": "never"}),
    ):
        assert (answer.status_code, answer.headers.get("x-rowgate-refusal")) == (status, code), answer.text
        body = answer.json()
        assert set(body) == {"code", "message", "details", "hint"}
        assert body["code"].startswith("PGRST3")
        assert len(body["message"]) > 10
        assert token not in answer.text


def test_nothing_a_refused_token_wrote_is_there(world: World, client: httpx.Client) -> None:
    secret = world.keys["SECRET_KEY"]
    rows = client.get("/notes?body=eq.never", headers={"apikey": secret, **bearer(secret)})
    assert (rows.status_code, rows.json()) == (200, [])


def test_workos_without_a_template_is_told_the_template_and_the_two_settings(
    world: World, client: httpx.Client
) -> None:
    body = client.get("/notes", headers=bearer(world["workos"].token(role="member"))).json()
    words = f"{body['message']} {body['hint']} {body['details']}"
    assert '"user_role": {{organization_membership.role}}' in words
    assert "role_claim" in words
    assert "roles" in words


def test_keys_no_issuer_should_publish_are_not_used(world: World, client: httpx.Client) -> None:
    forged = jws.serialize_compact(
        {"alg": "HS256", "kid": "oct"},
        json.dumps({"iss": world["auth0"].issuer, **world["auth0"].claims, "exp": int(time.time()) + 60}).encode(),
        OctKey.import_key(b"secret"),
        algorithms=["HS256"],
    )
    assert client.get("/notes", headers=bearer(forged)).status_code == 401
