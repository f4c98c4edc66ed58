import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from content.fields import DraftFields
from jobs.draft_publication import DraftPublication
from jobs.repeats import RepeatedPublication, content_hash
from jobs.states import State
from jobs.submission import Submission
from sandbox.server import RunningSandbox
from store.engine import Database
from store.jobs import JobRow
from tests.jobs.office import Office
from tests.jobs.rig import QUICK, open_rig

REMEMBERS = QUICK.model_copy(update={"repeat_window_s": 3_600})


def asked(text: str = "正文", **values: Any) -> Submission:
    defaults: dict[str, Any] = {"client_id": "blog", "account": "main", "action": "publish"}
    return Submission(fields=DraftFields(markdown=text), **{**defaults, **values})


async def test_the_same_is_not_published_twice_unless_that_is_said(office: Office) -> None:
    first = await office.jobs.submit(asked())
    with pytest.raises(RepeatedPublication) as refused:
        await office.jobs.submit(asked("正 文\n"))  # white space makes it no other article
    assert first.id in refused.value.describe("zh", "")["message"]
    await office.jobs.submit(asked(repeat=True))
    await office.jobs.submit(asked("别的"))
    await office.jobs.submit(asked(account="second"))


async def test_drafts_may_be_the_same(office: Office) -> None:
    for _ in range(2):
        await office.jobs.submit(asked(action="draft"))
    await office.jobs.submit(asked())


async def test_after_the_window_it_may_be_published_again(office: Office) -> None:
    row = await office.jobs.submit(asked())
    async with office.database.write() as connection:
        from store import jobs as job_rows

        ended = {"state": State.SUCCEEDED, "updated_at": office.now}
        await job_rows.move(connection, row.id, 0, ended)
    office.now += 86_399
    with pytest.raises(RepeatedPublication):
        await office.jobs.submit(asked())
    office.now += 2
    await office.jobs.submit(asked())


async def test_a_key_that_was_used_gives_its_job_all_the_same(office: Office) -> None:
    first = await office.jobs.submit(asked(idempotency_key="k"))
    assert (await office.jobs.submit(asked(idempotency_key="k"))).id == first.id


async def test_138_of_fifty_at_the_same_moment_one_is_taken(office: Office) -> None:
    tried = await asyncio.gather(
        *(office.jobs.submit(asked()) for _ in range(50)), return_exceptions=True
    )
    assert sum(isinstance(one, JobRow) for one in tried) == 1
    assert sum(isinstance(one, RepeatedPublication) for one in tried) == 49


async def test_the_same_article_by_another_body_is_stopped_before_it_is_sent(
    database: Database, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with open_rig(database, sandbox, tmp_path, settings=REMEMBERS) as rig:
        first = await rig.until((await rig.submit("一 二")).id)
        draft = await rig.until((await rig.submit("一二", action="draft")).id)
        media_id = (draft.result or {})["media_id"]
        asked = DraftPublication(client_id="blog", account="main", media_id=media_id)
        row = await rig.until((await rig.jobs.submit(asked)).id)
        assert (row.state, (row.error or {})["code"]) == (State.FAILED, "repeated_publication")
        assert first.id in (row.error or {})["message"]["zh"]
        assert rig.committed("publication") == 1
        row = await rig.until((await rig.jobs.submit(replace(asked, repeat=True))).id)
        assert row.state == State.SUCCEEDED
        assert rig.committed("publication") == 2


def test_what_would_be_published_makes_the_hash() -> None:
    def hash_of(files: dict[str, str] | None = None, **fields: Any) -> str:
        return content_hash(DraftFields(**fields), files or {})

    plain = hash_of(markdown="正文")
    assert hash_of(markdown="正 文", theme="x", need_open_comment=True) == plain
    others = [
        hash_of(markdown="正文", title="题"),
        hash_of(markdown="正文", cover="a.png"),
        hash_of({"a.png": "ab"}, markdown="正文"),
        hash_of(images=("a.png",), markdown="正文"),
        hash_of(articles=({"markdown": "正文"}, {"markdown": "正文"})),
    ]
    filled = [hash_of(template="t", variables={"n": n}) for n in (1, 2)]
    assert len({plain, *others, *filled}) == 8
