""".env files in upstream's order, and env(NAME)."""

from __future__ import annotations

from pathlib import Path

import pytest

from rowgate.errors import ConfigurationError
from rowgate.project.environment import parse_dotenv, read_dotenv

from .conftest import Resolve


def test_env_takes_the_place_of_the_whole_text(settings_of: Resolve) -> None:
    settings = settings_of('[api]\nexternal_url = "env(URL)"', URL="https://api.example.com")

    assert settings.api.external_url == "https://api.example.com"


def test_env_inside_a_longer_text_is_left_alone(settings_of: Resolve) -> None:
    settings = settings_of('[api]\nexternal_url = "https://env(HOST)"', HOST="h")

    assert settings.api.external_url == "https://env(HOST)"
    assert settings.warnings == ()


def test_env_may_stand_for_a_number_a_truth_or_a_list(settings_of: Resolve) -> None:
    settings = settings_of('[api]\nport = "env(P)"\nenabled = "env(E)"\nschemas = "env(S)"', P="9", E="no", S="a,b")

    assert (settings.api.port, settings.api.enabled, settings.api.schemas) == (9, False, ("a", "b"))


def test_an_unset_env_of_a_setting_nobody_reads_is_no_news(settings_of: Resolve) -> None:
    assert settings_of('[studio]\nopenai_api_key = "env(KEY)"\n[auth.captcha]\nsecret = "env(KEY)"').warnings == ()


def test_an_unset_env_in_a_list_that_is_read_is_warned_about_once(settings_of: Resolve) -> None:
    settings = settings_of('[api]\nschemas = ["public", "env(KEY)"]\nextra_search_path = ["env(KEY)"]')

    assert settings.warnings == ("WARN: environment variable is unset: KEY",)


@pytest.mark.parametrize(
    "text",
    [
        '[auth]\njwt_secret = "env(A_NAME_LONG_ENOUGH_TO_PASS_AS_A_SECRET)"',
        '[rowgate.db]\nurl = "env(A_NAME_LONG_ENOUGH_TO_PASS_AS_A_SECRET)"',
        '[api]\nport = "env(A_NAME_LONG_ENOUGH_TO_PASS_AS_A_SECRET)"',
    ],
)
def test_an_unset_env_never_becomes_a_secret_or_an_address(settings_of: Resolve, text: str) -> None:
    with pytest.raises(
        ConfigurationError, match="environment variable A_NAME_LONG_ENOUGH_TO_PASS_AS_A_SECRET is unset"
    ):
        settings_of(text)


def test_files_are_read_in_upstreams_order_and_the_real_environment_wins(workdir: Path) -> None:
    supabase = workdir / "supabase"
    for folder, file in (
        (supabase, ".env.development.local"),
        (supabase, ".env.local"),
        (supabase, ".env.development"),
        (supabase, ".env"),
        (workdir, ".env.local"),
        (workdir, ".env"),
    ):
        label = f"{folder.name if folder == supabase else 'root'}/{file}"
        previous = (folder / file).read_text() if (folder / file).exists() else ""
        (folder / file).write_text(previous + f"A={label}\n")
    (workdir / ".env").write_text("A=last\nB=root\n")

    assert read_dotenv(supabase, workdir, {})["A"] == "supabase/.env.development.local"
    assert read_dotenv(supabase, workdir, {})["B"] == "root"
    (supabase / ".env.development.local").unlink()
    assert read_dotenv(supabase, workdir, {})["A"] == "supabase/.env.local"
    assert read_dotenv(supabase, workdir, {"SUPABASE_ENV": "test"})["A"] == "supabase/.env"
    (supabase / ".env.local").unlink()
    assert read_dotenv(supabase, workdir, {})["A"] == "supabase/.env.development"


def test_a_variable_of_an_env_file_sets_a_setting_unless_the_process_does(settings_of: Resolve, workdir: Path) -> None:
    (workdir / "supabase" / ".env").write_text("ROWGATE_API__PORT=1111\n")

    assert settings_of().api.port == 1111
    assert settings_of("", ROWGATE_API__PORT="2222").api.port == 2222


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("  export A = b  ", "b"),
        ("A=b # comment", "b"),
        ("A=b#c", "b#c"),
        ("A=# nothing", ""),
        ("A=", ""),
        ("A='b # $X'", "b # $X"),
        ('A="b\\n\\"c\\" \\$X $X ${X}"', 'b\n"c" $X x x'),
        ('A="two\nlines"', "two\nlines"),
        ("A=${X}/$X", "x/x"),
        ("A=$UNSET", ""),
        ("A: yaml", "yaml"),
        ("A='b' # after", "b"),
    ],
)
def test_a_line_is_read_as_shells_and_upstream_read_it(line: str, value: str) -> None:
    assert parse_dotenv(f"# first\n\n{line}\nLAST=1\n", ".env", {"X": "x"}) == {"A": value, "LAST": "1"}


@pytest.mark.parametrize("line", ["just words hunter2", 'A="hunter2', "=hunter2", "A='hunter2"])
def test_a_malformed_line_is_named_by_number_and_never_quoted(line: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_dotenv(f"OK=1\n{line}\n", "x/.env", {})

    assert "x/.env, line 2" in caught.value.message
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"


def test_the_environments_name_cannot_lead_out_of_the_folder(workdir: Path) -> None:
    with pytest.raises(ConfigurationError, match="SUPABASE_ENV"):
        read_dotenv(workdir / "supabase", workdir, {"SUPABASE_ENV": "../../etc"})
