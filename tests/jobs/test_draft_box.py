from typing import Any

from jobs import draft_box
from jobs.errand import Errand
from jobs.states import State
from tests.jobs.rig import ADD, Rig
from wechat.draft import DraftClient


async def cover(rig: Rig) -> str:
    """A material that a draft may show."""
    return (await rig.builder.upload("main", "a.png", {}, "material")).value


async def create(rig: Rig, **article: Any) -> Any:
    wire = {"title": "题", "content": "<p>文</p>", "thumb_media_id": await cover(rig), **article}
    errand = Errand(
        kind=draft_box.CREATE,
        client_id="blog",
        account="main",
        action="draft",
        asked={"articles": [wire]},
    )
    return await rig.jobs.submit(errand)


async def test_wechats_own_json_becomes_a_draft(rig: Rig) -> None:
    ended = await rig.until((await create(rig, author="小明")).id)
    assert ended.state == "succeeded"
    assert ended.result is not None
    assert ended.result["mode"] == "draft"
    news = await DraftClient(rig.gateway.calls).get("main", ended.result["media_id"])
    assert (news[0]["title"], news[0]["author"]) == ("题", "小明")


async def test_an_answer_that_is_lost_makes_no_second_draft(rig: Rig) -> None:
    rig.fault("reset_after_commit", ADD)
    ended = await rig.until((await create(rig)).id)
    assert ended.state == "succeeded"
    assert rig.committed("draft") == 1


async def test_what_wechat_refuses_fails(rig: Rig) -> None:
    ended = await rig.until((await create(rig, thumb_media_id="none")).id)
    assert ended.state == State.FAILED
    assert rig.committed("draft") == 0
