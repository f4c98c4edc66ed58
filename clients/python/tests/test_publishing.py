import asyncio
from pathlib import Path
from typing import Any

import httpx
from tests.scripted import events, in_turn
from wxgate_client.gateway import AsyncGateway
from wxgate_client.local_article import LocalArticle
from wxgate_client.publishing import Draft, Order, publish_all

ORDER = Order("main", "draft")


def nothing(_draft: Draft, _job: dict[str, Any]) -> None:
    pass


def job(state: str, **more: Any) -> dict[str, Any]:
    return {"id": "job_1", "state": state, "progress": {"done": 0, "total": 0}, **more}


def gateway(*answers: httpx.Response | Exception, patience_s: int = 60) -> AsyncGateway:
    """Gives the answers one after another."""
    transport = httpx.MockTransport(in_turn(*answers))
    return AsyncGateway("http://gate", "k", transport=transport, patience_s=patience_s)


async def test_the_watcher_sees_every_state_and_the_outcome_holds_the_last() -> None:
    seen: list[str] = []
    answers = [
        httpx.Response(202, json=job("accepted")),
        events(job("running"), job("succeeded", result={"mode": "draft"})),
    ]
    async with gateway(*answers) as gate:
        (outcome,) = await publish_all(
            gate,
            ORDER,
            [LocalArticle(Path("a.md"), "# a", {})],
            lambda _article, told: seen.append(told["state"]),
        )
    assert seen == ["accepted", "running", "succeeded"]
    assert outcome.as_json() == {
        "path": "a.md",
        "state": "succeeded",
        "job": "job_1",
        "result": {"mode": "draft"},
        "error": None,
        "approval": None,
        "warnings": (),
        "images": (),
    }


async def test_a_job_that_was_accepted_is_named_even_if_the_gateway_is_lost() -> None:
    answers = (httpx.Response(202, json=job("accepted")), httpx.ReadError("reset"))
    async with gateway(*answers, patience_s=0) as gate:
        articles = [LocalArticle(Path("a.md"), "# a", {})]
        (outcome,) = await publish_all(gate, ORDER, articles, nothing)
    assert (outcome.state, outcome.job) == ("unreachable", "job_1")
    assert outcome.error is not None
    assert "wxgate serve" in outcome.error["hint"]


async def test_a_picture_that_is_gone_costs_its_article_alone(tmp_path: Path) -> None:
    articles = [
        LocalArticle(Path("a.md"), "![](x.png)", {"x.png": tmp_path / "x.png"}),
        LocalArticle(Path("b.md"), "# b", {}),
    ]
    async with gateway(httpx.Response(202, json=job("succeeded"))) as gate:
        first, second = await publish_all(gate, ORDER, articles, nothing)
    assert (first.state, second.state) == ("unreadable", "succeeded")
    assert first.error is not None
    assert "x.png" in first.error["message"]


async def test_no_more_than_four_are_under_way_at_once() -> None:
    under_way = most = 0

    async def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(20):
            await asyncio.sleep(0)
        under_way -= 1
        return httpx.Response(202, json=job("succeeded"))

    transport = httpx.MockTransport(answer)
    async with AsyncGateway("http://gate", "k", transport=transport) as gate:
        articles = [LocalArticle(Path(f"{i}.md"), "# a", {}) for i in range(12)]
        outcomes = await publish_all(gate, ORDER, articles, nothing)
    assert [outcome.path for outcome in outcomes] == [f"{i}.md" for i in range(12)]
    assert most == 4
