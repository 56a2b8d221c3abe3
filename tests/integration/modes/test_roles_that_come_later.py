"""A role that an issuer's list names is served as soon as it exists, whoever makes it, without a restart."""

from __future__ import annotations

from collections.abc import Callable

from tests.integration.server.asking import until
from tests.support.stack import Stack, rowgate

from .asking import ask, token
from .cluster import Cluster
from .schema import NOTES, TWO_ROWS

LISTED = '[rowgate.identity]\nshared_secret_roles = ["authenticated", "by_migration", "by_hand"]\n'
BY_MIGRATION = "create role by_migration nologin; grant select on public.notes to by_migration;"


def served(stack: Stack, role: str) -> int:
    return ask(stack, "GET", "/notes?select=body", bearer=token(stack, "ana", role)).status


def test_roles_made_by_a_migration_by_hand_and_listed_by_a_reload_are_served_without_a_restart(
    cluster: Cluster, serve: Callable[..., Stack]
) -> None:
    migrations = {"20260101000000_notes.sql": NOTES + TWO_ROWS, "20260102000000_role.sql": BY_MIGRATION}
    stack = serve(cluster.superuser, "--workers", "2", config=LISTED, migrations=migrations)
    assert served(stack, "by_migration") == 200

    # By hand, in SQL; and one that may bypass policies stays outside although it is listed.
    assert served(stack, "by_hand") == 401  # in Postgres' own words: there is no such role
    cluster.execute("create role by_hand nologin; grant select on public.notes to by_hand")
    until(lambda: [served(stack, "by_hand") for _ in range(6)] == [200] * 6, 8)
    cluster.execute("alter role by_hand bypassrls")
    until(lambda: [served(stack, "by_hand") for _ in range(6)] == [403] * 6, 8)
    cluster.execute("alter role by_hand nobypassrls")
    until(lambda: [served(stack, "by_hand") for _ in range(6)] == [200] * 6, 8)
    cluster.execute("create role door bypassrls; grant door to by_hand")  # dangerous through another role
    until(lambda: {served(stack, "by_hand") for _ in range(6)} <= {401, 403}, 8)  # 401 once it was taken from the login
    cluster.execute("revoke door from by_hand")
    until(lambda: served(stack, "by_hand") == 200, 8)

    # By a migration applied while the server runs, for a list that a reload brought.
    config = stack.workdir / "supabase" / "config.toml"
    config.write_text(config.read_text().replace('"by_hand"', '"by_hand", "listed_later", "migrated_later"'))
    cluster.execute("create role listed_later nologin; grant select on public.notes to listed_later")
    until(lambda: [served(stack, "listed_later") for _ in range(6)] == [200] * 6, 8)
    file = stack.workdir / "supabase" / "migrations" / "20260103000000_role.sql"
    file.write_text("create role migrated_later nologin; grant select on public.notes to migrated_later;")
    done = rowgate("migration", "up", "--workdir", str(stack.workdir), environ=stack.environ)
    assert done.returncode == 0, done.stderr
    until(lambda: [served(stack, "migrated_later") for _ in range(6)] == [200] * 6, 8)


def test_a_membership_taken_from_a_running_servers_login_is_not_given_back(
    cluster: Cluster, serve: Callable[..., Stack]
) -> None:
    stack = serve(cluster.superuser, migrations={"20260101000000_notes.sql": NOTES + TWO_ROWS})
    assert served(stack, "authenticated") == 200
    cluster.execute("revoke authenticated from rowgate_public")
    until(lambda: served(stack, "authenticated") == 401, 5)
    cluster.execute("create role unrelated")
    until(lambda: "role_unknown" in ask(stack, "GET", "/notes", bearer=token(stack, "ana")).headers.values(), 5)
    assert "GRANT" not in "".join(stack.output)
