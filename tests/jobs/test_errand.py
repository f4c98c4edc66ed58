from jobs.states import State
from tests.jobs.batches import deletion, tagging
from tests.jobs.callers import caller
from tests.jobs.rig import Rig

DELETE = "/cgi-bin/draft/delete"


def test_the_same_errand_has_the_same_hash_and_another_has_not() -> None:
    assert tagging("M", "a").body_hash() == tagging("M", "a").body_hash()
    assert tagging("M", "a").body_hash() != tagging("M", "b").body_hash()


async def test_nothing_is_done_for_a_client_that_may_not_any_more(rig: Rig) -> None:
    rig.callers.said["blog"] = caller(scopes=["material"])
    row = await rig.jobs.submit(deletion("M"))
    ended = await rig.until(row.id)
    assert (ended.state, (ended.error or {})["code"]) == ("needs_review", "client_gone")
    assert rig.calls(DELETE) == 0


async def test_a_quota_is_waited_for(rig: Rig) -> None:
    rig.fault("errcode", DELETE, errcode=45009)
    row = await rig.jobs.submit(deletion("M"))
    assert (await rig.until(row.id, State.WAITING)).error is not None
    rig.ahead(86_400 + 600)
    assert (await rig.until(row.id)).state == "succeeded"
