"""Keys, clock, faults and arbitrary tokens on demand; and who may ask for them."""

import base64
import json
import socket
import time
from pathlib import Path

import pytest

from rowgate.errors import ConfigurationError
from rowgate.offline import serving

from .issuer_process import IssuerProcess, claims_of, header_of

JWKS = "/.well-known/jwks.json"


def published(clerk: IssuerProcess) -> list[str]:
    return [key["kid"] for key in clerk.call("GET", JWKS).json["keys"]]


def test_rotation_changes_the_signing_key_and_withdrawal_the_published_set(clerk: IssuerProcess) -> None:
    before = header_of(clerk.control("mint", {})["jwt"])["kid"]
    clerk.control("rotate")
    after = header_of(clerk.control("mint", {})["jwt"])["kid"]
    assert before != after
    assert {before, after} <= set(published(clerk))
    clerk.control("withdraw", {"kid": before})
    assert before not in published(clerk)
    assert header_of(clerk.control("mint", {"key": "withdrawn"})["jwt"])["kid"] == before


def test_the_clock_moves_every_time_claim(clerk: IssuerProcess) -> None:
    clerk.control("clock", {"offset": -3600})
    claims = claims_of(clerk.control("sessions", {"email": "ada@harbor.example"})["jwt"])
    assert abs(claims["iat"] - (time.time() - 3600)) < 5


def test_claims_and_header_are_minted_as_ordered(clerk: IssuerProcess) -> None:
    order = {"claims": {"role": "admin", "sub": None, "exp": 1.5}, "header": {"crit": ["x"], "kid": None}}
    signed = clerk.control("mint", order)["jwt"]
    assert header_of(signed) == {"alg": "RS256", "typ": "JWT", "crit": ["x"]}
    claims = claims_of(signed)
    assert (claims["role"], claims["exp"]) == ("admin", 1.5)
    assert "sub" not in claims


@pytest.mark.parametrize(
    "order",
    [{"payload": '{"a":1,"a":2}'}, {"payload_base64": base64.b64encode(b'{"a":"\xff"}').decode()}],
    ids=["repeated member", "bad UTF-8"],
)
def test_a_payload_is_signed_byte_for_byte(clerk: IssuerProcess, order: dict[str, str]) -> None:
    wanted = order["payload"].encode() if "payload" in order else base64.b64decode(order["payload_base64"])
    part = clerk.control("mint", order)["jwt"].split(".")[1]
    assert base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) == wanted


def test_unsigned_and_shared_secret_tokens(clerk: IssuerProcess) -> None:
    assert clerk.control("mint", {"header": {"alg": "none"}})["jwt"].endswith(".")
    assert header_of(clerk.control("mint", {"secret": "x" * 32})["jwt"])["alg"] == "HS256"


def test_faults_and_their_end(clerk: IssuerProcess) -> None:
    clerk.control("faults", {"kind": "status", "status": 503, "count": 1})
    assert clerk.call("GET", JWKS).status == 503
    assert clerk.call("GET", JWKS).status == 200  # it lasted one request
    clerk.control("faults", {"kind": "html"})
    assert clerk.call("GET", JWKS).body.startswith(b"<!doctype html>")
    assert clerk.call("GET", "/.well-known/openid-configuration").status == 200  # only the key set is ill
    clerk.control("faults", {"kind": "half"})
    with pytest.raises(json.JSONDecodeError):
        _ = clerk.call("GET", JWKS).json
    clerk.control("faults", {"kind": "huge"})
    assert len(clerk.call("GET", JWKS).body) > 10 * 1024 * 1024
    clerk.control("faults", {"kind": "slow", "seconds": 0.3, "on": "discovery"})
    begun = time.monotonic()
    assert clerk.call("GET", "/.well-known/openid-configuration").status == 200
    assert time.monotonic() - begun >= 0.3


def test_requests_are_counted_for_whoever_tests_a_cache(clerk: IssuerProcess) -> None:
    for _ in range(3):
        clerk.call("GET", JWKS)
    assert clerk.call("GET", "/__offline__").json["requests"] == {JWKS: 3}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"kind": "earthquake"}),
        ("faults", {"kind": "redirect"}),
        ("faults", {"kind": "status", "status": 9}),
        ("clock", {"offset": "soon"}),
        ("clock", {}),
        ("withdraw", {"kid": "ins_none"}),
        ("mint", {"key": "no such"}),
        ("mint", {"payload_base64": "*"}),
        ("mint", []),
        ("settings", {"token_version": 3}),
    ],
)
def test_a_bad_order_is_a_400_with_words(clerk: IssuerProcess, path: str, body: object) -> None:
    answer = clerk.call("POST", f"/__offline__/{path}", body)
    assert answer.status == 400
    assert answer.json["message"]


def test_a_page_from_elsewhere_may_not_use_the_issuer(clerk: IssuerProcess) -> None:
    answer = clerk.call("POST", "/__offline__/mint", {}, Origin="https://evil.example")
    assert answer.status == 403
    assert b"jwt" not in answer.body


def test_a_rebound_name_may_not_use_the_issuer(clerk: IssuerProcess) -> None:
    assert clerk.call("POST", "/__offline__/mint", {}, Host="evil.example").status == 400


def test_a_loopback_page_may(clerk: IssuerProcess) -> None:
    answer = clerk.call("POST", "/__offline__/mint", {}, Origin="http://127.0.0.1:8000")
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "http://127.0.0.1:8000"


def test_an_origin_on_the_list_may() -> None:
    issuer = IssuerProcess("clerk", "--port", "0", "--allow-origin", "https://app.example.com")
    answer = issuer.call("POST", "/__offline__/mint", {}, Origin="https://app.example.com")
    assert answer.status == 200
    assert issuer.stop() == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_no_other_host_is_bound(host: str) -> None:
    with pytest.raises(ConfigurationError, match="does not listen on"):
        serving.listen(host, 0)


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigurationError, match="cannot be used"):
        serving.listen("127.0.0.1", taken.getsockname()[1])


def test_keys_survive_a_restart_and_the_process_ends_with_its_parent(tmp_path: Path) -> None:
    arguments = ("clerk", "--port", "0", "--key-file", str(tmp_path / "keys.json"))
    first = IssuerProcess(*arguments)
    first.control("rotate")
    kids = published(first)
    assert first.stop() == 0  # its standard input closed
    second = IssuerProcess(*arguments)
    assert published(second) == kids
    second.process.terminate()
    assert second.process.wait(timeout=10) == 0  # SIGTERM is a clean end
    second.stop()


def test_a_seed_file_replaces_the_people(tmp_path: Path) -> None:
    seed = tmp_path / "people.toml"
    seed.write_text(
        '[[organizations]]\nkey = "one"\nname = "One"\n'
        '[[users]]\nemail = "zoe@one.example"\npassword = "p"\nmemberships = [{organization = "one", role = "owner"}]\n'
    )
    issuer = IssuerProcess("workos", "--port", "0", "--seed", str(seed))
    people = issuer.call("GET", "/__offline__/people").json["people"]
    assert [(person["email"], person["organizations"][0]["role"]) for person in people] == [
        ("zoe@one.example", "owner")
    ]
    assert "password" not in people[0]
    issuer.stop()
