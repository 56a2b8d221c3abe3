from typing import Any

import psycopg
import pytest

from .asking import Asking


def person(fva: Any = ...) -> dict[str, Any]:
    claims: dict[str, Any] = {"sub": "user_ada", "role": "authenticated"}
    return claims if fva is ... else {**claims, "fva": fva}


PASSED = person([3, 0])
NOT_PASSED = [
    pytest.param(person([3, -1]), id="not passed"),
    pytest.param(person(), id="absent"),
    pytest.param(person(None), id="null"),
    pytest.param(person([3]), id="one member"),
    pytest.param(person([3, None]), id="null member"),
    pytest.param(person("3,0"), id="text"),
    pytest.param(person({"1": 0}), id="object"),
    pytest.param(person([3, "yes"]), id="word"),
    pytest.param(person([3, [0]]), id="nested"),
]


def test_notes_open_after_the_second_factor(asking: Asking) -> None:
    asking.ask(PASSED, "insert into private_notes (body) values ('The safe is behind the atlas')")
    assert len(asking.ask(PASSED, "select * from private_notes")) == 1


@pytest.mark.parametrize("claims", NOT_PASSED)
def test_notes_stay_shut_without_it(asking: Asking, claims: dict[str, Any]) -> None:
    asking.ask(PASSED, "insert into private_notes (body) values ('The safe is behind the atlas')")

    assert asking.ask(claims, "select * from private_notes") == []
    assert asking.ask(claims, "update private_notes set body = 'x' returning id") == []
    assert asking.ask(claims, "delete from private_notes returning id") == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        asking.ask(claims, "insert into private_notes (body) values ('Mine')")


def test_the_second_factor_opens_only_ones_own(asking: Asking) -> None:
    asking.ask(PASSED, "insert into private_notes (body) values ('The safe is behind the atlas')")
    assert asking.ask(PASSED | {"sub": "user_cleo"}, "select * from private_notes") == []


def test_a_permissive_policy_added_later_does_not_open_them(asking: Asking) -> None:
    asking.ask(PASSED, "insert into private_notes (body) values ('The safe is behind the atlas')")
    asking.connection.execute("create policy everything on private_notes to authenticated using (true)")
    assert asking.ask(person(), "select * from private_notes") == []
