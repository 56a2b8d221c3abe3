"""Checks and suggestions for the addresses people paste: issuer URLs and provider domains."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

_LABEL = re.compile(r"^(?!-)[a-z0-9-]{1,63}(?<!-)$")
_DISCOVERY_SUFFIX = re.compile(r"/\.well-known/(openid-configuration|jwks\.json|oauth-authorization-server)/?$")
_WORKOS_JWKS = re.compile(r"^/sso/jwks/([^/]+)/?$")
_WORKOS_ISSUER = re.compile(r"^(/(user_management|sso|convex)/[^/]+)?$")


@dataclass(frozen=True, slots=True)
class Unsuitable:
    """Why an address cannot be an issuer, and the address that was probably meant."""

    reason: str
    suggestion: str | None = None


def issuer_problem(url: str) -> Unsuitable | None:
    """What keeps `url` from being an issuer (OpenID Connect Discovery 1.0 section 3: https, no query, no fragment).

    Plain http is allowed for a literal loopback address and localhost, where nobody can listen in.
    """
    parts = _split(url)
    if parts is None:
        return Unsuitable("is not a URL")
    if not parts.scheme or not parts.netloc:
        bare = url.removeprefix("//").strip("/ ")
        if valid_host(bare.split("/", 1)[0].partition(":")[0].lower().replace("_", ".")):
            first, slash, rest = bare.partition("/")
            return Unsuitable("has no scheme", f"https://{first.replace('_', '.')}{slash}{rest}")
        return Unsuitable("is not a URL")
    host = parts.hostname or ""
    if "_" in host and valid_host(host.replace("_", ".")):
        return Unsuitable(
            "has an underscore in its host, which no host can have", url.replace(host, host.replace("_", "."), 1)
        )
    if parts.scheme not in ("https", "http"):
        return Unsuitable(f'has the scheme "{parts.scheme}"; an issuer is an https URL')
    if not valid_host(host):
        return Unsuitable("has a host that is not a domain name")
    if parts.username is not None or parts.password is not None:
        return Unsuitable("holds a user name or password", f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")
    if parts.scheme == "http" and not _is_loopback(host):
        return Unsuitable("is plain http", "https" + url.removeprefix("http"))
    if parts.query or parts.fragment or "?" in url or "#" in url:
        return Unsuitable("has a query or a fragment", url.split("?", 1)[0].split("#", 1)[0])
    if _DISCOVERY_SUFFIX.search(parts.path):
        return Unsuitable("is the address of the discovery document or the keys", _DISCOVERY_SUFFIX.sub("", url))
    return None


def workos_issuer_problem(url: str) -> Unsuitable | None:
    """As issuer_problem, and the addresses of a WorkOS environment that are not its issuer."""
    problem = issuer_problem(url)
    if problem is not None:
        return problem
    parts = urlsplit(url)
    jwks = _WORKOS_JWKS.match(parts.path)
    if jwks:
        suggestion = f"{parts.scheme}://{parts.netloc}/user_management/{jwks.group(1)}"
        return Unsuitable("is the address of the key set", suggestion)
    path = parts.path.rstrip("/")
    known = re.match(r"^(/(?:user_management|sso|convex)/(?:client|project)_[A-Za-z0-9]+)/.+$", path)
    if known:
        return Unsuitable("goes on after the client id", f"{parts.scheme}://{parts.netloc}{known.group(1)}")
    return None


def workos_issuer_doubt(url: str) -> Unsuitable | None:
    """What looks odd but may be right: a trailing slash, or a path that WorkOS is not known to use."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if parts.path.endswith("/"):
        return Unsuitable("ends with a slash", url.rstrip("/"))
    if not _WORKOS_ISSUER.match(path):
        return Unsuitable(
            f'has the path "{parts.path}"', f"{parts.scheme}://{parts.netloc}/user_management/<client id>"
        )
    return None


def without_credentials(url: str) -> str:
    """The address as a message may quote it: a user name and password before the host never show."""
    return re.sub(r"(?<=//)[^/?#]*@", "…@", url)


def suggested_domain(text: str) -> str | None:
    """The bare host in what was given as a domain (a URL, upper case, a trailing slash), or None."""
    parts = _split(text.strip() if "//" in text else f"//{text.strip()}")
    host = (parts.hostname or "").lower() if parts else ""
    return host if valid_host(host) and "." in host and host != text else None


def valid_host(host: str) -> bool:
    """A host name in lower case (RFC 1123 2.1) or an IP address."""
    if _is_address(host):
        return True
    return 0 < len(host) <= 253 and all(_LABEL.match(label) for label in host.split("."))


def _split(url: str) -> SplitResult | None:
    if not url or url != url.strip() or any(letter.isspace() or not letter.isprintable() for letter in url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname  # both raise ValueError late
    except ValueError:
        return None
    return parts


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)
