from typing import Any

import orjson
import pytest

from accounts.official import OfficialAccount
from cache.counters import MemoryCounters
from core.metrics import Metrics
from proxy.base_urls import BaseUrls
from proxy.body import MemoryBody
from proxy.budget import RetryBudgets
from proxy.exchange import Exchanger
from proxy.quota import QuotaLedger
from proxy.retry import Retrier
from proxy.stable_token import PATH, AccountMisconfigured, StableToken, TokenUnavailable
from proxy.upstream import UpstreamAnswer, UpstreamRequest
from tests.gateway import MAIN
from wechat.call import NotSent, OutcomeUnknown, WeChatRefused
from wechat.catalogue import load_catalogue


class Answer:
    """A complete answer."""

    status = 200
    headers: list[tuple[bytes, bytes]] = []  # noqa: RUF012

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.closed = False

    async def read(self, limit: int) -> bytes:
        return self._body[:limit]

    async def chunks(self) -> Any:
        yield b""

    def at_end(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


class Script:
    """An Upstream that answers, or fails, as told."""

    def __init__(self, *answers: object) -> None:
        self._answers = list(answers)
        self.bodies: list[dict[str, Any]] = []

    async def send(self, request: UpstreamRequest) -> UpstreamAnswer:
        assert isinstance(request.body, MemoryBody)
        self.bodies.append(orjson.loads(request.body.data))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer if isinstance(answer, bytes) else orjson.dumps(answer))


async def no_wait(_seconds: float) -> None:
    return


def source(script: Script) -> tuple[StableToken, QuotaLedger]:
    quota, metrics = QuotaLedger(MemoryCounters()), Metrics()
    retrier = Retrier(RetryBudgets(), metrics, sleep=no_wait)
    base_urls = BaseUrls(("https://x",), metrics)
    endpoint = load_catalogue().find(PATH)
    exchanger = Exchanger(script, quota, metrics)
    return StableToken(exchanger, base_urls, endpoint, retrier), quota


async def fetch(script: Script, account: OfficialAccount = MAIN, *, force: bool = False) -> Any:
    return await source(script)[0].fetch(account, force=force)


@pytest.mark.parametrize(
    ("expires_in", "life_s"),
    [
        (7_200, 7_200), (345, 345), (0, 60), (-5, 60), (10**9, 7_200), (59.5, 60), ("7200", 6_900),
        (None, 6_900), (True, 6_900), ([], 6_900),
    ],
)  # fmt: skip
async def test_a_life_that_cannot_be_is_put_right(expires_in: object, life_s: float) -> None:
    fetched = await fetch(Script({"access_token": "t", "expires_in": expires_in}))
    assert fetched == ("t", life_s)


@pytest.mark.parametrize("force", [False, True])
async def test_the_account_and_the_mode_are_told(*, force: bool) -> None:
    script = Script({"access_token": "t", "expires_in": 7_200})
    await fetch(script, force=force)
    assert script.bodies == [
        {
            "grant_type": "client_credential",
            "appid": MAIN.app_id,
            "secret": MAIN.app_secret.get_secret_value(),
            "force_refresh": force,
        }
    ]


@pytest.mark.parametrize("value", ["", None, 5, "x" * 2_049, []])
async def test_a_token_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(TokenUnavailable):
        await fetch(Script({"access_token": value, "expires_in": 7_200}))


@pytest.mark.parametrize("errcode", [40001, 40013, 40125, 40164, 40243, 50007, 61024, 89503])
async def test_what_only_a_person_can_mend_is_not_asked_again(errcode: int) -> None:
    script = Script({"errcode": errcode, "errmsg": "no"})
    with pytest.raises(AccountMisconfigured) as caught:
        await fetch(script)
    assert len(script.bodies) == 1
    assert caught.value.upstream is not None
    assert caught.value.upstream["errcode"] == errcode


async def test_the_ip_to_whitelist_is_named() -> None:
    errmsg = "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist"
    with pytest.raises(AccountMisconfigured) as caught:
        await fetch(Script({"errcode": 40164, "errmsg": errmsg}))
    for language in ("zh", "en"):
        assert "203.0.113.9" in caught.value.describe(language, "r")["hint"]


async def test_a_spent_quota_is_told_as_it_is() -> None:
    with pytest.raises(WeChatRefused) as caught:
        await fetch(Script({"errcode": 45009, "errmsg": "quota"}))
    assert caught.value.wechat_errcode == 45009


@pytest.mark.parametrize(
    ("failure", "force", "asked"),
    [
        (NotSent(reason="x"), False, 3),
        (NotSent(reason="x"), True, 3),
        (OutcomeUnknown(reason="x"), False, 3),
        (OutcomeUnknown(reason="x"), True, 1),
        (b"<html>", False, 3),
        (b"<html>", True, 1),
        ({"errcode": -1, "errmsg": "busy"}, False, 3),
        ({"errcode": -1, "errmsg": "busy"}, True, 1),
    ],
)
async def test_passing_failures_are_tried_again_and_mean_not_sent_for_the_call_that_waits(
    failure: object, asked: int, *, force: bool
) -> None:
    script = Script(failure)
    with pytest.raises(TokenUnavailable) as caught:
        await fetch(script, force=force)
    assert isinstance(caught.value, NotSent)
    assert len(script.bodies) == asked


async def test_every_token_call_that_arrived_counts() -> None:
    good = {"access_token": "t", "expires_in": 7_200}
    script = Script(NotSent(reason="x"), OutcomeUnknown(reason="x"), good)
    token, quota = source(script)
    await token.fetch(MAIN, force=False)
    assert quota.remaining(MAIN, PATH) == 500_000 - 2
