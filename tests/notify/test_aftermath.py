from notify.aftermath import EVENT, tell_of_failure
from store import happenings
from store.engine import Database
from tests.store.test_notifications import notification_row


async def test_a_failure_is_told_of_but_not_that_of_telling(database: Database) -> None:
    values = {"state": "dead", "error": "550 no"}
    async with database.write() as connection:
        for event in ("job.failed", EVENT):
            row = notification_row(event=event, account="main")
            await tell_of_failure(connection, row, values, 5.0)
        (told,) = await happenings.take(connection, limit=9)
    assert (told.event, told.key, told.account) == (EVENT, "mail", "main")
    assert told.data == {
        "channel": "mail",
        "notification": "ntf_1",
        "state": "dead",
        "error": "550 no",
        "about": "job.failed",
    }
