"""The reference pages and the code say the same, both ways."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from rowgate.identity.advice import GENERAL
from rowgate.identity.providers import BUILDERS, PROFILES
from rowgate.identity.providers.profile import Profile
from rowgate.identity.refusals import REFUSALS
from rowgate.project.settings import IssuerSettings, Provider

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "rowgate"


def test_every_refusal_is_documented_as_it_is_and_nothing_else_is() -> None:
    text = (DOCS / "refusals.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (.+) \|$", text, re.MULTILINE)
    assert {code: (int(status), meaning) for code, status, meaning in rows} == {
        code: (kind.status, kind.meaning) for code, kind in REFUSALS.items()
    }


def test_every_refusal_is_made_somewhere_and_every_made_one_is_in_the_table() -> None:
    quoted = {
        code
        for file in (SOURCE / "identity").rglob("*.py")
        if file.name != "refusals.py" and "providers" not in file.parts and file.name != "advice.py"
        for code in re.findall(r'"([a-z]+(?:_[a-z]+)+)"', file.read_text())
    }
    assert set(REFUSALS) <= quoted


def test_advice_is_given_for_codes_of_the_table_only() -> None:
    for advice in (GENERAL, *(profile.advice for profile in PROFILES.values())):
        assert set(advice) <= set(REFUSALS)


def test_every_issuer_setting_is_documented_and_nothing_else_is() -> None:
    section = (DOCS / "issuers.md").read_text().split("## Settings")[1].split("\n## ")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    assert documented == {field.name for field in fields(IssuerSettings)}


def test_every_provider_is_documented_and_built() -> None:
    section = (DOCS / "issuers.md").read_text().split("## Providers")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(get_args(Provider)) == set(BUILDERS)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_every_provider_accounts_for_the_registered_claims(profile: Profile) -> None:
    claims = profile.claims
    assert {"iss", "sub", "aud", "exp", "nbf", "iat", "azp", "act", "jti", "role"} <= set(claims)
