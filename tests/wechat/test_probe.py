from collections.abc import Mapping
from typing import Any

import pytest

from wechat.call import Call, NotSent, QuotaClosed, Upload, WeChatRefused
from wechat.freepublish import BATCHGET
from wechat.probe import QUOTA, QUOTA_PATHS, SWITCH, Facts, QuotaFigure, may_publish, probe

FIGURE = {"daily_limit": 500, "used": 2, "remain": 498}


class WeChat:
    """A Call whose answers, by path, are told; others are empty successes."""

    def __init__(self, **answers: dict[str, Any] | Exception) -> None:
        self._answers = {
            BATCHGET: answers.get("published", {"item": []}),
            SWITCH: answers.get("switch", {"is_open": 1}),
            QUOTA: answers.get("quota", {"quota": FIGURE}),
        }
        self.asked: list[tuple[str, dict[str, Any], dict[str, str]]] = []

    async def post(
        self, account: str, path: str, body: Mapping[str, Any], *, query: Mapping[str, str] = {}
    ) -> dict[str, Any]:
        assert account == "main"
        self.asked.append((path, dict(body), dict(query)))
        answer = self._answers[path]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def get(
        self, account: str, path: str, *, query: Mapping[str, str] = {}
    ) -> dict[str, Any]:
        raise AssertionError((account, path, query))

    async def upload(
        self, account: str, path: str, upload: Upload, *, query: Mapping[str, str] = {}
    ) -> dict[str, Any]:
        raise AssertionError((account, path, upload, query))


def refused(errcode: int) -> WeChatRefused:
    return WeChatRefused(errcode=errcode, errmsg="no", path="/cgi-bin/x")


CLOSED = QuotaClosed(path=BATCHGET, until="tomorrow", retry_after_s=1)


async def test_seven_calls_tell_all_and_the_draft_box_is_only_looked_at() -> None:
    wechat = WeChat()
    call: Call = wechat
    facts = await probe(call, "main")
    assert (facts.freepublish, facts.draft_switch, facts.verified) == (True, True, "likely")
    assert facts.quotas == dict.fromkeys(QUOTA_PATHS, QuotaFigure(**FIGURE))
    assert len(wechat.asked) == 7
    assert (SWITCH, {}, {"checkonly": "1"}) in wechat.asked


async def test_48001_means_that_the_account_may_not_publish() -> None:
    facts = await probe(WeChat(published=refused(48001)), "main")
    assert (facts.freepublish, facts.verified) == (False, "unlikely")
    assert not await may_publish(WeChat(published=refused(48001)), "main")


@pytest.mark.parametrize("trouble", [refused(45009), refused(40066), CLOSED])
async def test_what_wechat_will_not_say_stays_unknown(trouble: Exception) -> None:
    facts = await probe(WeChat(published=trouble, switch=trouble, quota=trouble), "main")
    assert facts == Facts()
    assert facts.verified == "unknown"


async def test_an_account_that_cannot_call_at_all_is_no_fact() -> None:
    with pytest.raises(NotSent):
        await probe(WeChat(published=NotSent(reason="refused")), "main")


@pytest.mark.parametrize(
    "quota",
    [None, {}, "500", {**FIGURE, "daily_limit": "many"}, {**FIGURE, "daily_limit": 0}],
)
async def test_figures_that_make_no_sense_are_left_out(quota: Any) -> None:
    assert (await probe(WeChat(quota={"quota": quota}), "main")).quotas == {}


def test_what_was_known_stays_where_nothing_newer_is() -> None:
    old, new = (QuotaFigure(daily_limit=n, used=0, remain=n) for n in (1, 2))
    earlier = Facts(freepublish=True, draft_switch=True, quotas={"/a": old, "/b": old})
    later = Facts(draft_switch=False, quotas={"/b": new})
    both = Facts(freepublish=True, draft_switch=False, quotas={"/a": old, "/b": new})
    assert later.over(earlier) == both
    assert later.over(None) == later
