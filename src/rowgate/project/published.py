"""Upstream's published development secrets: the same for everybody, so worth nothing on a network."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from base64 import urlsafe_b64encode

from rowgate.errors import ConfigurationError
from rowgate.project.settings import Settings

DEMO_JWT_SECRET = "super-secret-jwt-token-with-at-least-32-characters-long"  # noqa: S105  published by upstream

# SHA-256 of the publishable and the secret key that every local upstream project starts with.
DEMO_API_KEY_DIGESTS = frozenset(
    {
        "9705102db0d5f99ee08daa19a73e510d9877a2a9add9369da247cbbe6c2a0140",
        "c85debb55f2f204d868cc1552c42faa143b4c675f61363ab040dd50b5b5304cd",
    }
)


def is_loopback(host: str) -> bool:
    """Whether a server bound to `host` can be reached from this machine only. A name other than localhost: no."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def published_secrets(settings: Settings) -> tuple[str, ...]:
    """The dotted names of the settings that hold a secret published by upstream."""
    secrets = settings.secrets
    found = ["auth.jwt_secret"] if secrets.jwt_secret == DEMO_JWT_SECRET else []
    found += ["rest.jwt_secret"] if settings.rest.jwt_secret == DEMO_JWT_SECRET else []
    found += [
        f"auth.{name}"
        for name in ("anon_key", "service_role_key", "publishable_key", "secret_key")
        if _is_published_key(getattr(secrets, name))
    ]
    return tuple(found)


def refuse_published_secrets(settings: Settings) -> None:
    """Raise ConfigurationError when a published secret would be served beyond this machine."""
    found = published_secrets(settings)
    if found and not is_loopback(settings.api.host):
        names = ", ".join(found)
        raise ConfigurationError(
            f"{names}: upstream's published development value, and the server would listen on {settings.api.host}. "
            "Anybody could sign in as service_role.",
            f"Remove {names} from supabase/config.toml and the environment (Rowgate then generates secrets of this "
            "project's own), or listen on 127.0.0.1.",
        )


def _is_published_key(key: str) -> bool:
    if hashlib.sha256(key.encode()).hexdigest() in DEMO_API_KEY_DIGESTS:
        return True
    signed, dot, signature = key.rpartition(".")
    if not dot:
        return False
    expected = hmac.new(DEMO_JWT_SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(urlsafe_b64encode(expected).rstrip(b"="), signature.encode())
