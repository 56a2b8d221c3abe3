"""rowgate issuer: adds and removes trust in config.toml, and every other byte stays."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

from rowgate.project.resolve import resolve

from .conftest import Run

BEFORE = """# first comment
project_id = "todos"   # odd   spacing

[auth.third_party.clerk]
enabled   =   true # keep me
domain = "clerk.example.com"

[[rowgate.issuers]]
# about one
name = "one"
provider = "workos"
issuer = "https://api.workos.com/user_management/client_one"

# about two
[[rowgate.issuers]]
name = "two"
provider = "workos"
issuer = "https://api.workos.com/user_management/client_two"

[studio] # last
port = 1
"""


@pytest.fixture
def config(project: Path) -> Path:
    path = project / "supabase" / "config.toml"
    path.write_text(BEFORE)
    return path


def names(project: Path) -> list[str]:
    return [issuer.name for issuer in resolve(project, environ={}).identity.issuers]


def test_adding_appends_and_changes_nothing_else(run: Run, config: Path, project: Path) -> None:
    config.chmod(0o640)

    outcome = run(
        *("issuer", "add", "company", "--provider", "oidc", "--issuer", "https://id.example.com"),
        *("--audience", "a", "--audience", "b", "--role", "authenticated", "--clock-skew", "5"),
    )

    assert outcome.status == 0
    assert config.read_text() == BEFORE + (
        '\n[[rowgate.issuers]]\nname = "company"\nprovider = "oidc"\nissuer = "https://id.example.com"\n'
        'audiences = ["a", "b"]\nclock_skew = 5.0\nroles = ["authenticated"]\n'
    )
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    assert names(project) == ["clerk", "one", "two", "company"]


def test_the_provider_is_taken_from_the_name(run: Run, config: Path) -> None:
    assert run("issuer", "add", "workos", "--issuer", "https://api.workos.com/user_management/client_3").status == 0
    assert 'name = "workos"\nprovider = "workos"\n' in config.read_text()


def test_a_name_of_an_enabled_section_refines_it(run: Run, config: Path, project: Path) -> None:
    assert run("issuer", "add", "clerk", "--role", "authenticated", "--role", "editor").status == 0

    clerk = resolve(project, environ={}).identity.issuers[0]
    assert (clerk.domain, clerk.roles) == ("clerk.example.com", ("authenticated", "editor"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("company", "--provider", "oidc", "--issuer", "https://id.example.com"), "has no audiences"),
        (("dev", "--provider", "clerk", "--domain", "https://a.clerk.accounts.dev"), '"a.clerk.accounts.dev"'),
        (("one", "--provider", "workos"), 'There is an issuer "one" already'),
        (("new", "--provider", "clark"), 'Did you mean "clerk"?'),
        (("new", "--provider", "clerk", "--domain", "clerk.example.com"), "clerk.example.com"),
        (("anonymous", "--provider", "clerk", "--domain", "x.clerk.accounts.dev"), "stands for something else"),
        (("bad name", "--provider", "clerk", "--domain", "x.clerk.accounts.dev"), "letters, digits"),
    ],
)
def test_what_cannot_be_trusted_is_not_written(run: Run, config: Path, arguments: tuple[str, ...], words: str) -> None:
    outcome = run("issuer", "add", *arguments)

    assert outcome.status != 0
    assert words in outcome.err
    assert config.read_text() == BEFORE


def test_without_a_project_it_says_how_to_make_one(run: Run, tmp_path: Path) -> None:
    outcome = run("issuer", "add", "clerk", "--domain", "x.clerk.accounts.dev", "--workdir", str(tmp_path))

    assert "does not exist" in outcome.err
    assert "rowgate init" in outcome.err


def test_removing_takes_the_entry_and_leaves_the_next_ones_comment(run: Run, config: Path, project: Path) -> None:
    outcome = run("issuer", "remove", "one")

    assert outcome.status == 0
    first, second = BEFORE.index("[[rowgate.issuers]]\n# about one"), BEFORE.index("# about two")
    assert config.read_text() == BEFORE[:first] + BEFORE[second:]
    assert names(project) == ["clerk", "two"]


def test_removing_a_section_switches_it_off_in_place(run: Run, config: Path) -> None:
    assert run("issuer", "remove", "clerk").status == 0
    assert config.read_text() == BEFORE.replace("enabled   =   true # keep me", "enabled   =   false # keep me")


def test_removing_what_was_added_gives_the_file_back(run: Run, config: Path) -> None:
    run("issuer", "add", "dev", "--provider", "clerk", "--domain", "x.clerk.accounts.dev")
    run("issuer", "remove", "dev")

    assert config.read_text() == BEFORE


def test_windows_line_ends_stay(run: Run, config: Path) -> None:
    config.write_bytes(BEFORE.replace("\n", "\r\n").encode())

    assert run("issuer", "remove", "one").status == 0
    content = config.read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n")


def test_an_entry_written_as_an_inline_list_is_not_damaged(run: Run, config: Path) -> None:
    text = '[rowgate]\nissuers = [{name = "a", provider = "clerk", domain = "clerk.example.com"}]\n'
    config.write_text(text)

    outcome = run("issuer", "remove", "a")

    assert outcome.status == 2
    assert "by hand" in outcome.err
    assert config.read_text() == text


def test_an_unknown_name_gets_a_suggestion(run: Run, config: Path) -> None:
    outcome = run("issuer", "remove", "tow")

    assert outcome.err == 'Error: There is no issuer "tow".\n  Did you mean "two"?\n'


def test_the_list_as_json(run: Run, config: Path) -> None:
    listed = json.loads(run("issuer", "list", "-o", "json").out)

    assert [(row["name"], row["issuer"], row["roles"]) for row in listed] == [
        ("clerk", "https://clerk.example.com", ["authenticated"]),
        ("one", "https://api.workos.com/user_management/client_one", ["authenticated"]),
        ("two", "https://api.workos.com/user_management/client_two", ["authenticated"]),
    ]
    assert listed[0]["configured_in"] == "supabase/config.toml [auth.third_party.clerk]"


def test_the_list_as_a_table(run: Run, config: Path) -> None:
    assert "https://clerk.example.com" in run("issuer", "list").out


def test_an_issuer_of_any_audience_is_warned_about(run: Run, config: Path) -> None:
    run("issuer", "add", "x", "--provider", "oidc", "--issuer", "https://id.example.com", "--audience", "*")

    assert "audience" in run("issuer", "list").err


def test_square_brackets_are_shown_as_they_are(run: Run, config: Path) -> None:
    run("issuer", "add", "six", "--provider", "oidc", "--issuer", "http://[::1]:9", "--audience", "[bold]")

    outcome = run("issuer", "list")

    assert "http://[::1]:9" in outcome.out
    assert "[bold]" in outcome.out


@pytest.fixture
def provider() -> Iterator[str]:
    """An OpenID Connect server on loopback: a discovery document with five members, and a key set with a bad key."""
    key = RSAKey.generate_key(2048, {"kid": "key-1", "alg": "RS256", "use": "sig"}).as_dict(private=False)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            base = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]
            document: dict[str, object] = {"issuer": base, "jwks_uri": f"{base}/keys"}
            if self.path == "/keys":
                document = {"keys": [key, {"kty": "oct", "k": "AAAA", "kid": "shared"}]}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_testing_an_issuer_fetches_its_keys(run: Run, config: Path, provider: str) -> None:
    run("issuer", "add", "local", "--provider", "oidc", "--issuer", provider, "--audience", "api")

    outcome = run("issuer", "test", "local", "-o", "json")
    report = json.loads(outcome.out)

    assert outcome.status == 0
    assert report["keys"] == [{"kid": "key-1", "algorithms": ["RS256"]}]
    assert len(report["keys_left_out"]) == 1
    assert "for another audience than api" in report["refused"]
    assert "key-1" in run("issuer", "test", "local").out


def test_an_issuer_without_keys_is_an_exit_status(run: Run, config: Path) -> None:
    run("issuer", "add", "gone", "--provider", "oidc", "--issuer", "http://127.0.0.1:1", "--audience", "api")

    outcome = run("issuer", "test", "gone")

    assert outcome.status == 1
    assert "No keys: the discovery document could not be fetched" in outcome.out
