import pytest

from accounts.account_errors import AccountBusy, AccountExists, AccountInFile, AccountInvalid
from core.errors import GatewayError


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (AccountExists(account="main", app_id="wx0"), 409),
        (AccountInFile(account="main"), 409),
        (AccountBusy(account="main", count=2), 409),
        (AccountInvalid(reason="name: too long"), 422),
    ],
)
def test_refusals_say_what_is_wrong_in_both_languages(error: GatewayError, status: int) -> None:
    assert error.status == status
    for language in ("zh", "en"):
        told = error.describe(language, "req_1")
        assert "{" not in told["message"] + told["hint"]
