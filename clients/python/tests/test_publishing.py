import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from wxgate_client.errors import Refused
from wxgate_client.gateway import AsyncGateway
from wxgate_client.local_article import load_article
from wxgate_client.memory import Memory
from wxgate_client.plan import Step, Wish, make_plan
from wxgate_client.publishing import Outcome, Publisher, refresh

from tests.scripted import events, in_turn

URL = "http://gate"
PNG = b"\x89PNG\r\n\x1a\n"
DRAFT = {"mode": "draft", "media_id": "M1"}


def job(state: str, number: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": f"job_{number}", "state": state, "progress": {"done": 0, "total": 0}, **more}


def told(state: str, number: int = 1, **more: Any) -> httpx.Response:
    return httpx.Response(202, json=job(state, number, **more))


class Folder:
    """A folder and a gateway that answers what is written down for it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[httpx.Request] = []
        self.seen: list[str] = []

    def write(self, name: str, text: str = "# a") -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def memory(self) -> Memory:
        return Memory(self.root, URL, "main")

    async def publish(
        self,
        answer: Callable[[httpx.Request], httpx.Response],
        *names: str,
        at_once: int = 8,
        patience_s: int = 60,
        **wish: Any,
    ) -> list[Outcome]:
        """Publish files of the folder, as a new run does."""
        memory = self.memory()
        drafts = [(load_article(self.root / name), memory) for name in names]

        def kept(request: httpx.Request) -> httpx.Response:
            self.asked.append(request)
            return answer(request)

        transport = httpx.MockTransport(kept)
        async with AsyncGateway(URL, "k", transport=transport, patience_s=patience_s) as gate:
            plan = make_plan(drafts, Wish(**wish))
            publisher = Publisher(gate, "main", Wish(**wish), at_once=at_once)
            return await publisher.publish(plan.steps, self._watch)

    def _watch(self, _step: Step, seen: dict[str, Any]) -> None:
        self.seen.append(seen["state"])

    def submitted(self) -> list[dict[str, Any]]:
        """What was handed in."""
        return [json.loads(it.content) for it in self.asked if it.url.path.endswith("/articles")]

    def keys(self) -> list[str]:
        """Under which Idempotency-Keys."""
        handed_in = (it for it in self.asked if it.url.path.endswith("/articles"))
        return [it.headers["idempotency-key"] for it in handed_in]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


async def test_the_watcher_sees_every_state_and_the_outcome_holds_the_last(folder: Folder) -> None:
    folder.write("a.md")
    answers = in_turn(
        told("accepted"), events(job("running"), job("succeeded", result={"mode": "draft"}))
    )
    (outcome,) = await folder.publish(answers, "a.md")
    assert folder.seen == ["accepted", "running", "succeeded"]
    assert outcome.as_json() == {
        "path": str(folder.root / "a.md"),
        "state": "succeeded",
        "job": "job_1",
        "result": {"mode": "draft"},
        "error": None,
        "run_at": "",
        "approval": None,
        "warnings": (),
        "images": (),
    }


async def test_what_was_published_of_late_is_published_again_where_that_is_said(
    folder: Folder,
) -> None:
    folder.write("a.md")
    answers = in_turn(told("succeeded"), told("succeeded", 2))
    await folder.publish(answers, "a.md", action="publish")
    await folder.publish(answers, "a.md", action="publish", again="x", repeat=True)
    assert [said.get("repeat") for said in folder.submitted()] == [None, True]


async def test_what_did_not_change_costs_no_request(folder: Folder) -> None:
    folder.write("a.md")
    await folder.publish(in_turn(told("succeeded", result=DRAFT)), "a.md")
    folder.asked.clear()
    (outcome,) = await folder.publish(in_turn(), "a.md")
    assert (outcome.state, outcome.job, outcome.result) == ("unchanged", "job_1", DRAFT)
    assert folder.asked == []


async def test_what_changed_is_written_to_the_same_draft(folder: Folder) -> None:
    folder.write("a.md")
    await folder.publish(in_turn(told("succeeded", result=DRAFT)), "a.md")
    folder.write("a.md", "# b")
    await folder.publish(in_turn(told("succeeded", 2, result=DRAFT)), "a.md")
    assert folder.submitted() == [
        {"markdown": "# a", "action": "draft"},
        {"markdown": "# b", "action": "draft", "update": "M1"},
    ]
    # Back to the first words: that is another job again, not what the first one left.
    folder.write("a.md", "# a")
    await folder.publish(in_turn(told("succeeded", 3, result=DRAFT)), "a.md")
    folder.write("a.md", "# b")
    await folder.publish(in_turn(told("succeeded", 4, result=DRAFT)), "a.md")
    assert len(set(folder.keys())) == 4


async def test_a_run_that_was_cut_off_is_the_same_job_when_it_is_run_again(folder: Folder) -> None:
    folder.write("a.md")
    cut = in_turn(told("accepted"), httpx.ReadError("reset"))
    (outcome,) = await folder.publish(cut, "a.md", patience_s=0)
    assert (outcome.state, outcome.job) == ("unreachable", "job_1")
    assert outcome.error is not None
    assert "wxgate serve" in outcome.error["hint"]
    await folder.publish(in_turn(told("succeeded", result=DRAFT)), "a.md")
    first, second = folder.keys()
    assert first == second


async def test_what_failed_for_another_reason_is_tried_again(folder: Folder) -> None:
    folder.write("a.md")
    failed = {"code": "quota_spent", "message": "spent"}
    answers = in_turn(
        told("failed", error=failed), told("running"), events(job("succeeded", result=DRAFT))
    )
    (outcome,) = await folder.publish(answers, "a.md")
    assert outcome.state == "succeeded"
    assert folder.asked[1].url.path == "/v1/jobs/job_1/retry"


@pytest.mark.parametrize("told_by", ["answer", "job"])
async def test_a_draft_that_is_gone_is_made_anew(folder: Folder, told_by: str) -> None:
    folder.write("a.md")
    await folder.publish(in_turn(told("succeeded", result=DRAFT)), "a.md")
    folder.write("a.md", "# b")
    gone = {"code": "draft_gone", "message": "gone"}
    answers = in_turn(
        httpx.Response(404, json={"error": gone})
        if told_by == "answer"
        else told("failed", 2, error=gone),
        told("succeeded", 3, result={**DRAFT, "media_id": "M2"}),
    )
    (outcome,) = await folder.publish(answers, "a.md")
    assert outcome.state == "succeeded"
    assert "update" not in folder.submitted()[-1]
    entry = folder.memory().get("a.md")
    assert entry is not None
    assert (entry.media_id, entry.job) == ("M2", "job_3")


async def test_a_draft_that_is_gone_when_it_is_to_be_published_may_be_published(
    folder: Folder,
) -> None:
    folder.write("a.md")
    await folder.publish(in_turn(told("succeeded", result=DRAFT)), "a.md")
    gone = told("failed", 2, error={"code": "draft_gone", "message": "gone"})
    (outcome,) = await folder.publish(in_turn(gone), "a.md", action="publish")
    assert outcome.state == "failed"
    assert len(folder.submitted()) == 2


async def test_a_draft_is_published_and_then_never_again(folder: Folder) -> None:
    folder.write("a.md")
    await folder.publish(in_turn(told("succeeded", result=DRAFT)), "a.md")
    published = {"mode": "published", "media_id": "M1", "url": "https://mp/s/1"}
    await folder.publish(in_turn(told("succeeded", 2, result=published)), "a.md", action="publish")
    assert folder.submitted()[-1] == {"markdown": "# a", "action": "publish", "update": "M1"}
    for action in ("publish", "draft"):
        (outcome,) = await folder.publish(in_turn(), "a.md", action=action)
        assert (outcome.state, outcome.result) == ("unchanged", published)
    # A publication cannot be updated: an edit is a draft of its own.
    folder.write("a.md", "# b")
    await folder.publish(in_turn(told("succeeded", 3, result=DRAFT)), "a.md")
    assert "update" not in folder.submitted()[-1]


async def test_a_job_that_waits_is_asked_for_and_not_handed_in_twice(folder: Folder) -> None:
    folder.write("a.md")
    at: dict[str, Any] = {"action": "publish", "publish_at": "2030-01-01T08:00:00+08:00"}
    await folder.publish(in_turn(told("scheduled")), "a.md", **at)
    (outcome,) = await folder.publish(in_turn(), "a.md", **at)
    assert (outcome.state, outcome.job) == ("unchanged", "job_1")
    # At another time: the first is taken back, so that it is not published twice.
    at["publish_at"] = "2030-01-02T08:00:00+08:00"
    await folder.publish(in_turn(told("cancelled"), told("scheduled", 2)), "a.md", **at)
    assert [it.url.path for it in folder.asked] == [
        "/v1/accounts/main/articles",
        "/v1/jobs/job_1/cancel",
        "/v1/accounts/main/articles",
    ]
    memory = folder.memory()
    over = in_turn(told("succeeded", 2, result={"mode": "published", "url": "https://mp/s/1"}))
    async with AsyncGateway(URL, "k", transport=httpx.MockTransport(over)) as gate:
        await refresh(gate, [("a.md", memory)])
    entry = memory.get("a.md")
    assert entry is not None
    assert (entry.mode, entry.state, entry.job) == ("published", "succeeded", "job_2")


async def test_how_late_it_may_be_is_said_and_decides_whether_it_is_the_same(
    folder: Folder,
) -> None:
    folder.write("a.md")
    at: dict[str, Any] = {"action": "publish", "publish_at": "2030-01-01T08:00:00+08:00"}
    await folder.publish(in_turn(told("scheduled")), "a.md", **at, skip_late_s=1800.0)
    assert folder.submitted()[-1].items() >= {"if_late": "skip", "max_late_s": 1800}.items()
    await folder.publish(in_turn(), "a.md", **at, skip_late_s=1800.0)
    await folder.publish(in_turn(told("cancelled"), told("scheduled", 2)), "a.md", **at)
    assert not {"if_late", "max_late_s"} & folder.submitted()[-1].keys()
    assert [it.url.path.rpartition("/")[2] for it in folder.asked] == [
        *("articles", "cancel", "articles"),
    ]


async def test_where_another_is_refused_it_is_told_that_the_first_is_cancelled(
    folder: Folder,
) -> None:
    folder.write("a.md")
    at: dict[str, Any] = {"action": "publish", "publish_at": "2030-01-01T08:00:00+08:00"}
    (outcome,) = await folder.publish(in_turn(told("scheduled", run_at="R")), "a.md", **at)
    assert outcome.run_at == "R"
    refused = httpx.Response(429, json={"error": {"code": "queue_full", "hint": "稍后再来"}})
    at["publish_at"] = "2030-01-02T08:00:00+08:00"
    (outcome,) = await folder.publish(in_turn(told("cancelled"), refused), "a.md", **at)
    assert outcome.error is not None
    assert outcome.error["hint"].startswith("稍后再来 ")
    assert outcome.error["hint"].endswith(" job_1")


async def test_an_account_that_is_none_is_told_once(folder: Folder) -> None:
    folder.write("a.md")
    folder.write("b.md", "# b")
    unknown = httpx.Response(404, json={"error": {"code": "account_unknown"}})
    with pytest.raises(Refused, match="account_unknown"):
        await folder.publish(lambda _: unknown, "a.md", "b.md")


async def test_a_job_that_the_gateway_forgot_is_handed_in_again(folder: Folder) -> None:
    folder.write("a.md")
    await folder.publish(in_turn(told("waiting")), "a.md")
    memory = folder.memory()
    unknown = in_turn(httpx.Response(404, json={"error": {"code": "job_unknown"}}))
    async with AsyncGateway(URL, "k", transport=httpx.MockTransport(unknown)) as gate:
        await refresh(gate, [("a.md", memory)])
    draft = load_article(folder.root / "a.md")
    (step,) = make_plan([(draft, memory)], Wish()).steps
    assert step.kind == "changed"


async def test_with_again_there_is_another_draft_and_with_force_the_same(folder: Folder) -> None:
    folder.write("a.md")
    await folder.publish(in_turn(told("succeeded", result=DRAFT)), "a.md")
    await folder.publish(in_turn(told("succeeded", 2, result=DRAFT)), "a.md", force=True)
    await folder.publish(in_turn(told("succeeded", 3, result=DRAFT)), "a.md", again="x")
    assert [said.get("update") for said in folder.submitted()] == [None, "M1", None]
    assert len(set(folder.keys())) == 3


async def test_pictures_are_sent_once_and_named_by_their_hash(folder: Folder) -> None:
    (folder.root / "x.png").write_bytes(PNG)
    (folder.root / "y.png").write_bytes(PNG + b"y")
    folder.write("a.md", "![](x.png) ![](y.png)")
    folder.write("b.md", "![](./x.png)")
    put: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/v1/files/missing":
            return httpx.Response(200, json={"missing": json.loads(request.content)["sha256"]})
        if request.method == "PUT":
            put.append(path)
            return httpx.Response(201, json={})
        return told("succeeded", result=DRAFT)

    await folder.publish(answer, "a.md", "b.md")
    assert len(put) == len(set(put)) == 2
    first, second = sorted((said["files"] for said in folder.submitted()), key=len, reverse=True)
    assert first["x.png"] == second["./x.png"]
    assert sum(it.url.path == "/v1/files/missing" for it in folder.asked) == 1


async def test_a_picture_that_the_gateway_lost_meanwhile_is_sent_after_all(folder: Folder) -> None:
    (folder.root / "x.png").write_bytes(PNG)
    folder.write("a.md", "![](x.png)")
    answers = in_turn(
        httpx.Response(200, json={"missing": []}),
        httpx.Response(409, json={"error": {"code": "files_missing"}}),
        httpx.Response(201, json={}),
        told("succeeded", result=DRAFT),
    )
    (outcome,) = await folder.publish(answers, "a.md")
    assert outcome.state == "succeeded"
    assert [it.method for it in folder.asked] == ["POST", "POST", "PUT", "POST"]


async def test_a_picture_that_is_gone_costs_its_article_alone(folder: Folder) -> None:
    (folder.root / "x.png").write_bytes(PNG)
    folder.write("a.md", "![](x.png)")
    folder.write("b.md")

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/files/missing":
            (folder.root / "x.png").unlink()
            return httpx.Response(200, json={"missing": json.loads(request.content)["sha256"]})
        return told("succeeded", result=DRAFT)

    first, second = await folder.publish(answer, "a.md", "b.md")
    assert (first.state, second.state) == ("unreadable", "succeeded")
    assert first.error is not None
    assert "x.png" in first.error["message"]


async def test_no_more_are_under_way_than_keep_the_gateway_busy(folder: Folder) -> None:
    under_way = most = 0

    async def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(20):
            await asyncio.sleep(0)
        under_way -= 1
        return told("succeeded", result=DRAFT)

    names = [f"{number:02}.md" for number in range(12)]
    for name in names:
        folder.write(name, f"# {name}")
    memory = folder.memory()
    plan = make_plan([(load_article(folder.root / name), memory) for name in names], Wish())
    async with AsyncGateway(URL, "k", transport=httpx.MockTransport(answer)) as gate:
        publisher = Publisher(gate, "main", Wish(), at_once=2)
        outcomes = await publisher.publish(plan.steps, lambda _step, _job: None)
    assert [Path(outcome.path).name for outcome in outcomes] == names
    assert most == 4
    assert len(list(folder.memory())) == 12
