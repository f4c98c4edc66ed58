import pytest

from proxy.account_choice import AccountUnnamed, account_name
from tests.gateway import CLIENTS

BLOG, _READER, BOTH = CLIENTS


def test_a_client_of_one_account_need_not_name_it() -> None:
    assert account_name(BLOG, "") == "main"
    assert account_name(BLOG, "wx0") == "wx0"  # whether there is such a one is looked at later


def test_a_client_of_several_must_say_which() -> None:
    assert account_name(BOTH, "personal") == "personal"
    with pytest.raises(AccountUnnamed) as caught:
        account_name(BOTH, "")
    assert "main, personal" in caught.value.describe("zh", "")["message"]
