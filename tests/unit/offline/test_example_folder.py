"""The example's files agree with the commands they go with."""

import json
import re
import tomllib
from pathlib import Path

from rowgate.cli import offline

EXAMPLE = Path(__file__).parents[3] / "examples" / "todos"


def test_the_configured_issuers_are_the_offline_providers_defaults() -> None:
    config = tomllib.loads((EXAMPLE / "supabase" / "config.toml").read_text())
    assert {issuer["issuer"] for issuer in config["rowgate"]["issuers"]} == {
        f"http://127.0.0.1:{offline.CLERK_PORT}",
        f"http://127.0.0.1:{offline.WORKOS_PORT}/user_management/{offline.CLIENT_ID}",
    }


def test_the_default_client_id_has_the_vendors_shape() -> None:
    assert re.fullmatch(r"client_[0-7][0-9A-HJKMNP-TV-Z]{25}", offline.CLIENT_ID)


def test_the_lock_file_names_no_host() -> None:
    packages = json.loads((EXAMPLE / "page" / "package-lock.json").read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for name, package in packages.items() if name)
