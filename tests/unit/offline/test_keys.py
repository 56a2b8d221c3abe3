"""The life of a signing key."""

import itertools
import stat
from pathlib import Path

import pytest

from rowgate.errors import ConfigurationError
from rowgate.offline.identifiers import clerk_id, workos_id
from rowgate.offline.keys import (
    KeyRing,
    KeyRingError,
    KeyState,
    add_standby,
    certified_jwk,
    load_ring,
    new_key,
    new_ring,
    public_jwk,
    rotate,
    save_ring,
    withdraw,
)

kids = (f"kid_{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def fresh() -> KeyRing:
    return new_ring(lambda: "kid_first")


def states(ring: KeyRing) -> list[tuple[str, str]]:
    return [(key.kid, key.state.value) for key in ring.keys]


def test_a_standby_key_is_published_before_it_signs(fresh: KeyRing) -> None:
    ring = add_standby(fresh, new_key("kid_next"))
    assert [key.kid for key in ring.published] == ["kid_first", "kid_next"]
    assert ring.in_use.kid == "kid_first"


def test_rotation_keeps_the_old_key_published(fresh: KeyRing) -> None:
    ring = rotate(add_standby(fresh, new_key("kid_next")))
    assert states(ring) == [("kid_first", "previously_used"), ("kid_next", "in_use")]
    assert len(ring.published) == 2


def test_a_withdrawn_key_leaves_the_published_set(fresh: KeyRing) -> None:
    ring = withdraw(rotate(add_standby(fresh, new_key("kid_next"))), "kid_first")
    assert [key.kid for key in ring.published] == ["kid_next"]
    assert ring.find("withdrawn").kid == "kid_first"


def test_rotating_without_a_standby_key_and_withdrawing_the_key_in_use_are_refused(fresh: KeyRing) -> None:
    with pytest.raises(KeyRingError, match="no standby key"):
        rotate(fresh)
    with pytest.raises(KeyRingError, match="in use and cannot be withdrawn"):
        withdraw(fresh, "kid_first")
    with pytest.raises(KeyRingError, match="there is no key 'kid_none'"):
        withdraw(fresh, "kid_none")


def test_published_keys_hold_public_members_only(fresh: KeyRing) -> None:
    assert set(public_jwk(fresh.in_use)) == {"use", "kty", "kid", "alg", "n", "e"}
    certified = certified_jwk(fresh.in_use)
    assert set(certified) == {"use", "kty", "kid", "alg", "n", "e", "x5c", "x5t#S256"}
    assert certified == certified_jwk(fresh.in_use)


def test_a_ring_survives_in_a_file_that_only_its_owner_reads(fresh: KeyRing, tmp_path: Path) -> None:
    ring = withdraw(rotate(add_standby(fresh, new_key("kid_next"))), "kid_first")
    file = tmp_path / "keys.json"
    save_ring(ring, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = load_ring(file)
    assert states(kept) == states(ring)
    assert [public_jwk(key) for key in kept.keys] == [public_jwk(key) for key in ring.keys]


@pytest.mark.parametrize("content", ["", "{}", "[]", '[{"kid":"x","state":"in_use","jwk":{}}]', "nonsense"])
def test_another_file_is_refused_without_showing_it(content: str, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    with pytest.raises(ConfigurationError, match="not a key file"):
        load_ring(file)


def test_kids_have_the_vendors_shapes() -> None:
    assert len(clerk_id("ins")) == len("ins_") + 27
    assert clerk_id("ins").startswith("ins_2")
    assert len(workos_id("sso_oidc_key_pair")) == len("sso_oidc_key_pair_") + 26


def test_no_private_member_shows_in_a_repr(fresh: KeyRing) -> None:
    assert "pair" not in repr(fresh)
    assert KeyState.IN_USE.value in repr(fresh)
