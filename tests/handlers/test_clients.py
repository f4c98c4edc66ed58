from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import KEY, Opens, Stand, open_stand

__all__ = ["open_stand"]

OPS_KEY = "wxg_ops_0123456789abcdefghijklmno"
CLIENTS = [
    {"id": "ops", "key": OPS_KEY, "accounts": ["main"], "scopes": ["admin"]},
    {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["relay:read", "draft"]},
]
NEW = {"id": "shop", "accounts": ["main"], "scopes": ["relay:read"]}
URL = "/v1/admin/clients"


@pytest.fixture
async def stand(open_stand: Opens) -> AsyncIterator[Stand]:
    async with open_stand({"clients": CLIENTS}) as opened:
        yield opened


@pytest.fixture
def ops(stand: Stand) -> httpx.AsyncClient:
    stand.http.headers["authorization"] = f"Bearer {OPS_KEY}"
    return stand.http


async def may_call(stand: Stand, key: str) -> bool:
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=stand.url, headers=headers, trust_env=False) as http:
        return (await http.get("/cgi-bin/draft/count")).status_code == 200


def code(response: httpx.Response) -> Any:
    return response.status_code, response.json()["error"]["code"]


async def test_a_client_is_made_and_calls_at_once(ops: httpx.AsyncClient, stand: Stand) -> None:
    made = await ops.post(URL, json=NEW)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert made.headers["cache-control"] == "no-store"
    assert await may_call(stand, made.json()["key"])
    shown = await ops.get(f"{URL}/shop")
    assert made.json()["key"] not in shown.text
    assert shown.json() == {name: value for name, value in made.json().items() if name != "key"}


async def test_only_the_scope_admin_may_look_or_change(stand: Stand) -> None:
    for method, path in (
        *(("GET", URL), ("POST", URL), ("GET", f"{URL}/blog"), ("PATCH", f"{URL}/blog")),
        *(("DELETE", f"{URL}/blog"), ("POST", f"{URL}/blog/keys")),
        ("DELETE", f"{URL}/blog/keys/abcd"),
    ):
        refused = await stand.http.request(method, path, json={})
        assert code(refused) == (403, "scope_missing")


async def test_pages_follow_each_other(ops: httpx.AsyncClient) -> None:
    for name in ("b", "d", "a"):
        await ops.post(URL, json={**NEW, "id": name})
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await ops.get(URL, params={"limit": 2, "cursor": cursor})).json()
        seen += [item["id"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == ["a", "b", "blog", "d", "ops"]
    assert code(await ops.get(URL, params={"limit": "0"})) == (422, "field_invalid")


async def test_a_change_counts_at_once_and_a_stale_one_not(
    ops: httpx.AsyncClient, stand: Stand
) -> None:
    made = await ops.post(URL, json=NEW)
    one = f"{URL}/shop"
    changed = await ops.patch(one, json={"disabled": True}, headers={"if-match": '"1"'})
    assert (changed.status_code, changed.json()["disabled"]) == (200, True)
    assert changed.headers["etag"] == '"2"'
    assert not await may_call(stand, made.json()["key"])
    stale = await ops.patch(one, json={"disabled": False}, headers={"if-match": '"1"'})
    assert code(stale) == (409, "stale_edit")
    assert code(await ops.delete(one, headers={"if-match": "2"})) == (400, "if_match_invalid")
    gone = await ops.delete(one, headers={"if-match": '"2"'})
    assert (gone.status_code, gone.content) == (204, b"")
    assert code(await ops.get(one)) == (404, "client_unknown")


async def test_a_key_is_rotated_and_revoked(ops: httpx.AsyncClient, stand: Stand) -> None:
    old = (await ops.post(URL, json=NEW)).json()["key"]
    rotated = await ops.post(f"{URL}/shop/keys", json={"overlap_s": 60})
    assert rotated.status_code == 201
    new = rotated.json()["key"]
    assert await may_call(stand, old)
    assert await may_call(stand, new)
    (ended,) = [key["id"] for key in rotated.json()["keys"] if key["expires_at"]]
    revoked = await ops.delete(f"{URL}/shop/keys/{ended}")
    assert [key["hint"] for key in revoked.json()["keys"]] == [new[-4:]]
    assert not await may_call(stand, old)
    assert await may_call(stand, new)
    assert code(await ops.delete(f"{URL}/shop/keys/{ended}")) == (404, "client_key_unknown")


async def test_without_a_body_the_old_key_lives_on_for_a_day(ops: httpx.AsyncClient) -> None:
    await ops.post(URL, json=NEW)
    rotated = await ops.post(f"{URL}/shop/keys")
    assert (rotated.status_code, len(rotated.json()["keys"])) == (201, 2)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({**NEW, "id": "ops"}, (409, "client_in_file")),
        ({**NEW, "accounts": ["nowhere"]}, (422, "client_account_unknown")),
        ({**NEW, "id": "A"}, (422, "field_invalid")),
        ({**NEW, "scopes": ["root"]}, (422, "field_invalid")),
        ({**NEW, "key": "wxg_shop_0123456789abcdefghijklmn"}, (422, "field_invalid")),
        ({**NEW, "allow_ips": ["10.0.0.1/8"]}, (422, "field_invalid")),
        ([], (422, "field_invalid")),
    ],
)
async def test_what_cannot_be_made_is_refused(
    ops: httpx.AsyncClient, body: Any, expected: tuple[int, str]
) -> None:
    assert code(await ops.post(URL, json=body)) == expected


async def test_clients_of_the_file_cannot_be_changed_here(ops: httpx.AsyncClient) -> None:
    assert (await ops.get(f"{URL}/blog")).json()["source"] == "file"
    for refused in (
        await ops.patch(f"{URL}/blog", json={"disabled": True}),
        await ops.delete(f"{URL}/blog"),
        await ops.post(f"{URL}/blog/keys"),
        await ops.delete(f"{URL}/blog/keys/klmn"),
    ):
        assert code(refused) == (409, "client_in_file")


async def test_who_changed_what_is_in_the_audit_log(ops: httpx.AsyncClient) -> None:
    await ops.post(URL, json=NEW, headers={"x-request-id": "made-by-test"})
    (entry,) = (await ops.get("/v1/admin/audit", params={"action": "client"})).json()["items"]
    assert (entry["actor"], entry["action"], entry["subject"]) == (
        "client:ops",
        "client.create",
        "shop",
    )
    assert (entry["request_id"], entry["ip"]) == ("made-by-test", "127.0.0.1")
