from dataclasses import replace

from structlog.testing import capture_logs

from accounts.client_keys import ClientKeys
from accounts.keys import digest_of
from accounts.master_key import Sealer

KEYS = ClientKeys(Sealer(b"k" * 32), lambda: 100.0)


def test_a_key_that_signs_is_kept_sealed_and_comes_back() -> None:
    key, row = KEYS.make("shop", signing=True)
    assert row.sealed is not None
    assert key.encode() not in row.sealed
    held = KEYS.held(row)
    assert (held.digest, held.value) == (digest_of(key), key.encode())


def test_a_key_that_does_not_sign_is_kept_as_a_digest() -> None:
    key, row = KEYS.make("shop", signing=False)
    assert row.sealed is None
    assert (row.digest, row.hint) == (digest_of(key), key[-4:])
    assert KEYS.held(row).value is None


def test_a_sealed_key_opens_in_its_own_row_alone() -> None:
    _, one = KEYS.make("shop", signing=True)
    _, two = KEYS.make("shop", signing=True)
    moved = [
        replace(two, sealed=one.sealed),
        replace(one, client_id="blog"),
        replace(one, sealed=(one.sealed or b"")[:-1]),
        replace(one, sealed=b""),
    ]
    with capture_logs() as logs:
        assert [KEYS.held(row).value for row in moved] == [None] * 4
    assert len(logs) == 4


def test_neither_key_nor_seal_shows_when_a_row_is_printed() -> None:
    _, row = KEYS.make("shop", signing=True)
    assert "sealed" not in repr(row)
