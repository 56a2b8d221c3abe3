"""The vendors' identifier shapes: Clerk's 27-character KSUIDs and WorkOS's ULIDs, with their prefixes."""

from __future__ import annotations

import hashlib
import secrets

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
KSUID_LENGTH = 27
ULID_LENGTH = 26


def clerk_id(prefix: str, seed: str | None = None) -> str:
    """`user_2…`: prefix, underscore, 27 base-62 characters. The same seed always gives the same id; None is random."""
    # A leading 2 is what a KSUID of these years starts with.
    return f"{prefix}_2{_digits(seed, BASE62, KSUID_LENGTH - 1)}"


def workos_id(prefix: str, seed: str | None = None) -> str:
    """`user_01…`: prefix, underscore, a 26-character ULID. The same seed always gives the same id; None is random."""
    # A ULID's first character is at most 7 (48 bits of milliseconds); those of this decade start with 01.
    return f"{prefix}_01{_digits(seed, CROCKFORD, ULID_LENGTH - 2)}"


def _digits(seed: str | None, alphabet: str, length: int) -> str:
    raw = secrets.token_bytes(32) if seed is None else hashlib.sha256(seed.encode()).digest()
    number = int.from_bytes(raw, "big")
    digits = []
    for _ in range(length):
        number, rest = divmod(number, len(alphabet))
        digits.append(alphabet[rest])
    return "".join(digits)
