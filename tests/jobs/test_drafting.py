import asyncio
from typing import Any

import pytest

from content.fields import DraftFields
from jobs.admission import DraftBusy
from jobs.states import State
from store import sources
from store.jobs import JobRow
from tests.jobs.rig import ADD, SUBMIT, Rig
from wechat.draft import DraftClient

UPDATE = "/cgi-bin/draft/update"
NEWSPIC = {"title": "图", "markdown": "第一行", "article_type": "newspic"}


def bundle(*texts: str) -> DraftFields:
    articles = [{"title": f"第 {n}", "markdown": text} for n, text in enumerate(texts)]
    return DraftFields.model_validate({"articles": articles})


async def done(rig: Rig, text: str = "正文", **values: Any) -> JobRow:
    return await rig.until((await rig.submit(text, **{"action": "draft", **values})).id)


async def kept(rig: Rig, media_id: str) -> list[str]:
    """What the draft says, at WeChat."""
    return [
        str(item["content"]) for item in await DraftClient(rig.gateway.calls).get("main", media_id)
    ]


async def test_an_update_writes_the_draft_anew_and_makes_none(rig: Rig) -> None:
    media_id = ((await done(rig, "一")).result or {})["media_id"]
    row = await done(rig, "二", update=media_id)
    assert (row.state, row.error) == (State.SUCCEEDED, None)
    assert row.result is not None
    assert (row.result["media_id"], row.result["updated"]) == (media_id, True)
    (text,) = await kept(rig, media_id)
    assert "二" in text
    assert (rig.committed("draft"), rig.committed("draft_update")) == (1, 1)


async def test_each_article_of_a_draft_is_written_anew(rig: Rig) -> None:
    media_id = ((await done(rig, fields=bundle("一", "二"))).result or {})["media_id"]
    row = await done(rig, fields=bundle("三", "四"), update=media_id, action="publish")
    assert (row.result or {})["mode"] == "published"
    indexes = [entry.data["index"] for entry in rig.sandbox.ledger.entries("draft_update")]
    assert indexes == [0, 1]
    assert (rig.committed("draft"), rig.committed("article")) == (1, 1)


async def test_what_the_draft_says_already_is_not_written(rig: Rig) -> None:
    media_id = ((await done(rig)).result or {})["media_id"]
    row = await done(rig, update=media_id)
    assert (row.result or {})["unchanged"] is True
    assert rig.committed("draft_update") == 0
    await done(rig, "别的", update=media_id)
    row = await done(rig, update=media_id)  # back to the first words
    assert (row.result or {})["updated"] is True


async def test_a_draft_that_is_gone_cannot_be_updated(rig: Rig) -> None:
    row = await done(rig, update="nowhere")
    assert (row.state, (row.error or {})["code"]) == (State.FAILED, "draft_gone")
    assert rig.committed("draft") == 0


@pytest.mark.parametrize("fields", [bundle("一"), bundle("一", "二", "三"), NEWSPIC])
async def test_a_draft_keeps_its_shape(rig: Rig, fields: Any) -> None:
    media_id = ((await done(rig, fields=bundle("一", "二"))).result or {})["media_id"]
    row = await done(rig, fields=DraftFields.model_validate(fields), update=media_id)
    assert (row.state, (row.error or {})["code"]) == (State.FAILED, "draft_shape_differs")
    assert rig.committed("draft_update") == 0


async def test_two_jobs_do_not_write_into_one_draft_at_once(rig: Rig) -> None:
    media_id = ((await done(rig)).result or {})["media_id"]
    go_on = asyncio.Event()
    rig.builder.before = go_on.wait
    first = await rig.submit("一", update=media_id, action="draft")
    with pytest.raises(DraftBusy):
        await rig.submit("二", update=media_id, action="draft")
    go_on.set()
    assert (await rig.until(first.id)).state == State.SUCCEEDED


async def test_a_source_updates_what_it_became(rig: Rig) -> None:
    first = await done(rig, "一", source_id="a.md")
    again = await done(rig, "一", source_id="a.md")
    changed = await done(rig, "二", source_id="a.md")
    ids = {(row.result or {})["media_id"] for row in (first, again, changed)}
    assert len(ids) == 1
    assert (again.result or {})["unchanged"] is True
    assert (changed.result or {})["updated"] is True
    assert (rig.committed("draft"), rig.committed("draft_update")) == (1, 1)


async def test_sources_are_each_clients_own(rig: Rig) -> None:
    await done(rig, "一", source_id="a.md")
    other = await done(rig, "一", source_id="a.md", client_id="other")
    assert "unchanged" not in (other.result or {})
    assert rig.committed("draft") == 2


@pytest.mark.parametrize("because", ["draft_gone", "draft_shape_differs"])
async def test_a_source_whose_draft_does_not_serve_becomes_a_new_one_and_says_so(
    rig: Rig, because: str
) -> None:
    first = ((await done(rig, "一", source_id="a.md")).result or {})["media_id"]
    fields = None
    if because == "draft_gone":
        await DraftClient(rig.gateway.calls).delete("main", first)
    else:
        fields = bundle("一", "二")
    row = await done(rig, "二", source_id="a.md", fields=fields)
    assert row.result is not None
    assert (row.result["instead_of"], row.result["because"]) == (first, because)
    async with rig.database.read() as connection:
        assert await sources.draft_of(connection, row, "a.md") == row.result["media_id"] != first
    assert rig.committed("draft") == 2


async def test_of_many_jobs_for_a_new_source_one_makes_the_draft(rig: Rig) -> None:
    rows = [await rig.submit(text, source_id="a.md", action="draft") for text in "一二三"]
    ended = [await rig.until(row.id) for row in rows]
    assert [row.state for row in ended] == [State.SUCCEEDED] * 3
    assert len({(row.result or {})["media_id"] for row in ended}) == 1
    assert (rig.committed("draft"), rig.committed("draft_update")) == (1, 2)


async def test_a_lost_answer_of_an_update_is_sent_again(rig: Rig) -> None:
    media_id = ((await done(rig)).result or {})["media_id"]
    rig.fault("reset_after_commit", UPDATE)
    row = await done(rig, "二", update=media_id)
    assert (row.state, (row.result or {})["updated"]) == (State.SUCCEEDED, True)
    assert rig.committed("draft") == 1


async def test_a_lost_answer_of_a_sources_first_draft_is_adopted_as_its_draft(rig: Rig) -> None:
    rig.fault("reset_after_commit", ADD)
    first = await done(rig, "一", source_id="a.md")
    row = await done(rig, "二", source_id="a.md")
    assert (row.result or {})["media_id"] == (first.result or {})["media_id"]
    assert rig.committed("draft") == 1


async def test_a_cover_that_wechat_lost_is_got_anew_for_an_update_too(rig: Rig) -> None:
    media_id = ((await done(rig)).result or {})["media_id"]
    rig.fault("errcode", UPDATE, errcode=40007)
    row = await done(rig, "二", update=media_id)
    assert (row.state, rig.committed("material")) == (State.SUCCEEDED, 2)


async def test_a_draft_that_another_job_wrote_since_is_not_published_by_a_retry(rig: Rig) -> None:
    rig.fault("errcode", SUBMIT, errcode=53503)
    first = await rig.until((await rig.submit("甲")).id)
    assert first.state == State.FAILED
    await rig.until(
        (await rig.submit("乙", action="draft", update=(first.result or {})["media_id"])).id
    )
    await rig.jobs.retry(first.id, "blog")
    again = await rig.until(first.id)
    assert (again.state, (again.error or {})["code"]) == (State.FAILED, "draft_changed")
    assert rig.committed("publication") == 0
