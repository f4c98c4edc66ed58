"""Two accounts share nothing, be it one client that uses both or two clients of one each."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.sample import sample_article
from sandbox.settings import PERSONAL, VERIFIED
from tests.e2e.conftest import KEY, Opens, Stand

SHOP_KEY = "wxg_shop_0123456789abcdefghijklmn"
BOTH_KEY = "wxg_both_0123456789abcdefghijklmn"
COUNT, CALLBACK_IPS = "/cgi-bin/draft/count", "/cgi-bin/getcallbackip"
MENU = "/cgi-bin/menu/get"
_SCOPES = ["relay:read", "relay:write", "draft", "publish", "stats"]


def _client(key: str, *accounts: str) -> dict[str, Any]:
    said = {"id": key.split("_")[1], "key": key, "accounts": list(accounts), "scopes": _SCOPES}
    return {**said, "rate_limit": "60000/minute"}


@pytest.fixture
async def stand(open_stand: Opens) -> AsyncIterator[Stand]:
    """blog uses main, shop uses personal, both uses both; each may read the menu twice a minute."""
    clients = [
        _client(KEY, "main"),
        _client(SHOP_KEY, "personal"),
        _client(BOTH_KEY, "main", "personal"),
    ]
    async with open_stand({"clients": clients, "limits": {MENU: "2/minute"}}) as opened:
        yield opened


async def get(stand: Stand, path: str, key: str, account: str = "") -> httpx.Response:
    named = {"X-Wxgate-Account": account} if account else {}
    headers = {"Authorization": f"Bearer {key}", **named}
    return await stand.http.get(path, headers=headers)


async def virtual_token(stand: Stand, key: str, app_id: str) -> str:
    query = {"grant_type": "client_credential", "appid": app_id, "secret": key}
    async with httpx.AsyncClient(base_url=stand.url, trust_env=False) as tool:
        return str((await tool.get("/cgi-bin/token", params=query)).json()["access_token"])


async def test_a_token_reaches_its_own_account_alone(stand: Stand) -> None:
    for key, account in ((BOTH_KEY, VERIFIED), (BOTH_KEY, PERSONAL), (SHOP_KEY, PERSONAL)):
        token = await virtual_token(stand, key, account.app_id)
        async with httpx.AsyncClient(base_url=stand.url, trust_env=False) as tool:
            query = {"access_token": token}
            before = stand.sandbox.calls.count(COUNT, account.app_id)
            assert "total_count" in (await tool.get(COUNT, params=query)).json()
            assert stand.sandbox.calls.count(COUNT, account.app_id) == before + 1
            other = {"X-Wxgate-Account": "main" if account is PERSONAL else "personal"}
            refused = (await tool.get(COUNT, params=query, headers=other)).json()
            assert refused["errcode"] != 0
    assert stand.sandbox.calls.count(COUNT) == 3
    fetched = stand.sandbox.calls.by_account("/cgi-bin/stable_token")
    assert sum(sum(by_path.values()) for by_path in fetched.values()) == 2  # one for each account


async def test_a_kept_answer_is_of_its_account_alone(stand: Stand) -> None:
    async def state(key: str, account: str) -> str:
        return (await get(stand, CALLBACK_IPS, key, account)).headers["x-wxgate-cache"]

    assert [await state(BOTH_KEY, "main") for _ in range(2)] == ["miss", "hit"]
    assert await state(BOTH_KEY, "personal") == "miss"
    assert await state(SHOP_KEY, "personal") == "hit"  # the same account and scopes
    for app_id in (VERIFIED.app_id, PERSONAL.app_id):
        assert stand.sandbox.calls.count(CALLBACK_IPS, app_id) == 1


async def test_quotas_of_one_account_are_not_spent_by_calls_of_another(stand: Stand) -> None:
    for _ in range(3):
        await get(stand, COUNT, BOTH_KEY, "main")
    answer = await get(stand, COUNT, BOTH_KEY, "personal")
    assert answer.headers["x-wxgate-quota-remaining"] == "999"
    accounts = (await get(stand, "/v1/stats/quota", BOTH_KEY)).json()["accounts"]
    assert [accounts[name]["paths"][COUNT]["used"] for name in ("main", "personal")] == [3, 1]
    listed = (await get(stand, "/v1/accounts", BOTH_KEY)).json()["items"]
    assert [item["quota_remaining"][COUNT] for item in listed] == [997, 999]


async def test_limits_of_one_client_do_not_slow_another(stand: Stand) -> None:
    async def statuses(key: str, account: str) -> list[int]:
        return [(await get(stand, MENU, key, account)).status_code for _ in range(3)]

    assert await statuses(KEY, "main") == [200, 200, 429]
    assert await statuses(BOTH_KEY, "main") == [200, 200, 429]
    assert await statuses(SHOP_KEY, "personal") == [200, 200, 429]


async def test_limits_of_one_account_do_not_slow_another(open_stand: Opens) -> None:
    accounts = [
        {"name": name, "app_id": each.app_id, "app_secret": each.app_secret, "rate_limit": rate}
        for name, each, rate in (("main", VERIFIED, "1/minute"), ("personal", PERSONAL, ""))
    ]
    clients = [_client(BOTH_KEY, "main", "personal")]
    async with open_stand({"accounts": accounts, "clients": clients}) as stand:
        told = [
            (await get(stand, COUNT, BOTH_KEY, name)).status_code
            for name in ("main", "main", "personal", "personal")
        ]
    assert told == [200, 429, 200, 200]


async def test_statistics_tell_a_client_of_its_own_accounts_alone(stand: Stand) -> None:
    for account in ("main", "personal"):
        await get(stand, COUNT, BOTH_KEY, account)
        await get(stand, CALLBACK_IPS, BOTH_KEY, account)
    await get(stand, COUNT, KEY)
    for name in ("cache", "calls", "limits", "quota"):
        told = (await get(stand, f"/v1/stats/{name}", SHOP_KEY)).json()
        text = json.dumps(told)
        assert "personal" in text
        for foreign in ('"main"', " main", VERIFIED.app_id, PERSONAL.app_id, '"blog"', " blog"):
            assert foreign not in text, (name, foreign)
    calls = (await get(stand, "/v1/stats/calls", SHOP_KEY)).json()
    assert calls["accounts"]["personal"]["calls"] == 2
    listed = (await get(stand, "/v1/accounts", SHOP_KEY)).json()
    assert [item["name"] for item in listed["items"]] == ["personal"]


async def test_jobs_are_seen_by_who_handed_them_in_alone(stand: Stand) -> None:
    body = {"markdown": "# 题\n\n正文"}
    made: dict[str, str] = {}
    for key, account in ((KEY, "main"), (BOTH_KEY, "main"), (SHOP_KEY, "personal")):
        headers = {"Authorization": f"Bearer {key}"}
        url = f"/v1/accounts/{account}/articles"
        made[key] = (await stand.http.post(url, json=body, headers=headers)).json()["id"]
    for key, own in made.items():
        listed = (await get(stand, "/v1/jobs", key)).json()["items"]
        assert [job["id"] for job in listed] == [own]
        for job_id in made.values():
            status = (await get(stand, f"/v1/jobs/{job_id}", key)).status_code
            assert status == (200 if job_id == own else 404)
    headers = {"Authorization": f"Bearer {SHOP_KEY}"}
    refused = await stand.http.post("/v1/accounts/main/articles", json=body, headers=headers)
    assert refused.status_code == 404


async def test_a_picture_is_uploaded_to_each_account_that_uses_it(stand: Stand) -> None:
    body = {"markdown": sample_article(stand.sandbox.url)}
    headers = {"Authorization": f"Bearer {BOTH_KEY}", "Prefer": "wait=30"}
    uploads = {VERIFIED.app_id: 0, PERSONAL.app_id: 0}
    for account in ("main", "personal", "main", "personal"):
        job = await stand.http.post(f"/v1/accounts/{account}/articles", json=body, headers=headers)
        assert job.json()["state"] == "succeeded", job.text
    for entry in stand.committed("image"):
        uploads[entry.account] += 1
    assert uploads == {VERIFIED.app_id: 6, PERSONAL.app_id: 6}
