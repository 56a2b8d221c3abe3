from rowgate.offline.directory import DEFAULT_SEED, with_ids
from rowgate.offline.identifiers import clerk_id, workos_id

from .asking import Asking

CLERK = with_ids(DEFAULT_SEED, lambda prefix, key: clerk_id(prefix, f"clerk {key}"))
WORKOS = with_ids(DEFAULT_SEED, lambda prefix, key: workos_id(prefix, f"workos {key}"))


def test_the_seeded_rows_belong_to_the_default_people(asking: Asking) -> None:
    ada, cleo = CLERK.user_by_email("ada@harbor.example"), WORKOS.user_by_email("cleo@juniper.example")
    assert ada
    assert cleo
    titles = "select title from todos order by title"
    assert asking.ask({"sub": ada.id}, titles) == [("Hang the shop sign",), ("Order the poetry shelf",)]
    assert asking.ask({"sub": cleo.id}, titles) == [("Repot the juniper",)]


def test_the_seeded_announcements_belong_to_the_default_organizations(asking: Asking) -> None:
    title = "select title from announcements"
    assert asking.ask({"o": {"id": CLERK.organizations[0].id}}, title) == [("Harbor Books opens on Saturday",)]
    assert asking.ask({"org_id": WORKOS.organizations[1].id}, title) == [("Juniper Labs moves to the second floor",)]
