"""What a running server takes up of changed settings."""

from __future__ import annotations

from dataclasses import replace

from rowgate.project.database_config import DATABASE_NAMES
from rowgate.project.reload import AT_START, taken_up

from .conftest import Resolve


def test_what_decides_where_the_server_listens_waits_for_a_start(settings_of: Resolve) -> None:
    running = settings_of()
    changed = replace(running, rest=replace(running.rest, at_root=True, admin_server_port=1, db_max_rows=3))

    assert taken_up(changed, running) == (
        replace(running, rest=replace(running.rest, db_max_rows=3)),
        ("rest.admin_server_port", "rest.at_root"),
    )


def test_other_sections_wait_and_the_issuers_do_not(settings_of: Resolve) -> None:
    running = settings_of()
    identity = replace(running.identity, shared_secret_enabled=False)
    changed = replace(running, identity=identity, api=replace(running.api, port=1), warnings=("new",))

    assert taken_up(changed, running) == (replace(running, identity=identity), ("api",))


def test_nothing_changed_is_what_runs(settings_of: Resolve) -> None:
    assert taken_up(settings_of(), settings_of()) == (settings_of(), ())


def test_nothing_in_the_database_decides_where_the_server_listens() -> None:
    assert not AT_START & set(DATABASE_NAMES)
