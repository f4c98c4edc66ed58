from accounts.master_key import Sealer
from accounts.webhook_secrets import webhook_aad


def test_a_secret_opens_in_its_own_row_alone() -> None:
    sealer = Sealer(bytes(32))
    sealed = sealer.seal(b"whsec_x", aad=webhook_aad("whk_1"))
    assert sealer.open(sealed, aad=webhook_aad("whk_1")) == b"whsec_x"
    assert sealer.open(sealed, aad=webhook_aad("whk_2")) is None
