from accounts.edits import Editor
from store.engine import Database
from tests.jobs.journals import journal_of, noted
from tests.store.rows import job_row


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
