"""What every provider module declares beside its builder: a classifier, a table of claims, and words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rowgate.errors import ConfigurationError
from rowgate.identity.claim_path import parse_claim_path
from rowgate.identity.issuer import Discovery, Issuer, JwksUrl, KeySource, PastedJwks
from rowgate.identity.issuer_url import check_issuer_url, check_url
from rowgate.identity.signing_key import (
    ASYMMETRIC_ALGORITHMS,
    SYMMETRIC_ALGORITHMS,
    KeySetMalformed,
    read_key_set,
)
from rowgate.identity.wording import listed
from rowgate.principal import TokenClass
from rowgate.project.settings import IssuerSettings

Claims = Mapping[str, Any]


class ClaimUse(StrEnum):
    """How a claim is accounted for. A claim in no table is passed on too, and explain points it out."""

    CHECKED = "checked"  # a step of the verification refuses a token over it
    READ = "read"  # the principal carries it
    PASSED = "passed on"  # deliberately unchecked: it reaches SQL, where policies read it


REGISTERED_CLAIMS: Mapping[str, ClaimUse] = {
    "iss": ClaimUse.CHECKED,
    "exp": ClaimUse.CHECKED,
    "nbf": ClaimUse.CHECKED,
    "iat": ClaimUse.CHECKED,
    "aud": ClaimUse.CHECKED,
    "azp": ClaimUse.CHECKED,
    "sub": ClaimUse.READ,
    "act": ClaimUse.READ,
    "jti": ClaimUse.PASSED,
    "role": ClaimUse.CHECKED,
}


def claims_table(**uses: ClaimUse) -> Mapping[str, ClaimUse]:
    """The registered claims (RFC 7519 section 4.1, RFC 8693 section 4.1) and a provider's own."""
    return {**REGISTERED_CLAIMS, **uses}


@dataclass(frozen=True, slots=True)
class Classified:
    """A token's class, or None with the reason why it has none."""

    token_class: TokenClass | None
    reason: str


@dataclass(frozen=True, slots=True)
class Profile:
    """One provider. `advice` gives the fix for a refusal code in the provider's own words, where it has some."""

    name: str
    title: str
    classify: Callable[[Claims, Claims], Classified]  # header, claims
    claims: Mapping[str, ClaimUse]
    advice: Mapping[str, str] = field(default_factory=dict)


AT_JWT = ("at+jwt", "application/at+jwt")  # RFC 9068 section 2.1


def is_at_jwt(header: Claims) -> bool:
    """Whether the header declares an RFC 9068 access token."""
    return str(header.get("typ", "")).lower() in AT_JWT


def setting(configured: IssuerSettings, name: str) -> str:
    """How a setting of an issuer is named in messages."""
    return f'issuer "{configured.name}": {name}'


def required(configured: IssuerSettings, name: str) -> str:
    """A setting the provider cannot do without. Raises ConfigurationError."""
    value = getattr(configured, name)
    if not value:
        raise ConfigurationError(
            f'issuer "{configured.name}" (provider {configured.provider}) has no {name}',
            f'Write {name} = "…" under [[rowgate.issuers]].',
        )
    return str(value)


def make_issuer(
    configured: IssuerSettings,
    issuer: str,
    *,
    algorithms: tuple[str, ...],
    token_classes: frozenset[TokenClass],
    audiences: tuple[str, ...] | None = None,
    audience_required: bool = False,
    client_ids: tuple[str, ...] | None = None,
    key_source: KeySource | None = None,
    warnings: tuple[str, ...] = (),
) -> Issuer:
    """Join a provider's defaults with what is configured. Raises ConfigurationError naming issuer and setting."""
    identifier = check_issuer_url(issuer, setting(configured, "issuer"))
    source, notes = _key_source(configured, identifier, key_source)
    checked_audiences, audience_warnings = _audiences(configured, audiences, audience_required)
    classes, accepts_pending = _token_classes(configured, token_classes)
    if configured.clock_skew < 0 or configured.clock_skew > 600:
        raise ConfigurationError(
            f"{setting(configured, 'clock_skew')} = {configured.clock_skew} is not between 0 and 600 seconds"
        )
    return Issuer(
        name=configured.name,
        provider=configured.provider,
        issuer=identifier,
        aliases=tuple(check_issuer_url(alias, setting(configured, "aliases")) for alias in configured.aliases),
        key_source=source,
        algorithms=_algorithms(configured, algorithms),
        audiences=checked_audiences,
        client_ids=frozenset(client_ids) if client_ids else None,
        authorized_parties=(
            None if configured.authorized_parties is None else frozenset(configured.authorized_parties)
        ),
        clock_skew=configured.clock_skew,
        roles=frozenset(configured.roles),
        role_claim=parse_claim_path(configured.role_claim, setting(configured, "role_claim")),
        default_role=configured.default_role,
        token_classes=classes,
        accepts_pending=accepts_pending,
        warnings=warnings + audience_warnings + notes,
    )


def _key_source(
    configured: IssuerSettings, identifier: str, default: KeySource | None
) -> tuple[KeySource, tuple[str, ...]]:
    if configured.jwks_url and configured.jwks:
        raise ConfigurationError(
            f'issuer "{configured.name}" has both jwks_url and jwks', "Keep one: fetched keys or pasted keys."
        )
    if configured.jwks_url:
        check_url(configured.jwks_url, setting(configured, "jwks_url"))
        return JwksUrl(configured.jwks_url), ()
    if configured.jwks:
        try:
            keys = read_key_set(configured.jwks.encode("utf-8"), pasted=True)
        except KeySetMalformed as error:
            raise ConfigurationError(
                f"{setting(configured, 'jwks')} is {error}", 'Paste the whole document: {"keys": [{"kty": …}]}.'
            ) from None
        if not keys.keys:
            raise ConfigurationError(
                f"{setting(configured, 'jwks')} holds no usable key ({'; '.join(keys.notes) or 'it is empty'})",
                "Paste the public signing keys of the issuer.",
            )
        return PastedJwks(configured.jwks), tuple(f"{setting(configured, 'jwks')}: {note}" for note in keys.notes)
    return default or Discovery(identifier + "/.well-known/openid-configuration"), ()


def _algorithms(configured: IssuerSettings, default: tuple[str, ...]) -> frozenset[str]:
    chosen = frozenset(default if configured.algorithms is None else configured.algorithms)
    where = setting(configured, "algorithms")
    symmetric = chosen & SYMMETRIC_ALGORITHMS
    if symmetric:
        raise ConfigurationError(
            f"{where} lists {listed(symmetric)}",
            "An issuer signs with a private key. HS256 tokens made with the project's JWT secret are accepted without "
            "an issuer: see shared_secret_enabled.",
        )
    unknown = chosen - ASYMMETRIC_ALGORITHMS
    if unknown or not chosen:
        raise ConfigurationError(
            f"{where} lists {listed(unknown)}", f"Known algorithms: {', '.join(sorted(ASYMMETRIC_ALGORITHMS))}."
        )
    return chosen


def _audiences(
    configured: IssuerSettings, default: tuple[str, ...] | None, required_: bool
) -> tuple[frozenset[str] | None, tuple[str, ...]]:
    chosen = default if configured.audiences is None else configured.audiences
    if chosen is None or not chosen:
        if required_ or chosen is not None:
            raise ConfigurationError(
                f'issuer "{configured.name}" (provider {configured.provider}) has no audiences',
                'Write audiences = ["…"] with the value of `aud` in tokens meant for this API: without it a token that '
                'the same issuer made for any other service opens this database. audiences = ["*"] accepts that risk.',
            )
        return None, ()
    if "*" in chosen:
        return None, (
            f'issuer "{configured.name}" accepts any audience ("*"): a token made for another service works here too.',
        )
    return frozenset(chosen), ()


def _token_classes(configured: IssuerSettings, default: frozenset[TokenClass]) -> tuple[frozenset[TokenClass], bool]:
    if configured.token_classes is None:
        return default, False
    names = set(configured.token_classes)
    pending = "session_pending" in names
    names.discard("session_pending")
    known = {member.value for member in TokenClass} - {TokenClass.ANONYMOUS.value, TokenClass.API_KEY.value}
    if names - known:
        raise ConfigurationError(
            f"{setting(configured, 'token_classes')} lists {listed(names - known)}",
            f"Known classes: {', '.join(sorted(known))}, session_pending.",
        )
    return frozenset(TokenClass(name) for name in names), pending
