"""What publishing a draft has in common for all jobs; the rest is in test_publish."""

from jobs.states import State
from tests.jobs.rig import SUBMIT, Rig
from tests.jobs.test_draft_publish import a_draft, publish


async def test_one_list_serves_article_jobs_and_drafts_alike(rig: Rig) -> None:
    """They share what they know of the publications under way, and the quota of asking."""
    media_id = await a_draft(rig, "一")
    both = [await rig.submit("二"), await publish(rig, media_id)]
    for row in both:
        assert (await rig.until(row.id)).state == State.SUCCEEDED
    assert (rig.committed("publication"), rig.calls(SUBMIT)) == (2, 2)
