import pytest

from accounts.master_key import Sealer
from cache.sealed_tokens import open_token, seal_token
from cache.tokens import AccessToken

APP = "wx5a4db0c0ffee0001"
SEALER = Sealer(b"k" * 32)
TOKEN = AccessToken("92_canary", 7_200.0, 5, "invalid", 12.5)


def test_a_token_comes_out_as_it_went_in() -> None:
    sealed = seal_token(SEALER, APP, TOKEN)
    assert b"92_canary" not in sealed
    assert open_token(SEALER, APP, sealed, epoch=5, expires_at=7_200.0) == TOKEN


@pytest.mark.parametrize("text", [b"", b"x", b"[1]", b"{}"])
def test_what_is_no_token_is_refused(text: bytes) -> None:
    sealed = SEALER.seal(text, aad=APP.encode())
    with pytest.raises((ValueError, TypeError)):
        open_token(SEALER, APP, sealed, epoch=5, expires_at=1.0)


def test_another_account_and_another_key_open_nothing() -> None:
    sealed = seal_token(SEALER, APP, TOKEN)
    with pytest.raises(ValueError):
        open_token(SEALER, "wx5a4db0c0ffee0002", sealed, epoch=5, expires_at=1.0)
    with pytest.raises(ValueError):
        open_token(Sealer(b"x" * 32), APP, sealed, epoch=5, expires_at=1.0)
