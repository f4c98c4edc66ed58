from typing import Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Client
from accounts.official import Accounts
from handlers.capabilities import AccountFacts, CapabilityView


class AccountItem(BaseModel):
    """One official account that the key may use."""

    name: str
    app_id: str
    state: Literal["active", "locked"] = Field(description="locked: its secrets do not open")
    capabilities: CapabilityView | None = Field(description="null before the first probe")
    quota_remaining: dict[str, int] = Field(description="calls left today by path; locked: none")


class AccountList(BaseModel):
    """The accounts of a key; `default` is meant where a call names none."""

    items: list[AccountItem]
    default: str | None


class AccountsHandler:
    """Which accounts the calling key may use."""

    def __init__(self, accounts: Accounts, facts: AccountFacts) -> None:
        self._accounts = accounts
        self._facts = facts

    async def list(self, request: Request) -> Response:
        """The accounts and the default one."""
        return JSONResponse(self.listed(request.state.client).model_dump())

    def listed(self, client: Client) -> AccountList:
        """Those of the client; the default is the only one, where there is but one."""
        items = [
            self._item(account.name, account.app_id, "active", self._facts.remaining(account))
            for account in self._accounts
            if account.name in client.accounts
        ]
        items += [
            self._item(name, app_id, "locked", {})
            for name, app_id in self._accounts.locked().items()
            if name in client.accounts
        ]
        return AccountList(items=items, default=items[0].name if len(items) == 1 else None)

    def _item(
        self, name: str, app_id: str, state: Literal["active", "locked"], left: dict[str, int]
    ) -> AccountItem:
        return AccountItem(
            name=name,
            app_id=app_id,
            state=state,
            capabilities=self._facts.capabilities(app_id),
            quota_remaining=left,
        )
