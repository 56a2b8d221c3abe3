"""The one fetch: what a document or a redirect can make this server read."""

from __future__ import annotations

from tests.guards.guard import Guard

FETCH = "security/identity/test_fetch_guard.py::"

GUARDS = (
    Guard(
        "private addresses",
        "a key-set URL that leads into the operator's own network",
        "fetch.py",
        "    public = inner.is_global and not inner.is_multicast and not inner.is_reserved\n"
        "    return public and not any(inner in network for network in _NOT_PUBLIC)\n",
        "    return True\n",
        (
            f"{FETCH}test_a_document_or_redirect_leads_nowhere_private",
            f"{FETCH}test_an_operators_host_may_be_private_but_never_the_metadata_service",
        ),
    ),
    Guard(
        "the metadata service",
        "a configured name that resolves to the cloud's credentials",
        "fetch.py",
        "return not (linked or inner.is_multicast or inner.is_unspecified or inner.is_reserved)",
        "return True",
        (f"{FETCH}test_an_operators_host_may_be_private_but_never_the_metadata_service",),
    ),
    Guard(
        "IPv4 inside IPv6",
        "the same addresses spelled as mapped, 6to4 or NAT64",
        "fetch.py",
        "        return inner or address\n",
        "        return address\n",
        (f"{FETCH}test_an_operators_host_may_be_private_but_never_the_metadata_service",),
    ),
    Guard(
        "localhost is this machine",
        "a resolver that sends localhost elsewhere, over plain http",
        "fetch.py",
        "return by_operator and inner.is_loopback",
        "return by_operator",
        (f"{FETCH}test_a_localhost_name_that_resolves_elsewhere_is_refused",),
    ),
    Guard(
        "every redirect is checked",
        "a public host that redirects to a private one",
        "fetch.py",
        "                    allow_redirects=False,",
        "                    allow_redirects=True,",
        (f"{FETCH}test_the_same_host_may_redirect_to_itself_three_times",),
    ),
    Guard(
        "few redirects",
        "a circle of redirects",
        "fetch.py",
        "for _ in range(REDIRECT_LIMIT + 1):",
        "for _ in range(100):",
        (f"{FETCH}test_the_same_host_may_redirect_to_itself_three_times",),
    ),
    Guard(
        "pinned resolver",
        "a name that is public when it is checked and private when it is used",
        "fetch.py",
        "            resolver=_Pinned(addresses), ssl=self._ssl,",
        "            ssl=self._ssl,",
        (f"{FETCH}test_the_connection_goes_to_the_checked_address_and_asks_no_other_name_system",),
    ),
    Guard(
        "answer size",
        "an endless answer that fills the memory",
        "fetch.py",
        "if len(body) > SIZE_LIMIT:",
        "if len(body) > 8 * SIZE_LIMIT:",
        (f"{FETCH}test_answers_are_limited_in_size_and_time",),
    ),
    Guard(
        "no compression",
        "a small answer that unpacks to gigabytes",
        "fetch.py",
        'if encoding != "identity":',
        "if False:",
        (f"{FETCH}test_answers_are_limited_in_size_and_time",),
    ),
    Guard(
        "answer time",
        "a provider that never answers and holds every first token",
        "fetch.py",
        "            async with asyncio.timeout(timeout):\n                return await self._follow",
        "            async with asyncio.timeout(timeout + 60):\n                return await self._follow",
        (f"{FETCH}test_answers_are_limited_in_size_and_time",),
    ),
    Guard(
        "plain http",
        "keys handed over by anybody on the way",
        "fetch.py",
        'if url.scheme == "http" and not (by_operator and is_loopback_name(host)):',
        "if False:",
        (f"{FETCH}test_plain_http_is_for_a_loopback_host_that_the_operator_wrote",),
    ),
    Guard(
        "no credentials in a URL",
        "a password in the configuration that ends in a log line",
        "fetch.py",
        "if url.raw_user is not None or url.raw_password is not None:",
        "if False:",
        (f"{FETCH}test_credentials_in_a_url_are_refused_and_not_repeated",),
    ),
    Guard(
        "certificates",
        "an impostor with an expired or self-signed certificate",
        "fetch.py",
        "self._ssl: ssl.SSLContext | bool = ssl_context or True",
        "self._ssl: ssl.SSLContext | bool = False",
        (f"{FETCH}test_an_expired_certificate_is_refused_and_a_good_one_is_not",),
    ),
    Guard(
        "no proxy variables",
        "an environment variable that sends key fetches through somebody else",
        "fetch.py",
        "                    trust_env=False,",
        "                    trust_env=True,",
        (f"{FETCH}test_no_cookie_credential_or_compression_is_offered_and_no_proxy_used",),
    ),
)
