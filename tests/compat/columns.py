"""What is tried of each client, in this order, over one gateway with nothing in its caches."""

import json
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

import httpx

from sandbox.faults import Fault
from sandbox.settings import PERSONAL, VERIFIED
from tests.compat.driving import Tool
from tests.compat.keys import WRONG_KEY
from tests.compat.wirings import FORWARD, Wiring
from tests.e2e.conftest import KEY, Stand

_TOKEN_CALLS = ("/cgi-bin/token", "/cgi-bin/stable_token")
_ADD = "/cgi-bin/draft/add"
_IP = "198.51.100.7"  # of the gateway, as WeChat might name it
_NO = {48001: "api unauthorized", 45009: "reach max api daily quota limit"}
_UNKNOWN = "wx00000000000000ff"
_TOLD = re.compile(r"wxgate: .+? (?:→|->) .+")  # a status line is ASCII


class Opens(Protocol):
    """Starts the client again, with a key and an AppID."""

    def __call__(
        self, key: str = KEY, app_id: str = VERIFIED.app_id
    ) -> AbstractAsyncContextManager[Tool]:
        """The running client."""


@dataclass(frozen=True)
class Trial:
    """A client at work: `tool` runs on from one column to the next."""

    tool: Tool
    opens: Opens
    stand: Stand
    wiring: Wiring


async def twenty_cold_callers_cost_one_token(trial: Trial) -> None:
    """The first call of all: nobody has a token yet."""
    slow_token(trial.stand)
    tokens = (await trial.tool.do("cold"))["tokens"]
    assert len(tokens) == 20
    assert all(token.startswith("wxgv_") for token in tokens)
    assert token_calls(trial.stand) == 1


async def a_token_is_the_gateways_own(trial: Trial) -> None:
    """WeChat's never leaves the gateway."""
    assert (await trial.tool.do("token"))["access_token"].startswith("wxgv_")


async def a_picture_arrives_whole(trial: Trial) -> None:
    """The sandbox decodes what it is sent."""
    media_id = (await trial.tool.do("upload"))["media_id"]
    assert media_id in [stored.data["media_id"] for stored in trial.stand.committed("material")]


async def a_draft_keeps_its_chinese(trial: Trial) -> None:
    """Neither escaped nor mangled."""
    media_id = (await trial.tool.do("upload", "draft"))["media_id"]
    answer = await trial.stand.http.post(
        "/cgi-bin/draft/get", json={"media_id": media_id}, headers={"X-Wxgate-Account": "main"}
    )
    (article,) = answer.json()["news_item"]
    assert article["title"] == "兼容测试"
    assert "你好" in article["content"]


async def a_draft_is_published(trial: Trial) -> None:
    """Once."""
    publish_id = (await trial.tool.do("upload", "draft", "publish"))["publish_id"]
    (published,) = trial.stand.committed("publication")
    assert str(published.data["publish_id"]) == str(publish_id)


async def a_token_that_somebody_took_is_not_noticed(trial: Trial) -> None:
    """WeChat refuses the live token with 40001 from now on."""
    await trial.tool.do("token")
    before = token_calls(trial.stand)
    await _control(trial.stand, "expire_token", app_id=VERIFIED.app_id, supersede=True)
    await trial.tool.do("upload", "draft")
    assert token_calls(trial.stand) == before + 1


async def a_refusal_of_ours_says_what_to_do(trial: Trial) -> None:
    """An AppID that the gateway does not have; a wrong key, where no proxy was told it."""
    async with trial.opens(app_id=_UNKNOWN) as tool:
        assert _TOLD.search(await tool.shown("token"))
    if trial.wiring is not FORWARD:
        async with trial.opens(key=WRONG_KEY) as tool:
            assert _TOLD.search(await tool.shown("token"))


async def a_refusal_of_the_proxy_says_what_to_do(trial: Trial) -> None:
    """Its status line is all that tools may show before their TLS begins."""
    async with trial.opens(key=WRONG_KEY) as tool:
        assert _TOLD.search(await tool.shown("token"))


async def a_refusal_of_wechats_arrives(trial: Trial) -> None:
    """Its own words, and cause and cure behind them (48001, 45009), which these clients have set.

    Ours as soon as it is the gateway that refuses: the second call once a quota is spent, and a
    token that WeChat does not give (40164).
    """
    stand = trial.stand
    await trial.tool.do("upload")
    for errcode, errmsg in _NO.items():
        stand.sandbox.faults.add(_answer(_ADD, errcode, errmsg))
        shown = await trial.tool.shown("draft")
        assert errmsg in shown
        assert _TOLD.search(shown)
    assert _TOLD.search(await trial.tool.shown("draft"))
    stand.sandbox.faults.add(_answer(_TOKEN_CALLS[1], 40164, f"invalid ip {_IP}, not in whitelist"))
    async with trial.opens(app_id=PERSONAL.app_id) as tool:  # which has no token yet
        told = _TOLD.search(await tool.shown("token"))
    assert told is not None
    assert _IP in told[0].partition(" → ")[2]  # what to enter in WeChat's console


Check = Callable[[Trial], Awaitable[None]]

# In the order of the table.
COLUMNS: dict[str, Check] = {
    "20 cold": twenty_cold_callers_cost_one_token,
    "token": a_token_is_the_gateways_own,
    "upload": a_picture_arrives_whole,
    "draft": a_draft_keeps_its_chinese,
    "publish": a_draft_is_published,
    "40001": a_token_that_somebody_took_is_not_noticed,
    "hint": a_refusal_of_ours_says_what_to_do,
    "WeChat's no": a_refusal_of_wechats_arrives,
    "407": a_refusal_of_the_proxy_says_what_to_do,
}


def slow_token(stand: Stand) -> None:
    """The first token takes so long that all who are there by then ask for it."""
    stand.sandbox.faults.add(Fault(kind="slow", path=_TOKEN_CALLS[1], seconds=1))


def _answer(path: str, errcode: int, errmsg: str) -> Fault:
    body = json.dumps({"errcode": errcode, "errmsg": f"{errmsg} rid: 65f0"})
    return Fault(kind="answer", path=path, headers={"content-type": "application/json"}, body=body)


def token_calls(stand: Stand) -> int:
    """How often WeChat was asked for a token; it gives the same one for a while."""
    calls = stand.calls()
    return sum(calls.get(path, 0) for path in _TOKEN_CALLS)


async def _control(stand: Stand, call: str, **fields: object) -> None:
    async with httpx.AsyncClient(base_url=stand.sandbox.url, trust_env=False) as control:
        answer = await control.post(f"/sandbox/{call}", json=fields)
        assert answer.status_code == 200, answer.text
