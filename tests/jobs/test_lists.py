import pytest

from jobs.lists import JobLists
from jobs.service import JobUnknown
from store.job_lists import JobFilter
from tests.jobs.office import Office


@pytest.fixture
def lists(office: Office) -> JobLists:
    return JobLists(office.database, clock=lambda: office.now)


async def test_pages_follow_their_cursor(office: Office, lists: JobLists) -> None:
    for number in range(5):
        await office.put(job_id=f"job_{number}")
    first, cursor = await lists.page(JobFilter(), before=None, limit=3)
    rest, end = await lists.page(JobFilter(), before=cursor, limit=3)
    assert [row.id for row in first + rest] == [f"job_{number}" for number in (4, 3, 2, 1, 0)]
    assert end is None
    assert await lists.summary(JobFilter()) == {"accepted": 5}


async def test_a_job_stands_under_the_tags_it_was_given_last(
    office: Office, lists: JobLists
) -> None:
    row = await office.put()
    await lists.file_under(row.id, "blog", ["a", "b"])
    await lists.file_under(row.id, None, ["b", "c"])
    assert await lists.tags([row]) == {row.id: ("b", "c")}
    found, _ = await lists.page(JobFilter(tag="c"), before=None, limit=9)
    assert [each.id for each in found] == [row.id]
    for job_id, client_id in ((row.id, "other"), ("job_none", None)):
        with pytest.raises(JobUnknown):
            await lists.file_under(job_id, client_id, [])
    assert await lists.named(row.id, []) == {row.id}
