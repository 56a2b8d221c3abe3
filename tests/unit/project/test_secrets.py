"""Secrets are made once per project, kept private, and replaced by what the configuration sets."""

from __future__ import annotations

import json
import multiprocessing
import re
import stat
import time
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from rowgate.errors import ConfigurationError
from rowgate.project.published import DEMO_JWT_SECRET, is_loopback, refuse_published_secrets
from rowgate.project.secrets import api_key_checksum, load_secrets, mint_api_key, new_api_key
from rowgate.project.settings import Origin

from .conftest import Resolve


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def load_jwt_secret(state: str) -> str:
    return load_secrets(Path(state), {}).jwt_secret


def test_secrets_are_made_once(tmp_path: Path) -> None:
    first = load_secrets(tmp_path / "state", {})

    assert load_secrets(tmp_path / "state", {}) == first
    assert len({getattr(first, name) for name in first.__slots__}) == len(first.__slots__)


def test_only_the_owner_may_read_them(tmp_path: Path) -> None:
    load_secrets(tmp_path / "state", {})

    assert mode(tmp_path / "state") == 0o700
    assert mode(tmp_path / "state" / "secrets.json") == 0o600


def test_permissions_that_were_opened_up_are_closed_again(tmp_path: Path) -> None:
    load_secrets(tmp_path, {})
    (tmp_path / "secrets.json").chmod(0o644)

    load_secrets(tmp_path, {})

    assert mode(tmp_path / "secrets.json") == 0o600


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target.json").write_text("{}")
    (tmp_path / "secrets.json").symlink_to(tmp_path / "target.json")

    with pytest.raises(ConfigurationError, match=r"cannot be read or written"):
        load_secrets(tmp_path, {})


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    with context.Pool(8) as pool:
        secrets = pool.map(load_jwt_secret, [str(tmp_path / "state")] * 24, chunksize=1)

    assert len(set(secrets)) == 1
    assert [path.name for path in (tmp_path / "state").iterdir() if path.name.startswith(".")] == []


def test_a_broken_file_is_reported_and_kept(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{half")

    with pytest.raises(ConfigurationError) as caught:
        load_secrets(tmp_path, {})

    assert str(tmp_path / "secrets.json") in caught.value.message
    assert (tmp_path / "secrets.json").read_text() == "{half"


def test_a_file_of_an_older_version_is_completed(tmp_path: Path) -> None:
    first = load_secrets(tmp_path, {})
    stored = json.loads((tmp_path / "secrets.json").read_text())
    del stored["service_login_password"]
    (tmp_path / "secrets.json").write_text(json.dumps(stored))

    second = load_secrets(tmp_path, {})

    assert second.jwt_secret == first.jwt_secret
    assert second.service_login_password not in ("", first.service_login_password)
    assert load_secrets(tmp_path, {}) == second


def test_new_keys_have_upstreams_shape() -> None:
    for prefix in ("sb_publishable_", "sb_secret_"):
        key = new_api_key(prefix)
        assert re.fullmatch(prefix + r"[A-Za-z0-9_-]{22}_[A-Za-z0-9_-]{8}", key)
        assert api_key_checksum(key[:-9]) == key[-8:]


def test_legacy_keys_are_tokens_of_their_role_without_a_subject(tmp_path: Path) -> None:
    secrets = load_secrets(tmp_path, {})

    for key, role in ((secrets.anon_key, "anon"), (secrets.service_role_key, "service_role")):
        claims = jwt.decode(key, OctKey.import_key(secrets.jwt_secret), algorithms=["HS256"]).claims
        assert claims["iss"] == "rowgate"
        assert claims["role"] == role
        assert "sub" not in claims
        assert abs(claims["exp"] - time.time() - 10 * 365 * 86_400) < 60


def test_legacy_keys_are_signed_with_the_secret_in_force(tmp_path: Path) -> None:
    generated = load_secrets(tmp_path, {})
    given = load_secrets(tmp_path, {"jwt_secret": "g" * 40})

    assert given.anon_key != generated.anon_key
    assert jwt.decode(given.anon_key, OctKey.import_key("g" * 40), algorithms=["HS256"]).claims["role"] == "anon"


def test_configured_secrets_win_and_say_so(settings_of: Resolve) -> None:
    settings = settings_of(
        f'[auth]\njwt_secret = "{"j" * 32}"\npublishable_key = "sb_publishable_x"',
        SUPABASE_AUTH_SECRET_KEY="sb_secret_upstream",
    )

    assert settings.secrets.jwt_secret == "j" * 32
    assert settings.secrets.publishable_key == "sb_publishable_x"
    assert settings.secrets.secret_key == "sb_secret_upstream"
    assert settings.origins["auth.jwt_secret"] == Origin("file", "supabase/config.toml")
    assert settings.origins["auth.secret_key"] == Origin("environment", "SUPABASE_AUTH_SECRET_KEY")
    assert settings.origins["auth.anon_key"] == Origin("generated", ".rowgate/secrets.json")


def test_a_short_jwt_secret_is_refused_without_being_shown(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings_of('[auth]\njwt_secret = "hunter2"')

    assert "7 characters; at least 32" in caught.value.message
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"


def test_one_key_cannot_be_two(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError, match=r"auth.anon_key and auth.service_role_key are the same key"):
        settings_of('[auth]\nanon_key = "same"\nservice_role_key = "same"')


def test_a_secret_key_in_the_publishable_place_is_refused(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError, match=r"auth.publishable_key does not start with"):
        settings_of('[auth]\npublishable_key = "sb_secret_x"')


@pytest.mark.parametrize(
    "text",
    [
        f'[auth]\njwt_secret = "{DEMO_JWT_SECRET}"',
        f'[rowgate.rest]\njwt_secret = "{DEMO_JWT_SECRET}"',
        f'[auth]\nservice_role_key = "{mint_api_key("service_role", DEMO_JWT_SECRET, 1)}"',
        # In two parts, so that no scanner of repositories takes this for a leak.
        '[auth]\nsecret_key = "sb_secret_{}"'.format("N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz"),
        '[auth]\npublishable_key = "sb_publishable_{}"'.format("ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH"),
    ],
)
def test_upstreams_published_secrets_stay_on_this_machine(settings_of: Resolve, text: str) -> None:
    refuse_published_secrets(settings_of(text))  # given loopback, then fine

    with pytest.raises(ConfigurationError, match=r"published development value.*0\.0\.0\.0"):
        refuse_published_secrets(settings_of(text, {"api.host": "0.0.0.0"}))


def test_generated_secrets_may_be_served_anywhere(settings_of: Resolve) -> None:
    refuse_published_secrets(settings_of("", {"api.host": "0.0.0.0"}))


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        *((host, True) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost")),
        *((host, False) for host in ("0.0.0.0", "::", "192.168.1.2", "localhost.example.com", "")),
    ],
)
def test_loopback_is_this_machine_only(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_who_only_looks_leaves_no_trace(tmp_path: Path) -> None:
    looked = load_secrets(tmp_path / "state", {}, keep=False)

    assert looked.jwt_secret
    assert not (tmp_path / "state").exists()
    kept = load_secrets(tmp_path / "state", {})
    assert load_secrets(tmp_path / "state", {}, keep=False) == kept
