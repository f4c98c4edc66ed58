from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from proxy.upstream import UpstreamSettings
from tests.gateway import MAIN, PERSONAL, Setup, open_gateway
from tests.handlers.relaying import COUNT, LOGIN

# --- refusals ---------------------------------------------------------------------------------


async def test_a_tool_that_knows_wechat_alone_gets_wechats_shape(gate: httpx.AsyncClient) -> None:
    answer = await gate.get(COUNT, params={"access_token": "expired"})
    assert answer.status_code == 200
    assert answer.json()["errcode"] == 42001
    assert answer.headers["x-wxgate-error"] == (
        "auth; source=wxgate; action=fix_request; retryable=false"
    )
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "headers",
    [
        {"accept": "application/problem+json"},
        {"authorization": "Bearer wrong"},
        {"x-api-key": "wrong"},
    ],
)
async def test_a_caller_that_knows_http_gets_the_real_status(
    gate: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await gate.get(COUNT, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["errcode"] in (40125, 41001)


async def test_the_password_of_a_proxy_in_front_tells_nothing_of_the_caller(
    gate: httpx.AsyncClient,
) -> None:
    answer = await gate.get(COUNT, headers={"authorization": "Basic dXNlcjpwYXNz"})
    assert (answer.status_code, answer.json()["errcode"]) == (200, 41001)


async def test_texts_come_in_the_callers_language(gate: httpx.AsyncClient) -> None:
    zh = (await gate.get(COUNT)).json()["errmsg"]
    en = (await gate.get(COUNT, headers={"accept-language": "en-GB,zh"})).json()["errmsg"]
    assert zh.startswith("wxgate: 请求没有携带凭证 → 带上 Authorization")
    assert en.startswith("wxgate: the request carries no credential → send Authorization")


async def test_an_errcode_of_wechats_is_explained_in_a_header_alone(
    gate: httpx.AsyncClient, token: str
) -> None:
    answer = await gate.post(
        "/cgi-bin/freepublish/submit", params={"access_token": token}, json={"media_id": "x"}
    )
    assert answer.json()["errcode"] == 40007
    assert set(answer.json()) == {"errcode", "errmsg"}
    assert "source=wechat" in answer.headers["x-wxgate-error"]


async def test_wechats_refusal_of_the_account_reaches_the_tool_as_wechats(
    upstream: UpstreamSettings, tmp_path: Path
) -> None:
    wrong = MAIN.model_copy(update={"app_secret": SecretStr("wrong")})
    async with (
        open_gateway(Setup(upstream, tmp_path, accounts=(wrong, PERSONAL))) as gateway,
        gateway.client() as http,
    ):
        answer = await http.get("/cgi-bin/token", params=LOGIN)
    data = answer.json()
    assert data["errcode"] == 40125
    assert data["error"]["code"] == "account_misconfigured"
    assert "source=wechat" in answer.headers["x-wxgate-error"]
