from typing import Any

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Client, Clients, Scope
from accounts.official import Accounts, OfficialAccount
from handlers.guard import require_scope
from proxy.quota import QuotaLedger
from proxy.ratelimit import Limiter


class LimitItem(BaseModel):
    """One rate: how many calls in any `period_s` seconds."""

    rule: str
    who: str
    path: str
    builtin: bool
    limit: int
    period_s: int
    used: int
    remaining: int
    reset_s: int
    throttled: int


class ConcurrencyItem(BaseModel):
    """Calls at the same time."""

    who: str
    limit: int
    active: int
    throttled: int


class LimitsAnswer(BaseModel):
    """All rates; `throttled` and `active` are this process's."""

    shared: bool
    gateways: int
    items: list[LimitItem]
    concurrent: list[ConcurrencyItem]


class QuotaAnswer(BaseModel):
    """WeChat's quotas by account: of the day by path, of the month by what may be cleared."""

    model_config = ConfigDict(extra="allow")

    day: str
    resets_at: str
    accounts: dict[str, dict[str, Any]]


class LimitsHandler:
    """How far limits and quotas are used: the caller's own, all of them with the scope admin."""

    def __init__(
        self, limiter: Limiter, quota: QuotaLedger, clients: Clients, accounts: Accounts
    ) -> None:
        self._limiter = limiter
        self._quota = quota
        self._clients = clients
        self._accounts = accounts

    async def limits(self, request: Request) -> Response:
        """Limit, used, remaining, reset and throttled calls by rule."""
        client = require_scope(request, Scope.STATS, Scope.ADMIN)
        admin = client.may(Scope.ADMIN)
        clients = self._clients if admin else [client]
        told = await self._limiter.describe(clients, self._shown(client))
        return JSONResponse(told)

    async def quota(self, request: Request) -> Response:
        """The quota ledger."""
        client = require_scope(request, Scope.STATS, Scope.ADMIN)
        return JSONResponse(self._quota.describe(self._shown(client)))

    def _shown(self, client: Client) -> list[OfficialAccount]:
        admin = client.may(Scope.ADMIN)
        return [account for account in self._accounts if admin or account.name in client.accounts]
