from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from accounts.clients import Client
from accounts.official import Accounts, OfficialAccount
from cache.call_stats import CallStats
from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.errors import EXCEPTION_HANDLERS
from handlers.guard import AuthMiddleware
from handlers.publishing_stats import PublishingStatsHandler
from jobs.lists import JobLists
from store import jobs
from store.engine import Database
from tests.store.rows import job_row

NOW = 1_000_000.0
HOUR, DAY = 3_600, 86_400
ACCOUNTS = Accounts(
    OfficialAccount(name=name, app_id=f"wx000000000000000{n}", app_secret=SecretStr("S"))
    for n, name in enumerate(("main", "other"))
)


def app(database: Database, *scopes: str) -> AccessMiddleware:
    client = Client.model_validate(
        {
            "id": "blog",
            "key": "wxg_blog_0123456789abcdefghijklmn",
            "accounts": ["main"],
            "scopes": scopes,
        }
    )
    lists = JobLists(database, clock=lambda: NOW)
    stats = PublishingStatsHandler(lists, ACCOUNTS, clock=lambda: NOW)
    mount = Mount(
        "/v1",
        routes=[Route("/stats/publishing", stats.publishing)],
        middleware=[Middleware(AuthMiddleware, authenticate=lambda _scope: client)],
    )
    starlette = Starlette(routes=[mount], exception_handlers=EXCEPTION_HANDLERS)
    return AccessMiddleware(starlette, Metrics(), CallStats())


@pytest.fixture
async def filled(database: Database) -> Database:
    async with database.write() as connection:
        for number, (account, ago, state) in enumerate(
            (
                *(("main", HOUR, "failed"), ("main", 2 * DAY, "failed")),
                *(("main", 8 * DAY, "failed"), ("other", HOUR, "succeeded")),
            )
        ):
            row = job_row(f"job_{number}", account=account, state=state, created_at=NOW - ago)
            await jobs.insert(connection, row)
    return database


async def test_each_window_counts_what_was_handed_in_within_it(filled: Database, http: Any) -> None:
    async with http(app(filled, "stats")) as caller:
        told = (await caller.get("/v1/stats/publishing")).json()["accounts"]
    assert set(told) == {"main"}  # the accounts of the key alone
    assert [told["main"][window]["failed"] for window in ("24h", "7d")] == [1, 2]
    assert told["main"]["24h"]["published"] == 0


async def test_with_the_scope_admin_every_account_is_shown(filled: Database, http: Any) -> None:
    async with http(app(filled, "admin")) as caller:
        told = (await caller.get("/v1/stats/publishing")).json()["accounts"]
    assert told["other"]["7d"]["draft"] == 1


async def test_without_the_scope_it_is_refused(database: Database, http: Any) -> None:
    async with http(app(database, "draft")) as caller:
        assert (await caller.get("/v1/stats/publishing")).status_code == 403
