"""From a project folder, flags and the environment to frozen Settings: flag, environment, file, default.

The only I/O below is reading config.toml, the .env files, PostgREST's file and the files its `@…` values name, and the
secrets file of the private state folder.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rowgate.errors import ConfigurationError
from rowgate.project.document import check_depth, lookup, read_document, shown
from rowgate.project.environment import read_dotenv, substitute, unset_name
from rowgate.project.fields import (
    FLAGS,
    PROCESS_ONLY_VARIABLES,
    REST_DEFAULTS,
    SECTIONS,
    SettingField,
    project_id_field,
    secret_fields,
    setting_fields,
)
from rowgate.project.issuers import issuer_warnings, read_issuers
from rowgate.project.kinds import Unfit
from rowgate.project.postgrest import (
    APP_SETTINGS,
    BY_DOTTED,
    DEPLOYMENT_DEFAULT,
    DEPLOYMENT_DEFAULTS,
    DEPLOYMENT_VARIABLE,
    POSTGREST_SETTINGS,
)
from rowgate.project.postgrest_file import read_postgrest_file
from rowgate.project.postgrest_given import (
    Given,
    app_settings_given,
    given_by_postgrest,
    read_named_file,
    unknown_postgrest_settings,
)
from rowgate.project.secrets import FILE_NAME, load_secrets
from rowgate.project.service_address import check_proxy_uri
from rowgate.project.settings import Folders, IssuerSettings, Origin, Settings
from rowgate.project.spelling import did_you_mean, nearest
from rowgate.project.third_party import THIRD_PARTIES, read_third_parties
from rowgate.project.upstream_keys import unknown_keys

STATE_FOLDER = ".rowgate"
STATE_VARIABLE = "ROWGATE_STATE"
ISSUERS_VARIABLE = "ROWGATE_ISSUERS"
SERVICES = ("rest", "graphql")
CONFIG_NAME = "supabase/config.toml"

# Variables that look like a setting's to a reader, and are read elsewhere.
_OTHER_VARIABLES = frozenset({STATE_VARIABLE, ISSUERS_VARIABLE})
_DEFAULT = Origin("default", "default")


@dataclass(frozen=True, slots=True)
class _Sources:
    """The places a value can come from, strongest first."""

    flags: Mapping[str, object]
    process: Mapping[str, str]  # the environment of this process
    environ: Mapping[str, str]  # the same over the .env files
    postgrest: Mapping[str, Given]  # by dotted name
    app_settings: tuple[Mapping[str, str], Origin] | None  # PostgREST's `app.settings.*`
    document: Mapping[str, object]
    file: str
    deployment: bool  # whether this is a deployment of PostgREST's


def resolve(
    workdir: Path,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    document: Mapping[str, object] | None = None,
    *,
    keep_secrets: bool = True,
    postgrest_config: Path | None = None,
) -> Settings:
    """The settings of the project in `workdir`.

    `flags` are values of the command line by dotted name (`api.port`), None where a flag was not given; `environ` is
    the process environment; `document` stands in for the file, to check a change before it is written. Makes the
    private state folder and its secrets where they do not exist yet, unless `keep_secrets` is false: a command that
    only looks leaves no trace, also in a folder that it may not write. `postgrest_config` is PostgREST's own file.
    Raises ConfigurationError, which names the setting, the value and what was expected.
    """
    process = dict(os.environ if environ is None else environ)
    folders = _folders(workdir, process)
    all_variables = {**read_dotenv(folders.supabase, folders.workdir, process), **process}
    raw = read_document(folders.config_file) if document is None else document
    substitution = substitute(raw or {}, all_variables)
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    postgrest_file = read_postgrest_file(postgrest_config, process) if postgrest_config is not None else {}
    deployment = postgrest_config is not None or bool(process.get(DEPLOYMENT_VARIABLE))
    sources = _Sources(
        given,
        process,
        all_variables,
        given_by_postgrest(process, postgrest_file, str(postgrest_config)),
        app_settings_given(process, postgrest_file, str(postgrest_config)),
        substitution.document,
        str(folders.config_file),
        deployment,
    )

    _check_flags(given)
    missing = raw is None and not deployment
    warnings = [f"WARN: {folders.config_file} does not exist; using defaults."] if missing else []
    read = _paths_read()
    # Upstream's own template names seven variables of services that are not ours; their absence is no news.
    warnings += [f"WARN: environment variable is unset: {name}" for path, name in substitution.unset if path in read]
    warnings += unknown_keys(substitution.document, _own_tables())
    warnings += _unknown_variables(all_variables)
    warnings += unknown_postgrest_settings(process, postgrest_file, str(postgrest_config))

    origins: dict[str, Origin] = {}
    values = _section_values(sources, origins)
    project_id = _project_id(sources, folders, origins)
    issuers, issuer_notes = _issuers(sources, origins)
    _check_services(values["server"]["services"])
    rest = values["rest"]
    check_rest(rest["db_schemas"], values["api"]["port"], rest["admin_server_port"], rest["openapi_server_proxy_uri"])
    rest["jwt_secret"] = read_named_file(rest["jwt_secret"], "rest.jwt_secret")
    values["db"]["url"] = read_named_file(values["db"]["url"], "db.url")
    secrets_given = _given_secrets(sources, origins)
    return Settings(
        project_id=project_id,
        folders=folders,
        secrets=load_secrets(folders.state, secrets_given, keep=keep_secrets),
        api=SECTIONS["api"](**values["api"]),
        db=SECTIONS["db"](**values["db"]),
        rest=SECTIONS["rest"](**values["rest"]),
        graphql=SECTIONS["graphql"](**values["graphql"]),
        identity=SECTIONS["identity"](issuers=issuers, **values["identity"]),
        server=SECTIONS["server"](**values["server"]),
        postgrest=deployment,
        origins=origins,
        warnings=tuple(dict.fromkeys([*warnings, *issuer_notes])),
    )


def _folders(workdir: Path, process: Mapping[str, str]) -> Folders:
    chosen = process.get(STATE_VARIABLE)
    if "\0" in str(workdir) or (chosen and "\0" in chosen):
        raise ConfigurationError("A folder's name holds a NUL character.", f"Check --workdir and {STATE_VARIABLE}.")
    absolute = workdir.absolute()
    return Folders(workdir=absolute, state=absolute / chosen if chosen else absolute / STATE_FOLDER)


def _section_values(sources: _Sources, origins: dict[str, Origin]) -> dict[str, dict[str, Any]]:
    values: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for field in setting_fields():
        value, origin = _find(field, sources)
        inherited = REST_DEFAULTS.get(field.dotted)
        if origin.source == "default" and inherited is not None:
            section, _, name = inherited.partition(".")
            if origins[inherited].source != "default" or not sources.deployment:
                value, origin = values[section][name], origins[inherited]
        values[field.section][field.name] = value
        origins[field.dotted] = origin
    return values


def _find(field: SettingField, sources: _Sources) -> tuple[object, Origin]:
    """A field's value by the order flag, environment, file, default. Raises ConfigurationError."""
    if field.dotted in sources.flags:
        value, flag = sources.flags[field.dotted], field.flag or f"--{field.dotted}"
        read = field.kind.text if isinstance(value, str) else field.kind.read
        return _convert(field, read, value, flag), Origin("flag", flag)
    own, *further = field.variables
    for variable in (own, None, *further):
        if variable is None:
            found = _by_postgrest(field, sources)
            if found is not None:
                return found
            continue
        text = (sources.process if variable in PROCESS_ONLY_VARIABLES else sources.environ).get(variable)
        if text is not None:
            return _convert(field, field.kind.text, text, variable), Origin("environment", variable)
    for path in field.paths:
        value = lookup(sources.document, path, sources.file)
        if value is not None:
            return _from_file(field, path, value, sources), Origin("file", CONFIG_NAME)
    if sources.deployment and field.dotted in DEPLOYMENT_DEFAULTS:
        return DEPLOYMENT_DEFAULTS[field.dotted], Origin("default", DEPLOYMENT_DEFAULT)
    return field.default, _DEFAULT


def _by_postgrest(field: SettingField, sources: _Sources) -> tuple[object, Origin] | None:
    if field.dotted == APP_SETTINGS:
        return (tuple(sources.app_settings[0].items()), sources.app_settings[1]) if sources.app_settings else None
    given = sources.postgrest.get(field.dotted)
    if given is None:
        return None
    value = read_postgrest_text(field, given.text, given.where)
    return value, Origin("environment" if given.variable else "file", given.where)


def read_postgrest_text(field: SettingField, text: str, where: str) -> object:
    """A setting's value from PostgREST's text for it; `where` names the place in errors. Raises ConfigurationError."""
    read = BY_DOTTED[field.dotted].read
    return _convert(field, lambda given: field.kind.text(read(given)), text, where)


def check_rest(schemas: Sequence[str], port: int, admin_port: int | None, proxy_uri: str | None) -> None:
    """What PostgREST refuses to start with as well. Raises ConfigurationError."""
    check_proxy_uri(proxy_uri)
    if not schemas:
        raise ConfigurationError("rest.db_schemas is empty.", 'Name at least one schema, such as ["public"].')
    for schema in ("pg_catalog", "information_schema"):
        if schema in schemas:
            raise ConfigurationError(
                f"rest.db_schemas lists {schema}, which would show every table of the database to anybody.",
                "Expose a schema of your own.",
            )
    if admin_port and admin_port == port:
        raise ConfigurationError(
            f"rest.admin_server_port is {admin_port}, which is the port of the API.", "Choose another port for it."
        )


def _from_file(field: SettingField, path: tuple[str, ...], value: object, sources: _Sources) -> object:
    name = unset_name(value)
    if name is not None:
        # As text this would become a value of its own: a JWT secret or a database that everybody could guess.
        raise ConfigurationError(
            f"{'.'.join(path)} in {sources.file} is env({name}), and the environment variable {name} is unset.",
            f"Set {name}, in the environment or in a .env file.",
        )
    where = f"{'.'.join(path)} in {sources.file}"
    if isinstance(value, str) and path[:2] == ("rowgate", "rest") and field.section != "rest":
        return read_postgrest_text(field, value, where)  # another section's setting under PostgREST's name
    return _convert(field, field.kind.read, value, where)


def _convert(field: SettingField, read: Any, value: Any, where: str) -> object:
    try:
        return read(value)
    except Unfit:
        quoted = "not that" if field.secret else shown(value)
        raise ConfigurationError(
            f"{field.dotted}: {where} is {quoted}; expected {field.kind.expected}.", _without_quotes(field, value)
        ) from None


def _without_quotes(field: SettingField, value: object) -> str:
    """TOML is typed: the commonest slip is a right value in quotes."""
    if isinstance(value, str) and not field.secret:
        with contextlib.suppress(Unfit):
            if not isinstance(read := field.kind.text(value), str | tuple):
                return f"Write {field.name} = {shown(read)}, without quotes."
    return "See docs/configuration.md."


def _project_id(sources: _Sources, folders: Folders, origins: dict[str, Origin]) -> str:
    field = project_id_field()
    value, origin = _find(field, sources)
    origins[field.dotted] = origin
    if origin.source == "default":
        name = folders.workdir.name.encode("utf-8", "replace").decode()
        return name or "rowgate"
    if not str(value).strip():
        raise ConfigurationError("project_id is empty.", 'Write project_id = "my-project" at the top of config.toml.')
    return str(value)


def _given_secrets(sources: _Sources, origins: dict[str, Origin]) -> dict[str, str]:
    given: dict[str, str] = {}
    for field in secret_fields():
        value, origin = _find(field, sources)
        origins[field.dotted] = origin if value else Origin("generated", f"{STATE_FOLDER}/{FILE_NAME}")
        if value:
            given[field.name] = str(value)
    return given


def _issuers(sources: _Sources, origins: dict[str, Origin]) -> tuple[tuple[IssuerSettings, ...], list[str]]:
    third_party, warnings = read_third_parties(sources.document, sources.environ, sources.file)
    text = sources.environ.get(ISSUERS_VARIABLE)
    if text is not None:
        entries, where, origin = _issuers_json(text), ISSUERS_VARIABLE, Origin("environment", ISSUERS_VARIABLE)
    else:
        entries = lookup(sources.document, ("rowgate", "issuers"), sources.file)
        where = sources.file
        origin = Origin("file", CONFIG_NAME) if entries is not None or third_party else _DEFAULT
    issuers, written = read_issuers([] if entries is None else entries, where, third_party)
    origins["identity.issuers"] = origin
    sections = {issuer.name for issuer in third_party}
    for issuer in issuers:
        parts = [f"{CONFIG_NAME} [auth.third_party.{issuer.name}]"] if issuer.name in sections else []
        if issuer.name in written:
            parts.append(ISSUERS_VARIABLE if text is not None else f"{CONFIG_NAME} [[rowgate.issuers]]")
        origins[f"identity.issuers.{issuer.name}"] = Origin(
            "environment" if text is not None and issuer.name in written else "file", " and ".join(parts)
        )
    return issuers, [*warnings, *issuer_warnings(issuers)]


def _issuers_json(text: str) -> object:
    if not text.strip():
        return []
    try:
        entries: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        place = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise ConfigurationError(
            f"{ISSUERS_VARIABLE} is not JSON{place}.",
            'It takes an array: [{"name": "clerk", "provider": "clerk", "domain": "example.clerk.accounts.dev"}].',
        ) from None
    check_depth(entries, ISSUERS_VARIABLE)
    return entries


def _check_services(services: Iterable[str]) -> None:
    for service in services:
        if service not in SERVICES:
            raise ConfigurationError(
                f"server.services lists {shown(service)}.",
                did_you_mean(service, SERVICES, f"Known services: {', '.join(SERVICES)}."),
            )
    if not list(services):
        raise ConfigurationError("server.services is empty.", f"Known services: {', '.join(SERVICES)}.")


def _check_flags(flags: Mapping[str, object]) -> None:
    known = {field.dotted for field in setting_fields()} | {"project_id"} | set(FLAGS)
    for name in flags:
        if name not in known:
            raise ConfigurationError(f"There is no setting {shown(name)}.", did_you_mean(name, known))


def _paths_read() -> frozenset[tuple[str, ...]]:
    """Where in config.toml a setting is read from."""
    fields = (*setting_fields(), *secret_fields(), project_id_field())
    return frozenset(path for field in fields for path in field.paths)


def _own_tables() -> dict[str, frozenset[str]]:
    """The tables below `[rowgate]`, for the check of unknown keys."""
    tables: dict[str, set[str]] = {"rowgate": {"issuers"}}
    for field in (*setting_fields(), *secret_fields()):
        for path in field.paths:
            if path[0] == "rowgate":
                tables.setdefault(".".join(path[:-1]), set()).add(path[-1])
    tables["rowgate.rest"] |= {one.key for one in POSTGREST_SETTINGS}  # those that shape nothing here are no slips
    own = {table: frozenset(names) for table, names in tables.items()}
    return {**own, "rowgate.rest.app_settings": frozenset({"**"})}


def _unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """ROWGATE_<SECTION>__<KEY> that no setting reads: most likely a slip that would otherwise go unseen."""
    known = {name for field in (*setting_fields(), *secret_fields(), project_id_field()) for name in field.variables}
    warnings = []
    for name in environ:
        if name.startswith("ROWGATE_") and "__" in name and name not in known | _OTHER_VARIABLES:
            near = nearest(name, known)
            label = name if name.isprintable() else ascii(name)
            suggestion = f" Did you mean {near}?" if near else ""
            warnings.append(f"WARN: unknown environment variable: {label}.{suggestion}")
    return warnings


def third_party_names() -> tuple[str, ...]:
    """The sections of `[auth.third_party]`."""
    return tuple(party.section for party in THIRD_PARTIES)
