"""The settings in force as PostgREST dumps its own: `name = value`, one a line; secrets are masked."""

from __future__ import annotations

from rowgate.project.fields import SECRET_SETTINGS
from rowgate.project.masking import masked
from rowgate.project.postgrest import APP_SETTINGS_NAME, POSTGREST_SETTINGS
from rowgate.project.settings import Settings

_LEVELS = {"warning": "warn"}


def dump(settings: Settings) -> str:
    """Every setting of PostgREST's that has a counterpart here, by its name there, and `app.settings.*`."""
    lines = []
    for one in POSTGREST_SETTINGS:
        if one.dotted is None:
            continue
        section, _, name = one.dotted.partition(".")
        value = getattr(getattr(settings, section), name)
        lines.append(f"{one.name} = {_written(masked(value) if one.dotted in SECRET_SETTINGS else value)}")
    for name, _ in settings.rest.app_settings:
        label = name if name.startswith(APP_SETTINGS_NAME) else APP_SETTINGS_NAME + name
        lines.append(f"{label} = {_written(masked('secret'))}")
    return "\n".join(lines) + "\n"


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if value is None:
        return '""'
    text = ",".join(map(str, value)) if isinstance(value, tuple) else _LEVELS.get(str(value), str(value))
    return '"' + text.replace('"', '\\"').replace("\n", "\\n") + '"'
