"""Why a token is accepted or refused, check by check: the verifier's own steps, asked what they expected and found.

Works offline with pasted or cached keys; otherwise the verifier fetches the issuer's, as it would for a request.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from rowgate.identity.apikeys import ANON, OPAQUE_PREFIX, SERVICE_ROLE, ProjectKeys
from rowgate.identity.case import Case, KeyAnswer
from rowgate.identity.claim_path import ClaimPath
from rowgate.identity.jspath import JSPath
from rowgate.identity.principals import judge_key, principal_of
from rowgate.identity.providers import PROFILES
from rowgate.identity.refusals import Refusal
from rowgate.identity.steps import BEFORE_KEY, FROM_KEY, Step
from rowgate.identity.verdict import Refused
from rowgate.identity.verifier import Verifier
from rowgate.identity.wording import show
from rowgate.postgres.roles import RoleSnapshot
from rowgate.principal import Principal

_DEPENDENT = frozenset({"key algorithm", "signature"})  # without a key there is nothing to ask them


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what was checked, what was expected, what was found."""

    name: str
    expected: str
    found: str
    ok: bool


@dataclass(frozen=True, slots=True)
class ExplainedPrincipal:
    """A principal for a person's eyes."""

    role: str
    token_class: str
    issuer: str | None
    subject: str | None
    session_id: str | None
    actor: str | None
    expires_at: float | None
    privileged: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole story of one token; encodable by msgspec. `claims` are None where the token could not be read.

    `refusal` is the verdict `verify` would give: the first check that failed. Later checks are shown all the same, so
    that a person can mend everything at once.
    """

    checks: tuple[Check, ...]
    principal: ExplainedPrincipal | None
    refusal: Refusal | None
    fix: str | None
    notes: tuple[str, ...]
    header: dict[str, Any] | None
    claims: dict[str, Any] | None


async def explain_token(
    verifier: Verifier, credential: bytes, *, roles: RoleSnapshot | None = None, keys: KeyAnswer | None = None
) -> Explanation:
    """Explain a token, or one of the project's keys, as this verifier judges it. Waits for the issuer's keys.

    `roles` stands in for the database's where it cannot be asked (`presumed_roles`); `keys` for the issuer's.
    """
    credential = credential.strip()
    if credential[:7].lower() == b"bearer ":
        credential = credential[7:].strip()
    case = verifier.case(credential)
    case.roles = roles or case.roles
    if credential.startswith(OPAQUE_PREFIX) or verifier.keys.match(credential) is not None:
        return _explain_key(case, verifier.keys)
    checks, refusal = _walk(case, BEFORE_KEY)
    if case.known_issuer is not None:
        case.answer = keys or await verifier.answer(case)
    return _conclude(case, checks, refusal)


def presumed_roles(verifier: Verifier) -> RoleSnapshot:
    """The roles to explain with where no database can be asked: those the issuers list exist and are harmless.

    Only for explaining. What `verify` is given must come from the database.
    """
    listed = {role for issuer in verifier.issuers for role in (*(issuer.roles or ()), issuer.default_role) if role}
    return RoleSnapshot(
        public=frozenset(listed | {ANON, "authenticated"}) - {SERVICE_ROLE},
        service=frozenset({SERVICE_ROLE}),
        privileged={SERVICE_ROLE: "has BYPASSRLS"},
    )


def _explain_key(case: Case, keys: ProjectKeys) -> Explanation:
    verdict = judge_key(case.raw, keys, case.trust.own, case.roles)
    refusal = verdict if isinstance(verdict, Refusal) else None
    principal = verdict if isinstance(verdict, Principal) else None
    found = refusal.message if refusal else "yes"
    return Explanation(
        checks=(Check("project key", "one of the project's keys, whose role can be served", found, refusal is None),),
        principal=_shown(principal) if principal else None,
        refusal=refusal,
        fix=refusal.hint if refusal else None,
        notes=(),
        header=None,
        claims=json.loads(principal.claims) if principal else None,
    )


def _shown(principal: Principal) -> ExplainedPrincipal:
    return ExplainedPrincipal(
        role=principal.role,
        token_class=principal.token_class.value,
        issuer=principal.issuer,
        subject=principal.subject,
        session_id=principal.session_id,
        actor=principal.actor,
        expires_at=principal.expires_at,
        privileged=principal.privileged,
    )


def _walk(case: Case, steps: tuple[Step, ...]) -> tuple[list[Check], Refusal | None]:
    checks: list[Check] = []
    first: Refusal | None = None
    for step in steps:
        if step.name in _DEPENDENT and (case.answer is None or not case.answer.keys):
            continue
        refused: Refusal | None = None
        try:
            step.check(case)
        except Refused as stopped:
            refused = stopped.refusal
        expected, found = step.expected(case), step.found(case)
        checks.append(Check(step.name, expected, refused.message if refused else found, refused is None))
        first = first or refused
        if refused is not None and step.decisive:
            break
    return checks, first


def _conclude(case: Case, checks: list[Check], refusal: Refusal | None) -> Explanation:
    if case.known_issuer is not None:
        more, later = _walk(case, FROM_KEY)
        checks += more
        refusal = refusal or later
    return Explanation(
        checks=tuple(checks),
        principal=_shown(principal_of(case)) if refusal is None else None,
        refusal=refusal,
        fix=refusal.hint if refusal else None,
        notes=tuple(_notes(case)),
        header=dict(case.token.header) if case.parsed else None,
        claims=case.token.claims if case.parsed else None,
    )


def _notes(case: Case) -> list[str]:
    notes: list[str] = []
    if not case.parsed:
        return notes
    claims = case.token.claims
    for name, value in claims.items():
        if isinstance(value, str) and "{{" in value:
            notes.append(
                f"The claim {name} is the literal text {show(value)}: the provider did not know that shortcode and "
                "left it as it was."
            )
    if isinstance(claims.get("o"), dict):
        notes.append("Clerk version 2 claims: the organization is in o (o.id, o.rol without the prefix org:).")
    elif "org_id" in claims and case.known_issuer is not None and case.issuer.provider == "clerk":
        notes.append("Clerk version 1 claims: the organization is in org_id and org_role (with the prefix org:).")
    if "act" in claims:
        notes.append("The token was made by impersonation: act says by whom.")
    if case.answer is not None:
        notes.extend(f"Key set: {note}." for note in case.answer.notes)
    if case.known_issuer is not None:
        issuer = case.issuer
        notes.extend(issuer.warnings)
        table = PROFILES[issuer.provider].claims
        unlisted = sorted(name for name in claims if name not in table and name not in _role_root(issuer.role_claim))
        if unlisted:
            notes.append(f"Claims beyond {PROFILES[issuer.provider].title}'s own, passed on: {', '.join(unlisted)}.")
    return notes


def _role_root(path: ClaimPath | JSPath) -> tuple[str, ...]:
    root = path.steps[0]
    return (root,) if isinstance(root, str) else ()
