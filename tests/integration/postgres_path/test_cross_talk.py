"""Five hundred requests at once, each with a role, claims and settings of its own: nobody sees another's."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

import msgspec
import pytest

from rowgate.postgres.errors import DatabaseError
from rowgate.postgres.statement import End, Isolation
from tests.integration.postgres_path.place import SECRET_KEY, Place, asking, cell, opened, user

pytestmark = pytest.mark.anyio

WHO = (
    "select json_build_array(current_user, current_setting('request.jwt.claims')::json ->> 'sub', "
    "current_setting('app.number', true), $1::text, (select count(*) from crowd), "
    "(select count(*) from crowd where owner <> current_setting('request.jwt.claims')::json ->> 'sub'))"
)


async def test_nobody_sees_anything_of_anybody_else(place: Place) -> None:
    place.execute(
        "create table crowd (owner text not null); alter table crowd enable row level security; "
        "create policy own on crowd to authenticated "
        "using (owner = current_setting('request.jwt.claims')::json ->> 'sub'); "
        "create policy none on crowd to anon using (false); "
        "grant select on crowd to anon, authenticated, service_role; "
        "insert into crowd select 'u' || (n % 50) from generate_series(1, 500) n"
    )
    dice = random.Random(11)

    async with opened(place, pool_size=5) as database:

        async def one(number: int) -> None:
            role = dice.choice(("authenticated", "authenticated", "anon", "service_role"))
            subject = f"u{number % 50}"
            principal = SECRET_KEY if role == "service_role" else user(subject, role)
            subject = "" if role == "service_role" else subject
            settings = (("app.number", str(number)),) if number % 2 else ()
            more = dice.choice(({}, {}, {}, {"write": True}, {"isolation": Isolation.REPEATABLE_READ},
                                {"end": End.ROLLBACK, "write": True}))  # fmt: skip
            await asyncio.sleep(dice.random() * 0.1)
            if number % 10 == 3:
                with pytest.raises(DatabaseError):
                    await database.run(principal, asking("select 1 / $1::int", "0", settings=settings))
                return
            asked = asyncio.create_task(database.run(principal, asking(WHO, str(number), settings=settings, **more)))
            if number % 10 == 7:
                await asyncio.sleep(dice.random() * 0.01)
                asked.cancel()
                with suppress(asyncio.CancelledError):
                    await asked
                return
            body = msgspec.json.decode(cell(await asked) or b"")
            rows = {"authenticated": 10, "anon": 0, "service_role": 500}[role]
            others = 500 if role == "service_role" else 0
            # "" is what a transaction-local setting leaves of itself in its session
            given = str(number) if number % 2 else None
            assert [body[0], body[1], body[2] or None, *body[3:]] == [role, subject, given, str(number), rows, others]

        async with asyncio.timeout(30), asyncio.TaskGroup() as crowd:
            for number in range(500):
                crowd.create_task(one(number))
        assert database.stats().public.lost_total == 0
        async with asyncio.timeout(5):
            while database.stats().public.in_flight:  # the last ROLLBACKs and cancelled ones, which nobody waits for
                await asyncio.sleep(0.01)
