from starlette.requests import Request

from accounts.clients import Client
from proxy.account_choice import account_name
from proxy.auth import Authenticator


class AccountChoice:
    """Finds the account that a call is about, where its path does not name one."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    def choose(self, request: Request, named: str | None) -> str:
        """Our name of the account: `named`, the one of X-Wxgate-Account, or the client's only one.

        Raises AccountUnnamed, UnknownAccount, AccountLocked.
        """
        client: Client = request.state.client
        wanted = account_name(client, named or request.headers.get("x-wxgate-account", ""))
        name = self._authenticator.account(client, wanted).name
        request.state.account = name
        return name
