"""Whatever stands in the file or the environment: Settings or ConfigurationError, and nothing else."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rowgate.errors import ConfigurationError
from rowgate.project.environment import parse_dotenv
from rowgate.project.fields import secret_fields, setting_fields
from rowgate.project.issuers import PROVIDERS, read_issuers
from rowgate.project.resolve import resolve
from rowgate.project.settings import IssuerSettings, Settings
from rowgate.project.upstream_keys import KNOWN_KEYS

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

SECTION_NAMES = sorted(
    {part for table in KNOWN_KEYS for part in table.split(".") if part and part != "*"} | {"rowgate"}
)
KEY_NAMES = sorted(
    {field.name for field in (*setting_fields(), *secret_fields())}
    | set(IssuerSettings.__slots__)
    | {"enabled", "issuers", "issuer_url", "$schema", "rest", "identity", "server"}
)
TEXTS = st.text(max_size=40) | st.sampled_from(
    [*PROVIDERS, "env(X)", "https://a.b", "https://a_b/c", "http://[::1", "//", "clerk.a.b", '{"keys":[{}]}', "*", "\0"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEY_NAMES) | TEXTS, inner, max_size=4),
    max_leaves=12,
)
ISSUER = st.dictionaries(st.sampled_from(sorted(IssuerSettings.__slots__)), VALUES | TEXTS, max_size=6)
VARIABLES = sorted(
    {name for field in (*setting_fields(), *secret_fields()) for name in field.variables}
    | {"ROWGATE_ISSUERS", "SUPABASE_ENV", "SUPABASE_AUTH_THIRD_PARTY_CLERK_ENABLED", "ROWGATE_X__Y", "DATABASE_URL"}
)


@pytest.fixture(scope="module")
def workdir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "supabase").mkdir()
        resolve(Path(folder), environ={})  # the secrets exist
        yield Path(folder)


def is_settings_or_refusal(workdir: Path, content: bytes, environ: dict[str, str]) -> None:
    (workdir / "supabase" / "config.toml").write_bytes(content)
    try:
        found = resolve(workdir, environ=environ)
    except ConfigurationError:
        return
    assert isinstance(found, Settings)


@quick
@given(document=st.dictionaries(st.sampled_from(SECTION_NAMES) | TEXTS, VALUES, max_size=6))
def test_any_tables(workdir: Path, document: dict[str, object]) -> None:
    with contextlib.suppress(Exception):  # what TOML cannot say (null, NUL in keys) cannot stand in the file either
        content = tomlkit.dumps(document).encode("utf-8")
        is_settings_or_refusal_or_fail(workdir, content)


def is_settings_or_refusal_or_fail(workdir: Path, content: bytes) -> None:
    try:
        is_settings_or_refusal(workdir, content, {})
    except Exception as error:
        pytest.fail(f"{content!r}: {error!r}")  # BaseException of its own: no suppress() hides it


@quick
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(workdir: Path, content: bytes) -> None:
    is_settings_or_refusal(workdir, content, {})


@quick
@given(
    lines=st.lists(st.sampled_from(["[api]", "[[rowgate.issuers]]", "a = [", "]", "port = 1", '"""', "x.y = {", "}"]))
)
def test_any_order_of_toml_pieces(workdir: Path, lines: list[str]) -> None:
    is_settings_or_refusal(workdir, "\n".join(lines).encode(), {})


@quick
@given(
    environ=st.dictionaries(st.sampled_from(VARIABLES), TEXTS | VALUES.map(lambda value: json.dumps(value)), max_size=4)
)
def test_any_environment(workdir: Path, environ: dict[str, str]) -> None:
    is_settings_or_refusal(workdir, b"", {**environ, "ROWGATE_STATE": str(workdir / ".rowgate")})


@quick
@given(entries=st.lists(ISSUER, max_size=3) | VALUES)
def test_any_issuers(entries: object) -> None:
    with contextlib.suppress(ConfigurationError):
        read_issuers(entries, "here")


@quick
@given(text=st.text(alphabet="AB=\"'$\\{}# \n:x", max_size=60) | st.text(max_size=60))
def test_any_env_file(text: str) -> None:
    with contextlib.suppress(ConfigurationError):
        parse_dotenv(text, ".env", {"A": "1"})


@pytest.mark.parametrize("content", [b"a = " + b"[" * 20_000, b"a = " + b"1" * 20_000, b"[" + b"a." * 5_000 + b"b]"])
def test_input_made_to_exhaust_the_parser_is_refused(workdir: Path, content: bytes) -> None:
    is_settings_or_refusal(workdir, content, {})


def test_deeply_nested_issuers_are_refused(workdir: Path) -> None:
    (workdir / "supabase" / "config.toml").unlink(missing_ok=True)
    with pytest.raises(ConfigurationError):
        resolve(workdir, environ={"ROWGATE_ISSUERS": "[" * 100_000})
