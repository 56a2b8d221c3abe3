"""One module per provider: how its configuration becomes issuers, its token classes, its claims, its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rowgate.identity.issuer import Issuer
from rowgate.identity.providers import (
    auth0,
    clerk,
    cognito,
    firebase,
    jwks,
    oidc,
    own,
    postgrest,
    shared_secret,
    workos,
)
from rowgate.identity.providers.profile import Profile
from rowgate.project.settings import IssuerSettings, Provider

BUILDERS: Mapping[Provider, Callable[[IssuerSettings], Issuer]] = {
    "clerk": clerk.build,
    "workos": workos.build,
    "auth0": auth0.build,
    "firebase": firebase.build,
    "cognito": cognito.build,
    "oidc": oidc.build,
    "jwks": jwks.build,
}

# `own`, `shared_secret` and `postgrest` stand beside the configured ones: rules and words, but no block of their own.
PROFILES: Mapping[str, Profile] = {
    module.PROFILE.name: module.PROFILE
    for module in (clerk, workos, auth0, firebase, cognito, oidc, jwks, shared_secret, own, postgrest)
}
