from dataclasses import replace

from store import mail_accounts
from store.engine import Database
from store.mail_accounts import MailAccountRow

ROW = MailAccountRow(
    channel="mail", name="one", day="2026-11-23", sent=3, turn=1.5, disabled_at=1.0, probe_at=5.0
)


async def test_a_row_is_made_and_changed_by_the_same_call(database: Database) -> None:
    async with database.write() as connection:
        await mail_accounts.alone(connection, "mail")
        for row in (ROW, replace(ROW, sent=4), replace(ROW, channel="other")):
            await mail_accounts.put(connection, row)
        assert await mail_accounts.of_channel(connection, "mail") == {"one": replace(ROW, sent=4)}


async def test_one_alone_tries_an_account_when_its_time_has_come(database: Database) -> None:
    async with database.write() as connection:
        await mail_accounts.put(connection, ROW)
        await mail_accounts.put(connection, replace(ROW, name="able", disabled_at=None))
        claims = [
            await mail_accounts.claim_probe(connection, "mail", name, due=due, next_at=30)
            for name, due in (("one", 4), ("one", 5), ("one", 5), ("able", 5), ("none", 5))
        ]
    assert claims == [False, True, False, False, False]


async def test_those_are_known_that_send_nothing(database: Database) -> None:
    other = replace(ROW, channel="other")
    async with database.write() as connection:
        for row in (other, ROW, replace(ROW, name="able", disabled_at=None)):
            await mail_accounts.put(connection, row)
        assert await mail_accounts.disabled(connection) == [ROW, other]
