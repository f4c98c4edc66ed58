import pytest

from jobs.joined import Joined
from jobs.states import State
from store import jobs as job_rows
from store.jobs import JobRow
from tests.jobs.office import Office, article

WINDOW_S = 100.0


@pytest.fixture
def joined(office: Office) -> Joined:
    return Joined(office.jobs, window_s=WINDOW_S, clock=lambda: office.now)


async def _ends(office: Office, row: JobRow, state: State) -> None:
    async with office.database.write() as connection:
        await job_rows.replace(connection, row, {"state": state})


async def test_the_same_within_the_window_is_one_job_on_whatever_side_of_a_span(
    office: Office, joined: Joined
) -> None:
    office.now = 1_090.0
    first = await joined.submit(article(), "d")
    for later in (1_090.0, 1_099.0, 1_101.0, 1_189.0):
        office.now = later
        assert (await joined.submit(article(), "d")).id == first.id
    office.now = 1_191.0
    assert (await joined.submit(article(), "d")).id != first.id


async def test_what_stands_for_another_thing_is_another_job(joined: Joined) -> None:
    first = await joined.submit(article(), "d")
    assert (await joined.submit(article(), "e")).id != first.id
    other = await joined.submit(article(client_id="other"), "d")
    assert other.id != first.id


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
async def test_after_a_failure_it_is_the_same_job_once_more(
    office: Office, joined: Joined, state: State
) -> None:
    first = await joined.submit(article(), "d")
    await _ends(office, first, state)
    again = await joined.submit(article(), "d")
    assert (again.id, again.state) == (first.id, State.ACCEPTED)


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.NEEDS_REVIEW])
async def test_an_end_that_may_have_made_something_is_told_again(
    office: Office, joined: Joined, state: State
) -> None:
    first = await joined.submit(article(), "d")
    await _ends(office, first, state)
    again = await joined.submit(article(), "d")
    assert (again.id, again.state) == (first.id, state)
