from accounts.edits import SYSTEM, Editor
from store.engine import Database
from tests.jobs.journals import journal_of, noted
from tests.store.rows import job_row
from tests.store.test_schedules import row as schedule_row


async def test_entries_name_job_account_and_who_wanted_it(database: Database) -> None:
    journal, row = journal_of(database), job_row()
    editor = Editor("client:boss", "req_1", "192.0.2.1")
    articles = [{"title": title, "text_hash": "no"} for title in ("t", "u")]
    fingerprint = {"articles": articles, "media_id": "m"}
    async with database.write() as connection:
        await journal.approved(connection, row, editor)
        await journal.submitted(connection, row, fingerprint, {"publish_id": "p"})
        await journal.published(connection, row, "a")
    approved, submitted, published = await noted(database)
    assert {entry["subject"] for entry in (approved, submitted, published)} == {"job_1"}
    assert {entry["account"] for entry in (approved, submitted, published)} == {"main"}
    assert (approved["actor"], approved["ip"]) == ("client:boss", "192.0.2.1")
    assert approved["detail"] == {"client": "blog"}
    assert (submitted["actor"], submitted["action"]) == ("client:blog", "publish.submit")
    assert submitted["detail"] == {"title": "t | u", "media_id": "m", "publish_id": "p"}
    assert (published["action"], published["detail"]) == ("publish.done", {"article_id": "a"})


async def test_what_is_done_with_schedules_and_times_names_who_did_it(database: Database) -> None:
    journal, editor = journal_of(database), Editor("client:boss", "req_1", "192.0.2.1")
    async with database.write() as connection:
        await journal.schedule(connection, "pause", schedule_row(cron="@daily"), editor)
        await journal.schedule(connection, "run", schedule_row(next_at=None), SYSTEM)
        await journal.moved(connection, job_row(), editor)
    paused, ran, moved = await noted(database)
    assert (paused["action"], paused["actor"]) == ("schedule.pause", "client:boss")
    assert (paused["subject"], paused["account"]) == ("sch_1", "main")
    assert paused["detail"] == {
        "client": "blog",
        "name": "早报",
        "cron": "@daily",
        "next_at": "1970-01-01T00:01:40.000Z",
    }
    assert (ran["actor"], ran["detail"]) == ("system", {"client": "blog", "name": "早报"})
    assert (moved["action"], moved["subject"]) == ("publish.reschedule", "job_1")
    assert moved["detail"]["publish_at"] == "1970-01-01T00:01:40.000Z"
