"""Where the owner of the project's database logs in."""

from __future__ import annotations

from urllib.parse import quote

from rowgate.project.settings import Settings

EMBEDDED_OWNER = "postgres"
EMBEDDED_DATABASE = "postgres"


def owner_url(settings: Settings) -> str:
    """The URL given for set-up, or the embedded server's. It holds a password: never log it."""
    if settings.db.url is not None:
        return settings.db.url
    host = f"[{settings.db.host}]" if ":" in settings.db.host else settings.db.host
    password = quote(settings.secrets.database_password, safe="")
    return f"postgresql://{EMBEDDED_OWNER}:{password}@{host}:{settings.db.port}/{EMBEDDED_DATABASE}"
