"""Who can sign in: the people and organizations of an offline provider, from a seed file or the defaults.

One seed serves both providers; each derives its own ids from the same keys, so ids stay the same over restarts and
`user_…` of the one never equals `user_…` of the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from rowgate.errors import ConfigurationError

DEFAULT_PASSWORD = "offline-password"  # noqa: S105 - a made-up person's, on loopback only
SEEDED_AT = 1_735_689_600.0  # 2025-01-01T00:00:00Z, the creation time of everything seeded


class Membership(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person's place in an organization.

    `role` is the bare slug (`admin`); Clerk's v1 tokens show it as `org:admin`. `permissions` are
    `feature:permission` (`dashboard:manage`).
    """

    organization: str
    role: str = "member"
    permissions: tuple[str, ...] = ()


class Organization(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An organization; `key` is how memberships name it, `id` is derived from it when absent."""

    key: str
    name: str
    id: str = ""
    slug: str = ""
    metadata: dict[str, Any] = {}
    external_id: str | None = None
    features: tuple[str, ...] = ()  # Clerk `fea` with the scope `o:`
    entitlements: tuple[str, ...] = ()  # WorkOS
    feature_flags: tuple[str, ...] = ()  # WorkOS


class User(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person. `metadata` is Clerk's public metadata and WorkOS's metadata."""

    email: str
    first_name: str | None = None
    last_name: str | None = None
    id: str = ""
    password: str = DEFAULT_PASSWORD
    username: str | None = None
    phone_number: str | None = None
    external_id: str | None = None
    metadata: dict[str, Any] = {}
    unsafe_metadata: dict[str, Any] = {}
    memberships: tuple[Membership, ...] = ()
    created_at: float = SEEDED_AT


class Directory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everyone and every organization of one provider."""

    organizations: tuple[Organization, ...] = ()
    users: tuple[User, ...] = ()

    def user(self, user_id: str) -> User | None:
        """The person with that id."""
        return next((user for user in self.users if user.id == user_id), None)

    def user_by_email(self, email: str) -> User | None:
        """The person with that address; case does not matter."""
        return next((user for user in self.users if user.email.casefold() == email.casefold()), None)

    def organization(self, organization_id: str) -> Organization | None:
        """The organization with that id."""
        return next((found for found in self.organizations if found.id == organization_id), None)

    def membership(self, user: User, organization: Organization) -> Membership | None:
        """The person's place in the organization, or None for a stranger."""
        return next((place for place in user.memberships if place.organization == organization.key), None)

    def organizations_of(self, user: User) -> tuple[Organization, ...]:
        """The organizations a person belongs to, in the seed's order."""
        return tuple(found for found in self.organizations if self.membership(user, found) is not None)


DEFAULT_SEED = Directory(
    organizations=(
        Organization(key="harbor", name="Harbor Books", slug="harbor-books", features=("dashboard", "teams")),
        Organization(key="juniper", name="Juniper Labs", slug="juniper-labs", features=("dashboard",)),
    ),
    users=(
        User(
            email="ada@harbor.example",
            first_name="Ada",
            last_name="Quist",
            memberships=(Membership("harbor", "admin", ("dashboard:manage", "dashboard:read", "teams:read")),),
        ),
        User(
            email="ben@harbor.example",
            first_name="Ben",
            last_name="Osei",
            memberships=(Membership("harbor", "member", ("dashboard:read",)),),
        ),
        User(
            email="cleo@juniper.example",
            first_name="Cleo",
            last_name="Marsh",
            memberships=(Membership("juniper", "admin", ("dashboard:manage", "dashboard:read")),),
        ),
        User(
            email="dan@juniper.example",
            first_name="Dan",
            last_name="Ito",
            memberships=(Membership("juniper", "member", ("dashboard:read",)),),
        ),
        User(
            email="ines@both.example",
            first_name="Ines",
            last_name="Falk",
            memberships=(Membership("harbor", "member"), Membership("juniper", "admin")),
        ),
        User(email="eve@alone.example", first_name="Eve"),
    ),
)


def load_seed(path: Path) -> Directory:
    """Read a seed file: TOML by its suffix `.toml`, else JSON.

    Raises ConfigurationError with the file and the place in it when it cannot be read or does not fit.
    """
    try:
        text = path.read_bytes()
        seed: Directory = (
            msgspec.toml.decode(text, type=Directory)
            if path.suffix == ".toml"
            else msgspec.json.decode(text, type=Directory)
        )
    except OSError as error:
        raise ConfigurationError(f"the seed file {path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the seed file {path} does not fit: {error}", "docs/offline.md lists the members of a seed file."
        ) from error
    known = {organization.key for organization in seed.organizations}
    for user in seed.users:
        for place in user.memberships:
            if place.organization not in known:
                raise ConfigurationError(
                    f"{path} puts {user.email} in {place.organization!r}, an organization it does not have",
                    f"Organizations are named by their `key`; the file has: {', '.join(sorted(known)) or 'none'}.",
                )
    return seed


def with_ids(seed: Directory, make_id: Callable[[str, str], str]) -> Directory:
    """Fill in the ids and slugs a seed left out. `make_id(prefix, seed)` gives the vendor's shape."""
    return Directory(
        organizations=tuple(
            msgspec.structs.replace(
                organization,
                id=organization.id or make_id("org", f"organization {organization.key}"),
                slug=organization.slug or organization.key,
            )
            for organization in seed.organizations
        ),
        users=tuple(
            msgspec.structs.replace(user, id=user.id or make_id("user", f"user {user.email}")) for user in seed.users
        ),
    )


def people(directory: Directory) -> list[Mapping[str, Any]]:
    """Who may sign in and where they belong, for a page's list of names. No passwords."""
    return [
        {
            "id": user.id,
            "email": user.email,
            "name": full_name(user),
            "organizations": [
                {"id": found.id, "name": found.name, "role": place.role}
                for found in directory.organizations
                if (place := directory.membership(user, found)) is not None
            ],
        }
        for user in directory.users
    ]


def full_name(user: User) -> str | None:
    """First and last name joined, or None when neither is known."""
    return " ".join(part for part in (user.first_name, user.last_name) if part) or None
