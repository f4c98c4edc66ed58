import asyncio
from typing import Any

import pytest

from handlers.batch_reading import Sender, hand_in, read_items
from handlers.bodies import FieldInvalid
from jobs.errand import Errand
from jobs.submission import Submission


def sender(**values: Any) -> Sender:
    defaults = {"client_id": "blog", "account": "main", "needs_approval": ()}
    return Sender(**{**defaults, **values})


def test_all_faults_are_told_up_to_a_bound() -> None:
    with pytest.raises(FieldInvalid) as refused:
        read_items("drafts.delete", [{"media_id": ""}] * 30)
    assert refused.value.field == "items[0].media_id"
    reason = str(refused.value.values["reason"])
    assert "items[19]: media_id" in reason
    assert reason.endswith("(30)")


async def test_others_get_their_turn_while_many_items_are_read() -> None:
    items = read_items("articles", [{"markdown": "x" * 1_000}] * 200)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    watching = asyncio.ensure_future(others())
    handed = await hand_in("articles", items, sender())
    watching.cancel()
    assert len(handed) == 200
    assert turns >= 20


async def test_articles_become_submissions_and_the_rest_errands() -> None:
    (article,) = read_items("articles", [{"markdown": "a", "action": "publish", "name": "a.md"}])
    (made,) = await hand_in("articles", [article], sender(needs_approval=["publish"]))
    assert isinstance(made, Submission)
    assert (made.called, made.action, made.needs_approval) == ("a.md", "publish", True)
    (tag,) = read_items("materials.tag", [{"media_id": "M", "remove": ["旧"]}])
    (errand,) = await hand_in("materials.tag", [tag], sender())
    assert isinstance(errand, Errand)
    assert errand.asked == {"media_id": "M", "add": [], "remove": ["旧"]}


async def test_a_draft_is_busy_while_it_is_deleted() -> None:
    (item,) = read_items("drafts.delete", [{"media_id": "M"}])
    (errand,) = await hand_in("drafts.delete", [item], sender())
    (job,) = errand.jobs(100.0)
    assert job.row.subject == "M"
