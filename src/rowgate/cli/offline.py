"""`rowgate offline clerk` and `rowgate offline workos`: identity providers without an account or a network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rowgate.cli.console import example
from rowgate.cli.options import ParentPipe
from rowgate.errors import ConfigurationError

if TYPE_CHECKING:
    from rowgate.offline.directory import Directory
    from rowgate.offline.keys import KeyRing
    from rowgate.offline.workos_environment import WorkosEnvironment

# The heavy imports (Starlette, cryptography) stand inside the commands: `rowgate --help` does not wait for them.

CLERK_PORT = 54331
WORKOS_PORT = 54332
SECRET_KEY = "sk_test_offline"  # noqa: S105 - opens nothing but a process on loopback that signs for anyone anyway
CLIENT_ID = "client_019HQ17AM0GJZ1PGPZHA1X2A7K"  # any will do; examples/todos/supabase/config.toml names this one

Host = Annotated[str, typer.Option(help="Loopback address to listen on.")]
Seed = Annotated[Path | None, typer.Option(help="People and organizations, TOML or JSON; see docs/offline.md.")]
KeyFile = Annotated[Path | None, typer.Option(help="Keep the signing keys here, so that they survive a restart.")]
Origins = Annotated[list[str] | None, typer.Option("--allow-origin", help="A page's origin besides loopback.")]


def register(app: typer.Typer) -> None:
    """Add the command group `offline`."""
    group = typer.Typer(no_args_is_help=True, help="Identity providers for work without an account or a network.")
    group.command("clerk", epilog=example("rowgate offline clerk --seed people.toml"))(clerk)
    group.command("workos", epilog=example("rowgate offline workos --jwt-template template.json"))(workos)
    app.add_typer(group, name="offline", epilog=example("rowgate offline clerk", "rowgate offline workos"))


def clerk(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free port.")] = CLERK_PORT,
    seed: Seed = None,
    key_file: KeyFile = None,
    allow_origin: Origins = None,
    parent_pipe: ParentPipe = False,
    connect_with_supabase: Annotated[bool, typer.Option(help="Session tokens carry role: authenticated.")] = True,
) -> None:
    """Serve a Clerk-shaped instance; its issuer is http://127.0.0.1:PORT."""
    from rowgate.offline import clerk_app, serving
    from rowgate.offline.clerk_instance import ClerkInstance
    from rowgate.offline.directory import with_ids
    from rowgate.offline.identifiers import clerk_id

    listener = serving.listen(host, port)
    issuer = serving.origin_of(listener)
    instance = ClerkInstance(
        issuer=issuer,
        directory=with_ids(_directory(seed), lambda prefix, key: clerk_id(prefix, f"clerk {key}")),
        ring=_ring(key_file, lambda: clerk_id("ins")),
        connected_with_supabase=connect_with_supabase,
    )
    application = clerk_app.build(instance, SECRET_KEY, allow_origin or (), key_file)
    ready = f"Offline Clerk is ready: issuer={issuer} control={issuer}/__offline__ secret_key={SECRET_KEY}"
    serving.serve(application, listener, ready, parent_pipe)


def workos(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free port.")] = WORKOS_PORT,
    client_id: Annotated[str, typer.Option(help="The environment's client id, part of the issuer.")] = CLIENT_ID,
    seed: Seed = None,
    key_file: KeyFile = None,
    allow_origin: Origins = None,
    parent_pipe: ParentPipe = False,
    jwt_template: Annotated[Path | None, typer.Option(help="A file with the JWT template to begin with.")] = None,
) -> None:
    """Serve a WorkOS-shaped environment; its issuer is http://127.0.0.1:PORT/user_management/CLIENT_ID."""
    from rowgate.offline import serving, workos_app
    from rowgate.offline.directory import with_ids
    from rowgate.offline.identifiers import workos_id
    from rowgate.offline.workos_environment import WorkosEnvironment

    listener = serving.listen(host, port)
    base = serving.origin_of(listener)
    environment = WorkosEnvironment(
        base=base,
        client_id=client_id,
        api_key=SECRET_KEY,
        directory=with_ids(_directory(seed), lambda prefix, key: workos_id(prefix, f"workos {key}")),
        ring=_ring(key_file, lambda: workos_id("sso_oidc_key_pair")),
    )
    if jwt_template is not None:
        _use_template(environment, jwt_template)
    application = workos_app.build(environment, allow_origin or (), key_file)
    ready = (
        f"Offline WorkOS is ready: issuer={environment.issuer} control={base}/__offline__ "
        f"client_id={client_id} api_key={SECRET_KEY}"
    )
    serving.serve(application, listener, ready, parent_pipe)


def _directory(seed: Path | None) -> Directory:
    from rowgate.offline.directory import DEFAULT_SEED, load_seed

    return DEFAULT_SEED if seed is None else load_seed(seed)


def _use_template(environment: WorkosEnvironment, path: Path) -> None:
    from rowgate.offline.workos_environment import WorkosError

    try:
        environment.set_template(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the JWT template {path} cannot be read: {error}") from None
    except WorkosError as error:
        raise ConfigurationError(f"the JWT template {path} breaks a rule: {error}") from None


def _ring(key_file: Path | None, make_kid: Callable[[], str]) -> KeyRing:
    from rowgate.offline.keys import load_ring, new_ring, save_ring

    if key_file is None:
        return new_ring(make_kid)
    try:
        if key_file.exists():
            return load_ring(key_file)
        ring = new_ring(make_kid)
        save_ring(ring, key_file)
    except OSError as error:
        raise ConfigurationError(
            f"The key file {key_file} cannot be written: {error.strerror}.", "Choose another --key-file."
        ) from None
    return ring
