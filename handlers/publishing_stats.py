from typing import Literal

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Scope
from accounts.official import Accounts
from core.clock import Clock
from handlers.guard import require_scope
from jobs.lists import JobLists

_DAY_S = 86_400
_WINDOWS = {"24h": _DAY_S, "7d": 7 * _DAY_S}


class PublishingCounts(BaseModel):
    """How many articles and drafts came to which end."""

    draft: int = 0
    published: int = 0
    draft_ready: int = 0
    mass_sent: int = 0
    failed: int = 0
    cancelled: int = 0
    needs_review: int = 0
    under_way: int = 0


class PublishingStatsAnswer(BaseModel):
    """By account, of what was handed in within each time."""

    accounts: dict[str, dict[Literal["24h", "7d"], PublishingCounts]]


class PublishingStatsHandler:
    """What became of what was handed in, by whichever client."""

    def __init__(self, lists: JobLists, accounts: Accounts, *, clock: Clock) -> None:
        self._lists = lists
        self._accounts = accounts
        self._clock = clock

    async def publishing(self, request: Request) -> Response:
        """The caller's accounts; all of them with the scope admin."""
        client = require_scope(request, Scope.STATS, Scope.ADMIN)
        names = [
            account.name
            for account in self._accounts
            if account.name in client.accounts or client.may(Scope.ADMIN)
        ]
        told = {name: {window: dict[str, int]() for window in _WINDOWS} for name in names}
        for window, length_s in _WINDOWS.items():
            for found in await self._lists.results(names, since=self._clock() - length_s):
                told[found.account][window][found.outcome] = found.jobs
        answer = PublishingStatsAnswer.model_validate({"accounts": told})
        return JSONResponse(answer.model_dump())
