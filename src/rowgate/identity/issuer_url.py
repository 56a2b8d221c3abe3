"""Issuer and key URLs as people write them, checked before they are trusted, each complaint with a suggestion."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from rowgate.errors import ConfigurationError
from rowgate.fetch import is_loopback_name

# What people paste instead of the issuer itself.
_STRAY_ENDINGS = (
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/jwks.json",
)
_HOST = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$")


def check_issuer_url(text: str, where: str) -> str:
    """Return the issuer without its one trailing slash. `where` names the setting. Raises ConfigurationError."""
    for ending in _STRAY_ENDINGS:
        if text.rstrip("/").endswith(ending):
            raise ConfigurationError(
                f'{where} = "{text}" is a document of the issuer, not the issuer',
                f'Did you mean "{text.rstrip("/")[: -len(ending)]}"?',
            )
    parts = check_url(text, where)
    if parts.query:
        raise ConfigurationError(
            f'{where} = "{text}" has a query part',
            f'An issuer has none (OpenID Connect Discovery 1.0, section 2). Did you mean "{text.split("?")[0]}"?',
        )
    return text.removesuffix("/")


def check_url(text: str, where: str) -> SplitResult:
    """Check a URL that the operator wrote: https, or http to a loopback host. Raises ConfigurationError."""
    if "://" not in text:
        raise ConfigurationError(f'{where} = "{text}" has no scheme', f'Did you mean "https://{text.lstrip("/")}"?')
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigurationError(f'{where} = "{text}" is not a URL ({error})') from None
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"{where} carries a user name or password in its URL", "Remove it; keys are public.")
    if parts.fragment or any(character.isspace() for character in text):
        raise ConfigurationError(f'{where} = "{text}" holds a fragment or a space', "Write the bare URL.")
    if "_" in host:
        raise ConfigurationError(
            f'{where} = "{text}" has an underscore in its host, which no public host name has',
            f'Did you mean "{text.replace(host, host.replace("_", "."), 1)}"?',
        )
    if ":" not in host and not _HOST.match(host):
        raise ConfigurationError(f'{where} = "{text}" has no valid host name')
    if parts.netloc != parts.netloc.lower():
        raise ConfigurationError(
            f'{where} = "{text}" has capitals in its host, and `iss` is compared letter by letter',
            f'Did you mean "{text.replace(parts.netloc, parts.netloc.lower(), 1)}"?',
        )
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback_name(host)):
        return parts
    if parts.scheme == "http":
        raise ConfigurationError(
            f'{where} = "{text}" is plain http, over which anybody on the way could hand us keys',
            f'Did you mean "https://{text.removeprefix("http://")}"? Plain http is for a loopback host only.',
        )
    raise ConfigurationError(f'{where} = "{text}" has the scheme "{parts.scheme}"', "Use https.")


def check_domain(text: str, where: str) -> str:
    """Check a bare domain such as `example.clerk.accounts.dev`. Raises ConfigurationError with what was meant."""
    if "://" in text or "/" in text:
        bare = text.split("://", 1)[-1].split("/", 1)[0]
        raise ConfigurationError(f'{where} = "{text}" is a URL, not a domain', f'Did you mean "{bare}"?')
    if "_" in text:
        raise ConfigurationError(
            f'{where} = "{text}" has an underscore, which no public host name has',
            f'Did you mean "{text.replace("_", ".")}"?',
        )
    if not _HOST.match(text):
        raise ConfigurationError(f'{where} = "{text}" is not a domain', "Write it like clerk.example.com.")
    return text.lower()
