"""The verification, step by step, in the one order there is. Sans-IO: the keys come from the caller.

`verify` and `explain` walk the same tables; only explain asks a step what it expected and what it found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rowgate.identity.advice import GENERAL, refuse_for
from rowgate.identity.audience import check_audience, check_authorized_party
from rowgate.identity.case import Case
from rowgate.identity.providers import PROFILES
from rowgate.identity.providers.shared_secret import is_third_party
from rowgate.identity.roles import check_role, choose_role
from rowgate.identity.signing_key import ASYMMETRIC_ALGORITHMS, SYMMETRIC_ALGORITHMS
from rowgate.identity.times import check_expiry, check_issued, check_start, said
from rowgate.identity.token import TOKEN_LIMIT, WHOLE, check_size, parse_token
from rowgate.identity.verdict import refuse
from rowgate.identity.wording import listed, show
from rowgate.principal import TokenClass

# RFC 7519 section 5.1 and RFC 9068 section 2.1. Others (logout+jwt, dpop+jwt, secevent+jwt) are no access tokens, which
# is why RFC 8725 section 3.11 has receivers check `typ`.
_TYPES = frozenset({"jwt", "application/jwt", "at+jwt", "application/at+jwt"})


@dataclass(frozen=True, slots=True)
class Step:
    """One check. Only explain asks for `expected` and `found`; a `decisive` failure leaves nothing to go on with."""

    name: str
    check: Callable[[Case], None]
    expected: Callable[[Case], str]
    found: Callable[[Case], str]
    decisive: bool = False


def _size(case: Case) -> None:
    check_size(case.raw)


def _shape(case: Case) -> None:
    case.token = parse_token(case.raw)


def _header(case: Case) -> None:
    header = case.token.header
    if "crit" in header:  # RFC 7515 section 4.1.11: to be refused by whoever does not understand every name in it
        raise refuse(
            "header_unsupported",
            f"The header demands extensions (crit {show(header['crit'])}); none is known.",
            GENERAL["header_unsupported"],
        )
    kind = header.get("typ")
    if kind is not None and (not isinstance(kind, str) or kind.lower() not in _TYPES):
        raise refuse(
            "header_unsupported",
            f"The header's typ is {show(kind)}: not a token that gives access.",
            "Send the session or access token.",
        )
    if "kid" in header and not isinstance(header["kid"], str):
        raise refuse("token_malformed", "The header's kid is not a string.", WHOLE)


def _algorithm(case: Case) -> None:
    algorithm = case.token.header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ASYMMETRIC_ALGORITHMS | SYMMETRIC_ALGORITHMS:
        raise refuse(
            "algorithm_not_allowed",
            f"alg is {show(algorithm)}.",
            "Tokens must be signed: RS256, ES256 or EdDSA by their issuer, HS256 with the project's JWT secret.",
            subject="none" if algorithm == "none" else "unknown",
        )


def _issuer(case: Case) -> None:
    claims = case.token.claims
    unbound = case.trust.unbound
    if unbound is not None and not _claimed(case):
        case.issuer = unbound
        return
    if case.symmetric:
        if not is_third_party(claims):
            case.issuer = case.trust.own
            return
        if not case.trust.shared_secret_enabled:
            raise refuse(
                "shared_secret_disabled",
                "HS256 tokens signed with the project's JWT secret are not accepted any more.",
                "Send the provider's own session token (getToken() without a template) and configure the provider as "
                "an issuer, or set shared_secret_enabled = true.",
            )
        case.issuer = case.trust.shared_secret
        return
    iss = claims.get("iss")
    if iss is None:
        raise refuse(
            "issuer_missing",
            "The token has no iss, so nobody's keys can be asked.",
            "Only tokens that name a configured issuer are accepted.",
        )
    if not isinstance(iss, str):
        raise refuse("claim_invalid", f"iss is {show(iss)}, not a string.", GENERAL["claim_invalid"])
    issuer = case.trust.issuers.find(iss)
    if issuer is None:
        raise refuse("issuer_unknown", f"No configured issuer is {show(iss)}.", _nearest(case, iss))
    case.issuer = issuer


def _claimed(case: Case) -> bool:
    """Whether a configured issuer answers to the token's `iss`: then its keys decide, and no other.

    One in a list counts as well: SQL may look for it there (`request.jwt.claims -> 'iss' ? '…'`).
    """
    iss = case.token.claims.get("iss")
    named = iss if isinstance(iss, list) else [iss]
    return any(isinstance(one, str) and case.trust.issuers.find(one) is not None for one in named)


def _nearest(case: Case, iss: str) -> str:
    known = case.trust.issuers.identifiers
    if not known:
        return "No issuer is configured: add one with `rowgate issuer add`, or [[rowgate.issuers]] in config.toml."
    host = iss.split("://")[-1].split("/")[0]
    alike = [identifier for identifier in known if identifier.split("://")[-1].split("/")[0] == host]
    if alike:
        return f"Configured for this host: {listed(alike)}. If both mean the same, add the other to its aliases."
    return f"Configured issuers: {listed(known[:5])}. Add this one with `rowgate issuer add`, or as an alias."


def _allowed(case: Case) -> None:
    algorithm = case.token.header["alg"]
    if algorithm not in case.issuer.algorithms:
        raise refuse_for(
            case.issuer,
            "algorithm_not_allowed",
            f"alg is {show(algorithm)}; this issuer's tokens are signed with {listed(case.issuer.algorithms)}.",
        )


def _key(case: Case) -> None:
    assert case.answer is not None
    if not case.answer.keys:
        raise refuse_for(case.issuer, case.answer.problem, case.answer.explanation)


def _fits(case: Case) -> None:
    assert case.answer is not None
    algorithm = case.token.header["alg"]
    if not any(algorithm in key.algorithms for key in case.answer.keys):
        usable = frozenset().union(*(key.algorithms for key in case.answer.keys))
        raise refuse_for(
            case.issuer,
            "algorithm_not_allowed",
            f"alg is {show(algorithm)}, but the key is for {listed(usable)}.",
            "The header's alg contradicts the issuer's key; no genuine token of this issuer looks like that.",
        )


def _signature(case: Case) -> None:
    assert case.answer is not None
    token = case.token
    algorithm = token.header["alg"]
    if not any(key.verifies(algorithm, token.signing_input, token.signature) for key in case.answer.keys):
        raise refuse_for(case.issuer, "signature_invalid", "The signature does not fit the issuer's key.")


def _registered(case: Case) -> None:
    if case.issuer.unbound:
        return  # PostgREST reads none of these, and its tokens may number their subjects
    for claim in ("sub", "sid", "azp"):
        value = case.token.claims.get(claim)
        if value is not None and not isinstance(value, str):
            raise refuse_for(case.issuer, "claim_invalid", f"{claim} is {show(value)}, not a string.")


def _token_class(case: Case) -> None:
    issuer, token = case.issuer, case.token
    classified = PROFILES[issuer.provider].classify(token.header, token.claims)
    if classified.token_class is None:
        code = "header_unsupported" if classified.reason == "cat" else "token_class_not_allowed"
        raise refuse_for(issuer, code, f"The token is of no known class: {_why(case, classified.reason)}.")
    case.token_class = classified.token_class
    if classified.token_class not in issuer.token_classes:
        raise refuse_for(
            issuer,
            "token_class_not_allowed",
            f"The token is of the class {classified.token_class.value} ({classified.reason}); this issuer lists "
            f"{listed(one.value for one in issuer.token_classes)}.",
        )
    if issuer.provider == "clerk" and token.claims.get("sts") == "pending" and not issuer.accepts_pending:
        raise refuse_for(issuer, "session_pending", "The Clerk session is pending: sign-in is not finished (sts).")


def _why(case: Case, reason: str) -> str:
    return f"cat is {show(case.token.header.get('cat'))}" if reason == "cat" else reason


def _representable(case: Case) -> None:
    flaw = case.token.flaw
    if flaw is not None:
        raise refuse_for(
            case.issuer,
            "claims_unrepresentable",
            f"The claims hold what Postgres cannot: {flaw}.",
            "Every policy that reads a claim would fail. Take the value out where the provider's claim is written.",
        )


def _role(case: Case) -> None:
    case.role = choose_role(case.issuer, case.token.claims)


def _database_role(case: Case) -> None:
    if case.role is not None:  # explain goes on after a role that was refused
        case.privileged = check_role(case.issuer, case.role, case.roles)


def _claim(name: str) -> Callable[[Case], str]:
    return lambda case: show(case.token.claims[name]) if name in case.token.claims else "absent"


def _time(name: str) -> Callable[[Case], str]:
    return lambda case: said(case.token.claims[name]) if name in case.token.claims else "absent"


def _member(name: str) -> Callable[[Case], str]:
    return lambda case: f"{name} {show(case.token.header[name])}" if name in case.token.header else f"no {name}"


BEFORE_KEY: tuple[Step, ...] = (
    Step("size", _size, lambda _: f"at most {TOKEN_LIMIT} bytes", lambda case: f"{len(case.raw)} bytes", decisive=True),
    Step(
        "shape",
        _shape,
        lambda _: "three parts of base64url, strict JSON",
        lambda case: f"{case.raw.count(b'.') + 1} parts",
        decisive=True,
    ),
    Step(
        "header",
        _header,
        lambda _: "typ JWT or at+jwt, no crit",
        lambda case: ", ".join(_member(name)(case) for name in ("typ", "cat", "crit")),
        decisive=True,
    ),
    Step("algorithm", _algorithm, lambda _: "a signature", _member("alg"), decisive=True),
    Step(
        "issuer",
        _issuer,
        lambda case: _trusted(case),
        _claim("iss"),
        decisive=True,
    ),
    Step("allowed algorithm", _allowed, lambda case: listed(case.issuer.algorithms), _member("alg")),
)

FROM_KEY: tuple[Step, ...] = (
    Step("key", _key, lambda _: "a published key", lambda case: f"{_member('kid')(case)}: {_answered(case)}"),
    Step("key algorithm", _fits, lambda case: _usable(case), _member("alg")),
    Step("signature", _signature, lambda _: "made by that key", lambda case: f"{len(case.token.signature)} bytes"),
    Step("expiry", check_expiry, lambda case: f"after {said(int(case.now))}{_skew(case)}", _time("exp")),
    Step("not before", check_start, lambda case: f"until {said(int(case.now))}{_skew(case)}", _time("nbf")),
    Step("issued at", check_issued, lambda case: f"until {said(int(case.now))}{_skew(case)}", _time("iat")),
    Step("registered claims", _registered, lambda _: "sub, sid, azp are strings", _claim("sub")),
    Step("audience", check_audience, lambda case: _wanted(case), _claim("aud")),
    Step("authorized party", check_authorized_party, lambda case: _parties(case), _claim("azp")),
    Step(
        "token class",
        _token_class,
        lambda case: listed(one.value for one in case.issuer.token_classes),
        lambda case: _class_found(case),
    ),
    Step(
        "claims",
        _representable,
        lambda _: "what Postgres' jsonb can hold",
        lambda case: case.token.flaw or f"{len(case.token.claims)} claims",
    ),
    Step(
        "role",
        _role,
        lambda case: _roles_expected(case),
        lambda case: f"{case.issuer.role_claim.text} = {show(case.issuer.role_claim.find(case.token.claims))}",
    ),
    Step(
        "database role",
        _database_role,
        lambda case: (
            "an existing role that cannot bypass row-level security"
            if not case.issuer.may_be_privileged
            else "a role a login can serve"
        ),
        lambda case: show(case.role) if case.role is not None else "none chosen",
    ),
)


def walk(case: Case, steps: tuple[Step, ...]) -> None:
    """Run steps in order. Raises Refused at the first that fails."""
    for step in steps:
        step.check(case)


def _trusted(case: Case) -> str:
    if case.trust.unbound is not None and not _claimed(case):
        return "no configured issuer's iss: the key set without an issuer"
    return "the project's JWT secret" if case.symmetric else listed(case.trust.issuers.identifiers[:5])


def _answered(case: Case) -> str:
    assert case.answer is not None
    return "found" if case.answer.keys else case.answer.explanation or "none"


def _usable(case: Case) -> str:
    keys = case.answer.keys if case.answer else ()
    return listed(frozenset().union(*(key.algorithms for key in keys))) if keys else "no key"


def _skew(case: Case) -> str:
    return f" with {case.issuer.clock_skew:g} s of skew"


def _wanted(case: Case) -> str:
    wanted = case.issuer.audiences or case.issuer.client_ids
    return f"one of {listed(wanted)}" if wanted else "anything"


def _parties(case: Case) -> str:
    parties = case.issuer.authorized_parties
    return "anything" if parties is None else f"one of {listed(parties)}"


def _class_found(case: Case) -> str:
    classified = PROFILES[case.issuer.provider].classify(case.token.header, case.token.claims)
    kind = classified.token_class
    return f"{kind.value if isinstance(kind, TokenClass) else 'none'} ({_why(case, classified.reason)})"


def _roles_expected(case: Case) -> str:
    issuer = case.issuer
    allowed = "any role" if issuer.roles is None else f"one of {listed(issuer.roles)}"
    return f"{allowed}, absent: {issuer.default_role or 'refused'}"
