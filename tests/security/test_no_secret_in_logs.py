"""What a log may hold: never a token, a key, a password or a query value, Postgres' own log included."""

from __future__ import annotations

from pathlib import Path

import httpx
import psycopg

from tests.support.issuers import IssuerFarm
from tests.support.stack import Stack

MARK = "a-value-nobody-may-log"


def test_no_log_holds_a_token_a_key_a_password_or_a_value(farm: IssuerFarm, trusting: Stack) -> None:
    token = farm.issuers["clerk"].token(custom=MARK)
    keys = trusting.keys
    with httpx.Client(base_url=trusting.rest, timeout=15) as client:
        for headers in (
            {"apikey": keys["PUBLISHABLE_KEY"], "Authorization": f"Bearer {token}"},
            {"apikey": keys["SECRET_KEY"]},
            {"Authorization": f"Bearer {keys['SERVICE_ROLE_KEY']}"},
            {"apikey": keys["PUBLISHABLE_KEY"], "Authorization": f"Bearer {token}x"},
        ):
            client.get("/notes", params={"body": f"eq.{MARK}"}, headers=headers)
            client.get("/notes", params={"id": f"eq.{MARK}"}, headers=headers)  # 22P02: the value is in the error
            client.post("/notes", json={"body": None, "nope": MARK}, headers=headers)
            client.post("/notes", json={"id": MARK, "body": MARK}, headers=headers)
        client.get(f"/notes?apikey={keys['SECRET_KEY']}")
    with psycopg.connect(keys["DB_URL"]) as owner:
        [[data_directory]] = owner.execute("show data_directory").fetchall()
    postgres_log = "".join(
        path.read_text(errors="replace")
        for path in Path(data_directory).parent.rglob("*log*")
        if path.is_file() and "pg_wal" not in path.parts and path.stat().st_size < 50_000_000
    )
    assert postgres_log, "the embedded server's log was not found"
    secrets = [token, token.rpartition(".")[2], MARK, *(keys[name] for name in SECRET_NAMES)]
    for name, text in (("rowgate", "".join(trusting.output)), ("postgres", postgres_log)):
        assert [secret for secret in secrets if secret in text] == [], f"the {name} log holds a secret"


SECRET_NAMES = ("ANON_KEY", "SERVICE_ROLE_KEY", "SECRET_KEY", "JWT_SECRET")
