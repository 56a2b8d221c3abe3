"""The parent's look at the roles somebody may ask for."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from rowgate.postgres.logins import prepare
from rowgate.project.settings import Secrets
from rowgate.server.role_upkeep import RoleUpkeep

pytestmark = pytest.mark.anyio


async def test_a_role_that_lost_its_way_up_is_news_also_while_no_login_may_take_it(
    database_url: str, admin: psycopg.Connection, secrets: Secrets, role: Callable[..., str]
) -> None:
    way_up, door = role("way_up", "bypassrls"), role("door")
    admin.execute(f"grant {way_up} to {door}")
    serving = await prepare(database_url, secrets, roles=(door,))  # grants nothing that can climb
    upkeep = RoleUpkeep(("public",))
    try:
        assert not await upkeep.changed(serving, (door,))
        admin.execute(f"revoke {way_up} from {door}")
        assert await upkeep.changed(serving, (door,))
    finally:
        await upkeep.close()
