"""The configured issuers: built once from settings, found by `iss` and never by anything else."""

from __future__ import annotations

from collections.abc import Iterable

from rowgate.errors import ConfigurationError
from rowgate.identity.issuer import Issuer
from rowgate.identity.providers import BUILDERS
from rowgate.identity.providers.own import OWN_NAME
from rowgate.identity.providers.postgrest import POSTGREST_NAME
from rowgate.identity.providers.shared_secret import SHARED_SECRET_NAME
from rowgate.project.settings import IdentitySettings

__all__ = ["RESERVED_NAMES", "Issuer", "IssuerBook", "build_issuers"]

RESERVED_NAMES = (OWN_NAME, SHARED_SECRET_NAME, POSTGREST_NAME, "anonymous")  # they label counters beside the issuers


def build_issuers(settings: IdentitySettings) -> tuple[Issuer, ...]:
    """Turn `[[rowgate.issuers]]` into issuers, in order. Raises ConfigurationError naming the issuer and the setting.

    What is questionable but allowed (an audience of `*`, a pasted key with private members) is in `Issuer.warnings`.
    """
    issuers: list[Issuer] = []
    names: set[str] = set()
    for configured in settings.issuers:
        if not configured.name:
            raise ConfigurationError("an issuer has no name", 'Write name = "…": counters and messages show it.')
        if configured.name in names or configured.name in RESERVED_NAMES:
            raise ConfigurationError(
                f'two issuers are named "{configured.name}"'
                if configured.name in names
                else f'an issuer is named "{configured.name}", which stands for something else',
                "Give each issuer a name of its own.",
            )
        names.add(configured.name)
        issuers.append(BUILDERS[configured.provider](configured))
    IssuerBook(issuers)
    return tuple(issuers)


class IssuerBook:
    """Issuers by `iss`. Raises ConfigurationError when two of them answer to the same one."""

    def __init__(self, issuers: Iterable[Issuer]) -> None:
        self._by_identifier: dict[str, Issuer] = {}
        for issuer in issuers:
            for identifier in issuer.identifiers:
                other = self._by_identifier.setdefault(identifier, issuer)
                if other is not issuer:
                    raise ConfigurationError(
                        f'issuers "{other.name}" and "{issuer.name}" both answer to {identifier}',
                        "Remove one, or the alias: a token must lead to exactly one set of keys.",
                    )

    def find(self, iss: str) -> Issuer | None:
        """The issuer of this `iss`, compared exactly but for one trailing slash (WorkOS prints both forms)."""
        return self._by_identifier.get(iss.removesuffix("/"))

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Every `iss` that is trusted, for messages."""
        return tuple(self._by_identifier)
