"""One issuer's key set over time: refreshed in the background and on an unknown kid, kept through outages."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from rowgate.fetch import Fetch
from rowgate.identity.allowance import Allowance
from rowgate.identity.case import KeyAnswer
from rowgate.identity.issuer import Issuer, PastedJwks
from rowgate.identity.key_cache import KeyCache
from rowgate.identity.key_fetch import KeysUnavailable, fetch_key_set
from rowgate.identity.signing_key import KeySet, KeySetMalformed, read_key_set, write_key_set
from rowgate.identity.wording import show

WAITING_LIMIT = 64  # never-seen kids whose tokens may wait for the next fetch; further ones are refused at once
MISSING_LIMIT = 1024  # kids remembered as absent
KID_LIMIT = 512  # characters; no issuer's is longer than 100, and absent ones are remembered
UNPLANNED_BURST = 3  # fetches for unknown kids that may follow at once: two rotations in a row go unnoticed
FIRST_RETRY = 2.0  # seconds after a first failure; doubles up to the refresh interval


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, to be replaced in tests: `wall` in Unix seconds, `steady` never goes back."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """How keys are kept fresh; all in seconds (`IdentitySettings`)."""

    refresh_interval: float
    unknown_kid_cooldown: float
    stale_if_error: float
    fetch_timeout: float


@dataclass(frozen=True, slots=True)
class KeySetStatus:
    """What an operator wants to see of one issuer's keys. Times are Unix seconds."""

    issuer: str
    source: str
    keys: tuple[str, ...]  # kid and algorithms, in words
    notes: tuple[str, ...]
    fetched_at: float | None
    last_error: str | None
    next_attempt_at: float | None
    fetches: int


class KeySetKeeper:
    """Holds one issuer's keys. A broken issuer is broken alone: nothing here is shared with another.

    `withdrawn` is called after a key has left the set: verdicts that rest on it must be dropped. A key that is added
    unsettles none.
    """

    def __init__(
        self,
        issuer: Issuer,
        fetch: Fetch,
        policy: KeyPolicy,
        cache: KeyCache | None,
        clock: Clock,
        withdrawn: Callable[[], None],
    ) -> None:
        self.issuer = issuer
        self._fetch = fetch
        self._policy = policy
        self._cache = cache
        self._clock = clock
        self._withdrawn = withdrawn
        self._keys: KeySet | None = None
        self._age_zero = 0.0  # steady time at which the present set was fetched
        self._fetched_at: float | None = None
        self._last_error: str | None = None
        self._failures = 0
        self._fetches = 0
        self._running: asyncio.Task[None] | None = None
        self._completed = 0  # the number of the last fetch that has ended
        self._allowance = Allowance(UNPLANNED_BURST, policy.unknown_kid_cooldown, clock.steady)
        self._next_attempt: float | None = None  # steady
        self._missing: OrderedDict[str, float] = OrderedDict()  # kid → steady time of the fetch that lacked it
        self._waiting: Counter[str] = Counter()  # kid → tokens that wait for a fetch
        self._background: asyncio.Task[None] | None = None
        self._load()

    @property
    def fetched(self) -> bool:
        """Whether keys come over the network."""
        return not isinstance(self.issuer.key_source, PastedJwks)

    @property
    def policy(self) -> KeyPolicy:
        """How these keys are kept fresh."""
        return self._policy

    @property
    def busy(self) -> bool:
        """Whether a task of this keeper runs."""
        return self._background is not None or self._under_way

    def reissue(self, issuer: Issuer) -> None:
        """Serve the same keys for an issuer whose other settings have changed."""
        self.issuer = issuer

    def peek(self, kid: str | None) -> KeyAnswer:
        """The answer from the keys at hand, without I/O."""
        keys = self._usable()
        if keys is None:
            return KeyAnswer(
                problem="key_unavailable",
                explanation=f"The keys of issuer {show(self.issuer.name)} are not known yet"
                + (f": {self._last_error}." if self._last_error else "."),
            )
        found = keys.candidates(kid)
        if found:
            return KeyAnswer(found, notes=keys.notes)
        if kid is None:
            return KeyAnswer(
                problem="kid_missing",
                explanation=f"The header has no kid, and issuer {show(self.issuer.name)} has {len(keys.keys)} keys.",
                notes=keys.notes,
            )
        return KeyAnswer(
            problem="key_unknown",
            explanation=f"Issuer {show(self.issuer.name)} has no usable key with the kid {show(kid)}.",
            notes=keys.notes,
        )

    async def find(self, kid: str | None) -> KeyAnswer:
        """The answer, after fetching where that may help; at most about `fetch_timeout` seconds."""
        answer = self.peek(kid)
        if answer.keys or not self.fetched or answer.problem == "kid_missing":
            return answer
        if answer.problem == "key_unavailable":
            await self._wait_for_first()
        elif kid is not None and len(kid) > KID_LIMIT:
            return answer
        elif kid is not None and not self._known_missing(kid):
            await self._wait_for_newer(kid)
        answer = self.peek(kid)
        if answer.problem == "key_unknown" and kid is not None:
            self._remember_missing(kid)
        return answer

    async def refresh(self) -> None:
        """Fetch once, or join the fetch under way. Never raises for what the issuer does; see `status`."""
        if not self._under_way:
            self._fetches += 1
            self._running = asyncio.create_task(self._refresh(), name=f"keys of {self.issuer.name}")
        assert self._running is not None
        # Not `await task`: a fetch that is cancelled (its issuer was removed) must not cancel the requests that wait.
        await asyncio.wait((self._running,))

    def start(self) -> None:
        """Begin the background refresh. Does not wait for the first fetch."""
        if self.fetched and self._background is None:
            self._background = asyncio.create_task(self._keep_fresh(), name=f"refresh of {self.issuer.name}")

    async def stop(self) -> None:
        """End the background refresh and any fetch under way."""
        for task in (self._background, self._running):
            if task is not None and not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self._background = None

    def status(self) -> KeySetStatus:
        """For `rowgate issuer list` and `test`."""
        keys = self._usable()
        source = self.issuer.key_source
        steady, wall = self._clock.steady(), self._clock.wall()
        return KeySetStatus(
            issuer=self.issuer.name,
            source=getattr(source, "url", "pasted"),
            keys=tuple(f"{key.kid or 'no kid'} ({', '.join(sorted(key.algorithms))})" for key in keys.keys)
            if keys
            else (),
            notes=keys.notes if keys else (),
            fetched_at=self._fetched_at,
            last_error=self._last_error,
            next_attempt_at=None if self._next_attempt is None else wall + max(0.0, self._next_attempt - steady),
            fetches=self._fetches,
        )

    def _load(self) -> None:
        source = self.issuer.key_source
        if isinstance(source, PastedJwks):
            self._keys = read_key_set(source.text.encode("utf-8"), pasted=True)
            return
        cached = self._cache.load(self.issuer) if self._cache is not None else None
        if cached is None:
            return
        age = max(0.0, self._clock.wall() - cached.fetched_at)
        try:
            keys = read_key_set(cached.document)
        except KeySetMalformed:
            return
        if keys.keys and age <= self._policy.stale_if_error:
            self._keys = keys
            self._age_zero = self._clock.steady() - age
            self._fetched_at = cached.fetched_at

    def _usable(self) -> KeySet | None:
        if self._keys is None or not self.fetched:
            return self._keys
        # Only failures let a set grow this old: every success renews it.
        return self._keys if self._clock.steady() - self._age_zero <= self._policy.stale_if_error else None

    def _known_missing(self, kid: str) -> bool:
        seen = self._missing.get(kid)
        return seen is not None and self._clock.steady() - seen < self._policy.unknown_kid_cooldown

    def _remember_missing(self, kid: str) -> None:
        """Note when a kid was first found missing; the note counts for one cool-down."""
        if not self._known_missing(kid):
            self._missing.pop(kid, None)
            self._missing[kid] = self._clock.steady()
            if len(self._missing) > MISSING_LIMIT:
                self._missing.popitem(last=False)

    async def _wait_for_first(self) -> None:
        if not self._under_way and not self._allowance.take():
            return  # tried a moment ago, and it failed
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._policy.fetch_timeout):
                await self.refresh()

    async def _wait_for_newer(self, kid: str) -> None:
        """Wait for a fetch that began after this token came: its key may have been published a moment ago.

        Unplanned fetches are rationed whatever comes in. A kid never seen before waits for the next one, so that a
        rotation right after such a fetch refuses no good token, however many come under the one new kid; a storm of
        made-up kids fills the few waiting places and is refused at once beyond them.
        """
        if kid not in self._waiting and len(self._waiting) >= WAITING_LIMIT:
            return
        self._waiting[kid] += 1
        begun = self._fetches
        try:
            async with asyncio.timeout(self._policy.fetch_timeout):
                while self._completed <= begun and not self.peek(kid).keys:
                    if self._under_way or self._allowance.take():
                        await self.refresh()
                    else:
                        await asyncio.sleep(self._allowance.pause())
        except TimeoutError:
            return
        finally:
            self._waiting[kid] -= 1
            if not self._waiting[kid]:
                del self._waiting[kid]

    @property
    def _under_way(self) -> bool:
        return self._running is not None and not self._running.done()

    async def _refresh(self) -> None:
        number = self._fetches
        try:
            async with asyncio.timeout(self._policy.fetch_timeout):
                keys, document = await fetch_key_set(self.issuer, self._fetch, self._policy.fetch_timeout)
        except KeysUnavailable as error:
            self._failed(str(error))
        except TimeoutError:
            self._failed(f"no answer within {self._policy.fetch_timeout:g} s")
        except Exception as error:
            self._failed(f"unexpected: {type(error).__name__}")
        else:
            self._succeeded(keys, document)
        finally:
            self._completed = number

    def _failed(self, reason: str) -> None:
        self._failures += 1
        self._last_error = reason

    def _succeeded(self, keys: KeySet, document: bytes) -> None:
        before = self._keys
        self._keys = keys
        self._age_zero = self._clock.steady()
        self._fetched_at = self._clock.wall()
        self._failures = 0
        self._last_error = None
        if self._cache is not None:
            self._last_error = self._cache.store(self.issuer, write_key_set(document), self._fetched_at)
        if before is None or before.fingerprints != keys.fingerprints:
            self._missing.clear()
            # Refused from now on without waiting for one more fetch that says the same.
            self._missing.update(dict.fromkeys(_withdrawn_kids(before, keys), self._age_zero))
        if before is not None and not before.fingerprints <= keys.fingerprints:
            self._withdrawn()

    async def _keep_fresh(self) -> None:
        while True:
            await self.refresh()
            interval = self._policy.refresh_interval
            pause = min(interval, FIRST_RETRY * 2 ** min(self._failures - 1, 16)) if self._failures else interval
            self._next_attempt = self._clock.steady() + pause
            await asyncio.sleep(pause)


def _withdrawn_kids(before: KeySet | None, now: KeySet) -> set[str]:
    if before is None:
        return set()
    kept = {key.kid for key in now.keys}
    return {key.kid for key in before.keys if key.kid is not None and key.kid not in kept}
