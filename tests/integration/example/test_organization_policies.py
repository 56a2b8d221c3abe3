"""The Clerk guide's insert check over three token shapes: admins of the row's own organization, and nobody else."""

from typing import Any

import psycopg
import pytest

from .asking import Asking


def clerk_v1(role: str | None, organization: str = "org_one") -> dict[str, Any]:
    active = {"org_id": organization, "org_slug": "one", "org_role": f"org:{role}", "org_permissions": []}
    return {"sub": "user_clerk", "role": "authenticated", **(active if role else {})}


def clerk_v2(role: str | None, organization: str = "org_one") -> dict[str, Any]:
    active = {"o": {"id": organization, "slg": "one", "rol": role}}
    return {"sub": "user_clerk", "role": "authenticated", "v": 2, **(active if role else {})}


def workos_with_template(role: str | None, organization: str = "org_one") -> dict[str, Any]:
    active = {"org_id": organization, "user_role": role, "roles": [role], "permissions": []}
    return {"sub": "user_workos", "role": "authenticated", **(active if role else {})}


def workos_without_template(role: str | None, organization: str = "org_one") -> dict[str, Any]:
    active = {"org_id": organization, "role": role, "roles": [role], "permissions": []}
    return {"sub": "user_workos", **(active if role else {})}


shapes = pytest.mark.parametrize(
    "shape",
    [clerk_v1, clerk_v2, workos_with_template, workos_without_template],
    ids=lambda shape: shape.__name__,
)


def announce(asking: Asking, claims: dict[str, Any], organization: str | None = None) -> list[tuple[Any, ...]]:
    if organization is None:
        return asking.ask(claims, "insert into announcements (title) values ('Hello') returning organization_id")
    return asking.ask(claims, "insert into announcements (title, organization_id) values ('Hello', %s)", organization)


@shapes
def test_an_admin_announces_in_the_active_organization(asking: Asking, shape: Any) -> None:
    assert announce(asking, shape("admin")) == [("org_one",)]


@shapes
def test_a_member_reads_but_does_not_announce(asking: Asking, shape: Any) -> None:
    announce(asking, shape("admin"))
    assert asking.ask(shape("member"), "select title from announcements") == [("Hello",)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        announce(asking, shape("member"))


@shapes
def test_an_admin_does_not_announce_elsewhere(asking: Asking, shape: Any) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        announce(asking, shape("admin"), "org_two")


@shapes
def test_another_organization_reads_changes_and_deletes_nothing(asking: Asking, shape: Any) -> None:
    announce(asking, shape("admin"))
    stranger = shape("admin", "org_two")
    assert asking.ask(stranger, "select * from announcements") == []
    assert asking.ask(stranger, "update announcements set title = 'Ha' returning id") == []
    assert asking.ask(stranger, "delete from announcements returning id") == []


@shapes
def test_a_member_changes_and_deletes_nothing(asking: Asking, shape: Any) -> None:
    announce(asking, shape("admin"))
    assert asking.ask(shape("member"), "update announcements set title = 'Ha' returning id") == []
    assert asking.ask(shape("member"), "delete from announcements returning id") == []


@shapes
def test_an_admin_does_not_move_an_announcement_away(asking: Asking, shape: Any) -> None:
    announce(asking, shape("admin"))
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        asking.ask(shape("admin"), "update announcements set organization_id = 'org_two'")


@shapes
def test_without_an_active_organization_there_is_nothing(asking: Asking, shape: Any) -> None:
    announce(asking, shape("admin"))
    assert asking.ask(shape(None), "select * from announcements") == []
    with pytest.raises((psycopg.errors.NotNullViolation, psycopg.errors.InsufficientPrivilege)):
        announce(asking, shape(None))


def test_nobody_announces_in_anothers_name(asking: Asking) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        asking.ask(clerk_v2("admin"), "insert into announcements (title, author_id) values ('Hello', 'user_other')")


def test_the_id_and_the_role_come_from_the_same_shape(asking: Asking) -> None:
    # A custom claim cannot lend a v2 token the role or the organization of another shape.
    mixed = clerk_v2("member") | {"org_id": "org_two", "org_role": "org:admin", "user_role": "admin"}
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        announce(asking, mixed)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        announce(asking, mixed, "org_two")
