"""What PostgREST's variables and its file say, found for the settings of ours that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rowgate.errors import ConfigurationError
from rowgate.project.postgrest import (
    APP_SETTINGS_NAME,
    APP_SETTINGS_PREFIX,
    POSTGREST_SETTINGS,
    VARIABLE_PREFIX,
    PostgrestSetting,
    postgrest_variables,
    variable_of,
)
from rowgate.project.settings import Origin
from rowgate.project.spelling import nearest


@dataclass(frozen=True, slots=True)
class Given:
    """A setting's text as PostgREST's variables or file give it, and where that stands."""

    setting: PostgrestSetting
    text: str = field(repr=False)
    variable: bool
    where: str


def given_by_postgrest(environ: Mapping[str, str], file: Mapping[str, str], file_name: str) -> dict[str, Given]:
    """What PostgREST's variables and its file say, by our dotted names. A variable wins over the file, a setting's
    name over its older ones; an empty text counts as unset, but for the few settings where it means something."""
    found: dict[str, Given] = {}
    for setting in POSTGREST_SETTINGS:
        if setting.dotted is None:
            continue
        for name in setting.names:
            variable = variable_of(name)
            in_environment = variable in environ
            text = environ[variable] if in_environment else file.get(name)
            if text is not None and (text or setting.empty):
                found[setting.dotted] = Given(setting, text, in_environment, variable if in_environment else file_name)
                break
    return found


def app_settings_given(
    process: Mapping[str, str], file: Mapping[str, str], file_name: str
) -> tuple[Mapping[str, str], Origin] | None:
    """`app.settings.*` of PostgREST's file, and over them `PGRST_APP_SETTINGS_*`, each in the letters it came with."""
    variables = {
        APP_SETTINGS_NAME + name.removeprefix(APP_SETTINGS_PREFIX): value
        for name, value in process.items()
        if name.startswith(APP_SETTINGS_PREFIX) and name != APP_SETTINGS_PREFIX
    }
    in_file = {name: value for name, value in file.items() if name.startswith(APP_SETTINGS_NAME)}
    if not variables and not in_file:
        return None
    origin = Origin("environment", f"{APP_SETTINGS_PREFIX}*") if variables else Origin("file", file_name)
    return {**in_file, **variables}, origin


def read_named_file(value: str | None, dotted: str) -> str | None:
    """PostgREST's `@path`: the value stands in that file, without the line's end.

    Raises ConfigurationError, which does not name the file: a secret may begin with `@` itself.
    """
    if value is None or not value.startswith("@"):
        return value
    path = Path(value[1:])
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigurationError(
            f"{dotted} begins with @, so it names a file, and that one cannot be read: {why}.",
            "Check the path behind the @; a value that begins with @ itself can be had from such a file alone.",
        ) from None
    return text.strip() if dotted == "db.url" else text.removesuffix("\n")


def unknown_postgrest_settings(process: Mapping[str, str], file: Mapping[str, str], file_name: str) -> list[str]:
    """Settings that PostgREST 14 does not have either: a slip, or a newer PostgREST's."""
    variables, names = postgrest_variables(), [name for one in POSTGREST_SETTINGS for name in one.names]
    given = [name for name in process if name.startswith(VARIABLE_PREFIX) and not name.startswith(APP_SETTINGS_PREFIX)]
    warnings = []
    for name, known, what in (
        *((name, sorted(variables), "environment variable: ") for name in given if name not in variables),
        *(
            (name, names, f"setting in {file_name}: ")
            for name in file
            if name not in names and not name.startswith(APP_SETTINGS_NAME)
        ),
    ):
        near = nearest(name, known)
        label = name if name.isprintable() else ascii(name)
        warnings.append(f"WARN: unknown {what}{label}.{f' Did you mean {near}?' if near else ''}")
    return warnings
