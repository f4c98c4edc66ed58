from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Client
from accounts.official import Accounts


class AccountItem(BaseModel):
    """One official account that the key may use."""

    name: str
    app_id: str


class AccountList(BaseModel):
    """The accounts of a key; `default` is meant where a call names none."""

    items: list[AccountItem]
    default: str | None


class AccountsHandler:
    """Which accounts the calling key may use."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def list(self, request: Request) -> Response:
        """The accounts and the default one: the only one, where there is but one."""
        client: Client = request.state.client
        items = [
            AccountItem(name=account.name, app_id=account.app_id)
            for account in self._accounts
            if account.name in client.accounts
        ]
        listed = AccountList(items=items, default=items[0].name if len(items) == 1 else None)
        return JSONResponse(listed.model_dump())
