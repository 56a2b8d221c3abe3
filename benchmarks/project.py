"""The benchmark's project: a folder for `rowgate start`, an issuer of its own and one token per user."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from joserfc import jws
from joserfc.jwk import OctKey, RSAKey

USERS = 100
ISSUER = "https://issuer.example.com"
KID = "bench-1"
LIFETIME = 4 * 3600  # seconds
TARGET = "/todos?select=id,title,done&order=id.desc&limit=10"
# A migration is one transaction, in which VACUUM cannot run.
SCHEMA = Path(__file__).with_name("schema.sql").read_text().replace("vacuum analyze", "analyze")


@dataclass(frozen=True, slots=True)
class Identity:
    """A user's claims, as signed in both kinds of token."""

    subject: str
    claims: str
    rs256: str
    hs256: str


def identities(key: RSAKey, secret: str, count: int = USERS) -> list[Identity]:
    """Tokens with the size and claims of a real session token."""
    now, made = int(time.time()), []
    for number in range(count):
        subject = f"user_{number}"
        claims = json.dumps(
            {
                "iss": ISSUER, "sub": subject, "aud": "api", "role": "authenticated", "sid": f"sess_{number}",
                "azp": "https://app.example.com", "iat": now, "exp": now + LIFETIME, "fva": [1, -1], "v": 2,
                "o": {"id": "org_1", "rol": "member", "slg": "acme"},
            },
            separators=(",", ":"),
        )  # fmt: skip
        header = {"alg": "RS256", "typ": "JWT", "kid": KID}
        rs256 = jws.serialize_compact(header, claims.encode(), key, algorithms=["RS256"])
        hs256 = jws.serialize_compact({"alg": "HS256", "typ": "JWT"}, claims.encode(), OctKey.import_key(secret))
        made.append(Identity(subject, claims, rs256, hs256))
    return made


def write_rowgate(folder: Path, key: RSAKey) -> None:
    """The project folder of Rowgate: one pasted key set, the schema as its migration."""
    public = {**key.as_dict(private=False), "kid": KID, "use": "sig", "alg": "RS256"}
    supabase = folder / "supabase"
    (supabase / "migrations").mkdir(parents=True)
    (supabase / "config.toml").write_text(
        f'project_id = "bench"\n[api]\nschemas = ["public"]\n[[rowgate.issuers]]\nname = "bench"\nprovider = "jwks"\n'
        f'issuer = "{ISSUER}"\naudiences = ["api"]\njwks = \'{json.dumps({"keys": [public]})}\'\n'
    )
    (supabase / "migrations" / "20260101000000_bench.sql").write_text(SCHEMA)


def write_lite(folder: Path, database_url: str, port: int, secret: str) -> None:
    """The project folder of @supabase/lite on its Postgres driver."""
    (folder / "supabase").mkdir(parents=True)
    (folder / "supabase" / "config.toml").write_text(
        f'[api]\nport = {port}\n[db]\ndriver = "postgres"\nurl = "{database_url}"\n[auth]\nenabled = true\n'
        f'jwt_secret = "{secret}"\npublishable_key = "sb_publishable_bench"\nsecret_key = "sb_secret_bench"\n'
    )
