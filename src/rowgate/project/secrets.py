"""The project's secrets: made once, kept in a file only its owner can read, replaced by what the configuration sets."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets as random
import stat
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path

from rowgate.errors import ConfigurationError
from rowgate.project.settings import Secrets

FILE_NAME = "secrets.json"
JWT_SECRET_LENGTH = 32  # characters at least; RFC 7518 3.2 wants a key as long as HS256's hash
API_KEY_LIFETIME = 10 * 365 * 24 * 3600  # seconds; upstream mints its legacy keys for ten years
API_KEY_ISSUER = "rowgate"

_STORED_NAMES = (
    "jwt_secret",
    "publishable_key",
    "secret_key",
    "database_password",
    "public_login_password",
    "service_login_password",
)
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


def load_secrets(state: Path, given: Mapping[str, str], *, keep: bool = True) -> Secrets:
    """The secrets of the project whose private folder is `state`; those in `given` (by field name) win.

    What is missing is generated and kept (with `keep` false: for this process alone). The two legacy API keys are never
    kept but signed anew with the secret in force, from the time the project was made: the same text in every process,
    and always of the present secret. Nothing is read or written when everything is given. Raises ConfigurationError.
    """
    _check(given)
    wanted = set(Secrets.__slots__) - set(given)
    stored = _read_or_create(state, keep) if wanted else {}
    values = {name: given.get(name) or str(stored.get(name, "")) for name in _STORED_NAMES}
    created = int(str(stored["created_at"])) if stored else 0
    for name, role in (("anon_key", "anon"), ("service_role_key", "service_role")):
        values[name] = given.get(name) or mint_api_key(role, values["jwt_secret"], created)
    _check_distinct(values)
    return Secrets(**values)


def mint_api_key(role: str, jwt_secret: str, issued_at: int) -> str:
    """A legacy API key: an HS256 token of `role`, without a subject, valid for ten years from `issued_at` (Unix s)."""
    from joserfc import jwt
    from joserfc.jwk import OctKey

    claims = {"iss": API_KEY_ISSUER, "role": role, "iat": issued_at, "exp": issued_at + API_KEY_LIFETIME}
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(jwt_secret), algorithms=["HS256"])


def new_api_key(prefix: str) -> str:
    """A key of upstream's shape: prefix, 22 random base64url characters (132 bits), `_`, checksum of 8."""
    body = prefix + random.token_urlsafe(17)[:22]
    return f"{body}_{api_key_checksum(body)}"


def api_key_checksum(body: str) -> str:
    """The eight characters that tell a mistyped key from a foreign one without a look-up. Not a secret."""
    return urlsafe_b64encode(hashlib.sha256(f"rowgate|{body}".encode()).digest())[:8].decode()


def _generate() -> dict[str, object]:
    return {
        "created_at": int(time.time()),
        "jwt_secret": random.token_urlsafe(48),
        "publishable_key": new_api_key("sb_publishable_"),
        "secret_key": new_api_key("sb_secret_"),
        "database_password": random.token_urlsafe(24),
        "public_login_password": random.token_urlsafe(24),
        "service_login_password": random.token_urlsafe(24),
    }


def _read_or_create(state: Path, keep: bool) -> dict[str, object]:
    """The stored secrets, completed where a field is missing. Safe when several processes start at once."""
    path = state / FILE_NAME
    try:
        stored = _read(path)
        if stored is not None and stored.keys() >= {"created_at", *_STORED_NAMES}:
            return stored
        if not keep:
            return {**_generate(), **(stored or {})}
        state.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        _make_private(state, _FOLDER_MODE)
        lock = os.open(state / f"{FILE_NAME}.lock", os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _FILE_MODE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            stored = _read(path) or {}  # another process may have been first
            complete = {**_generate(), **stored}
            if complete != stored:
                _write(path, complete)
            return complete
        finally:
            os.close(lock)
    except OSError as error:
        raise ConfigurationError(
            f"The project's secrets in {path} cannot be read or written: {error.strerror}.",
            "Run as the user who owns the folder, or set ROWGATE_STATE to a folder that this user may write.",
        ) from None


def _read(path: Path) -> dict[str, object] | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            os.fchmod(descriptor, _FILE_MODE)  # a copy or an unpacked archive may have opened it up
        content = file.read()
    try:
        stored = json.loads(content)
    except ValueError:
        stored = None
    if not isinstance(stored, dict) or not _well_formed(stored):
        raise ConfigurationError(
            f"{path} does not hold the project's secrets any more: it is not the JSON that was written.",
            "Restore it from a backup. Without one, move it away: new secrets are made, all API keys change, and an "
            "embedded database keeps its old password.",
        )
    return stored


def _well_formed(stored: Mapping[str, object]) -> bool:
    created = stored.get("created_at", 0)
    return (
        isinstance(created, int)
        and not isinstance(created, bool)
        and 0 <= created < 2**40
        and all(isinstance(stored[name], str) and stored[name] for name in _STORED_NAMES if name in stored)
        and len(str(stored.get("jwt_secret", "x" * JWT_SECRET_LENGTH))) >= JWT_SECRET_LENGTH
    )


def _write(path: Path, values: Mapping[str, object]) -> None:
    """Replace the file as a whole: a reader sees the old or the new one, and a crash leaves one of them."""
    temporary = path.with_name(f".{path.name}.{random.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _FILE_MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(values, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _make_private(folder: Path, mode: int) -> None:
    status = folder.stat()
    if stat.S_IMODE(status.st_mode) & 0o077 and status.st_uid == os.geteuid():
        folder.chmod(mode)


def _check(given: Mapping[str, str]) -> None:
    secret = given.get("jwt_secret")
    if secret is not None and len(secret) < JWT_SECRET_LENGTH:
        raise ConfigurationError(
            f"auth.jwt_secret has {len(secret)} characters; at least {JWT_SECRET_LENGTH} are needed.",
            "Make one with `openssl rand -base64 48`, or leave it out: Rowgate generates one for the project.",
        )
    for name in ("publishable_key", "secret_key"):
        prefix = f"sb_{name.removesuffix('_key')}_"
        if name in given and not given[name].startswith(prefix):
            raise ConfigurationError(
                f'auth.{name} does not start with "{prefix}".',
                "Leave it out: Rowgate generates one for the project, and `rowgate status` shows it.",
            )


def _check_distinct(values: Mapping[str, str]) -> None:
    names = ("anon_key", "service_role_key", "publishable_key", "secret_key")
    for index, name in enumerate(names):
        for other in names[index + 1 :]:
            if values[name] == values[other]:
                raise ConfigurationError(
                    f"auth.{name} and auth.{other} are the same key, so nobody could tell what it allows.",
                    "Remove one of them: Rowgate generates it.",
                )
