import pytest

from sandbox.settings import PERSONAL, VERIFIED
from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Start

_COUNT = "/cgi-bin/draft/count"


async def errcode_with(caller: Caller, token: str) -> int:
    """What a business call says to a token; 0 if it is taken."""
    answer = await caller.http.get(_COUNT, params={"access_token": token})
    return int(answer.json().get("errcode", 0))


async def test_each_classic_call_gives_a_new_token_of_7200_seconds(caller: Caller) -> None:
    first, second = await caller.classic(), await caller.classic()
    assert first.keys() == {"access_token", "expires_in"}
    assert (first["expires_in"], second["expires_in"]) == (7200, 7200)
    assert first["access_token"] != second["access_token"]


async def test_a_superseded_classic_token_works_five_more_minutes(caller: Caller) -> None:
    first = (await caller.classic())["access_token"]
    second = (await caller.classic())["access_token"]
    await caller.advance(299)
    assert await errcode_with(caller, first) == 0
    await caller.advance(2)
    assert await errcode_with(caller, first) == 40001
    assert await errcode_with(caller, second) == 0


async def test_of_three_classic_tokens_the_first_dies_at_once(caller: Caller) -> None:
    tokens = [(await caller.classic())["access_token"] for _ in range(3)]
    assert [await errcode_with(caller, token) for token in tokens] == [40001, 0, 0]


async def test_stable_and_classic_tokens_do_not_retire_each_other(caller: Caller) -> None:
    stable = (await caller.stable())["access_token"]
    classic = [(await caller.classic())["access_token"] for _ in range(3)][-1]
    await caller.advance(600)
    assert await errcode_with(caller, stable) == 0
    assert (await caller.stable())["access_token"] == stable
    assert await errcode_with(caller, classic) == 0


async def test_a_stable_token_stays_the_same_with_less_time_left(caller: Caller) -> None:
    first = await caller.stable()
    await caller.advance(1000)
    second = await caller.stable()
    assert second["access_token"] == first["access_token"]
    assert second["expires_in"] in (6199, 6200)


async def test_a_stable_token_renews_in_its_last_five_minutes_with_an_overlap(
    caller: Caller,
) -> None:
    old = (await caller.stable())["access_token"]
    await caller.advance(6901)
    new = await caller.stable()
    assert new["access_token"] != old
    assert new["expires_in"] == 7200
    assert await errcode_with(caller, old) == 0
    await caller.advance(300)
    assert await errcode_with(caller, old) == 42001


async def test_a_forced_refresh_kills_the_token_before_it(caller: Caller) -> None:
    old = (await caller.stable())["access_token"]
    new = (await caller.stable(force_refresh=True))["access_token"]
    assert await errcode_with(caller, old) == 40001
    assert await errcode_with(caller, new) == 0


async def test_with_forced_overlap_the_token_before_lives_on(start: Start) -> None:
    caller = await start(forced_overlap=True)
    old = (await caller.stable())["access_token"]
    await caller.stable(force_refresh=True)
    assert await errcode_with(caller, old) == 0


async def test_a_second_forced_refresh_within_30_seconds_changes_nothing(caller: Caller) -> None:
    first = (await caller.stable(force_refresh=True))["access_token"]
    await caller.advance(29)
    assert (await caller.stable(force_refresh=True))["access_token"] == first
    await caller.advance(2)
    assert (await caller.stable(force_refresh=True))["access_token"] != first


async def test_the_21st_forced_refresh_of_a_day_is_refused(caller: Caller) -> None:
    for _ in range(20):
        assert "access_token" in await caller.stable(force_refresh=True)
    assert (await caller.stable(force_refresh=True))["errcode"] == 45009
    assert "access_token" in await caller.stable()
    await caller.advance(86_400)
    assert "access_token" in await caller.stable(force_refresh=True)


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"grant_type": "authorization_code"}, 40002),
        ({"grant_type": None}, 40002),
        ({"appid": None}, 41002),
        ({"secret": None}, 41004),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"secret": "wrong"}, 40125),
        ({"secret": PERSONAL.app_secret}, 40125),
    ],
)
async def test_bad_credentials_get_no_token(
    caller: Caller, changes: dict[str, str | None], errcode: int
) -> None:
    assert (await caller.stable(**changes))["errcode"] == errcode
    assert (await caller.classic(**changes))["errcode"] == errcode
    assert caller.sandbox.ledger.entries("token") == []


async def test_form_encoded_stable_token_is_refused(caller: Caller) -> None:
    answer = await caller.http.post("/cgi-bin/stable_token", data=caller.login())
    assert answer.json()["errcode"] == 47001


async def test_bad_tokens_are_told_apart(caller: Caller) -> None:
    token = (await caller.stable())["access_token"]
    assert (await caller.http.get(_COUNT)).json()["errcode"] == 41001
    assert await errcode_with(caller, "wxg_blog_key") == 40014
    assert await errcode_with(caller, "92_" + "a" * 150) == 40001
    await caller.advance(7201)
    assert await errcode_with(caller, token) == 42001


async def test_one_errcode_for_all_bad_tokens_where_switched(start: Start) -> None:
    caller = await start(bad_token="always_40014")
    assert await errcode_with(caller, "92_" + "a" * 150) == 40014


async def test_tokens_end_when_told_to(caller: Caller) -> None:
    token = (await caller.stable())["access_token"]
    ended = await caller.control("expire_token", {"app_id": VERIFIED.app_id})
    assert ended == {"ended": 1}
    assert await errcode_with(caller, token) == 42001
    token = (await caller.stable())["access_token"]
    await caller.control("expire_token", {"app_id": VERIFIED.app_id, "supersede": True})
    assert await errcode_with(caller, token) == 40001
    assert (await caller.stable())["access_token"] != token


async def test_an_ip_outside_of_the_whitelist_is_named(start: Start) -> None:
    account = VERIFIED.model_copy(update={"ip_whitelist": ("203.0.113.0/24",)})
    caller = await start(accounts=(account,))
    refused = await caller.stable()
    assert refused["errcode"] == 40164
    assert refused["errmsg"].startswith(
        "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist rid: "
    )


async def test_a_whitelisted_network_may_call(start: Start) -> None:
    account = VERIFIED.model_copy(update={"ip_whitelist": ("127.0.0.0/8",)})
    caller = await start(accounts=(account,))
    assert (await caller.get(_COUNT)) == {"total_count": 0}


async def test_tokens_belong_to_their_account(caller: Caller) -> None:
    await caller.draft()
    assert await caller.as_account(PERSONAL).get(_COUNT) == {"total_count": 0}
    assert await caller.get(_COUNT) == {"total_count": 1}
