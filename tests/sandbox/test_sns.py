from typing import Any

from sandbox.settings import VERIFIED
from tests.sandbox.caller import Caller

LOGIN = {
    "appid": VERIFIED.app_id,
    "secret": VERIFIED.app_secret,
    "grant_type": "authorization_code",
}


async def get(caller: Caller, path: str, **query: str) -> dict[str, Any]:
    return dict((await caller.http.get(path, params=query)).json())


async def test_a_code_is_good_once(caller: Caller) -> None:
    first = await get(caller, "/sns/oauth2/access_token", **LOGIN, code="c1")
    assert {"access_token", "refresh_token", "openid", "expires_in"} <= first.keys()
    again = await get(caller, "/sns/oauth2/access_token", **LOGIN, code="c1")
    assert again["errcode"] == 40163
    assert (await get(caller, "/sns/oauth2/access_token", **LOGIN))["errcode"] == 41008


async def test_only_the_users_own_token_opens_the_profile(caller: Caller) -> None:
    user = await get(caller, "/sns/oauth2/access_token", **LOGIN, code="c1")
    openid = user["openid"]
    mine = await get(caller, "/sns/userinfo", access_token=user["access_token"], openid=openid)
    assert mine["openid"] == openid
    accounts = (await caller.stable())["access_token"]
    refused = await get(caller, "/sns/userinfo", access_token=accounts, openid=openid)
    assert refused["errcode"] == 40001
    other = await get(caller, "/sns/auth", access_token=user["access_token"], openid="o2")
    assert other["errcode"] == 40003
    fine = await get(caller, "/sns/auth", access_token=user["access_token"], openid=openid)
    assert fine["errcode"] == 0


async def test_a_users_tokens_are_renewed_without_the_secret(caller: Caller) -> None:
    user = await get(caller, "/sns/oauth2/access_token", **LOGIN, code="c1")
    path, query = "/sns/oauth2/refresh_token", {"appid": VERIFIED.app_id}
    renewed = await get(caller, path, **query, refresh_token=user["refresh_token"])
    assert renewed["openid"] == user["openid"]
    assert (await get(caller, path, **query, refresh_token="x"))["errcode"] == 40030
    assert (await get(caller, path, appid="wx"))["errcode"] == 40013


async def test_mini_programs_log_in_too(caller: Caller) -> None:
    session = await get(caller, "/sns/jscode2session", **LOGIN, js_code="j1")
    assert session.keys() == {"openid", "session_key"}
    wrong = LOGIN | {"secret": "wxg_blog_key"}
    assert (await get(caller, "/sns/jscode2session", **wrong, js_code="j2"))["errcode"] == 40125
    bad = LOGIN | {"grant_type": "client_credential"}
    assert (await get(caller, "/sns/jscode2session", **bad, js_code="j3"))["errcode"] == 40002
