"""The claims of each Clerk token class."""

import pytest

from rowgate.offline.clerk_tokens import (
    Session,
    compress_permissions,
    machine_claims,
    oauth_access_claims,
    session_claims,
    template_claims,
)
from rowgate.offline.directory import DEFAULT_SEED, Directory, with_ids
from rowgate.offline.identifiers import clerk_id

DIRECTORY: Directory = with_ids(DEFAULT_SEED, clerk_id)
ADA = DIRECTORY.users[0]
HARBOR = DIRECTORY.organizations[0]
NOW = 1_800_000_000.9
ISSUER = "https://example.clerk.accounts.dev"
BASE = {"azp", "exp", "iat", "iss", "nbf", "sub", "sid", "fva"}


def claims(version: int, session: Session, party: str | None = "https://app.example.com") -> dict:
    return session_claims(version, session, DIRECTORY, issuer=ISSUER, authorized_party=party, now=NOW)


def session(**changes: object) -> Session:
    return Session(
        **{"id": "sess_1", "user_id": ADA.id, "organization_id": HARBOR.id, "first_factor_at": NOW, **changes}
    )


def test_v2_nests_the_organization_and_drops_the_prefix() -> None:
    found = claims(2, session())
    assert set(found) == BASE | {"jti", "v", "sts", "pla", "fea", "o"}
    assert found["o"] == {
        "id": HARBOR.id,
        "slg": "harbor-books",
        "rol": "admin",
        "per": "manage,read",
        "fpm": "3,2",
    }
    assert (found["v"], found["sts"], found["pla"], found["fea"]) == (2, "active", "o:free_org", "o:dashboard,o:teams")


def test_v2_without_an_active_organization_has_no_o() -> None:
    found = claims(2, session(organization_id=None))
    assert "o" not in found
    assert found["pla"] == "u:free_user"


def test_v1_is_flat_and_prefixed_and_has_no_newer_claims() -> None:
    found = claims(1, session())
    assert set(found) == BASE | {"org_id", "org_slug", "org_role", "org_permissions"}
    assert found["org_role"] == "org:admin"
    assert found["org_permissions"] == ["org:dashboard:manage", "org:dashboard:read", "org:teams:read"]


def test_times_are_whole_seconds_around_now() -> None:
    found = claims(2, session())
    assert (found["nbf"], found["iat"], found["exp"]) == (1_799_999_995, 1_800_000_000, 1_800_000_060)


def test_azp_is_absent_without_an_origin() -> None:
    assert "azp" not in claims(2, session(), party=None)


@pytest.mark.parametrize(
    ("first", "second", "ages"),
    [(0, None, [0, -1]), (59, None, [0, -1]), (60, 0, [1, 0]), (3600, 121, [60, 2]), (-30, None, [0, -1])],
)
def test_fva_counts_whole_minutes_and_says_minus_one_for_never(first: int, second: int | None, ages: list[int]) -> None:
    passed = None if second is None else NOW - second
    assert claims(2, session(first_factor_at=NOW - first, second_factor_at=passed))["fva"] == ages


def test_an_impersonated_session_names_the_actor() -> None:
    actor = {"iss": "https://dashboard.clerk.com", "sid": "sess_2", "sub": "user_support"}
    assert claims(2, session(actor=actor))["act"] == actor
    assert "act" not in claims(2, session())


def test_a_pending_session_says_so() -> None:
    assert claims(2, session(status="pending"))["sts"] == "pending"


def test_permissions_are_compressed_as_in_the_vendors_example() -> None:
    granted = ("dashboard:manage", "dashboard:read", "teams:read")
    assert compress_permissions(("dashboard", "teams"), granted) == ("dashboard,teams", "manage,read", "3,2")


def test_compressed_permissions_can_be_read_back() -> None:
    granted = {"a:x", "b:y", "b:z", "c:x", "c:z"}
    features, names, masks = (part.split(",") for part in compress_permissions(("a", "b", "c"), sorted(granted)))
    assert granted == {
        f"{feature}:{name}"
        for feature, mask in zip(features, masks, strict=True)
        for bit, name in enumerate(names)
        if int(mask) >> bit & 1
    }


def template(rendered: dict) -> dict:
    return template_claims(
        rendered, issuer=ISSUER, subject=ADA.id, authorized_party=None, now=NOW, lifetime=90, skew=10
    )


def test_a_template_token_has_the_automatic_claims_and_no_session_bound_ones() -> None:
    found = template({"role": "authenticated", "aud": "api"})
    assert set(found) == {"role", "aud", "exp", "iat", "iss", "jti", "nbf", "sub"}
    assert (found["exp"] - found["iat"], found["iat"] - found["nbf"]) == (90, 10)


def test_a_template_overrides_no_automatic_claim() -> None:
    found = template({"sub": "user_other", "iss": "https://evil.example", "sid": "sess_x", "v": 2})
    assert (found["sub"], found["iss"]) == (ADA.id, ISSUER)
    assert not {"sid", "v"} & set(found)


def test_a_machine_token_carries_what_the_caller_asked_for_under_its_own_subject() -> None:
    found = machine_claims({"role": "service", "aud": "x", "sub": "user_1"}, issuer=ISSUER, machine_id="mch_1", now=NOW)
    assert (found["role"], found["aud"], found["sub"]) == ("service", "x", "mch_1")
    assert {"iss", "exp", "nbf", "iat", "jti"} <= set(found)


def test_an_oauth_access_token_names_client_and_scope() -> None:
    found = oauth_access_claims(issuer=ISSUER, subject=ADA.id, client_id="client_1", scope="openid", now=NOW)
    assert (found["client_id"], found["scope"], found["sub"]) == ("client_1", "openid", ADA.id)
    assert "sid" not in found
