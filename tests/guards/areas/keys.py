"""Whose keys are asked, which of them count, and how often they are fetched."""

from __future__ import annotations

from tests.guards.guard import Guard

FORGERY = "security/identity/test_token_forgery.py::"
KEY_SETS = "unit/identity/test_key_sets.py::"

GUARDS = (
    Guard(
        "keys are found by (issuer, kid)",
        "one trusted issuer signing in another's name",
        "identity/verifier.py",
        "        keeper = self._keepers.get(case.issuer.name)\n",
        "        keeper = next(\n"
        "            (one for one in self._keepers.values() if one.peek(case.kid).keys),\n"
        "            self._keepers.get(case.issuer.name),\n"
        "        )\n",
        (f"{FORGERY}test_only_the_named_issuers_key_counts_also_under_the_same_kid",),
    ),
    Guard(
        "no kid only with one key",
        "a token tried against every key there is",
        "identity/signing_key.py",
        "return self.keys if len(self.keys) == 1 else ()",
        "return self.keys",
        (f"{FORGERY}test_kid_absent_is_accepted_only_with_exactly_one_key",),
    ),
    Guard(
        "oct keys are ignored",
        "a symmetric key published in a set: everybody's secret",
        "identity/signing_key.py",
        '        raise _Unusable("is symmetric (kty oct), and a public set can hold no secret")',
        "        return SigningKey(kid, SYMMETRIC_ALGORITHMS, OctKey.import_key(dict(member))), None",
        (f"{FORGERY}test_symmetric_private_encryption_and_unknown_keys_of_a_set_are_ignored",),
    ),
    Guard(
        "published private keys are ignored",
        "a key anybody can sign with",
        "identity/signing_key.py",
        "if private and not pasted:",
        "if False:",
        (f"{FORGERY}test_symmetric_private_encryption_and_unknown_keys_of_a_set_are_ignored",),
    ),
    Guard(
        "encryption keys are ignored",
        "a key meant for encryption (`use: enc`) taken for signatures",
        "identity/signing_key.py",
        'if use not in (None, "sig"):',
        "if False:",
        (f"{FORGERY}test_symmetric_private_encryption_and_unknown_keys_of_a_set_are_ignored",),
    ),
    Guard(
        "key_ops",
        "a key whose owner says it does not check signatures",
        "identity/signing_key.py",
        'if operations is not None and not (isinstance(operations, list) and "verify" in operations):',
        "if False:",
        (f"{FORGERY}test_symmetric_private_encryption_and_unknown_keys_of_a_set_are_ignored",),
    ),
    Guard(
        "size of RSA keys",
        "512-bit keys that can be factored, 16,384-bit ones that cost milliseconds",
        "identity/signing_key.py",
        "if not RSA_BITS[0] <= bits <= RSA_BITS[1]:",
        "if False:",
        (f"{FORGERY}test_rsa_keys_too_small_to_trust_are_ignored",),
    ),
    Guard(
        "unknown-kid cool-down",
        "a storm of made-up kids turned into a storm of fetches at the provider",
        "identity/keysets.py",
        "if self._under_way or self._allowance.take():",
        "if True:",
        (f"{KEY_SETS}test_a_storm_of_ten_thousand_kids_makes_a_handful_of_fetches",),
    ),
    Guard(
        "known-missing kids",
        "one token under a withdrawn key, sent again and again, using up the fetches of others",
        "identity/keysets.py",
        "elif kid is not None and not self._known_missing(kid):",
        "elif kid is not None:",
        (f"{KEY_SETS}test_a_kid_known_to_be_missing_is_refused_without_waiting_or_fetching",),
    ),
    Guard(
        "few waiting places",
        "thousands of requests held open by made-up kids",
        "identity/keysets.py",
        "if kid not in self._waiting and len(self._waiting) >= WAITING_LIMIT:",
        "if False:",
        (f"{KEY_SETS}test_waiting_for_a_fetch_has_few_places_and_beyond_them_a_kid_is_refused_at_once",),
    ),
    Guard(
        "withdrawn keys end verdicts",
        "tokens under a revoked key that live on in memory",
        "identity/keysets.py",
        "            self._withdrawn()",
        "            pass",
        (f"{KEY_SETS}test_a_withdrawn_key_is_refused_as_soon_as_the_new_set_is_seen_remembered_tokens_too",),
    ),
    Guard(
        "stale keys end after a day",
        "keys nobody has confirmed for days",
        "identity/keysets.py",
        "return self._keys if self._clock.steady() - self._age_zero <= self._policy.stale_if_error else None",
        "return self._keys",
        (f"{KEY_SETS}test_stale_keys_work_through_an_outage_of_a_day_and_not_longer",),
    ),
    Guard(
        "an empty answer wipes out nothing",
        "a broken deployment at the provider signing everybody out",
        "identity/key_fetch.py",
        "if not keys.keys:",
        "if False:",
        (f"{KEY_SETS}test_a_broken_answer_leaves_the_known_keys_working_and_shows_in_the_status",),
    ),
    Guard(
        "discovery names its issuer",
        "another issuer's document, and its keys (OpenID Connect Discovery, section 4.3)",
        "identity/key_fetch.py",
        'if named is not None and (not isinstance(named, str) or named.removesuffix("/") not in issuer.identifiers):',
        "if False:",
        (f"{KEY_SETS}test_a_discovery_document_of_another_issuer_is_not_believed",),
    ),
    Guard(
        "cached keys belong to one source",
        "keys of a former key source after the configuration has changed",
        "identity/key_cache.py",
        'name = hashlib.sha256(f"{issuer.issuer}\\n{_source(issuer)}".encode()).hexdigest()[:32]',
        "name = hashlib.sha256(issuer.issuer.encode()).hexdigest()[:32]",
        (f"{KEY_SETS}test_a_cache_of_another_source_or_a_torn_one_is_not_used",),
    ),
)
