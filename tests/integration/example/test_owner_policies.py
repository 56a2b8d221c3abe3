import psycopg
import pytest

from .asking import Asking

ADA = {"sub": "user_ada", "role": "authenticated"}
CLEO = {"sub": "user_cleo", "role": "authenticated"}


def add_list(asking: Asking, claims: dict, name: str = "Chores") -> int:
    return asking.ask(claims, "insert into lists (name) values (%s) returning id", name)[0][0]


def test_a_new_list_belongs_to_whoever_made_it(asking: Asking) -> None:
    rows = asking.ask(ADA, "insert into lists (name) values ('Chores') returning user_id")
    assert rows == [("user_ada",)]


def test_another_persons_rows_do_not_exist(asking: Asking) -> None:
    mine = add_list(asking, ADA)
    asking.ask(ADA, "insert into todos (list_id, title) values (%s, 'Sweep')", mine)

    assert asking.ask(CLEO, "select * from lists where id = %s", mine) == []
    assert asking.ask(CLEO, "select * from todos where list_id = %s", mine) == []
    assert asking.ask(CLEO, "update todos set done = true where list_id = %s returning id", mine) == []
    assert asking.ask(CLEO, "delete from lists where id = %s returning id", mine) == []
    assert asking.ask(ADA, "select title, done from todos where list_id = %s", mine) == [("Sweep", False)]


def test_nobody_adds_a_row_in_anothers_name(asking: Asking) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        asking.ask(CLEO, "insert into lists (name, user_id) values ('Trap', 'user_ada')")


def test_nobody_gives_a_row_away(asking: Asking) -> None:
    mine = add_list(asking, ADA)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        asking.ask(ADA, "update lists set user_id = 'user_cleo' where id = %s", mine)


def test_a_todo_cannot_hang_on_a_strangers_list(asking: Asking) -> None:
    hers = add_list(asking, ADA)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        asking.ask(CLEO, "insert into todos (list_id, title) values (%s, 'Trap')", hers)


def test_a_todo_cannot_move_to_a_strangers_list(asking: Asking) -> None:
    hers, mine = add_list(asking, ADA), add_list(asking, CLEO)
    asking.ask(CLEO, "insert into todos (list_id, title) values (%s, 'Mine')", mine)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        asking.ask(CLEO, "update todos set list_id = %s where list_id = %s", hers, mine)


def test_people_change_and_delete_their_own(asking: Asking) -> None:
    mine = add_list(asking, ADA)
    asking.ask(ADA, "insert into todos (list_id, title) values (%s, 'Sweep')", mine)
    assert asking.ask(ADA, "update todos set done = true where list_id = %s returning done", mine) == [(True,)]
    assert asking.ask(ADA, "delete from todos where list_id = %s returning title", mine) == [("Sweep",)]


@pytest.mark.parametrize("table", ["lists", "todos", "announcements", "private_notes"])
def test_anon_reaches_no_table(asking: Asking, table: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for table"):
        asking.ask(None, f"select * from {table}")


@pytest.mark.parametrize("claims", [{}, {"sub": None}, {"sub": ""}], ids=["absent", "null", "empty"])
def test_a_token_without_a_subject_owns_nothing(asking: Asking, claims: dict) -> None:
    assert asking.ask(claims, "select * from lists") == []
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.NotNullViolation)):
        add_list(asking, claims)


def test_every_table_has_row_security_and_an_index_on_what_its_policies_compare(asking: Asking) -> None:
    unguarded = asking.connection.execute(
        "select relname from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind = 'r' and not relrowsecurity"
    ).fetchall()
    indexed = asking.connection.execute(
        "select c.relname || '.' || a.attname from pg_index i join pg_class c on c.oid = i.indrelid"
        " join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]"
        " where c.relnamespace = 'public'::regnamespace"
    ).fetchall()
    assert unguarded == []
    assert {
        ("lists.user_id",),
        ("todos.user_id",),
        ("todos.list_id",),
        ("announcements.organization_id",),
        ("private_notes.user_id",),
    } <= set(indexed)


def test_policies_look_at_the_token_once_per_statement(asking: Asking) -> None:
    plan = "\n".join(row[0] for row in asking.ask(ADA, "explain (costs off) select * from todos"))
    assert "InitPlan" in plan  # the (select …) around the claim
