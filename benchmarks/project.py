"""The benchmark's project: a folder for `rowgate start`, an issuer of its own and one token per user."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from joserfc import jws
from joserfc.jwk import OctKey, RSAKey

from benchmarks.scenarios import USERS

ISSUER = "https://issuer.example.com"
KID = "bench-1"
LIFETIME = 4 * 3600  # seconds
# A migration is one transaction, in which VACUUM cannot run.
SCHEMA = Path(__file__).with_name("schema.sql").read_text().replace("vacuum analyze", "analyze")


@dataclass(frozen=True, slots=True)
class Identity:
    """A user's claims, as signed in both kinds of token."""

    claims: str
    rs256: str
    hs256: str


class Issuer:
    """Signs the tokens of the benchmark: RS256 as an identity provider does, HS256 for a peer that knows no other."""

    def __init__(self, secret: str) -> None:
        self.key = RSAKey.generate_key(2048)
        self._hmac = OctKey.import_key(secret)
        self._signed = 0

    def people(self) -> list[Identity]:
        """A token of each user."""
        documents = [self._claims(number) for number in range(USERS)]
        return [Identity(each, self._rs256(each), self._hs256(each)) for each in documents]

    def fresh(self, count: int, *, rs256: bool = True) -> Iterator[list[str]]:
        """Lists of `count` tokens, user after user, none of which was ever given out before."""
        sign = self._rs256 if rs256 else self._hs256
        while True:
            yield [sign(self._claims(number)) for number in range(count)]

    def _claims(self, number: int) -> str:
        """The size and claims of a real session token."""
        now = int(time.time())
        self._signed += 1
        document = {
            "iss": ISSUER, "sub": f"user_{number % USERS}", "aud": "api", "role": "authenticated",
            "sid": f"sess_{self._signed}", "azp": "https://app.example.com", "iat": now, "exp": now + LIFETIME,
            "fva": [1, -1], "v": 2, "o": {"id": "org_1", "rol": "member", "slg": "acme"},
        }  # fmt: skip
        return json.dumps(document, separators=(",", ":"))

    def _rs256(self, claims: str) -> str:
        header = {"alg": "RS256", "typ": "JWT", "kid": KID}
        return jws.serialize_compact(header, claims.encode(), self.key, algorithms=["RS256"])

    def _hs256(self, claims: str) -> str:
        return jws.serialize_compact({"alg": "HS256", "typ": "JWT"}, claims.encode(), self._hmac)


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
