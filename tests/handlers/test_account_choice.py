import pytest
from starlette.requests import Request

from accounts.clients import Client
from accounts.official import UnknownAccount
from handlers.account_choice import AccountChoice
from proxy.account_choice import AccountUnnamed
from tests.gateway import CLIENTS, KEY, MAIN, Gateway

BLOG, _READER, BOTH = CLIENTS


def call(client: Client, header: str = "") -> Request:
    headers = [(b"x-wxgate-account", header.encode())] if header else []
    return Request({"type": "http", "headers": headers, "state": {"client": client}})


async def test_what_the_call_says_comes_before_the_header(gateway: Gateway) -> None:
    choice = AccountChoice(gateway.authenticator)
    request = call(BOTH, "personal")
    assert choice.choose(request, None) == "personal"
    assert choice.choose(request, MAIN.app_id) == "main"
    assert request.state.account == "main"  # what the access log goes by
    with pytest.raises(AccountUnnamed):
        choice.choose(call(BOTH), None)


async def test_an_account_of_others_is_unknown_and_no_key_is_repeated(gateway: Gateway) -> None:
    choice = AccountChoice(gateway.authenticator)
    with pytest.raises(UnknownAccount):
        choice.choose(call(BLOG), "personal")
    with pytest.raises(UnknownAccount) as refused:
        choice.choose(call(BLOG), KEY)
    assert KEY not in str(refused.value)
