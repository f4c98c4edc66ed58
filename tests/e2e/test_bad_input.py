"""The routes that publish, given what they should not get, by whom they should not be called."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import pytest

from store.engine import Database
from tests.e2e.conftest import KEY, Opens, Stand
from tests.e2e.odd import (
    ARTICLE,
    CALLS,
    MAIN,
    NAMED,
    ODD_NAMES,
    ODD_QUERIES,
    OF_POSTGRESQL,
    QUERIES,
    SHAPES,
    TEMPLATE,
    Call,
)

_AT_ONCE = 16
_MOST = "relay:read material draft publish mass templates"
# Keys beside that of the owner, who has the scope admin.
_OTHERS = {
    "neighbour": (["main"], _MOST),
    "stranger": (["personal"], _MOST),
    "watcher": (["main"], "stats"),
}


class There(NamedTuple):
    """What the owner has, by the names in the tables."""

    job: str
    schedule: str
    webhook: str
    delivery: str

    def path(self, path: str) -> str:
        return path.format(**self._asdict())


@pytest.fixture
async def stand(open_stand: Opens, database_url: str, database: Database) -> AsyncIterator[Stand]:
    """A gateway with keys for everybody, that counts no calls."""
    del database  # is migrated
    keys = {"blog": (["main"], f"{_MOST} admin"), **_OTHERS}
    clients = [
        {
            "id": name,
            "key": _key(name),
            "accounts": accounts,
            "scopes": scopes.split(),
            "rate_limit": "600000/minute",
        }
        for name, (accounts, scopes) in keys.items()
    ]
    change: dict[str, Any] = {"clients": clients, "server": {"control_rate_limit": "none"}}
    if database_url:
        change["database"] = {"url": database_url}
    async with open_stand(change) as opened:
        yield opened


def _key(name: str) -> str:
    return KEY if name == "blog" else f"wxg_{name}_0123456789abcdefghijklmn"


async def _there(stand: Stand, who: str = "blog") -> There:
    """A job, a schedule, a webhook with a delivery, and for all a template."""

    async def made(path: str, body: Any = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {_key(who)}"}
        response = await stand.http.post(path, json=body, headers=headers)
        assert response.is_success, response.text
        answer: dict[str, Any] = response.json()
        return answer

    later = (datetime.now(UTC) + timedelta(days=2)).isoformat(timespec="seconds")
    job = await made(f"{MAIN}/articles", {**ARTICLE, "publish_at": later})
    schedule = await made(f"{MAIN}/schedules", {"article": ARTICLE, "cron": "@weekly"})
    hook = await made("/v1/webhooks", {"url": "http://a.test/"})
    await made("/v1/templates", {**TEMPLATE, "name": "kept"})
    return There(job["id"], schedule["id"], hook["id"], "msg_" + "0" * 26)


def _fault(response: httpx.Response, field: str) -> str:
    """What is wrong with an answer to something odd; "" if nothing is.

    A 422 names the field; one about several fields at once says their names.
    """
    if response.is_success:
        return ""
    error = response.json()["error"]
    named = "field" in error or field.rpartition(".")[2] in error["message"]
    of_wechat = error["category"] == "gateway"
    if response.status_code >= 500 or not (response.status_code != 422 or named or of_wechat):
        return f"{response.status_code} {response.text[:300]}"
    return ""


async def test_an_odd_value_in_any_field_is_refused_by_name_and_never_a_fault_of_ours(
    stand: Stand, database_url: str
) -> None:
    there, room, broken = await _there(stand), asyncio.Semaphore(_AT_ONCE), []

    async def send(call: Call, field: str, body: bytes) -> None:
        how = {"content-type": "application/json"}
        async with room:
            path = there.path(call.path)
            response = await stand.http.request(call.method, path, content=body, headers=how)
        if fault := _fault(response, field):
            broken.append(f"{call.method} {call.path} {field} {body[:80]!r}: {fault}")

    values = OF_POSTGRESQL if database_url else SHAPES
    sent = [(call, *odd) for call in CALLS for odd in call.oddly(values)]
    await asyncio.gather(*(send(*each) for each in sent))
    assert len(sent) > 500
    assert not broken, "\n".join(broken)
    for path in ("/v1/jobs?limit=100", f"{MAIN}/schedules", "/v1/templates", "/v1/webhooks"):
        assert (await stand.http.get(path)).status_code == 200, path


async def test_odd_paths_and_queries_are_refused_or_find_nothing(stand: Stand) -> None:
    there, room, broken = await _there(stand), asyncio.Semaphore(_AT_ONCE), []

    async def send(method: str, path: str, name: str) -> None:
        async with room:
            response = await stand.http.request(method, there.path(path))
        found = response.is_success and not name
        if found or (fault := _fault(response, name)):
            broken.append(f"{method} {path[:80]}: {response.status_code if found else fault}")

    sent = [(*named.replace("{}", odd).split(" "), "") for named in NAMED for odd in ODD_NAMES]
    for path, names in QUERIES.items():
        for name in (*names.split(), "no_such"):
            sent += [("GET", f"{path}?{name}={odd}", name) for odd in ODD_QUERIES]
    await asyncio.gather(*(send(*each) for each in sent))
    assert not broken, "\n".join(broken)


_OWN = [
    *("GET /v1/jobs/{job}", "GET /v1/jobs/{job}/events", "GET /v1/jobs/{job}/report"),
    *("GET /v1/jobs/{job}/preview", "POST /v1/jobs/{job}/cancel", "POST /v1/jobs/{job}/retry"),
    *("POST /v1/jobs/{job}/approve", f"GET {MAIN}/schedules/{{schedule}}"),
    *(f"DELETE {MAIN}/schedules/{{schedule}}", f"POST {MAIN}/schedules/{{schedule}}/pause"),
    *(f"POST {MAIN}/schedules/{{schedule}}/resume", f"POST {MAIN}/schedules/{{schedule}}/run"),
    *(f"POST {MAIN}/schedules/{{schedule}}/approve", "GET /v1/webhooks/{webhook}"),
    *("DELETE /v1/webhooks/{webhook}", "POST /v1/webhooks/{webhook}/test"),
    *("GET /v1/webhooks/{webhook}/deliveries",),
    "POST /v1/webhooks/{webhook}/deliveries/{delivery}/redeliver",
]
_NEED_A_SCOPE = [
    *(f"GET {MAIN}/drafts", f"GET {MAIN}/publications/a", f"DELETE {MAIN}/materials/a"),
    *("GET /v1/templates", "GET /v1/templates/kept", "GET /v1/templates/kept/versions/1"),
    *("GET /v1/templates/kept/diff?from=1", "DELETE /v1/templates/kept"),
    *("PUT /v1/files/" + "0" * 64, "POST /v1/jobs/{job}/approve"),
]
_NO_SCOPE = ("/v1/jobs", "/v1/webhooks")  # one's own, whatever one may do


def _calls(lines: list[str]) -> list[Call]:
    return [Call(method, path, {}) for method, path in (line.split(" ") for line in lines)]


@pytest.mark.parametrize("database_url", [""])
async def test_nobody_else_sees_or_touches_it(stand: Stand) -> None:
    there = await _there(stand)
    found = (await stand.http.get(f"/v1/jobs/{there.job}")).json()
    with_body = [call for call in CALLS if call.path != there.path(call.path)]
    for who in ("neighbour", "stranger", "watcher"):
        headers = {"Authorization": f"Bearer {_key(who)}"}
        for method, path, body in (*_calls(_OWN), *with_body):
            refused = await stand.http.request(method, there.path(path), json=body, headers=headers)
            # A scope that is missing is told of before anything is looked for.
            right = {404, 403} if who == "watcher" else {404}
            assert refused.status_code in right, (who, method, path, refused.text)
        for path in ("/v1/jobs", f"/v1/jobs?ids={there.job}", "/v1/webhooks"):
            assert (await stand.http.get(path, headers=headers)).json()["items"] == [], (who, path)
        retried = await stand.http.post(
            "/v1/jobs/retry", json={"ids": [there.job]}, headers=headers
        )
        assert retried.json()["items"][0]["error"]["code"] == "job_unknown"
    assert (await stand.http.get(f"/v1/jobs/{there.job}")).json() == found


@pytest.mark.parametrize("database_url", [""])
async def test_no_route_does_anything_without_its_scope_or_on_an_account_of_others(
    stand: Stand,
) -> None:
    there = await _there(stand)
    watcher, stranger = (
        {"Authorization": f"Bearer {_key(who)}"} for who in ("watcher", "stranger")
    )
    asked = [call for call in CALLS if not call.path.startswith(_NO_SCOPE)]
    asked += _calls(_NEED_A_SCOPE)
    for method, named, body in asked:
        path = there.path(named)
        refused = await stand.http.request(method, path, json=body, headers=watcher)
        assert refused.status_code in (403, 404), (method, path, refused.text)
        assert refused.json()["error"]["code"] in ("scope_missing", "job_unknown"), (method, path)
        if path.startswith(MAIN):
            for account in ("main", "nowhere"):
                elsewhere = path.replace(MAIN, f"/v1/accounts/{account}")
                refused = await stand.http.request(method, elsewhere, json=body, headers=stranger)
                error = refused.json()["error"]
                assert (refused.status_code, error["code"]) == (404, "account_unknown"), elsewhere


@pytest.mark.parametrize("database_url", [""])
async def test_the_secret_of_a_webhook_is_told_this_once(stand: Stand) -> None:
    body = {"url": "http://a.test/?token=t"}
    made = await stand.http.post("/v1/webhooks", json=body)
    path, secret = f"/v1/webhooks/{made.json()['id']}", made.json()["secret"]
    answers = [
        await stand.http.get("/v1/webhooks"),
        await stand.http.get(path),
        await stand.http.patch(path, json={"events": ["job.*"]}),
        await stand.http.post(f"{path}/test"),
        await stand.http.get(f"{path}/deliveries"),
        await stand.http.get("/v1/admin/audit"),
    ]
    assert {answer.status_code for answer in answers} == {200, 202}
    assert not any(secret in answer.text for answer in answers)
    assert "token=t" not in answers[-1].text
