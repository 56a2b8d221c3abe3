"""Connection strings of the logins: derived from the owner's, without what proves the owner."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from rowgate.errors import ConfigurationError
from rowgate.postgres.roles import snapshot_of
from rowgate.postgres.serving import completed, login_conninfo, parse_conninfo, place_of

AWKWARD = "p'a\\ss @:/%41 word"


def test_the_owners_place_is_kept_and_its_proofs_are_not() -> None:
    url = "postgresql://owner:hunter2@db.example.com:6543/app?sslmode=verify-full&sslkey=/k&sslcert=/c&passfile=/p"
    parameters = conninfo_to_dict(login_conninfo(url, "owner", "rowgate_public", AWKWARD))
    assert parameters == {
        "host": "db.example.com",
        "port": "6543",
        "dbname": "app",
        "sslmode": "verify-full",
        "user": "rowgate_public",
        "password": AWKWARD,
    }


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("postgres.abcdefghij", "rowgate_public.abcdefghij"),
        ("postgres%40server", "rowgate_public@server"),
        ("postgres", "rowgate_public"),
        ("somebody_else", "rowgate_public"),
    ],
)
def test_a_poolers_suffix_of_the_user_name_is_kept(user: str, expected: str) -> None:
    url = f"postgresql://{user}:x@pooler:6543/postgres"
    assert conninfo_to_dict(login_conninfo(url, "postgres", "rowgate_public", "y"))["user"] == expected


def test_the_socket_replaces_host_and_port() -> None:
    conninfo = login_conninfo("host=h hostaddr=10.0.0.1 port=1 dbname=d", "o", "l", "p", (Path("/run/a b"), 54322))
    assert conninfo_to_dict(conninfo) == {
        "host": "/run/a b",
        "port": "54322",
        "dbname": "d",
        "user": "l",
        "password": "p",
    }


@pytest.mark.parametrize("bad", ["postgres//u:hunter2@h/d", "postgresql://u:hunter2%zz@h/d", "password='hunter2"])
def test_a_malformed_url_is_refused_without_quoting_it(bad: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_conninfo(bad)
    assert "hunter2" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"


def test_a_place_names_neither_user_nor_password() -> None:
    assert place_of("postgresql://owner:hunter2@db:6543/app") == "db:6543/app"


def test_the_first_reason_read_is_the_one_told() -> None:
    rows = [
        ("door", True, False, "vault", "has BYPASSRLS", None),
        ("door", True, False, "keeper", "owner", "public.todos"),
        ("plain", True, True, None, None, None),
        ("keeper", False, False, "keeper", "owner", "public.todos"),
    ]
    snapshot = snapshot_of(rows)
    assert snapshot.public == frozenset({"plain"})
    assert snapshot.service == frozenset({"plain"})
    assert snapshot.privileged["door"] == "is a member of vault, which has BYPASSRLS"
    assert snapshot.privileged["keeper"] == "owns public.todos, whose row-level security does not bind its owner"
    assert snapshot.privileged["none"]


def test_what_libpqs_variables_say_goes_with_the_url() -> None:
    environ = {"PGHOST": "db.example", "PGUSER": "authenticator", "PGPASSWORD": "s3cret", "PGDATABASE": "", "HOME": "/"}

    assert parse_conninfo(completed("postgresql://", environ)) == {
        "host": "db.example",
        "user": "authenticator",
        "password": "s3cret",
    }
    given = "postgresql://other:x@here:5433/app"
    assert completed(given, {"PGUSER": "authenticator", "PGPASSWORD": "s3cret"}) == given
