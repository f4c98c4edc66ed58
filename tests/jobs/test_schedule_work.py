import pytest

from content.fields import DraftFields
from jobs.lateness import LatePolicy
from jobs.schedule_work import ArticleWork, job_of
from store.engine import Database
from tests.jobs.timetable import MONDAY, Timetable


@pytest.mark.parametrize("action", ["draft", "publish"])
async def test_an_article_becomes_a_job_like_one_handed_in(database: Database, action: str) -> None:
    work = ArticleWork(fields=DraftFields(markdown="# 早"), action=action)  # type: ignore[arg-type]
    row = await Timetable(database).add(work=work, late=LatePolicy("skip", 90))
    made = job_of(row, {"a.png": "0" * 64}, due_at=MONDAY, now=MONDAY + 5)
    assert (made.row.kind, made.row.action, made.row.client_id) == ("article", action, "blog")
    assert (made.row.run_at, made.row.due_at, made.row.skip_after) == (MONDAY, MONDAY, MONDAY + 90)
    assert (made.row.payload["files"], made.kept) == (1, {"a.png": "0" * 64})
    assert made.row.title == "早报"  # its own is not known yet
