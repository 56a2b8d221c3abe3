"""`rowgate init`: a supabase/ folder to start from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from rowgate.cli.console import example, out, say
from rowgate.cli.options import current_folder
from rowgate.errors import ConfigurationError

GITIGNORE_LINE = ".rowgate/"

CONFIG_TEMPLATE = """\
# Rowgate reads this file as upstream writes it; what upstream does not have stands under [rowgate].
# Every setting with its type, default and environment variable: docs/configuration.md. In force: `rowgate config show`.
# A text may be "env(NAME)": the value of the environment variable NAME, also from a .env file beside this one.

project_id = "{project_id}"

[api]
port = 54321
schemas = ["public", "graphql_public"]
extra_search_path = ["public", "extensions"]
# The most rows one request may return.
max_rows = 1000

[db]
port = 54322

# Whose tokens are trusted. Any number of these may be enabled; see also [[rowgate.issuers]] below.
[auth.third_party.clerk]
enabled = false
# The domain shown at https://clerk.com/setup/supabase
domain = "example.clerk.accounts.dev"

[auth.third_party.workos]
enabled = false
# "iss" of your access tokens.
issuer_url = "https://api.workos.com/user_management/client_01EXAMPLE"

[auth.third_party.firebase]
enabled = false
project_id = "my-firebase-project"

[auth.third_party.auth0]
enabled = false
tenant = "my-tenant"
# tenant_region = "eu"

[auth.third_party.aws_cognito]
enabled = false
user_pool_id = "eu-central-1_EXAMPLE"
user_pool_region = "eu-central-1"

# [rowgate.db]
# A database of your own instead of the embedded one: an owner's URL is used for set-up only.
# url = "env(DATABASE_URL)"

# [rowgate.rest]
# db_aggregates_enabled = false

# An entry named like a section above refines it:
# [[rowgate.issuers]]
# name = "clerk"
# Roles its tokens may take. A token without a role claim is refused unless default_role is set.
# roles = ["authenticated"]
# default_role = "authenticated"
# authorized_parties = ["https://app.example.com"]

# Any other OpenID Connect server (`rowgate issuer add` writes these for you):
# [[rowgate.issuers]]
# name = "company"
# provider = "oidc"
# issuer = "https://id.example.com"
# audiences = ["my-api"]
"""


def register(app: typer.Typer) -> None:
    """Add the command `init`."""
    app.command("init", epilog=example("rowgate init", "rowgate init --workdir ~/todos --force"))(init)


def init(
    workdir: Annotated[
        Path, typer.Option("--workdir", help="The project folder; made where it does not exist.")
    ] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Write config.toml anew, even if there is one.")] = False,
) -> None:
    """Make a project: supabase/config.toml, the folder for migrations, and a line in .gitignore."""
    from rowgate.project.settings import Folders

    chosen = workdir if workdir.is_absolute() else current_folder() / workdir
    folders = Folders(chosen, chosen / ".rowgate")
    try:
        if folders.config_file.exists() and not force:
            raise ConfigurationError(
                f"{folders.config_file} exists already.", "Use --force to write it anew; what it holds is then lost."
            )
        folders.migrations.mkdir(parents=True, exist_ok=True)
        folders.config_file.write_text(config_text(folders.workdir.name), encoding="utf-8")
        ignored = _ignore_state(folders.workdir / ".gitignore")
    except OSError as error:
        raise ConfigurationError(
            f"Cannot write {error.filename or folders.supabase}: {error.strerror}.", "Choose another --workdir."
        ) from None
    console = out()
    say(console, f"Made {folders.config_file}")
    say(console, f"Made {folders.migrations}/")
    if ignored:
        console.print(f"Added {GITIGNORE_LINE} to .gitignore: the project's secrets stay out of git.", highlight=False)
    console.print("\nNext: [bold]rowgate issuer add[/] or edit config.toml, then [bold]rowgate start[/]")


def config_text(folder_name: str) -> str:
    """The first config.toml of a project in a folder of that name."""
    project_id = re.sub(r"[^A-Za-z0-9_.-]+", "-", folder_name).strip("-._")[:40] or "project"
    return CONFIG_TEMPLATE.replace("{project_id}", project_id)


def _ignore_state(gitignore: Path) -> bool:
    text = gitignore.read_text(encoding="utf-8", errors="surrogateescape") if gitignore.exists() else ""
    if {GITIGNORE_LINE, GITIGNORE_LINE.rstrip("/"), f"/{GITIGNORE_LINE}"} & {
        line.strip() for line in text.splitlines()
    }:
        return False
    separator = "" if not text or text.endswith("\n") else "\n"
    with gitignore.open("a", encoding="utf-8") as file:
        file.write(f"{separator}{GITIGNORE_LINE}\n")
    return True
