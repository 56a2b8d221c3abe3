"""The claims of a WorkOS access token."""

from typing import Any

import msgspec
import pytest

from rowgate.offline.directory import DEFAULT_SEED, Directory, with_ids
from rowgate.offline.identifiers import workos_id
from rowgate.offline.workos_template import parse
from rowgate.offline.workos_tokens import Session, access_claims, discovery_document

DIRECTORY: Directory = with_ids(DEFAULT_SEED, workos_id)
CLEO, JUNIPER = DIRECTORY.users[2], DIRECTORY.organizations[1]
NOW = 1_800_000_000.4
ISSUER = "https://api.workos.com/user_management/client_1"
ALWAYS = {"iss", "sub", "sid", "jti", "client_id", "auth_time", "exp", "iat"}


def claims(session: Session, template: str | None = None, directory: Directory = DIRECTORY) -> dict[str, Any]:
    parsed = parse(template) if template else None
    return access_claims(session, directory, issuer=ISSUER, client_id="client_1", template=parsed, now=NOW)


IN_JUNIPER = Session("session_1", CLEO.id, NOW - 10, JUNIPER.id)
ALONE = Session("session_1", CLEO.id, NOW - 10)


def test_without_an_organization_there_is_no_role_no_aud_and_no_nbf() -> None:
    assert set(claims(ALONE)) == ALWAYS


def test_with_an_organization_role_is_the_slug() -> None:
    found = claims(IN_JUNIPER)
    assert set(found) == ALWAYS | {"org_id", "role", "roles", "permissions"}
    assert (found["org_id"], found["role"], found["roles"]) == (JUNIPER.id, "admin", ["admin"])
    assert found["permissions"] == ["dashboard:manage", "dashboard:read"]


def test_entitlements_and_feature_flags_come_with_an_organization_that_has_them() -> None:
    richer = msgspec.structs.replace(JUNIPER, entitlements=("audit-logs",), feature_flags=("beta",))
    found = claims(IN_JUNIPER, directory=Directory((DIRECTORY.organizations[0], richer), DIRECTORY.users))
    assert (found["entitlements"], found["feature_flags"]) == (["audit-logs"], ["beta"])


def test_an_impersonated_session_names_the_impersonators_address() -> None:
    found = claims(Session("session_1", CLEO.id, NOW, impersonator="help@juniper.example"))
    assert found["act"] == {"sub": "help@juniper.example"}


def test_a_token_lives_five_minutes() -> None:
    found = claims(ALONE)
    assert (found["iat"], found["exp"], found["auth_time"]) == (1_800_000_000, 1_800_000_300, 1_799_999_990)


def test_the_supabase_template_replaces_role_and_keeps_the_slug_beside_it() -> None:
    template = '{"role":"authenticated","user_role": {{organization_membership.role}}}'
    found = claims(IN_JUNIPER, template)
    assert (found["role"], found["user_role"], found["roles"]) == ("authenticated", "admin", ["admin"])
    alone = claims(ALONE, template)
    assert alone["role"] == "authenticated"
    assert "user_role" not in alone


def test_a_template_may_add_an_audience_and_replace_org_id() -> None:
    found = claims(IN_JUNIPER, '{"aud": "rowgate", "org_id": {{organization.name}}}')
    assert (found["aud"], found["org_id"]) == ("rowgate", "Juniper Labs")


@pytest.mark.parametrize("root", ["user", "organization", "organization_membership"])
def test_every_documented_path_is_there_to_be_rendered(root: str) -> None:
    # The context the tokens are made from and the paths the checker knows must not drift apart.
    from rowgate.offline.workos_template import PATHS
    from rowgate.offline.workos_tokens import template_context

    context = template_context(CLEO, JUNIPER, CLEO.memberships[0])
    assert set(PATHS[root]) <= set(context[root])


def test_discovery_has_five_members_and_keys_elsewhere_than_the_issuer() -> None:
    assert discovery_document("https://api.workos.com", ISSUER, "client_1") == {
        "issuer": ISSUER,
        "authorization_endpoint": "https://api.workos.com/user_management/authorize",
        "token_endpoint": "https://api.workos.com/user_management/authenticate",
        "response_types_supported": ["code"],
        "jwks_uri": "https://api.workos.com/sso/jwks/client_1",
    }
