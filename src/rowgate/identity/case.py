"""One token under examination: what is known so far, filled in step by step."""

from __future__ import annotations

from dataclasses import dataclass, field

from rowgate.identity.issuer import Issuer
from rowgate.identity.issuers import IssuerBook
from rowgate.identity.signing_key import SigningKey
from rowgate.identity.token import Token
from rowgate.postgres.roles import RoleSnapshot
from rowgate.principal import TokenClass


@dataclass(frozen=True, slots=True)
class Trust:
    """Everything a verdict depends on besides the token, the keys and the time."""

    issuers: IssuerBook
    own: Issuer
    shared_secret: Issuer
    shared_secret_enabled: bool
    secret: SigningKey = field(repr=False)
    unbound: Issuer | None = None  # the rules of the key set without an issuer, where one is configured


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """The keys a token may have been signed by, or why there is none (a code and words)."""

    keys: tuple[SigningKey, ...] = ()
    problem: str = ""  # a refusal code where there are no keys
    explanation: str = ""
    notes: tuple[str, ...] = ()  # for the operator: keys left out of the set, why a fetch failed


@dataclass(slots=True)
class Case:
    """The working record of one verification. Steps read what earlier steps have set; `now` is Unix seconds."""

    raw: bytes
    trust: Trust
    roles: RoleSnapshot
    now: float
    _token: Token | None = None
    _issuer: Issuer | None = None
    answer: KeyAnswer | None = None
    token_class: TokenClass | None = None
    role: str | None = None
    privileged: bool = False
    not_before: float = 0.0
    expires_at: float | None = None

    @property
    def token(self) -> Token:
        """Set by the step `shape`."""
        assert self._token is not None
        return self._token

    @token.setter
    def token(self, token: Token) -> None:
        self._token = token

    @property
    def issuer(self) -> Issuer:
        """Set by the step `issuer`."""
        assert self._issuer is not None
        return self._issuer

    @issuer.setter
    def issuer(self, issuer: Issuer) -> None:
        self._issuer = issuer

    @property
    def parsed(self) -> bool:
        return self._token is not None

    @property
    def known_issuer(self) -> Issuer | None:
        return self._issuer

    @property
    def symmetric(self) -> bool:
        """Whether `alg` names the HMAC family, which only the project's secret can answer."""
        return str(self.token.header.get("alg")).startswith("HS")

    @property
    def kid(self) -> str | None:
        """The `kid`; the step `header` has checked that it is a string where present."""
        kid = self.token.header.get("kid")
        return kid if isinstance(kid, str) else None
