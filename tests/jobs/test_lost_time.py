from jobs.lost_time import review_lost
from store import intents, jobs
from store.engine import Database
from tests.jobs.batches import article
from tests.jobs.happenings import happened
from tests.jobs.office import Office
from tests.jobs.test_steering import hand_in
from tests.store.rows import intent_row, job_row


async def test_what_may_have_been_done_in_the_lost_time_needs_a_person(database: Database) -> None:
    rows = {
        "job_due": ("scheduled", 150.0, True),
        "job_ran": ("running", 100.0, True),
        "job_held": ("accepted", 100.0, True),
        "job_sent": ("running", 100.0, False),  # its publication is only to be followed
        "job_later": ("scheduled", 201.0, False),
        "job_over": ("failed", 100.0, False),
    }
    async with database.write() as connection:
        for job_id, (state, run_at, _) in rows.items():
            held = job_id == "job_held"
            await jobs.insert(connection, job_row(job_id, state=state, run_at=run_at, held=held))
        for job_id, outcome in (("job_sent", "answered"), ("job_ran", "refused")):
            await intents.insert(connection, intent_row(job_id, effect="submit", outcome=outcome))
    assert await review_lost(database, 200, 300) == 3
    told = await happened(database)
    assert sorted(each.key for each in told) == ["job_due", "job_held", "job_ran"]
    assert {each.event for each in told} == {"job.needs_review"}
    async with database.read() as connection:
        for job_id, (state, _, doubted) in rows.items():
            row = await jobs.get(connection, job_id)
            assert row is not None
            assert row.state == ("needs_review" if doubted else state), job_id
            if doubted:
                assert row.error is not None
                assert row.error["code"] == "history_lost"
                assert "remembers nothing" in row.error["hint"]["en"]
                assert row.error["details"] == {"lost_until": "1970-01-01T00:03:20.000Z"}


async def test_a_batch_ends_with_the_items_that_were_forgotten(office: Office) -> None:
    batch = await hand_in(office, [article(str(n)) for n in range(2)])
    await review_lost(office.database, office.now, office.now + 1)
    assert (await office.jobs.get(batch.id, "blog")).state == "needs_review"
    assert [each.key for each in await happened(office.database)] == [batch.id]
