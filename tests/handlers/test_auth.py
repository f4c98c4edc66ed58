from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import KEY, Opens, Stand, open_stand

__all__ = ["open_stand"]

TIED_KEY = "wxg_tied_0123456789abcdefghijklmn"
CLIENTS = [
    {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["relay:read", "draft"]},
    {
        "id": "tied",
        "key": TIED_KEY,
        "accounts": ["main"],
        "scopes": ["relay:read"],
        "allow_ips": ["192.0.2.0/24"],
    },
]
LOGIN = {"client_id": "blog", "client_secret": KEY}
COUNT = "/cgi-bin/draft/count"


@pytest.fixture
async def stand(open_stand: Opens) -> AsyncIterator[Stand]:
    async with open_stand({"clients": CLIENTS}) as opened:
        yield opened


@pytest.fixture
async def http(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    """A caller without any credential."""
    async with httpx.AsyncClient(base_url=stand.url, trust_env=False) as client:
        yield client


async def login(http: httpx.AsyncClient) -> Any:
    answer = await http.post("/v1/auth/token", json=LOGIN)
    assert answer.status_code == 200, answer.text
    return answer.json()


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def code(response: httpx.Response) -> Any:
    return response.status_code, response.json()["error"]["code"]


async def test_a_session_is_opened_with_the_key_in_the_body(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/auth/token", json=LOGIN)
    told = answer.json()
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 3600)
    assert answer.headers["cache-control"] == "no-store"
    assert told["access_token"].count(".") == 2
    assert KEY not in answer.text


async def test_its_token_is_taken_wherever_a_key_is(http: httpx.AsyncClient) -> None:
    headers = bearer((await login(http))["access_token"])
    relayed = await http.get(COUNT, headers=headers)
    assert (relayed.status_code, "total_count" in relayed.json()) == (200, True)
    assert (await http.get("/v1/accounts", headers=headers)).json()["default"] == "main"
    token = await http.post(
        "/cgi-bin/stable_token",
        json={"grant_type": "client_credential", "appid": "main"},
        headers=headers,
    )
    virtual = token.json()["access_token"]
    assert (await http.get(COUNT, params={"access_token": virtual})).json()["total_count"] == 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({**LOGIN, "client_secret": KEY[:-1] + "x"}, (401, "auth_key_wrong")),
        ({**LOGIN, "client_id": "tied"}, (401, "auth_key_wrong")),
        ({"client_id": "tied", "client_secret": TIED_KEY}, (403, "ip_not_allowed")),
        ({"client_id": "blog"}, (422, "field_invalid")),
        ({**LOGIN, "more": 1}, (422, "field_invalid")),
        ({**LOGIN, "client_secret": "x" * 600}, (422, "field_invalid")),
        ({**LOGIN, "client_secret": "a.b.c"}, (401, "auth_key_wrong")),
    ],
)
async def test_no_session_without_the_right_key_from_the_right_place(
    http: httpx.AsyncClient, body: Any, expected: tuple[int, str]
) -> None:
    refused = await http.post("/v1/auth/token", json=body)
    assert code(refused) == expected
    assert KEY not in refused.text


async def test_a_key_in_the_url_opens_no_session(http: httpx.AsyncClient) -> None:
    refused = await http.post("/v1/auth/token", params=LOGIN, json=LOGIN)
    assert code(refused) == (400, "key_in_url")


async def test_a_session_goes_on_and_its_old_refresh_token_ends_it(
    http: httpx.AsyncClient,
) -> None:
    first = await login(http)
    again = {"refresh_token": first["refresh_token"]}
    second = (await http.post("/v1/auth/refresh", json=again)).json()
    assert (await http.get(COUNT, headers=bearer(second["access_token"]))).status_code == 200
    reused = await http.post("/v1/auth/refresh", json=again)
    assert code(reused) == (401, "refresh_reused")
    refused = await http.get(COUNT, headers=bearer(second["access_token"]))
    assert (refused.status_code, refused.json()["errcode"]) == (401, 42001)
    assert refused.json()["error"]["code"] == "auth_session_ended"


async def test_a_revoked_session_takes_with_it_what_was_got_by_it(
    http: httpx.AsyncClient,
) -> None:
    session = await login(http)
    token_call = {"grant_type": "client_credential", "appid": "main"}
    headers = bearer(session["access_token"])
    token = await http.post("/cgi-bin/stable_token", json=token_call, headers=headers)
    ended = await http.post("/v1/auth/revoke", json={"token": session["access_token"]})
    assert ended.json() == {"revoked": True}
    assert (await http.get("/v1/accounts", headers=headers)).status_code == 401
    virtual = {"access_token": token.json()["access_token"]}
    assert (await http.get(COUNT, params=virtual)).json()["errcode"] == 42001
    again = await http.post("/v1/auth/revoke", json={"token": session["refresh_token"]})
    assert again.json() == {"revoked": False}


async def test_the_paths_beside_are_told_as_everywhere(http: httpx.AsyncClient) -> None:
    assert code(await http.get("/v1/auth/token")) == (405, "method_not_allowed")
    assert code(await http.post("/v1/auth/nothing")) == (404, "not_found")
    assert code(await http.post("/v1/auth/token", content=b"{")) == (415, "media_type_unsupported")
    assert code(await http.post("/v1/auth/refresh", json={"refresh_token": "x"})) == (
        401,
        "refresh_invalid",
    )
