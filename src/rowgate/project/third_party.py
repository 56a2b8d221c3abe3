"""`[auth.third_party.*]`: upstream's sections and its very words for what is wrong, but any number may be enabled."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rowgate.errors import ConfigurationError
from rowgate.project.addresses import (
    suggested_domain,
    without_credentials,
    workos_issuer_doubt,
    workos_issuer_problem,
)
from rowgate.project.document import lookup, shown
from rowgate.project.environment import unset_name
from rowgate.project.kinds import EnvironmentText, Unfit, kind_of
from rowgate.project.settings import IssuerSettings

_CLERK_DOMAIN = re.compile(r"^(clerk([.][a-z0-9-]+){2,}|([a-z0-9-]+[.])+clerk[.]accounts[.]dev)\Z")  # upstream's rule
_BOOLEAN, _TEXT = kind_of(bool), kind_of(str)


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """A section: its keys beside `enabled`, which of them upstream insists on, and the issuer it stands for."""

    section: str
    keys: tuple[str, ...]
    required: tuple[str, ...]
    name_in_messages: str
    issuer: Callable[[Mapping[str, str]], IssuerSettings]


THIRD_PARTIES = (
    ThirdParty(
        "firebase",
        ("project_id",),
        ("project_id",),
        "firebase",
        lambda v: IssuerSettings("firebase", "firebase", project_id=v["project_id"]),
    ),
    ThirdParty(
        "auth0",
        ("tenant", "tenant_region"),
        ("tenant",),
        "auth0",
        lambda v: IssuerSettings("auth0", "auth0", tenant=v["tenant"], tenant_region=v.get("tenant_region") or None),
    ),
    ThirdParty(
        "aws_cognito",
        ("user_pool_id", "user_pool_region"),
        ("user_pool_id", "user_pool_region"),
        "cognito",  # upstream's messages leave the aws_ away
        lambda v: IssuerSettings(
            "aws_cognito", "cognito", user_pool_id=v["user_pool_id"], user_pool_region=v["user_pool_region"]
        ),
    ),
    ThirdParty(
        "clerk", ("domain",), ("domain",), "clerk", lambda v: IssuerSettings("clerk", "clerk", domain=v["domain"])
    ),
    ThirdParty(
        "workos",
        ("issuer_url",),
        ("issuer_url",),
        "workos",
        lambda v: IssuerSettings("workos", "workos", issuer=v["issuer_url"]),
    ),
)


def read_third_parties(
    document: Mapping[str, object], environ: Mapping[str, str], file: str
) -> tuple[tuple[IssuerSettings, ...], tuple[str, ...]]:
    """The enabled sections as issuers, in upstream's order, and warnings. Raises ConfigurationError.

    `SUPABASE_AUTH_THIRD_PARTY_<SECTION>_<KEY>` replaces a value, as in upstream's Go dialect.
    """
    issuers: list[IssuerSettings] = []
    warnings: list[str] = []
    for party in THIRD_PARTIES:
        path = ("auth", "third_party", party.section)
        table = lookup(document, path, file)
        if table is not None and not isinstance(table, Mapping):
            raise ConfigurationError(
                f"auth.third_party.{party.section} in {file} is {shown(table)}; expected a table.",
                f"Write [auth.third_party.{party.section}] on a line of its own.",
            )
        values = dict(table or {})
        for key in ("enabled", *party.keys):
            variable = f"SUPABASE_AUTH_THIRD_PARTY_{party.section.upper()}_{key.upper()}"
            if environ.get(variable):
                values[key] = EnvironmentText(environ[variable])
        if _read(values, "enabled", party, file):
            texts = {key: str(_read(values, key, party, file) or "") for key in party.keys}
            warnings += _check(party, texts)
            issuers.append(party.issuer(texts))
    return tuple(issuers), tuple(warnings)


def _read(values: Mapping[str, object], key: str, party: ThirdParty, file: str) -> object:
    if key not in values:
        return None
    kind = _BOOLEAN if key == "enabled" else _TEXT
    try:
        return kind.read(values[key])
    except Unfit:
        name = unset_name(values[key])
        raise ConfigurationError(
            f"auth.third_party.{party.section}.{key} in {file} is {shown(values[key])}; expected {kind.expected}.",
            f"Set the environment variable {name}." if name else None,
        ) from None


def _check(party: ThirdParty, texts: Mapping[str, str]) -> list[str]:
    prefix = f"Invalid config: auth.third_party.{party.name_in_messages}"
    for key in party.required:
        if not texts[key]:
            raise ConfigurationError(
                f"{prefix} is enabled but without a {key}.", f"Add {key} under [auth.third_party.{party.section}]."
            )
    if party.section == "clerk":
        _check_clerk(prefix, texts["domain"])
        return []
    for key, text in texts.items():
        name = unset_name(text)
        if name is not None:
            raise ConfigurationError(
                f"auth.third_party.{party.section}.{key} is env({name}), and the environment variable {name} is unset.",
                f"Set {name}, in the environment or in a .env file.",
            )
    return _check_workos(texts["issuer_url"]) if party.section == "workos" else []


def _check_clerk(prefix: str, domain: str) -> None:
    if _CLERK_DOMAIN.match(domain):
        return
    name = unset_name(domain)
    suggestion = suggested_domain(domain)
    if name is not None:
        hint = f"The environment variable {name} is unset: set it, in the environment or in a .env file."
    elif suggestion is not None and _CLERK_DOMAIN.match(suggestion):
        hint = f'Write domain = "{suggestion}".'
    else:
        hint = (
            f"It is {shown(domain)}. An instance behind another address (a proxy, an offline Clerk) goes under "
            '[[rowgate.issuers]] with provider = "clerk" and issuer = "https://…".'
        )
    raise ConfigurationError(
        f"{prefix} has invalid domain, it usually is like clerk.example.com or example.clerk.accounts.dev. "
        "Check https://clerk.com/setup/supabase on how to find the correct value.",
        hint,
    )


def _check_workos(url: str) -> list[str]:
    """Upstream takes any text here, and every token is then refused without a word about why."""
    problem = workos_issuer_problem(url)
    if problem is not None:
        raise ConfigurationError(
            f"auth.third_party.workos.issuer_url {problem.reason}: {shown(without_credentials(url))}.",
            f'Write issuer_url = "{problem.suggestion}".'
            if problem.suggestion
            else 'Write issuer_url = "https://api.workos.com/user_management/<client id>".',
        )
    doubt = workos_issuer_doubt(url)
    if doubt is None:
        return []
    return [f"WARN: auth.third_party.workos.issuer_url {doubt.reason}. Did you mean {doubt.suggestion}?"]
