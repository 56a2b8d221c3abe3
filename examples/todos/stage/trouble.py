"""The acts in which something goes wrong: a storm of unknown keys, an issuer that is down, a slip of the owner."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from .people import ADA
from .rest import Answer, Expectation, refused

if TYPE_CHECKING:
    from .story import Story

STORM = 1_000  # tokens; the test suite sends 10,000
STORM_AT_ONCE = 200  # Rowgate lets 64 of them wait for the next fetch and refuses the others at once
HANDFUL = 5  # fetches of the key set that a storm may cause
NOTICED_SECONDS = 5.0  # from ALTER ROLE … BYPASSRLS to the refusal
BACK_SECONDS = 10.0  # from an issuer's return to the first token under a new key
WORKS = Expectation("200", lambda answer: answer.status == 200)


async def storm(story: Story) -> None:
    """Random key ids must not turn Rowgate into a hammer on the issuer."""
    good = await story.ada()
    before = await _fetches(story)
    answers: Counter[str] = Counter()
    waiting = [_with_random_kid(good) for _ in range(STORM)]

    async def send() -> None:
        while waiting:
            story.begin(story.act, f"{STORM - len(waiting)} of {STORM} tokens with made-up key ids")
            answers[(await story.rest.ask("GET", "lists?limit=1", waiting.pop())).in_words()] += 1

    begun = time.monotonic()
    sending = [asyncio.create_task(send()) for _ in range(STORM_AT_ONCE)]
    meanwhile = await story.rest.ask("GET", "lists", good)
    await asyncio.gather(*sending)
    took = time.monotonic() - begun
    fetches = await _fetches(story) - before
    told = ", ".join(f"{count} x {words}" for words, count in answers.most_common(2))
    all_refused = set(answers) == {"401 key_unknown"}
    story.record("a stranger", f"sends {STORM:,} made-up key ids", f"{STORM} x 401 key_unknown", told, all_refused)
    words = f"{fetches} in {took:.1f} s"
    story.record("Clerk", "is asked for its keys", f"at most {HANDFUL} fetches", words, fetches <= HANDFUL)
    story.record("Ada, Clerk", "reads during the storm", "200", meanwhile.in_words(), meanwhile.status == 200)


async def outage(story: Story) -> None:
    """Known keys keep working while the issuer is down, across a restart of ours; afterwards all is well again."""
    session = await story.clerk.sign_in(ADA)
    token = await story.clerk.token(session)
    unseen = _with_random_kid(token)
    story.begin(story.act, "Clerk goes down")
    await story.house.close_clerk()
    await story.scene("Ada, Clerk is down", "reads", WORKS, "GET", "lists", token)
    story.begin(story.act, "Rowgate and its PostgreSQL restart while Clerk is down")
    begun = time.monotonic()
    await story.house.stop_rowgate()
    await story.house.start_rowgate()
    took = time.monotonic() - begun
    story.record("Rowgate", "restarts, Clerk still down", "ready", f"ready after {took:.1f} s", True)
    await story.scene("Ada, Clerk is down", "reads after the restart", WORKS, "GET", "lists", token)
    helpless = Expectation("no entry", lambda answer: answer.refusal in ("key_unknown", "key_unavailable"))
    await story.scene("a stranger", "reads with an unseen key", helpless, "GET", "lists", unseen)
    story.begin(story.act, "Clerk comes back, with a new key")
    await story.house.reopen_clerk()
    await story.clerk.control("rotate")
    fresh = await story.ada()
    answer, waited = await _until(story, fresh, lambda answer: answer.status == 200, BACK_SECONDS)
    story.record(
        "Ada, Clerk is back",
        "reads under a new key",
        f"200 in {BACK_SECONDS:.0f} s",
        f"{answer.in_words()}, {waited:.1f} s",
        answer.status == 200,
    )


async def owners_slip(story: Story) -> None:
    """A role that may step around row-level security is refused, whatever token names it."""
    token = await story.ada()
    await story.scene("Ada, Clerk", "reads", WORKS, "GET", "lists", token)
    try:
        story.begin(story.act, "alter role authenticated bypassrls")
        await asyncio.to_thread(story.house.as_owner, "alter role authenticated bypassrls")
        expected = refused("role_privileged", 403)
        answer, waited = await _until(story, token, expected.holds, NOTICED_SECONDS)
        words = f"{expected.words} in {NOTICED_SECONDS:.0f} s"
        got = f"{answer.in_words()}, {waited:.1f} s"
        story.record("the owner", "gives everyone BYPASSRLS", words, got, expected.holds(answer))
    finally:
        await asyncio.to_thread(story.house.as_owner, "alter role authenticated nobypassrls")
    answer, waited = await _until(story, token, lambda answer: answer.status == 200, NOTICED_SECONDS)
    got = f"{answer.in_words()}, {waited:.1f} s"
    story.record("the owner", "takes it back", f"200 in {NOTICED_SECONDS:.0f} s", got, answer.status == 200)


async def _until(story: Story, token: str, true: Callable[[Answer], bool], seconds: float) -> tuple[Answer, float]:
    """Ask until an answer is as wanted, or the time is over; the last answer and the seconds it took."""
    begun = time.monotonic()
    while True:
        answer = await story.rest.ask("GET", "lists", token)
        waited = time.monotonic() - begun
        if true(answer) or waited > seconds:
            return answer, waited
        await asyncio.sleep(0.1)


async def _fetches(story: Story) -> int:
    """How often Clerk has been asked for its keys."""
    counted = (await story.clerk.control("", method="GET"))["requests"]
    return sum(count for path, count in counted.items() if path.endswith("jwks.json"))


def _with_random_kid(token: str) -> str:
    head, body, signature = token.split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    header["kid"] = f"ins_{secrets.token_hex(12)}"
    return f"{base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b'=').decode()}.{body}.{signature}"
