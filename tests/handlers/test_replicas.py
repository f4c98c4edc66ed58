import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.e2e.conftest import KEY, Stand, open_stand

__all__ = ["open_stand"]

REPLICAS = "/v1/admin/replicas"


def client(*scopes: str) -> dict[str, Any]:
    return {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": list(scopes)}


@pytest.fixture
async def admin(open_stand: Any) -> AsyncIterator[Stand]:
    async with open_stand({"clients": [client("admin")]}) as stand:
        yield stand


async def test_a_process_shows_itself(admin: Stand) -> None:
    told = (await admin.http.get(REPLICAS)).json()
    assert told["next_cursor"] is None
    (one,) = told["items"]
    assert (one["pid"], one["role"], one["state"]) == (os.getpid(), "all", "running")
    assert (one["this"], one["supervised"], one["redis"]) == (True, False, "none")
    assert one["listen"] == admin.url.removeprefix("http://")
    assert one["name"].endswith(f"/{one['listen']}")
    assert "executor" not in one
    assert "master_key" not in str(told)


async def test_who_nobody_would_start_again_is_not_restarted(admin: Stand) -> None:
    (one,) = (await admin.http.get(REPLICAS)).json()["items"]
    refused = await admin.http.post(f"{REPLICAS}/{one['id']}/restart")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "replica_not_supervised")
    unknown = await admin.http.post(f"{REPLICAS}/rep_none/restart")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "replica_unknown")


async def test_they_are_for_the_scope_admin(open_stand: Any) -> None:
    async with open_stand({"clients": [client("stats")]}) as stand:
        for method, path in (("GET", REPLICAS), ("POST", f"{REPLICAS}/rep_1/restart")):
            assert (await stand.http.request(method, path)).status_code == 403
