"""Where an issuer's keys are and how to get them: discovery (OpenID Connect Discovery 1.0) or a JWKS URL."""

from __future__ import annotations

from urllib.parse import urlsplit

from rowgate.fetch import Fetch, Fetched, FetchRefused
from rowgate.identity.issuer import Discovery, Issuer, JwksUrl
from rowgate.identity.signing_key import KeySet, KeySetMalformed, read_key_set
from rowgate.identity.strict_json import NotStrict, read_object
from rowgate.identity.wording import show


class KeysUnavailable(Exception):
    """No usable key set could be had; the message says at which step and why."""


async def fetch_key_set(issuer: Issuer, fetch: Fetch, timeout: float) -> tuple[KeySet, bytes]:  # noqa: ASYNC109
    """The issuer's present key set and the document it was read from. Raises KeysUnavailable.

    `timeout` is for each of at most two fetches, in seconds; the caller bounds the whole.
    """
    source = issuer.key_source
    if isinstance(source, Discovery):
        operator_host = urlsplit(source.url).hostname
        url = _jwks_uri(issuer, await _get(fetch, source.url, operator_host, timeout, "discovery document"))
    elif isinstance(source, JwksUrl):
        operator_host = urlsplit(source.url).hostname
        url = source.url
    else:
        raise KeysUnavailable("this issuer's keys are not fetched")
    answer = await _get(fetch, url, operator_host, timeout, "key set")
    try:
        keys = read_key_set(answer.body)
    except KeySetMalformed as error:
        raise KeysUnavailable(f"{url} answered, but with {error}") from None
    if not keys.keys:
        # An empty answer must not wipe out keys that work: a broken deployment looks exactly like this.
        raise KeysUnavailable(f"{url} holds no usable signing key ({'; '.join(keys.notes) or 'it is empty'})")
    return keys, answer.body


async def _get(fetch: Fetch, url: str, host: str | None, timeout: float, what: str) -> Fetched:  # noqa: ASYNC109
    try:
        answer = await fetch.get(url, operator_host=host, timeout=timeout)
    except FetchRefused as error:
        raise KeysUnavailable(f"the {what} could not be fetched: {error}") from None
    if answer.status != 200:
        hint = "; if the issuer has none, configure jwks_url" if what == "discovery document" else ""
        raise KeysUnavailable(f"the {what} {url} answered {answer.status}{hint}")
    return answer


def _jwks_uri(issuer: Issuer, answer: Fetched) -> str:
    """`jwks_uri` of a discovery document. WorkOS's has five members, so nothing else is asked of it but its `issuer`:
    a document that names another one is that issuer's (section 4.3), and its keys are not this issuer's keys."""
    try:
        document = read_object(answer.body).members
    except NotStrict as error:
        raise KeysUnavailable(f"{answer.url} is no discovery document: {error}") from None
    named = document.get("issuer")
    if named is not None and (not isinstance(named, str) or named.removesuffix("/") not in issuer.identifiers):
        raise KeysUnavailable(
            f"{answer.url} describes the issuer {show(named)}, but {show(issuer.issuer)} is configured"
        )
    uri = document.get("jwks_uri")
    if not isinstance(uri, str) or not uri:
        raise KeysUnavailable(f"{answer.url} names no jwks_uri; configure jwks_url")
    return uri
