"""`[[rowgate.issuers]]`: the trust list, checked as a whole before anything starts.

A mistyped key here is an error and not a warning: an `audience` that silently sets nothing would widen whom we trust.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args, get_type_hints

from rowgate.errors import ConfigurationError
from rowgate.principal import TokenClass
from rowgate.project.addresses import (
    Unsuitable,
    issuer_problem,
    suggested_domain,
    valid_host,
    without_credentials,
    workos_issuer_problem,
)
from rowgate.project.document import shown
from rowgate.project.environment import unset_name
from rowgate.project.kinds import Unfit, kind_of
from rowgate.project.settings import IssuerSettings, Provider
from rowgate.project.spelling import did_you_mean

PROVIDERS: tuple[str, ...] = get_args(Provider)
ASYMMETRIC_ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519", "Ed448"),
)
TOKEN_CLASSES = (
    *(item.value for item in TokenClass if item not in (TokenClass.ANONYMOUS, TokenClass.API_KEY)),
    "session_pending",  # Clerk sessions that still have a task; a session of its own kind, not a class
)
ANY_AUDIENCE = ("*",)

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")
_KEYS = {
    item.name: hint
    for item, hint in ((f, get_type_hints(IssuerSettings)[f.name]) for f in dataclasses.fields(IssuerSettings))
}
_LISTS = frozenset(name for name, hint in _KEYS.items() if "tuple" in str(hint))
_PROVIDER_KEYS: Mapping[str, tuple[str, ...]] = {  # keys that mean something to these providers only
    "domain": ("clerk", "auth0", "oidc"),
    "project_id": ("firebase",),
    "tenant": ("auth0",),
    "tenant_region": ("auth0",),
    "user_pool_id": ("cognito",),
    "user_pool_region": ("cognito",),
    "client_ids": ("cognito", "workos"),
}
_AUDIENCE_REQUIRED = ("oidc", "auth0", "jwks")
_MAX_CLOCK_SKEW = 300.0  # seconds; Clerk's own upper limit


def read_issuers(
    entries: object, where: str, third_party: Sequence[IssuerSettings] = ()
) -> tuple[tuple[IssuerSettings, ...], dict[str, frozenset[str]]]:
    """All trusted issuers: the third-party sections, refined by entries of the same name, then the other entries.

    `where` names the source in errors. Also returned: for each entry's name the keys it set. Raises ConfigurationError
    for the first thing that is wrong.
    """
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise ConfigurationError(
            f"rowgate.issuers in {where} is {shown(entries)}; expected a list of tables.",
            "Write one [[rowgate.issuers]] block per issuer, with two brackets.",
        )
    issuers = {issuer.name: issuer for issuer in third_party}
    written: dict[str, frozenset[str]] = {}
    for number, entry in enumerate(entries, start=1):
        values = _read_entry(entry, f"rowgate.issuers[{number}] in {where}")
        name = values["name"]
        if name in written:
            raise ConfigurationError(
                f'Two entries of rowgate.issuers in {where} have the name "{name}".', "Give each issuer its own name."
            )
        written[name] = frozenset(values)
        issuers[name] = _make(values, issuers.get(name), where)
    for issuer in issuers.values():
        check_issuer(issuer)
    _check_distinct(issuers.values())
    return tuple(issuers.values()), written


def check_issuer(issuer: IssuerSettings) -> None:
    """Raise ConfigurationError when the issuer cannot be trusted as it is configured."""
    _check_addresses(issuer)
    _check_key_source(issuer)
    _check_identity(issuer)
    _check_audiences(issuer)
    _check_lists(issuer)


def issuer_warnings(issuers: Iterable[IssuerSettings]) -> list[str]:
    """What is allowed and should be seen. (What `rowgate.identity` warns about when it builds them is not repeated.)"""
    return [
        f'WARN: issuer "{issuer.name}" lists the role service_role, which bypasses row-level security; '
        "its tokens will be refused that role all the same."
        for issuer in issuers
        if "service_role" in (*issuer.roles, issuer.default_role)
    ]


def _read_entry(entry: object, where: str) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        raise ConfigurationError(
            f"{where} is {shown(entry)}; expected a table.", "Write [[rowgate.issuers]] with two brackets."
        )
    if isinstance(entry.get("name"), str):  # a number alone is hard to find among many blocks
        number, _, place = where.partition(" in ")
        where = f"{number} ({shown(entry['name'])}) in {place}"
    values: dict[str, Any] = {}
    for key, value in entry.items():
        if key not in _KEYS:
            hint = did_you_mean(str(key), _KEYS, f"An issuer has these keys: {', '.join(_KEYS)}.")
            raise ConfigurationError(f"{where} has an unknown key {shown(str(key))}.", hint)
        values[key] = _read_value(key, value, where)
    name = values.get("name")
    if name is None or not _NAME.match(name):
        raise ConfigurationError(
            f"{where} has {'no name' if name is None else f'the name {shown(name)}'}.",
            'Give it a name of letters, digits, - and _ (at most 63), such as name = "clerk-dev".',
        )
    return values


def _read_value(key: str, value: object, where: str) -> Any:
    missing = unset_name(value)
    if missing is not None:
        raise ConfigurationError(
            f"{key} of {where} is env({missing}), and the environment variable {missing} is unset.",
            f"Set {missing}, in the environment or in a .env file.",
        )
    if key == "jwks":
        return _pasted_keys(value, where)
    if key == "provider" and value not in PROVIDERS:
        hint = did_you_mean(str(value), PROVIDERS, f"Known providers: {', '.join(PROVIDERS)}.")
        raise ConfigurationError(f"provider of {where} is {shown(value)}.", hint)
    kind = kind_of(_KEYS[key], (0.0, _MAX_CLOCK_SKEW) if key == "clock_skew" else None)
    try:
        read = kind.read(value)
    except Unfit:
        raise ConfigurationError(
            f"{key} of {where} is {shown(value)}; expected {kind.expected}.", _meant(key, value)
        ) from None
    for text in read if isinstance(read, tuple) else (read,):
        if isinstance(text, str) and (not text.strip() or not text.isprintable()):
            raise ConfigurationError(
                f"{key} of {where} holds {shown(text)}; expected a printable text.", f"Remove it, or leave {key} out."
            )
    return read


def _meant(key: str, value: object) -> str:
    """How the value was probably meant, or how this key is written."""
    if key in _LISTS:
        texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        plain = [item for item in texts if isinstance(item, str) and item.strip() and item.isprintable()]
        return f"Write {key} = {shown(plain or ['…'])}, a list in brackets."
    if key == "clock_skew":
        return "Write a number of seconds without quotes, such as clock_skew = 30."
    return f'Write {key} = "…", one text in quotes.'


def _make(values: dict[str, Any], base: IssuerSettings | None, where: str) -> IssuerSettings:
    name = values["name"]
    if base is not None:
        if values.get("provider", base.provider) != base.provider:
            raise ConfigurationError(
                f'rowgate.issuers "{name}" in {where} has provider "{values["provider"]}", but auth.third_party.{name} '
                f'of the same name is a "{base.provider}" issuer.',
                f"Leave provider out to refine auth.third_party.{name}, or give this issuer another name.",
            )
        return dataclasses.replace(base, **values)
    if "provider" not in values:
        hint = f"Add provider = one of {', '.join(PROVIDERS)}."
        if name in ("clerk", "workos", "auth0", "firebase", "aws_cognito"):
            hint += f" (Or enable [auth.third_party.{name}], which this entry then refines.)"
        raise ConfigurationError(f'rowgate.issuers "{name}" in {where} has no provider.', hint)
    return IssuerSettings(**values)


def _check_addresses(issuer: IssuerSettings) -> None:
    judge = workos_issuer_problem if issuer.provider == "workos" else issuer_problem
    for key, urls, problem_of in (
        ("issuer", [issuer.issuer] if issuer.issuer is not None else [], judge),
        ("aliases", list(issuer.aliases), issuer_problem),
        ("jwks_url", [issuer.jwks_url] if issuer.jwks_url is not None else [], _jwks_url_problem),
    ):
        for url in urls:
            problem = problem_of(url)
            if problem is not None:
                raise ConfigurationError(
                    f'{key} of issuer "{issuer.name}" {problem.reason}: {shown(without_credentials(url))}.',
                    f'Write "{problem.suggestion}".' if problem.suggestion else "Write it as https://host/path.",
                )
    if issuer.domain is not None and not valid_host(issuer.domain):
        suggestion = suggested_domain(issuer.domain)
        raise ConfigurationError(
            f'domain of issuer "{issuer.name}" is not a domain name: {shown(issuer.domain)}.',
            f'Write domain = "{suggestion}".' if suggestion else 'Write it like "example.clerk.accounts.dev".',
        )


def _jwks_url_problem(url: str) -> Unsuitable | None:
    if url.rstrip("/").endswith("/.well-known/jwks.json"):  # the usual place, and rightly so here
        url = url.rstrip("/").removesuffix("/.well-known/jwks.json") or url
    problem = issuer_problem(url.split("?", 1)[0])
    if problem is not None and "://" in url and problem.suggestion and problem.suggestion.count("://") > 1:
        return Unsuitable("is not an https URL")  # file:///…: a scheme before it would help nobody
    if problem is not None and "discovery" in problem.reason:
        return Unsuitable("is a discovery document, not a key set", None)
    return problem


def _check_key_source(issuer: IssuerSettings) -> None:
    if issuer.jwks is not None and issuer.jwks_url is not None:
        raise ConfigurationError(
            f'Issuer "{issuer.name}" has both jwks and jwks_url.',
            "Keep the one that is the truth: keys have one source.",
        )
    if issuer.provider == "jwks" and issuer.jwks is None and issuer.jwks_url is None:
        raise ConfigurationError(
            f'Issuer "{issuer.name}" has neither jwks_url nor jwks.',
            'Add jwks_url = "https://…" or paste the key set as jwks = \'{"keys": […]}\'.',
        )


def _check_identity(issuer: IssuerSettings) -> None:
    """Each provider needs what its `iss` is made of."""
    for key, providers in _PROVIDER_KEYS.items():
        if getattr(issuer, key) is not None and issuer.provider not in providers:
            raise ConfigurationError(
                f'Issuer "{issuer.name}" has {key}, which a "{issuer.provider}" issuer does not have.',
                f'Write issuer = "https://{issuer.domain}/user_management/<client id>" instead.'
                if (key, issuer.provider) == ("domain", "workos")
                else f"Remove it; {key} belongs to {', '.join(providers)}.",
            )
    has_issuer = issuer.issuer is not None
    needs = {
        "clerk": (has_issuer or issuer.domain is not None, 'domain = "example.clerk.accounts.dev" (or issuer)'),
        "workos": (
            has_issuer or bool(issuer.client_ids),
            'issuer = "https://api.workos.com/user_management/<client id>"',
        ),
        "oidc": (has_issuer or issuer.domain is not None, 'issuer = "https://…", exactly as in the tokens\' iss'),
        "auth0": (has_issuer or bool(issuer.tenant or issuer.domain), 'tenant = "…" (or domain, or issuer)'),
        "firebase": (issuer.project_id is not None, 'project_id = "…"'),
        "cognito": (
            has_issuer or bool(issuer.user_pool_id and issuer.user_pool_region),
            'user_pool_id = "…" and user_pool_region = "…"',
        ),
    }
    enough, missing = needs.get(issuer.provider, (has_issuer, 'issuer = "https://…", exactly as in the tokens\' iss'))
    if not enough:
        raise ConfigurationError(
            f'Issuer "{issuer.name}" ({issuer.provider}) does not say whose tokens it means.', f"Add {missing}."
        )
    if issuer.provider in ("clerk", "auth0", "oidc") and has_issuer and (issuer.domain or issuer.tenant):
        other = "domain" if issuer.domain else "tenant"
        raise ConfigurationError(
            f'Issuer "{issuer.name}" has both issuer and {other}.', "Keep one; further names go into aliases."
        )


def _check_audiences(issuer: IssuerSettings) -> None:
    if issuer.audiences is not None and "*" in issuer.audiences and issuer.audiences != ANY_AUDIENCE:
        raise ConfigurationError(
            f'audiences of issuer "{issuer.name}" mixes "*" with others.', 'List the audiences, or write ["*"] alone.'
        )
    if not issuer.audiences and issuer.provider in _AUDIENCE_REQUIRED:
        raise ConfigurationError(
            f'Issuer "{issuer.name}" ({issuer.provider}) has no audiences: a token its server made for another '
            "application would open this project too.",
            f'Add audiences = ["…"] with your API\'s identifier, under [[rowgate.issuers]] with name = '
            f'"{issuer.name}" (or audiences = ["*"] to accept any, which is warned about at every start).',
        )


def _check_lists(issuer: IssuerSettings) -> None:
    for key, known in (("algorithms", ASYMMETRIC_ALGORITHMS), ("token_classes", TOKEN_CLASSES)):
        for word in getattr(issuer, key) or ():
            if word not in known:
                hint = did_you_mean(word, known, f"Known: {', '.join(known)}.")
                if key == "algorithms" and word.upper().startswith("HS"):
                    hint = (
                        "An issuer's keys are public. HS256 tokens are checked with the project's JWT secret instead."
                    )
                raise ConfigurationError(f'{key} of issuer "{issuer.name}" lists {shown(word)}.', hint)
    for key in ("algorithms", "roles", "token_classes", "audiences", "authorized_parties", "client_ids"):
        if getattr(issuer, key) == ():
            raise ConfigurationError(
                f'{key} of issuer "{issuer.name}" is empty, so no token could be accepted.',
                f"List at least one, or leave {key} out for the default.",
            )


def _check_distinct(issuers: Iterable[IssuerSettings]) -> None:
    seen: dict[str, str] = {}
    for issuer in issuers:
        for url in {url.rstrip("/") for url in (issuer.issuer, *issuer.aliases) if url}:
            if url in seen:
                raise ConfigurationError(
                    f'The issuers "{seen[url]}" and "{issuer.name}" both claim {url}.',
                    "A token's iss must lead to one issuer: remove it from one of them.",
                )
            seen[url] = issuer.name


def _pasted_keys(value: object, where: str) -> str:
    """A key set as JSON text, from text or a table. Private members are refused: they were pasted by mistake."""
    parsed = value
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            raise ConfigurationError(
                f"jwks of {where} is not JSON.", "Paste the whole key set: '{\"keys\": [ … ]}'."
            ) from None
    keys = parsed.get("keys") if isinstance(parsed, Mapping) else None
    if not isinstance(keys, list) or not keys or not all(isinstance(key, Mapping) for key in keys):
        raise ConfigurationError(
            f"jwks of {where} has no list of keys.", "Paste the whole key set: '{\"keys\": [ … ]}'."
        )
    for key in keys:
        private = sorted(set(key) & {"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
        if private:
            raise ConfigurationError(
                f"jwks of {where} holds private key material ({', '.join(private)}).",
                "Paste the public key set only, and consider this key as leaked: rotate it at the issuer.",
            )
    try:
        return json.dumps(parsed, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ConfigurationError(f"jwks of {where} holds a value that JSON does not have.") from None
