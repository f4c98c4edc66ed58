"""Real clients at work through the gateway, one at a time: docs/compatibility.md."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from sandbox.settings import VERIFIED
from tests.compat.clients import CLIENTS, WIRINGS, Client, Tool, Wiring, running
from tests.compat.installing import Installer
from tests.e2e.conftest import KEY, Stand
from tests.signing import after_start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # the first run installs them

_TOKEN_CALLS = ("/cgi-bin/token", "/cgi-bin/stable_token")
_WRONG_KEY = "wxg_blog_" + "x" * 24

Opens = Callable[..., AbstractAsyncContextManager[Tool]]


def _tried(check: str, needs: str = "token") -> pytest.MarkDecorator:
    """Every client that has the calls, over every wiring; `check` is a column of the table."""
    given = [
        pytest.param(client, wiring, check, id=f"{client.name}-{client.version}-{wiring.name}")
        for client in CLIENTS
        for wiring in WIRINGS
        if needs not in client.lacks
    ]
    return pytest.mark.parametrize(("client", "wiring", "check"), given)


@pytest.fixture
def opens(
    stand: Stand,
    installer: Installer,
    client: Client,
    wiring: Wiring,
    check: str,
    *,
    picture: Path,
    record_property: Callable[[str, object], None],
) -> Opens:
    """Starts the client with a key."""
    record_property("compat", f"{client.label}|{wiring.name}|{check}")
    started = client.start(installer, client.version)

    @asynccontextmanager
    async def opened(key: str = KEY) -> AsyncIterator[Tool]:
        if client.version == "signed":
            await after_start()
        own = {"APP_ID": VERIFIED.app_id, "KEY": key, "PICTURE": str(picture)}
        async with running(started, {**own, **wiring.environment(stand)}) as tool:
            yield tool

    return opened


def _token_calls(stand: Stand) -> int:
    calls = stand.calls()
    return sum(calls.get(path, 0) for path in _TOKEN_CALLS)


@_tried("token")
async def test_a_token_of_the_gateways_own_is_got(opens: Opens) -> None:
    async with opens() as tool:
        assert (await tool.do("token"))["access_token"].startswith("wxgv_")


@_tried("upload")
async def test_a_picture_arrives_whole(opens: Opens, stand: Stand) -> None:
    async with opens() as tool:
        media_id = (await tool.do("upload"))["media_id"]
    (stored,) = stand.committed("material")
    assert stored.data["media_id"] == media_id


@_tried("draft")
async def test_a_draft_is_made_with_its_chinese_as_it_is(opens: Opens, stand: Stand) -> None:
    async with opens() as tool:
        media_id = (await tool.do("upload", "draft"))["media_id"]
    answer = await stand.http.post(
        "/cgi-bin/draft/get", json={"media_id": media_id}, headers={"X-Wxgate-Account": "main"}
    )
    (article,) = answer.json()["news_item"]
    assert article["title"] == "兼容测试"
    assert "你好" in article["content"]


@_tried("publish", needs="publish")
async def test_a_draft_is_published(opens: Opens, stand: Stand) -> None:
    async with opens() as tool:
        publish_id = (await tool.do("upload", "draft", "publish"))["publish_id"]
    (published,) = stand.committed("publication")
    assert str(published.data["publish_id"]) == str(publish_id)


@_tried("40001")
async def test_a_token_that_somebody_else_took_is_not_noticed(opens: Opens, stand: Stand) -> None:
    async with opens() as tool:
        await tool.do("token")
        await _supersede(stand)
        await tool.do("upload", "draft")
    assert _token_calls(stand) == 2


@_tried("20 cold")
async def test_twenty_cold_callers_cost_one_token(opens: Opens, stand: Stand) -> None:
    async with opens() as tool:
        tokens = (await tool.do("cold"))["tokens"]
    assert len(tokens) == 20
    assert all(token.startswith("wxgv_") for token in tokens)
    assert _token_calls(stand) == 1


@_tried("hint")
async def test_what_the_tool_shows_says_what_to_do(opens: Opens) -> None:
    async with opens(_WRONG_KEY) as tool:
        shown = (await tool.ask("token"))["error"]
    cause, _, cure = shown.partition("wxgate: ")[2].partition(" → ")
    assert cause
    assert cure


async def _supersede(stand: Stand) -> None:
    """Let WeChat refuse the live token with 40001 from now on."""
    async with httpx.AsyncClient(base_url=stand.sandbox.url, trust_env=False) as control:
        expired = {"app_id": VERIFIED.app_id, "supersede": True}
        answer = await control.post("/sandbox/expire_token", json=expired)
        assert answer.status_code == 200, answer.text
