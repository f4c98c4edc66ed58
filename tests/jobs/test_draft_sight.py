import pytest

from jobs.draft_publish import DraftGone
from jobs.draft_sight import DraftSight
from jobs.states import State
from tests.jobs.rig import Rig
from wechat.draft import DraftClient


async def test_a_draft_is_seen_as_it_is_published_by(rig: Rig) -> None:
    row = await rig.until((await rig.submit(action="draft", title="标题")).id)
    assert (row.state, row.result is None) == (State.SUCCEEDED, False)
    media_id = row.checkpoint["media_id"]
    sight = DraftSight(DraftClient(rig.gateway.calls))
    seen = await sight.see("main", media_id)
    assert (seen["media_id"], seen["articles"][0]["title"]) == (media_id, "标题")
    with pytest.raises(DraftGone):
        await sight.see("main", "nothing-like-it")
