"""The Clerk-shaped issuer as a client meets it."""

from typing import Any

import pytest
from joserfc import jwk, jws

from rowgate.offline.directory import DEFAULT_PASSWORD

from .issuer_process import IssuerProcess, claims_of, header_of

PASSWORD = DEFAULT_PASSWORD
KEY = {"Authorization": "Bearer sk_test_offline"}


def sign_in(clerk: IssuerProcess, email: str = "ada@harbor.example") -> dict[str, Any]:
    answer = clerk.call("POST", "/v1/client/sign_ins", form={"identifier": email, "password": PASSWORD})
    assert answer.status == 200
    return answer.json


def session_id(clerk: IssuerProcess, email: str = "ada@harbor.example") -> str:
    return sign_in(clerk, email)["response"]["created_session_id"]


def token(clerk: IssuerProcess, session: str, form: Any = None, **headers: str) -> str:
    answer = clerk.call("POST", f"/v1/client/sessions/{session}/tokens", form=form, **headers)
    assert answer.status == 200, answer.body
    return answer.json["jwt"]


def test_discovery_names_the_issuer_and_its_keys(clerk: IssuerProcess) -> None:
    document = clerk.call("GET", "/.well-known/openid-configuration").json
    assert document["issuer"] == clerk.issuer
    assert document["jwks_uri"] == f"{clerk.issuer}/.well-known/jwks.json"
    assert {"introspection_endpoint", "revocation_endpoint", "code_challenge_methods_supported"} <= set(document)


def test_a_session_token_verifies_against_the_published_keys(clerk: IssuerProcess) -> None:
    signed = token(clerk, session_id(clerk))
    keys = jwk.KeySet.import_key_set(clerk.call("GET", "/.well-known/jwks.json").json)
    registry = jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)
    assert jws.deserialize_compact(signed, keys, registry=registry).payload
    header = header_of(signed)
    assert set(header) == {"alg", "cat", "kid", "typ"}
    assert (header["cat"], header["typ"], header["kid"][:4]) == ("cl_B7d4PD111AAA", "JWT", "ins_")


def test_azp_is_the_origin_of_the_request(clerk: IssuerProcess) -> None:
    session = session_id(clerk)
    assert claims_of(token(clerk, session, Origin="http://localhost:3000"))["azp"] == "http://localhost:3000"
    assert "azp" not in claims_of(token(clerk, session))


def test_an_organization_is_switched_left_and_kept(clerk: IssuerProcess) -> None:
    session = session_id(clerk, "ines@both.example")
    first = claims_of(token(clerk, session))["o"]
    people = clerk.call("GET", "/__offline__/people").json["people"]
    other = next(
        found["id"]
        for person in people
        if person["email"] == "ines@both.example"
        for found in person["organizations"]
        if found["id"] != first["id"]
    )
    assert claims_of(token(clerk, session, {"organization_id": other}))["o"]["id"] == other
    assert claims_of(token(clerk, session))["o"]["id"] == other  # absent: the previous one
    assert "o" not in claims_of(token(clerk, session, {"organization_id": ""}))  # empty: the personal account


def test_a_strangers_organization_is_not_found(clerk: IssuerProcess) -> None:
    organizations = clerk.call("GET", "/__offline__/people").json["people"][2]["organizations"]
    answer = clerk.call(
        "POST", f"/v1/client/sessions/{session_id(clerk)}/tokens", form={"organization_id": organizations[0]["id"]}
    )
    assert (answer.status, answer.json["errors"][0]["code"]) == (404, "resource_not_found")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"identifier": "nobody@x.example", "password": PASSWORD}, "form_identifier_not_found"),
        ({"identifier": "ada@harbor.example", "password": "wrong"}, "form_password_incorrect"),
        ({"password": PASSWORD}, "form_param_missing"),
    ],
)
def test_a_failed_sign_in_has_clerks_error_body(clerk: IssuerProcess, form: dict[str, str], code: str) -> None:
    answer = clerk.call("POST", "/v1/client/sign_ins", form=form)
    assert answer.status == 422
    assert answer.json["errors"][0]["code"] == code
    assert "clerk_trace_id" in answer.json


def test_connect_with_supabase_adds_the_role_and_nothing_else(clerk: IssuerProcess) -> None:
    session = session_id(clerk)
    connected = claims_of(token(clerk, session))
    clerk.control("settings", {"connected_with_supabase": False})
    assert set(connected) - set(claims_of(token(clerk, session))) == {"role"}
    assert connected["role"] == "authenticated"


def test_custom_session_claims_are_rendered_and_override_no_default(clerk: IssuerProcess) -> None:
    custom = {"mail": "{{user.primary_email_address}}", "sub": "x", "o": "x", "lit": "{{organization.x}}"}
    clerk.control("settings", {"session_claims": custom})
    found = claims_of(token(clerk, session_id(clerk)))
    assert (found["mail"], found["lit"]) == ("ada@harbor.example", "{{organization.x}}")
    assert found["sub"].startswith("user_")
    assert found["o"]["rol"] == "admin"


@pytest.mark.parametrize(("category", "shown"), [("ignore", "cl_I7d4PD111III"), ("absent", None)])
def test_an_instance_may_stamp_an_empty_category_or_none(
    clerk: IssuerProcess, category: str, shown: str | None
) -> None:
    clerk.control("settings", {"category": category})
    assert header_of(token(clerk, session_id(clerk))).get("cat") == shown


def test_version_one_tokens_on_demand(clerk: IssuerProcess) -> None:
    session = session_id(clerk)
    answer = clerk.control(f"sessions/{session}/tokens", {"version": 1})
    assert claims_of(answer["jwt"])["org_role"] == "org:admin"
    clerk.control("settings", {"token_version": 1})
    assert "v" not in claims_of(token(clerk, session))


def test_the_second_factor_and_a_pending_session_show_in_the_next_token(clerk: IssuerProcess) -> None:
    session = session_id(clerk)
    assert claims_of(token(clerk, session))["fva"] == [0, -1]
    answer = clerk.call("PATCH", f"/__offline__/sessions/{session}", {"second_factor": True, "status": "pending"})
    assert claims_of(answer.json["jwt"])["fva"] == [0, 0]
    assert claims_of(token(clerk, session))["sts"] == "pending"


def make_template(clerk: IssuerProcess, **members: Any) -> Any:
    return clerk.call("POST", "/v1/jwt_templates", members, **KEY)


def test_a_template_with_its_own_key_gives_an_hs256_token(clerk: IssuerProcess) -> None:
    secret = "super-secret-jwt-token-with-at-least-32-characters"
    made = make_template(
        clerk,
        name="supabase",
        claims={"role": "authenticated", "aud": "authenticated", "email": "{{user.primary_email_address}}"},
        custom_signing_key=True,
        signing_algorithm="HS256",
        signing_key=secret,
    )
    assert made.status == 200
    assert secret not in made.body.decode()
    signed = clerk.call("POST", f"/v1/client/sessions/{session_id(clerk)}/tokens/supabase").json["jwt"]
    registry = jws.JWSRegistry(algorithms=["HS256"], strict_check_header=False)
    assert jws.deserialize_compact(signed, jwk.OctKey.import_key(secret), registry=registry)
    assert header_of(signed) == {"alg": "HS256", "cat": "cl_B7d4PD222AAA", "typ": "JWT"}
    claims = claims_of(signed)
    assert (claims["role"], claims["email"], claims["iss"]) == ("authenticated", "ada@harbor.example", clerk.issuer)
    clerk.call("DELETE", f"/v1/jwt_templates/{made.json['id']}", **KEY)


def test_a_template_without_a_key_is_signed_by_the_instance(clerk: IssuerProcess) -> None:
    made = make_template(clerk, name="plain", claims={"x": 1}, lifetime=300).json
    signed = clerk.call("POST", f"/v1/client/sessions/{session_id(clerk)}/tokens/plain").json["jwt"]
    assert (header_of(signed)["alg"], header_of(signed)["cat"]) == ("RS256", "cl_B7d4PD222AAA")
    assert claims_of(signed)["exp"] - claims_of(signed)["iat"] == 300
    changed = clerk.call("PATCH", f"/v1/jwt_templates/{made['id']}", {"lifetime": 60}, **KEY).json
    assert (changed["lifetime"], changed["claims"]) == (60, {"x": 1})
    assert clerk.call("DELETE", f"/v1/jwt_templates/{made['id']}", **KEY).json["deleted"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"lifetime": 29},
        {"lifetime": 315_360_001},
        {"allowed_clock_skew": 301},
        {"claims": {"sub": "x"}},
        {"custom_signing_key": True},
        {"custom_signing_key": True, "signing_algorithm": "RS256", "signing_key": "no pem"},
        {"custom_signing_key": True, "signing_algorithm": "none", "signing_key": "x"},
        {"name": ""},
        {"claims": "text"},
        {"unknown": 1},
    ],
)
def test_a_template_clerk_would_refuse_is_refused(clerk: IssuerProcess, wrong: dict[str, Any]) -> None:
    answer = make_template(clerk, **{"name": "wrong", "claims": {}, **wrong})
    assert answer.status == 422, answer.body
    assert answer.json["errors"]


def test_the_backend_api_wants_its_secret_key(clerk: IssuerProcess) -> None:
    for headers in ({}, {"Authorization": "Bearer sk_test_other"}):
        assert clerk.call("GET", "/v1/jwks", **headers).status == 401
    assert clerk.call("GET", "/v1/jwks", **KEY).json == clerk.call("GET", "/.well-known/jwks.json").json


def test_machine_and_oauth_tokens_are_signed_with_the_same_key(clerk: IssuerProcess) -> None:
    machine = clerk.call("POST", "/v1/m2m_tokens", {"claims": {"role": "authenticated"}}, **KEY).json["token"]
    oauth = clerk.control("oauth_access_tokens", {"email": "ada@harbor.example"})["jwt"]
    kid = header_of(token(clerk, session_id(clerk)))["kid"]
    assert (header_of(machine)["cat"], header_of(machine)["kid"]) == ("cl_B7d4PD333AAA", kid)
    assert claims_of(machine)["sub"].startswith("mch_")
    assert (header_of(oauth)["typ"], header_of(oauth)["kid"]) == ("at+jwt", kid)


def test_after_sign_out_the_session_gives_no_token(clerk: IssuerProcess) -> None:
    session = session_id(clerk)
    clerk.call("POST", f"/v1/client/sessions/{session}/remove")
    assert clerk.call("POST", f"/v1/client/sessions/{session}/tokens").status == 404
