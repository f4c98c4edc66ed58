import pytest

from sandbox.settings import PERSONAL, VERIFIED
from tests.sandbox.caller import Caller

QUOTA = "/cgi-bin/openapi/quota/get"
RID = "/cgi-bin/openapi/rid/get"


async def test_quota_tells_limit_and_use(caller: Caller) -> None:
    await caller.draft()
    answer = await caller.post(QUOTA, {"cgi_path": "/cgi-bin/draft/add"})
    assert answer["errcode"] == 0
    assert answer["quota"] == {"daily_limit": 1000, "used": 1, "remain": 999}


@pytest.mark.parametrize(
    ("path", "errcode"),
    [
        ("/cgi-bin/unknown", 76021),
        ("cgi-bin/draft/add", 76021),
        ("/sns/userinfo", 76022),
        (1, 76021),
    ],
)
async def test_quota_of_a_strange_path_is_refused(
    caller: Caller, path: object, errcode: int
) -> None:
    assert (await caller.post(QUOTA, {"cgi_path": path}))["errcode"] == errcode


async def test_one_counter_can_be_cleared(caller: Caller) -> None:
    await caller.draft()
    body = {"cgi_path": "/cgi-bin/draft/add"}
    assert (await caller.post("/cgi-bin/openapi/quota/clear", body))["errcode"] == 0
    assert (await caller.post(QUOTA, body))["quota"]["used"] == 0


async def test_clearing_another_accounts_counters_is_refused(caller: Caller) -> None:
    body = {"appid": PERSONAL.app_id}
    assert (await caller.post("/cgi-bin/clear_quota", body))["errcode"] == 40013


@pytest.mark.parametrize("place", ["json", "params"])
async def test_clearing_by_secret_takes_it_from_body_or_query(caller: Caller, place: str) -> None:
    fields = {"appid": VERIFIED.app_id, "appsecret": VERIFIED.app_secret}
    url = "/cgi-bin/clear_quota/v2"
    answer = (
        await caller.http.post(url, json=fields)
        if place == "json"
        else await caller.http.post(url, params=fields)
    )
    assert answer.json()["errcode"] == 0
    assert len(caller.sandbox.ledger.entries("quota_clear")) == 1


async def test_a_failed_call_is_found_by_its_rid(caller: Caller) -> None:
    failed = await caller.post("/cgi-bin/draft/get", {"media_id": "x"})
    rid = failed["errmsg"].rpartition("rid: ")[2]
    found = await caller.post(RID, {"rid": rid})
    assert found["request"]["client_ip"] == "127.0.0.1"
    assert (await caller.as_account(PERSONAL).post(RID, {"rid": rid}))["errcode"] == 76003
    await caller.advance(8 * 86_400)
    caller._token = ""
    assert (await caller.post(RID, {"rid": rid}))["errcode"] == 76004


async def test_bad_rids_are_told_apart(caller: Caller) -> None:
    assert (await caller.post(RID, {"rid": "x"}))["errcode"] == 76002
    assert (await caller.post(RID, {"rid": "0" * 8 + "-" + "0" * 8 + "-" + "0" * 8}))[
        "errcode"
    ] == 76001


async def test_wechats_addresses_are_listed(caller: Caller) -> None:
    for path in ("/cgi-bin/get_api_domain_ip", "/cgi-bin/getcallbackip"):
        answer = await caller.get(path)
        assert answer.keys() == {"ip_list"}
        assert answer["ip_list"]


async def test_the_callback_check_answers_what_was_asked(caller: Caller) -> None:
    path = "/cgi-bin/callback/check"
    assert (await caller.post(path, {"action": "dns"})).keys() == {"dns"}
    assert (await caller.post(path, {"action": "all"})).keys() == {"dns", "ping"}
    assert (await caller.post(path, {"action": "x"}))["errcode"] == 40201
    body = {"action": "all", "check_operator": "x"}
    assert (await caller.post(path, body))["errcode"] == 40202
