"""The WorkOS-shaped issuer as a client meets it."""

from typing import Any

import pytest

from rowgate.offline.directory import DEFAULT_PASSWORD

from .issuer_process import Answer, IssuerProcess, claims_of, header_of

KEY = {"Authorization": "Bearer sk_test_offline"}
SUPABASE = '{"role":"authenticated","user_role": {{organization_membership.role}}}'


def sign_in(workos: IssuerProcess, email: str = "cleo@juniper.example", **members: Any) -> Answer:
    body = {
        "client_id": workos.facts["client_id"],
        "grant_type": "password",
        "email": email,
        "password": DEFAULT_PASSWORD,
        **members,
    }
    return workos.call("POST", "/user_management/authenticate", body)


def grant(workos: IssuerProcess, as_form: bool = False, **members: Any) -> Answer:
    fields = {"client_id": workos.facts["client_id"], **members}
    if as_form:
        return workos.call("POST", "/user_management/authenticate", form=fields)
    return workos.call("POST", "/user_management/authenticate", fields)


def test_discovery_is_below_the_issuer_and_has_five_members(workos: IssuerProcess) -> None:
    document = workos.call("GET", f"{workos.issuer}/.well-known/openid-configuration").json
    assert set(document) == {
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "response_types_supported",
        "jwks_uri",
    }
    assert document["issuer"] == workos.issuer
    keys = workos.call("GET", document["jwks_uri"]).json["keys"]
    assert set(keys[0]) == {"alg", "kty", "use", "x5c", "n", "e", "kid", "x5t#S256"}
    assert keys[0]["kid"].startswith("sso_oidc_key_pair_01")


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/openid-configuration",
        "/user_management/client_other/.well-known/openid-configuration",
        "/sso/jwks/client_other",
    ],
)
def test_other_places_have_nothing(workos: IssuerProcess, path: str) -> None:
    assert workos.call("GET", path).status == 404


def test_the_guess_that_breaks_against_workos_breaks_here(workos: IssuerProcess) -> None:
    assert workos.call("GET", f"{workos.issuer}/.well-known/jwks.json").status == 404


def test_the_only_organization_is_chosen_by_itself(workos: IssuerProcess) -> None:
    body = sign_in(workos).json
    assert set(body) == {"user", "organization_id", "access_token", "refresh_token", "authentication_method"}
    claims = claims_of(body["access_token"])
    assert (claims["iss"], claims["org_id"], claims["role"]) == (workos.issuer, body["organization_id"], "admin")
    assert set(header_of(body["access_token"])) == {"alg", "kid", "typ"}


def test_several_organizations_have_to_be_chosen_from(workos: IssuerProcess) -> None:
    refused = sign_in(workos, "ines@both.example")
    assert (refused.status, refused.json["code"]) == (403, "organization_selection_required")
    chosen = refused.json["organizations"][1]["id"]
    selection = {
        "grant_type": "urn:workos:oauth:grant-type:organization-selection",
        "pending_authentication_token": refused.json["pending_authentication_token"],
        "organization_id": chosen,
    }
    assert claims_of(grant(workos, **selection).json["access_token"])["org_id"] == chosen
    assert grant(workos, **selection).status == 400  # the pending token is spent


@pytest.mark.parametrize("as_form", [False, True], ids=["json", "form"])
def test_a_refresh_token_works_once(workos: IssuerProcess, as_form: bool) -> None:
    body = sign_in(workos).json
    first = grant(workos, as_form, grant_type="refresh_token", refresh_token=body["refresh_token"])
    assert first.status == 200
    assert claims_of(first.json["access_token"])["sid"] == claims_of(body["access_token"])["sid"]
    again = grant(workos, as_form, grant_type="refresh_token", refresh_token=body["refresh_token"])
    assert (again.status, again.json["error"]) == (400, "invalid_grant")


def test_a_refresh_switches_to_an_organization_of_ones_own_only(workos: IssuerProcess) -> None:
    options = sign_in(workos, "ines@both.example").json["organizations"]
    session = workos.control("sessions", {"email": "ines@both.example", "organization_id": options[0]["id"]})
    switched = grant(
        workos, grant_type="refresh_token", refresh_token=session["refresh_token"], organization_id=options[1]["id"]
    )
    assert claims_of(switched.json["access_token"])["org_id"] == options[1]["id"]

    eve = sign_in(workos, "eve@alone.example").json
    refused = grant(
        workos, grant_type="refresh_token", refresh_token=eve["refresh_token"], organization_id=options[0]["id"]
    )
    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")
    # A refused switch spends nothing.
    assert grant(workos, grant_type="refresh_token", refresh_token=eve["refresh_token"]).status == 200


@pytest.mark.parametrize(
    ("members", "status", "code"),
    [
        ({"password": "wrong"}, 401, "invalid_credentials"),
        ({"email": "nobody@x.example"}, 401, "invalid_credentials"),
        ({"client_id": "client_other"}, 400, "invalid_client"),
        ({"client_secret": "sk_wrong"}, 400, "invalid_client"),
        ({"grant_type": "implicit"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "invalid_request"),
        ({"email": 5}, 400, "invalid_request"),
    ],
)
def test_refused_token_requests(workos: IssuerProcess, members: dict[str, Any], status: int, code: str) -> None:
    answer = sign_in(workos, **members)
    assert answer.status == status
    assert code in (answer.json.get("code"), answer.json.get("error"))


def test_a_body_that_is_no_object_is_no_traceback(workos: IssuerProcess) -> None:
    for body in ([], "text", 5):
        assert workos.call("POST", "/user_management/authenticate", body).status == 400


def test_the_jwt_template_is_kept_and_applied(workos: IssuerProcess) -> None:
    path = "/user_management/jwt_template"
    assert workos.call("GET", path, **KEY).status == 404
    kept = workos.call("PUT", path, {"content": SUPABASE}, **KEY)
    assert kept.status == 200
    assert set(kept.json) == {"object", "content", "created_at", "updated_at"}
    assert workos.call("GET", path, **KEY).json["content"] == SUPABASE
    claims = claims_of(sign_in(workos).json["access_token"])
    assert (claims["role"], claims["user_role"]) == ("authenticated", "admin")


def test_a_bad_template_is_refused_and_changes_nothing(workos: IssuerProcess) -> None:
    path = "/user_management/jwt_template"
    workos.call("PUT", path, {"content": SUPABASE}, **KEY)
    for content in ('{"iss": 1}', '{"a": {{nope.x}}}', None, 5):
        assert workos.call("PUT", path, {"content": content}, **KEY).status == 422
    assert workos.call("GET", path, **KEY).json["content"] == SUPABASE


def test_the_template_api_wants_the_api_key(workos: IssuerProcess) -> None:
    answer = workos.call("PUT", "/user_management/jwt_template", {"content": SUPABASE})
    assert (answer.status, answer.json["message"]) == (401, "Unauthorized")


def test_a_revoked_session_refreshes_no_more(workos: IssuerProcess) -> None:
    body = sign_in(workos).json
    session_id = claims_of(body["access_token"])["sid"]
    assert workos.call("POST", "/user_management/sessions/revoke", {"session_id": session_id}, **KEY).status == 200
    assert grant(workos, grant_type="refresh_token", refresh_token=body["refresh_token"]).status == 400
