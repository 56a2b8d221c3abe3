"""The story, scene by scene: who asks for what, and what must come of it."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from . import graphql, trouble
from .house import House
from .people import ADA, BEN, CLEO, DAN, Clerk, Workos
from .rest import Answer, Expectation, Rest, denied, exactly, refused, rows

SUPABASE_TEMPLATE = '{"role":"authenticated","user_role": {{organization_membership.role}}}'
MEANWHILE = 25  # requests that must have gone through while the keys rotate
WITHDRAWAL_SECONDS = 2.0  # from a new key set being seen to the end of a key that is no longer in it


@dataclass(frozen=True, slots=True)
class Scene:
    """One line of the table."""

    act: str
    who: str
    what: str
    expected: str
    got: str
    passed: bool


@dataclass(slots=True)
class Story:
    """Plays all acts against one running Rowgate and two running issuers."""

    rest: Rest
    clerk: Clerk
    workos: Workos
    house: House = field(repr=False)
    begin: Callable[[str, str], None]  # (act, what is about to happen)
    scenes: list[Scene] = field(default_factory=list)
    act: str = ""

    async def play(self) -> list[Scene]:
        """All acts in order; a scene that fails does not stop the next."""
        acts: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            ("Own rows", self.own_rows),
            ("GraphQL", lambda: graphql.same_rows(self)),
            ("Organizations", self.organizations),
            ("Second factor", self.second_factor),
            ("Refusals", self.refusals),
            ("Key rotation", self.rotation),
            ("A storm of keys", lambda: trouble.storm(self)),
            ("Clerk goes down", lambda: trouble.outage(self)),
            ("The owner's slip", lambda: trouble.owners_slip(self)),
            ("Many issuers at once", self.many_issuers),
            ("The old way", self.old_way),
        ]
        for name, act in acts:
            self.act = name
            try:
                await act()
            except Exception as error:  # the table shows it and the story goes on
                self.record("the demo itself", "plays this act", "no error", f"{type(error).__name__}: {error}", False)
        return self.scenes

    async def own_rows(self) -> None:
        """Rows belong to whoever made them, through either provider."""
        cleo = await self.workos.sign_in(CLEO)
        untold = refused("role_not_allowed", 403, ("role_claim", "default_role"))
        await self.scene("Cleo, WorkOS", "reads with a token no template has touched", untold, "GET", "lists", cleo)
        await self.workos.set_template(SUPABASE_TEMPLATE)
        cleo = await self.workos.sign_in(CLEO)
        ada = await self.ada()

        made = await self.scene("Ada, Clerk", "adds a list", rows(1), "POST", "lists", ada, {"name": _name("Errands")})
        list_id = _first_id(made)
        todo = {"list_id": list_id, "title": "Buy paper bags"}
        await self.scene("Ada, Clerk", "adds a todo to it", rows(1), "POST", "todos", ada, todo)
        embedded = f"lists?select=todos(title,done)&id=eq.{list_id}"
        wanted = exactly([{"todos": [{"title": "Buy paper bags", "done": False}]}], "the list with its todo")
        await self.scene("Ada, Clerk", "reads the list with its todos", wanted, "GET", embedded, ada)

        made = await self.scene("Cleo, WorkOS", "adds a list", rows(1), "POST", "lists", cleo, {"name": _name("Lab")})
        cleo_list = _first_id(made)
        await self.scene("Cleo, WorkOS", "reads Ada's list", rows(0), "GET", f"lists?id=eq.{list_id}", cleo)
        await self.scene(
            "Cleo, WorkOS", "ticks Ada's todo", rows(0), "PATCH", f"todos?list_id=eq.{list_id}", cleo, {"done": True}
        )
        await self.scene("Cleo, WorkOS", "deletes Ada's list", rows(0), "DELETE", f"lists?id=eq.{list_id}", cleo)
        hers = {"list_id": list_id, "title": "Surprise"}
        await self.scene("Cleo, WorkOS", "adds a todo to Ada's list", denied(), "POST", "todos", cleo, hers)
        stolen = {"name": "Trap", "user_id": "user_someone_else"}
        await self.scene("Cleo, WorkOS", "adds a list in another's name", denied(), "POST", "lists", cleo, stolen)
        await self.scene("nobody", "reads with the publishable key alone", denied(401), "GET", "todos", None)

        ticked = f"todos?list_id=eq.{list_id}"
        await self.scene("Ada, Clerk", "ticks her todo", rows(1), "PATCH", ticked, ada, {"done": True})
        await self.scene("Ada, Clerk", "deletes her list", rows(1), "DELETE", f"lists?id=eq.{list_id}", ada)
        await self.scene("Cleo, WorkOS", "deletes her list", rows(1), "DELETE", f"lists?id=eq.{cleo_list}", cleo)

    async def organizations(self) -> None:
        """Admins of the row's own organization write; its members read. Three token shapes, one policy."""
        session = await self.clerk.sign_in(ADA)
        shapes = [
            ("Ada, Clerk v2", (await self.clerk.control(f"sessions/{session}/tokens", {"version": 2}))["jwt"]),
            ("Ada, Clerk v1", (await self.clerk.control(f"sessions/{session}/tokens", {"version": 1}))["jwt"]),
            ("Cleo, WorkOS", await self.workos.sign_in(CLEO)),
        ]
        ben = await self.clerk.token(await self.clerk.sign_in(BEN))
        dan = await self.workos.sign_in(DAN)
        for who, admin in shapes:
            title = _name("Inventory on Monday")
            body = {"title": title}
            await self.scene(
                f"{who} admin", "announces in her organization", rows(1), "POST", "announcements", admin, body
            )
            reader, member = ("Dan, WorkOS", dan) if "WorkOS" in who else ("Ben, Clerk", ben)
            found = f"announcements?title=eq.{title}"
            await self.scene(f"{reader} member", "reads it", rows(1), "GET", found, member)
            outsider, stranger = ("Ben, Clerk", ben) if "WorkOS" in who else ("Dan, WorkOS", dan)
            await self.scene(f"{outsider}, elsewhere", "reads it", rows(0), "GET", found, stranger)
            await self.scene(f"{who} admin", "takes it down", rows(1), "DELETE", found, admin)
        plain = {"title": "Free cake"}
        await self.scene("Ben, Clerk member", "announces", denied(), "POST", "announcements", ben, plain)
        await self.scene("Dan, WorkOS member", "announces", denied(), "POST", "announcements", dan, plain)
        foreign = plain | {"organization_id": _organization(shapes[2][1])}
        await self.scene(
            "Ada, Clerk admin", "announces in Juniper Labs", denied(), "POST", "announcements", shapes[0][1], foreign
        )

    async def second_factor(self) -> None:
        """A restrictive policy on `fva`, which a token without it does not pass."""
        note = {"body": _name("The safe is behind the atlas")}
        one = await self.clerk.control("sessions", {"email": ADA})
        two = await self.clerk.control("sessions", {"email": ADA, "second_factor": True})
        cleo = await self.workos.sign_in(CLEO)
        await self.scene("Ada, one factor", "adds a private note", denied(), "POST", "private_notes", one["jwt"], note)
        await self.scene("Ada, two factors", "adds a private note", rows(1), "POST", "private_notes", two["jwt"], note)
        found = f"private_notes?body=eq.{note['body']}"
        await self.scene("Ada, one factor", "reads it", rows(0), "GET", found, one["jwt"])
        await self.scene("Ada, two factors", "reads it", rows(1), "GET", found, two["jwt"])
        await self.scene("Cleo, no fva at all", "adds a private note", denied(), "POST", "private_notes", cleo, note)
        await self.scene("Ada, two factors", "deletes it", rows(1), "DELETE", found, two["jwt"])

    async def refusals(self) -> None:
        """Tokens that must not pass, on reads and on writes, each with its own code."""
        good = await self.ada()
        head, body, signature = good.split(".")
        pending = (await self.clerk.control("sessions", {"email": ADA, "status": "pending"}))["jwt"]
        machine = await self.clerk.machine_token({"role": "authenticated"})
        now = int(time.time())
        person = {"sub": "user_ada", "role": "authenticated"}
        cases: list[tuple[str, str, Expectation]] = [
            (
                "a token that expired an hour ago",
                await self._mint(person | {"exp": now - 3600}),
                refused("token_expired"),
            ),
            ("a token of tomorrow", await self._mint(person | {"nbf": now + 3600}), refused("token_not_yet_valid")),
            ("a token without exp", await self._mint(person | {"exp": None}), refused("expiry_missing")),
            (
                "an issuer nobody configured",
                await self._mint(person | {"iss": "https://x.example"}),
                refused("issuer_unknown"),
            ),
            (
                "a key the issuer does not have",
                await self._mint(person, header={"kid": "ins_x"}),
                refused("key_unknown"),
            ),
            ("alg none", await self._mint(person, header={"alg": "none"}), refused("algorithm_not_allowed")),
            ("a guessed shared secret", await self._mint(person, secret="x" * 40), refused("signature_invalid")),
            (
                "claims changed under way",
                f"{head}.{_with_role(body, 'service_role')}.{signature}",
                refused("signature_invalid"),
            ),
            (
                "role service_role",
                await self._mint(person | {"role": "service_role"}),
                refused("role_not_allowed", 403),
            ),
            ("no role at all", await self._mint({"sub": "user_ada"}), refused("role_missing", 403)),
            ("a sign-in that is not finished", pending, refused("session_pending", 403)),
            ("a machine's token", machine, refused("token_class_not_allowed", 403)),
            ("a header with crit", await self._mint(person, header={"crit": ["x"]}), refused("header_unsupported")),
            ("no token but words", "good evening", refused("token_malformed")),
            ("five parts", "a.b.c.d.e", refused("token_encrypted")),
            ("20,000 bytes", await self._mint(person | {"x": "x" * 20_000}), refused("token_too_large")),
        ]
        for number, (what, token, expected) in enumerate(cases):
            if number % 2:
                await self.scene("a stranger", f"writes with {what}", expected, "POST", "lists", token, {"name": "x"})
            else:
                await self.scene("a stranger", f"reads with {what}", expected, "GET", "lists", token)

    async def rotation(self) -> None:
        """A new key works at once, the previous one until it is withdrawn."""
        session = await self.clerk.sign_in(ADA)
        old = await self.clerk.token(session)
        works = Expectation("200", lambda answer: answer.status == 200)
        await self.scene("Ada, key in use", "reads", works, "GET", "lists", old)
        reading = asyncio.create_task(self._read_on(session, rotated := asyncio.Event()))
        keys = (await self.clerk.control("rotate"))["keys"]
        previous = next(key["kid"] for key in reversed(keys) if key["state"] == "previously_used")
        await self.scene("Ada, previous key", "reads after the rotation", works, "GET", "lists", old)
        await self.clerk.control("withdraw", {"kid": previous})
        new = await self.clerk.token(session)
        # Nobody has seen this kid: the key set is fetched, and with it the news that the previous key is gone.
        await self.scene("Ada, new key", "reads at once", works, "GET", "lists", new)
        await self._withdrawn(previous)
        rotated.set()
        answers = await reading
        told = ", ".join(f"{count} x {words}" for words, count in answers.items())
        self.record("Ada, all along", "reads with fresh tokens", "never refused", told, set(answers) == {"200"})

    async def _read_on(self, session: str, enough: asyncio.Event) -> Counter[str]:
        """Read with fresh tokens while the keys change; status (or refusal) and how often it came."""
        answers: Counter[str] = Counter()
        while not (enough.is_set() and answers.total() >= MEANWHILE):
            answer = await self.rest.ask("GET", "lists", await self.clerk.token(session))
            answers[str(answer.status) if answer.status == 200 else answer.in_words()] += 1
        return answers

    async def _withdrawn(self, kid: str) -> None:
        """A token under a withdrawn key is refused within 2 s of the new set being seen."""
        stale = await self._mint({"sub": "user_ada", "role": "authenticated"}, key=kid, lifetime=600)
        self.begin(self.act, "waiting until the withdrawn key is noticed")
        begun = time.monotonic()
        answer = await self.rest.ask("GET", "lists", stale)
        while answer.status == 200 and time.monotonic() - begun < WITHDRAWAL_SECONDS:
            await asyncio.sleep(0.25)
            answer = await self.rest.ask("GET", "lists", stale)
        waited = time.monotonic() - begun
        expected = refused("key_unknown")
        words = f"{expected.words} in {WITHDRAWAL_SECONDS:.0f} s"
        got = f"{answer.in_words()}, {waited:.1f} s"
        self.record("a withdrawn key", "reads", words, got, expected.holds(answer))

    async def many_issuers(self) -> None:
        """Auth0, Firebase, Cognito and a pasted key set beside Clerk and WorkOS; none signs for another."""
        everyone = self.house.neighbours.all
        for neighbour in everyone:
            token = neighbour.token()
            name = _name("Groceries")
            made = await self.rest.ask("POST", "lists", token, {"name": name})
            await self.scene(f"{neighbour.title}", "adds a list, reads her lists", rows(1), "GET", "lists", token)
            await self.rest.ask("DELETE", f"lists?id=eq.{_first_id(made)}", token)
        auth0, firebase = everyone[0], everyone[1]
        forged = auth0.token(iss=firebase.iss, **firebase.claims)
        await self.scene("Auth0's key", "signs for Firebase", refused("key_unknown"), "GET", "lists", forged)
        lost = auth0.token(aud="https://elsewhere.example")
        await self.scene(
            "Auth0, elsewhere", "reads with another app's token", refused("audience_mismatch"), "GET", "lists", lost
        )

    async def old_way(self) -> None:
        """HS256 tokens of a Clerk template, signed with the project's JWT secret."""
        session = await self.clerk.sign_in(ADA)
        suffix = secrets.token_hex(3)
        await self.clerk.add_template(f"supabase-{suffix}", {"role": "authenticated"}, self.house.keys["JWT_SECRET"])
        await self.clerk.add_template(f"climber-{suffix}", {"role": "service_role"}, self.house.keys["JWT_SECRET"])
        token = await self.clerk.token(session, f"supabase-{suffix}")
        body = {"name": _name("Old ways")}
        made = await self.scene("Ada, HS256 template", "adds a list", rows(1), "POST", "lists", token, body)
        mine = f"lists?id=eq.{_first_id(made)}"
        await self.scene(
            "Ada, session token", "reads the same list", rows(1), "GET", mine, await self.clerk.token(session)
        )
        climber = await self.clerk.token(session, f"climber-{suffix}")
        await self.scene(
            "Ada, HS256 template", "claims service_role", refused("role_not_allowed", 403), "GET", "lists", climber
        )
        await self.scene("Ada, HS256 template", "deletes the list", rows(1), "DELETE", mine, token)

    async def scene(
        self, who: str, what: str, expected: Expectation, method: str, path: str, token: str | None, body: Any = None
    ) -> Answer:
        """Ask once and write down what came of it."""
        self.begin(self.act, f"{who} {what}")
        answer = await self.rest.ask(method, path, token, body)
        self.record(who, what, expected.words, answer.in_words(), expected.holds(answer))
        return answer

    def record(self, who: str, what: str, expected: str, got: str, passed: bool) -> None:
        """Write down a line of the table."""
        self.scenes.append(Scene(self.act, who, what, expected, got, passed))

    async def ada(self) -> str:
        """A fresh session token of Ada's."""
        return await self.clerk.token(await self.clerk.sign_in(ADA))

    async def _mint(self, claims: dict[str, Any], **order: Any) -> str:
        return str((await self.clerk.control("mint", {"claims": claims, **order}))["jwt"])


def _name(text: str) -> str:
    """A name no earlier run has used: the database keeps its rows."""
    return f"{text} {secrets.token_hex(3)}"


def _first_id(answer: Answer) -> int:
    return int(answer.body[0]["id"]) if isinstance(answer.body, list) and answer.body else -1


def _claims(part: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def _with_role(part: str, role: str) -> str:
    changed = json.dumps(_claims(part) | {"role": role}).encode()
    return base64.urlsafe_b64encode(changed).rstrip(b"=").decode()


def _organization(token: str) -> str:
    return str(_claims(token.split(".")[1])["org_id"])
