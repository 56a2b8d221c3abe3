"""A trusted issuer, as the verifier sees it: one frozen record that every provider module makes."""

from __future__ import annotations

from dataclasses import dataclass, field

from rowgate.identity.claim_path import ClaimPath
from rowgate.identity.jspath import JSPath
from rowgate.principal import TokenClass


@dataclass(frozen=True, slots=True)
class Discovery:
    """Keys come from the `jwks_uri` of an OpenID Connect discovery document at `url`."""

    url: str


@dataclass(frozen=True, slots=True)
class JwksUrl:
    """Keys come from this URL; no discovery document is asked for."""

    url: str


@dataclass(frozen=True, slots=True)
class PastedJwks:
    """Keys stand in the configuration as JSON text; nothing is fetched."""

    text: str


@dataclass(frozen=True, slots=True)
class ProjectSecret:
    """The key is the project's JWT secret (HS256)."""


@dataclass(frozen=True, slots=True)
class UnboundKeys:
    """The keys are the set without an issuer (`rest.jwt_secret`)."""


KeySource = Discovery | JwksUrl | PastedJwks | ProjectSecret | UnboundKeys


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whom to believe, by which keys, and which Postgres roles its tokens may become.

    `issuer` and `aliases` carry no trailing slash. `audiences`, `client_ids` and `authorized_parties` are None where
    nothing is checked. `roles` is None only for the project's own keys, which the secret's holder mints for any role,
    and for the key set without an issuer, whose tokens may take what the database's login may.
    """

    name: str
    provider: str
    issuer: str
    key_source: KeySource
    algorithms: frozenset[str]
    role_claim: ClaimPath | JSPath
    roles: frozenset[str] | None
    token_classes: frozenset[TokenClass]
    aliases: tuple[str, ...] = ()
    audiences: frozenset[str] | None = None
    audience_optional: bool = False  # true for the key set without an issuer only: PostgREST takes a token without aud
    client_ids: frozenset[str] | None = None
    authorized_parties: frozenset[str] | None = None
    clock_skew: float = 30.0  # seconds
    default_role: str | None = None
    accepts_pending: bool = False  # Clerk `sts: pending`
    expiry_required: bool = True  # false for the project's own keys, minted to last, and the key set without an issuer
    may_be_privileged: bool = False  # true for the project's own keys, and where allow_privileged_roles says so
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def own(self) -> bool:
        """Whether this stands for the project's own keys."""
        return self.provider == "own"

    @property
    def unbound(self) -> bool:
        """Whether this stands for the key set without an issuer."""
        return isinstance(self.key_source, UnboundKeys)

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Every `iss` this issuer answers to, without trailing slashes."""
        return (self.issuer, *self.aliases)
