"""The one verifier: two headers in, a Principal or a Refusal out. Everything a verdict rests on lives here, per worker.

`recall` is the hot path: one lookup and two comparisons. `verify` is a credential's first sight. Each change of
trust (issuers, keys, roles, kills) raises `epoch`, and no verdict of an older epoch is used again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rowgate.fetch import Fetch, Fetcher
from rowgate.identity.apikeys import ProjectKeys
from rowgate.identity.case import Case, KeyAnswer, Trust
from rowgate.identity.credentials import Bearer, OpaqueKey, read_credentials
from rowgate.identity.issuer import Issuer, ProjectSecret
from rowgate.identity.issuers import IssuerBook, build_issuers
from rowgate.identity.key_cache import KeyCache
from rowgate.identity.keysets import Clock, KeyPolicy, KeySetKeeper, KeySetStatus
from rowgate.identity.meter import ACCEPTED, Meter
from rowgate.identity.principals import anonymous, judge_key, principal_of
from rowgate.identity.providers.own import OWN_NAME, own_issuer
from rowgate.identity.providers.shared_secret import shared_secret_issuer
from rowgate.identity.refusals import Refusal
from rowgate.identity.signing_key import secret_key
from rowgate.identity.steps import BEFORE_KEY, FROM_KEY, walk
from rowgate.identity.unbound import Unbound, unbound_of
from rowgate.identity.verdict import Refused
from rowgate.identity.verdict_cache import Entry, VerdictCache, entry_size
from rowgate.postgres.roles import RoleSnapshot
from rowgate.principal import Principal
from rowgate.project.settings import IdentitySettings, RestSettings, Secrets, Settings

LONGEST_MEMORY = 3600.0  # seconds; a token that never ends is looked at again after this time

# Trust may change while a verification waits for keys; then its verdict is an old one and is reached once more. Trust
# that never comes to rest must not hold a request for ever.
JUDGED_AGAIN = 2

Killed = Callable[[Principal], Refusal | None]


@dataclass(frozen=True, slots=True)
class _Verdict:
    principal: Principal
    label: str  # for the meter
    not_before: float
    good_until: float


class Verifier:
    """Verifies for one process. `roles` gives the present snapshot of the database's roles; `killed` may refuse any
    principal, remembered ones included (the place of the kill list); `rest` may configure the key set without an
    issuer. Raises ConfigurationError for bad issuers."""

    def __init__(
        self,
        identity: IdentitySettings,
        secrets: Secrets,
        *,
        anonymous_role: str | None,
        cache_folder: Path | None,
        roles: Callable[[], RoleSnapshot],
        rest: RestSettings | None = None,
        fetch: Fetch | None = None,
        clock: Clock | None = None,
        meter: Meter | None = None,
        killed: Killed | None = None,
    ) -> None:
        self.meter = meter or Meter()
        self._fetch = fetch or Fetcher()
        self._clock = clock or Clock()
        self._now = self._clock.wall
        self._roles = roles
        self._killed = killed
        self._key_cache = KeyCache(cache_folder) if cache_folder is not None else None
        self._memory = VerdictCache(identity.token_cache_bytes)
        self._entries = self._memory.entries
        self._epoch = 0
        self._first_sights = 0
        self._started = False
        self._keepers: dict[str, KeySetKeeper] = {}
        self._retired: set[asyncio.Task[None]] = set()
        self._install(identity, secrets, anonymous_role, unbound_of(rest) if rest is not None else None)

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        *,
        cache_folder: Path | None,
        roles: Callable[[], RoleSnapshot],
        meter: Meter | None = None,
        killed: Killed | None = None,
    ) -> Verifier:
        """The verifier of a resolved project."""
        return cls(
            settings.identity,
            settings.secrets,
            anonymous_role=settings.rest.db_anon_role,
            cache_folder=cache_folder,
            roles=roles,
            rest=settings.rest,
            meter=meter,
            killed=killed,
        )

    @property
    def epoch(self) -> int:
        """The trust epoch: rises with every change of issuers, keys, roles and kills."""
        return self._epoch

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """The configured issuers, in order."""
        return tuple(keeper.issuer for keeper in self._keepers.values())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is questionable about the issuers, to be said at every start."""
        unbound = (self._unbound.issuer,) if self._unbound is not None else ()
        return tuple(warning for issuer in (*self.issuers, *unbound) for warning in issuer.warnings)

    def recall(self, authorization: bytes | None, apikey: bytes | None) -> Principal | Refusal | None:
        """The remembered verdict on exactly these two headers, or None where `verify` has to look."""
        entry = self._entries.get((authorization, apikey))
        if entry is None or not entry.not_before <= self._now() <= entry.good_until:
            return None
        if self._killed is not None and (refused := self._killed(entry.principal)) is not None:
            self.meter.tally(refused.issuer, refused.code).count += 1
            return refused
        entry.tally.count += 1
        return entry.principal

    async def verify(self, authorization: bytes | None, apikey: bytes | None) -> Principal | Refusal:
        """Judge two headers as received. Never raises for what they hold; may wait for an issuer's keys."""
        remembered = self.recall(authorization, apikey)
        if remembered is not None:
            return remembered
        self._first_sights += 1
        presented = (authorization, apikey)
        self._memory.drop(presented)
        for _ in range(JUDGED_AGAIN + 1):
            epoch = self._epoch
            verdict = await self._judge(authorization, apikey)
            if epoch == self._epoch:
                break
        if isinstance(verdict, _Verdict) and self._killed is not None:
            verdict = self._killed(verdict.principal) or verdict
        if isinstance(verdict, Refusal):
            self.meter.tally(verdict.issuer, verdict.code).count += 1
            return verdict
        tally = self.meter.tally(verdict.label, ACCEPTED)
        tally.count += 1
        if epoch == self._epoch:
            size = entry_size(presented, verdict.principal)
            self._memory.store(presented, Entry(verdict.not_before, verdict.good_until, verdict.principal, tally, size))
        return verdict.principal

    async def start(self) -> None:
        """Begin refreshing keys in the background. Waits for no issuer."""
        self._started = True
        for keeper in self._keepers.values():
            keeper.start()

    async def stop(self) -> None:
        """End every task of the verifier."""
        self._started = False
        await asyncio.gather(*(keeper.stop() for keeper in self._keepers.values()), *self._retired)

    def reconfigure(self, settings: Settings) -> None:
        """Take new settings over at once; issuers whose keys come from the same place keep them.

        Raises ConfigurationError and changes nothing when the new issuers are not valid. Call it on the event loop.
        """
        self._install(settings.identity, settings.secrets, settings.rest.db_anon_role, unbound_of(settings.rest))

    def roles_changed(self) -> None:
        """Call when the role snapshot has changed."""
        self._raise_epoch()

    def kills_changed(self) -> None:
        """Call when the kill list has changed."""
        self._raise_epoch()

    def status(self) -> tuple[KeySetStatus, ...]:
        """Each issuer's keys and how fresh they are."""
        return tuple(keeper.status() for keeper in self._keepers.values())

    def remembering(self) -> tuple[int, int, int]:
        """How often a verdict was asked for, how often it was remembered, and how many made room for others."""
        asked = sum(self.meter.counts().values())
        return asked, max(0, asked - self._first_sights), self._memory.evictions

    async def refresh(self, issuer: str) -> KeySetStatus:
        """Fetch one issuer's keys now (`rowgate issuer test`). Raises KeyError for a name that is not configured."""
        keeper = self._keepers[issuer]
        if keeper.fetched:
            await keeper.refresh()
        return keeper.status()

    def case(self, token: bytes) -> Case:
        """A token before its examination, under the present trust; for explain."""
        return Case(token, self._trust, self._roles(), self._now())

    async def answer(self, case: Case) -> KeyAnswer:
        """The keys for a case whose issuer is known."""
        if isinstance(case.issuer.key_source, ProjectSecret):
            return KeyAnswer((self._trust.secret,))
        if case.issuer.unbound:
            if self._unbound is None:  # reconfigured away while this verification was under way
                return KeyAnswer(problem="key_unavailable", explanation="The key set has just been removed.")
            return self._unbound.answer(case.kid)
        keeper = self._keepers.get(case.issuer.name)
        if keeper is None:  # reconfigured away while this verification was under way
            return KeyAnswer(problem="key_unavailable", explanation="The issuer has just been removed.")
        return await keeper.find(case.kid)

    @property
    def keys(self) -> ProjectKeys:
        """The project's own keys."""
        return self._project_keys

    def _install(
        self, identity: IdentitySettings, secrets: Secrets, anonymous_role: str | None, unbound: Unbound | None
    ) -> None:
        issuers = build_issuers(identity)
        policy = KeyPolicy(
            refresh_interval=identity.refresh_interval,
            unknown_kid_cooldown=identity.unknown_kid_cooldown,
            stale_if_error=identity.stale_if_error,
            fetch_timeout=identity.fetch_timeout,
        )
        trust = Trust(
            issuers=IssuerBook(issuers),
            own=own_issuer(),
            shared_secret=shared_secret_issuer(identity),
            shared_secret_enabled=identity.shared_secret_enabled,
            secret=secret_key(secrets.jwt_secret.encode("utf-8")),
            unbound=unbound.issuer if unbound is not None else None,
        )
        keepers = {issuer.name: self._keeper(issuer, policy) for issuer in issuers}
        retired = [keeper for keeper in self._keepers.values() if keeper not in keepers.values()]
        self._trust, self._keepers, self._unbound = trust, keepers, unbound
        self._project_keys = ProjectKeys(secrets)
        self._anonymous_role = anonymous_role
        self._raise_epoch()
        for keeper in retired:
            self._retire(keeper)
        if self._started:
            for keeper in keepers.values():
                keeper.start()

    def _keeper(self, issuer: Issuer, policy: KeyPolicy) -> KeySetKeeper:
        for keeper in self._keepers.values():
            present = keeper.issuer
            if (present.issuer, present.key_source) == (issuer.issuer, issuer.key_source) and keeper.policy == policy:
                keeper.reissue(issuer)
                return keeper
        return KeySetKeeper(issuer, self._fetch, policy, self._key_cache, self._clock, self._raise_epoch)

    def _retire(self, keeper: KeySetKeeper) -> None:
        if not keeper.busy:
            return
        task = asyncio.get_running_loop().create_task(keeper.stop())
        self._retired.add(task)
        task.add_done_callback(self._retired.discard)

    def _raise_epoch(self) -> None:
        self._epoch += 1
        self._memory.clear()

    async def _judge(self, authorization: bytes | None, apikey: bytes | None) -> _Verdict | Refusal:
        presented = read_credentials(authorization, apikey)
        if isinstance(presented, Refusal):
            return presented
        if isinstance(presented, Bearer):
            return await self._judge_token(presented)
        if isinstance(presented, OpaqueKey):
            return self._judge_key(presented.key)
        return self._standing(anonymous(self._anonymous_role, self._roles()), "anonymous")

    def _judge_key(self, presented: bytes) -> _Verdict | Refusal:
        return self._standing(judge_key(presented, self._project_keys, self._trust.own, self._roles()), OWN_NAME)

    async def _judge_token(self, presented: Bearer) -> _Verdict | Refusal:
        if presented.apikey is not None and not self._is_own_key(presented.apikey):
            # The token alone would do, as in upstream's local gateway; but a client set up with another project's key
            # would then fail only where it has no token. The hosted gateway refuses it too.
            return self._judge_key(presented.apikey)
        if self._project_keys.match(presented.token) is not None:
            return self._judge_key(presented.token)
        case = self.case(presented.token)
        try:
            walk(case, BEFORE_KEY)
            case.answer = await self.answer(case)
            case.now = self._now()  # waiting for keys takes time
            walk(case, FROM_KEY)
        except Refused as refused:
            return refused.refusal
        good_until = case.now + LONGEST_MEMORY
        if case.expires_at is not None:
            good_until = min(good_until, case.expires_at + case.issuer.clock_skew)
        return _Verdict(principal_of(case), case.issuer.name, case.not_before, good_until)

    def _is_own_key(self, apikey: bytes) -> bool:
        """Whether an `apikey` beside a token is one of the project's keys, or a JWT minted as one."""
        if self._project_keys.match(apikey) is not None:
            return True
        case = self.case(apikey)
        try:
            walk(case, BEFORE_KEY)
            if case.issuer is self._trust.own:
                case.answer = KeyAnswer((self._trust.secret,))
            elif case.issuer.unbound and self._unbound is not None:  # a deployment of PostgREST's has keys of its own
                case.answer = self._unbound.answer(case.kid)
            else:
                return False
            walk(case, FROM_KEY)
        except Refused:
            return False
        return True

    def _standing(self, found: Principal | Refusal, label: str) -> _Verdict | Refusal:
        """A verdict that lasts as long as the trust epoch does."""
        if isinstance(found, Refusal):
            return found
        return _Verdict(found, label, float("-inf"), float("inf"))
