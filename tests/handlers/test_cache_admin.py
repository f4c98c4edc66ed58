from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.e2e.conftest import KEY, Stand, open_stand

__all__ = ["open_stand"]

IPS, HERE = "/cgi-bin/getcallbackip", {"x-wxgate-account": "main"}
CACHE, STABLE = "/v1/admin/cache", "/cgi-bin/stable_token"


def client(**changes: Any) -> dict[str, Any]:
    scopes = ["relay:read", "stats", "admin"]
    return {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": scopes} | changes


@pytest.fixture
async def admin(open_stand: Any) -> AsyncIterator[Stand]:
    async with open_stand({"clients": [client()]}) as stand:
        yield stand


async def kept(stand: Stand) -> str:
    return (await stand.http.get(IPS, headers=HERE)).headers["x-wxgate-cache"]


async def test_answers_are_cleared_and_warmed(admin: Stand) -> None:
    assert [await kept(admin), await kept(admin)] == ["miss", "hit"]
    cleared = await admin.http.delete(f"{CACHE}/response", params={"account": "main"})
    assert cleared.json() == {"cache": "response", "cleared": ["main"]}
    assert await kept(admin) == "miss"
    await admin.http.delete(f"{CACHE}/response")
    body = {"account": "main", "paths": [IPS, "/cgi-bin/ticket/getticket?type=jsapi"]}
    warmed = await admin.http.post(f"{CACHE}/response/warm", json=body)
    assert set(warmed.json()["warmed"]["main"].values()) == {"ok"}
    assert await kept(admin) == "hit"


async def test_a_cleared_token_is_replaced_by_its_next_use(admin: Stand) -> None:
    warmed = await admin.http.post(f"{CACHE}/token/warm", json={"account": "main"})
    assert warmed.json() == {"cache": "token", "warmed": {"main": {"": "ok"}}}
    assert admin.calls()[STABLE] == 1
    await admin.http.delete(f"{CACHE}/token")
    await kept(admin)
    assert admin.calls()[STABLE] == 2


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("DELETE", "nonce", 422, "cache_kept"),
        ("DELETE", "nothing", 404, "cache_unknown"),
        ("DELETE", "response?account=nobody", 404, "account_unknown"),
        ("DELETE", "response?other=1", 422, "field_invalid"),
        ("POST", "image/warm", 422, "cache_kept"),
        ("POST", "nonce/warm", 422, "cache_kept"),
    ],
)
async def test_what_cannot_be_done_is_refused(
    admin: Stand, method: str, path: str, status: int, code: str
) -> None:
    answer = await admin.http.request(method, f"{CACHE}/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize("path", ["/cgi-bin/draft/count", "/cgi-bin/menu/create", "x"])
async def test_only_kept_reads_are_warmed(admin: Stand, path: str) -> None:
    answer = await admin.http.post(f"{CACHE}/response/warm", json={"paths": [path]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "path_not_cached")


async def test_both_need_the_scope_admin(open_stand: Any) -> None:
    async with open_stand({"clients": [client(scopes=["stats"])]}) as stand:
        assert (await stand.http.delete(f"{CACHE}/response")).status_code == 403
        assert (await stand.http.post(f"{CACHE}/token/warm")).status_code == 403


async def test_both_are_audited(admin: Stand) -> None:
    await admin.http.delete(f"{CACHE}/image", params={"account": "main"})
    await admin.http.post(f"{CACHE}/token/warm")
    entries = (await admin.http.get("/v1/admin/audit")).json()["items"]
    assert {entry["action"] for entry in entries} >= {"cache.clear", "cache.warm"}
    assert {entry["actor"] for entry in entries if entry["action"] == "cache.clear"} == {
        "client:blog"
    }


async def test_the_statistics_say_how_many_processes_they_are_of(admin: Stand) -> None:
    await kept(admin)
    told = (await admin.http.get("/v1/stats/cache")).json()
    assert told["processes"] == 1
    memory = next(
        row for row in told["caches"] if (row["cache"], row["backend"]) == ("response", "memory")
    )
    assert memory["accounts"]["main"]["misses"] == 1
    assert memory["entries"] == 1
