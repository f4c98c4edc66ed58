from collections.abc import Awaitable, Callable, Collection
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Client, Scope
from accounts.official import Accounts
from cache.call_stats import Labels, tables_of
from handlers.guard import require_scope


class CacheStatsAnswer(BaseModel):
    """Each cache on each backend, with counts by account since start and over 5m, 1h and 24h."""

    model_config = ConfigDict(extra="allow")

    since: str
    processes: int
    caches: list[dict[str, Any]]
    tokens: dict[str, Any]
    upstream: dict[str, Any]


class CallCounts(BaseModel):
    """Calls of one kind."""

    calls: int
    errors: dict[str, int] = Field(description="by whose it is and its category: wechat.quota")
    latency_ms: dict[str, float | None] = Field(
        description="p50, p90, p99; at most 19 % above the truth"
    )


class CallStatsAnswer(BaseModel):
    """Calls since the start, by endpoint, by client and by account."""

    since: str
    processes: int
    total: CallCounts
    endpoints: dict[str, CallCounts]
    clients: dict[str, CallCounts]
    accounts: dict[str, CallCounts]


class StatsHandler:
    """Statistics of all processes."""

    def __init__(
        self,
        snapshot: Callable[[], Awaitable[dict[str, Any]]],
        accounts: Accounts,
        image_entries: Callable[[], Awaitable[dict[str, int]]],
    ) -> None:
        self._snapshot = snapshot
        self._accounts = accounts
        self._image_entries = image_entries

    async def cache(self, request: Request) -> Response:
        """What the caller may see: its own accounts; all of them with the scope admin."""
        client = require_scope(request, Scope.STATS, Scope.ADMIN)
        snapshot = await self._snapshot()
        snapshot.pop("calls")
        shown = self._shown(client)
        images = await self._image_entries()
        for cache in snapshot["caches"]:
            by_account = cache["accounts"]
            if cache["cache"] == "image":
                cache["entries"] = sum(images.values())
                for account, entries in images.items():
                    by_account.setdefault(account, {})["entries"] = entries
            if cache["cache"] == "render":  # nobody's articles in particular
                cache.update(by_account.pop("", {}))
            # Nonces are the clients', not the accounts'.
            may_see = self._clients(client, by_account) if cache["cache"] == "nonce" else shown
            cache["accounts"] = {
                self._name(account): counts
                for account, counts in by_account.items()
                if self._name(account) in may_see
            }
        snapshot["tokens"] = {
            account: told for account, told in snapshot["tokens"].items() if account in shown
        }
        upstream = snapshot["upstream"]
        upstream["breakers"] = {
            account: told for account, told in upstream["breakers"].items() if account in shown
        }
        return JSONResponse(snapshot)

    async def calls(self, request: Request) -> Response:
        """Calls on the caller's accounts, and its own on none; all with the scope admin."""
        client = require_scope(request, Scope.STATS, Scope.ADMIN)
        snapshot = await self._snapshot()
        admin, accounts = client.may(Scope.ADMIN), self._shown(client)

        def shown(labels: Labels) -> bool:
            own = labels.client == client.id and not labels.account
            return admin or own or labels.account in accounts

        about = {name: snapshot[name] for name in ("since", "processes")}
        return JSONResponse(about | tables_of(snapshot["calls"], shown))

    def _shown(self, client: Client) -> frozenset[str]:
        if client.may(Scope.ADMIN):
            return frozenset(account.name for account in self._accounts)
        return frozenset(client.accounts)

    def _clients(self, client: Client, known: Collection[str]) -> Collection[str]:
        return known if client.may(Scope.ADMIN) else {client.id}

    def _name(self, account: str) -> str:
        """Our name of an account that a cache knows by its AppID."""
        by_app_id = {known.app_id: known.name for known in self._accounts}
        return by_app_id.get(account, account)
