import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from notify.email.sender import EmailSender
from notify.email.settings import EmailSettings
from notify.message import Attachment, Message
from notify.sender import DeliveryUnknown, NotDelivered, Resting
from store.engine import Database
from store.tables import mail_account
from tests.notify.email.post_office import CUT, PostOffice, open_post_office

NOW = 1_795_000_000.0
MESSAGE = Message(
    id="ntf_1", subject="发表失败", text="看一下", to=("a@x.example",), created_at=NOW
)


@asynccontextmanager
async def opened(database: Database, *accounts: Any, **values: Any) -> AsyncIterator[EmailSender]:
    look_s = values.pop("look_s", 600.0)
    settings = EmailSettings(name="mail", type="email", accounts=accounts, **values)
    async with aclosing(EmailSender(settings, database, lambda: NOW, look_s=look_s)) as sender:
        yield sender


@asynccontextmanager
async def two_offices() -> AsyncIterator[tuple[PostOffice, PostOffice]]:
    async with open_post_office() as one, open_post_office() as two:
        yield one, two


async def _rows(database: Database) -> dict[str, Any]:
    async with database.read() as connection:
        return {row.name: row for row in await connection.execute(select(mail_account))}


async def test_a_mail_goes_out_once_with_all_that_it_has(database: Database) -> None:
    async with open_post_office() as office:
        account = office.account()
        async with opened(database, account, from_name="网关", subject_prefix="[wxgate]") as sender:
            message = replace(
                MESSAGE,
                cc=("c@x.example", "a@x.example"),
                bcc=("hidden@x.example",),
                html="<p>看一下</p>",
                attachments=(Attachment(name="报表.csv", media_type="text/csv", data=b"1,2"),),
            )
            receipt = await sender.send(message)
    assert (receipt.by, receipt.reference, receipt.unreached) == ("one", "OK queued as 1", ())
    (mail,) = office.mails
    assert mail.recipients == ("a@x.example", "c@x.example", "hidden@x.example")
    assert b"hidden" not in mail.data
    assert mail.message["Subject"] == "[wxgate] 发表失败"
    assert mail.message["From"] == "网关 <one@gate.example>"
    assert [part.get_filename() for part in mail.message.iter_attachments()] == ["报表.csv"]


async def test_who_names_nobody_writes_to_the_channels_own(database: Database) -> None:
    async with open_post_office() as office:
        async with opened(database, office.account(), to=("ops@x.example",)) as sender:
            await sender.send(replace(MESSAGE, to=()))
            await sender.send(MESSAGE)
        async with opened(database, office.account()) as sender:
            with pytest.raises(NotDelivered, match="no recipient") as caught:
                await sender.send(replace(MESSAGE, to=()))
    assert caught.value.final
    assert [mail.recipients for mail in office.mails] == [("ops@x.example",), ("a@x.example",)]


async def test_where_one_account_fails_the_next_one_sends(database: Database) -> None:
    async with two_offices() as (one, two):
        one.says["MAIL"] = "451 try later"
        async with opened(database, one.account(), two.account("two"), max_failures=2) as sender:
            for number in range(6):
                receipt = await sender.send(replace(MESSAGE, id=f"ntf_{number}"))
                assert receipt.by == "two"
        assert (len(one.mails), len(two.mails)) == (0, 6)
        rows = await _rows(database)
    assert rows["one"].disabled_at == NOW
    assert (rows["one"].sent, rows["two"].sent) == (0, 6)
    assert one.connections == 2  # disabled, it is left in peace


@pytest.mark.parametrize(
    "says",
    [
        {"AUTH": "535 5.7.8 wrong"},
        {"MAIL": "421 4.3.2 bye"},
        {"MAIL": CUT},
        {"RCPT": "450 4.7.1 greylisted"},
        {"RCPT": CUT},
        {"DATA": "451 4.3.0 full"},
        {"DATA": "552 5.3.4 too big"},
        {"DATA": "554 spam"},
    ],
)
async def test_whatever_is_certain_at_the_first_is_no_loss_and_no_double(
    database: Database, says: dict[str, str]
) -> None:
    async with two_offices() as (one, two):
        one.says.update(says)
        async with opened(database, one.account(), two.account("two")) as sender:
            receipt = await sender.send(MESSAGE)
        assert (receipt.by, len(one.mails), len(two.mails)) == ("two", 0, 1)


async def test_what_is_uncertain_is_sent_by_nobody_else(database: Database) -> None:
    async with two_offices() as (one, two):
        one.says["DATA"] = CUT
        async with opened(database, one.account(), two.account("two")) as sender:
            with pytest.raises(DeliveryUnknown) as caught:
                await sender.send(MESSAGE)
        assert caught.value.by == "one"
        assert (len(one.mails), len(two.mails)) == (1, 0)
        row = (await _rows(database))["one"]
    assert (row.sent, row.failures) == (1, 1)  # it counts, since it may have gone out


async def test_readers_whom_one_server_refuses_for_now_are_reached_by_another(
    database: Database,
) -> None:
    both = replace(MESSAGE, to=("a@x.example",), bcc=("b@x.example", "gone@x.example"))
    async with two_offices() as (one, two):
        one.says |= {"b@x.example": "450 greylisted", "gone@x.example": "550 5.1.1 no such user"}
        async with opened(database, one.account(), two.account("two")) as sender:
            receipt = await sender.send(both)
        assert [mail.recipients for mail in one.mails] == [("a@x.example",)]
        assert [mail.recipients for mail in two.mails] == [("b@x.example",)]
        (left,) = receipt.unreached
        assert (left.recipient, left.final) == ("gone@x.example", True)
        rows = await _rows(database)
    assert (rows["one"].sent, rows["two"].sent) == (1, 1)
    assert (rows["one"].failures, rows["two"].failures) == (0, 0)


async def test_the_rest_is_tried_again_alone_and_sees_the_same_mail(database: Database) -> None:
    both = replace(MESSAGE, to=("a@x.example", "b@x.example"))
    async with open_post_office() as office:
        office.says["b@x.example"] = "450 4.7.1 greylisted"
        async with opened(database, office.account()) as sender:
            receipt = await sender.send(both)
            (left,) = receipt.unreached
            assert (left.recipient, left.final) == ("b@x.example", False)
            office.says.clear()
            await sender.send(replace(both, only=(left.recipient,)))
    assert [mail.recipients for mail in office.mails] == [("a@x.example",), ("b@x.example",)]
    assert office.mails[0].data == office.mails[1].data


async def test_nobody_reached_says_whether_it_is_worth_another_try(database: Database) -> None:
    async with open_post_office() as office:
        async with opened(database, office.account(), max_failures=9) as sender:
            for says, final in (
                ({"AUTH": "535 wrong"}, False),
                ({"RCPT": "550 5.1.1 no such user"}, True),
                ({"RCPT": "450 greylisted"}, False),
                ({"DATA": "554 spam"}, True),
                ({"DATA": "451 later"}, False),
            ):
                office.says = says
                with pytest.raises(NotDelivered) as caught:
                    await sender.send(MESSAGE)
                assert (caught.value.final, caught.value.by) == (final, "one")
        assert office.mails == []
        assert (await _rows(database))["one"].sent == 0


async def test_a_mail_that_is_too_large_for_its_server_is_not_begun(database: Database) -> None:
    big = Attachment(name="a", media_type="application/x", data=bytes(50_000))
    async with open_post_office() as one, open_post_office() as two:
        one.says["SIZE"] = "40000"
        async with opened(database, one.account(), two.account("two")) as sender:
            receipt = await sender.send(replace(MESSAGE, attachments=(big,)))
            assert receipt.by == "two"
            over = replace(big, data=bytes(10_000_001))
            with pytest.raises(NotDelivered, match="10 MB") as caught:
                await sender.send(replace(MESSAGE, attachments=(over,)))
        assert caught.value.final
        assert one.mails == []
        assert (await _rows(database))["one"].failures == 0


async def test_an_address_beyond_ascii_needs_a_server_that_knows_them(database: Database) -> None:
    message = replace(MESSAGE, to=("a@x.example", "小王@例子.中国"))
    async with open_post_office() as old, open_post_office(utf8=True) as new:
        async with opened(database, old.account(), new.account("new")) as sender:
            receipt = await sender.send(message)
        assert receipt.unreached == ()
        assert [mail.recipients for mail in old.mails] == [("a@x.example",)]
        assert old.mails[0].data.isascii()
        assert [mail.recipients for mail in new.mails] == [("小王@xn--fsqu00a.xn--fiqs8s",)]
        async with opened(database, old.account()) as sender:
            receipt = await sender.send(message)
        assert [each.recipient for each in receipt.unreached] == ["小王@xn--fsqu00a.xn--fiqs8s"]


@pytest.mark.parametrize("to", ["a@x.example, b@x.example", "a@x.example\r\nBcc: b@x", "nobody"])
async def test_what_is_no_address_is_sent_to_nobody(database: Database, to: str) -> None:
    async with open_post_office() as office, opened(database, office.account()) as sender:
        with pytest.raises(NotDelivered) as caught:
            await sender.send(replace(MESSAGE, to=("a@x.example", to)))
    assert (caught.value.final, office.mails) == (True, [])


async def test_where_all_are_disabled_the_channel_rests_and_comes_back(database: Database) -> None:
    async with open_post_office() as office:
        office.password = "another"
        async with opened(database, office.account(), max_failures=1, look_s=0.05) as sender:
            with pytest.raises(NotDelivered, match="535"):
                await sender.send(MESSAGE)
            with pytest.raises(Resting) as caught:
                await sender.send(MESSAGE)
            assert 0 < caught.value.retry_after_s <= 300
        logins = len(office.logins)
        assert logins == 2  # by the mail, and once more when these settings were new
        # With the password mended nobody waits until its time has come.
        async with opened(database, office.account(password="another"), max_failures=1) as mended:
            assert (await mended.send(MESSAGE)).by == "one"
        assert (await _rows(database))["one"].disabled_at is None


async def test_a_disabled_account_comes_back_by_itself(database: Database) -> None:
    async with two_offices() as (one, two):
        one.says["MAIL"] = "451 no"
        accounts = (one.account(), two.account("two"))
        now = [NOW]
        settings = EmailSettings(
            name="mail", type="email", accounts=accounts, max_failures=1, probe_s=60
        )
        sender = EmailSender(settings, database, lambda: now[0], look_s=0.02)
        async with aclosing(sender):
            await sender.send(MESSAGE)
            assert (await _rows(database))["one"].disabled_at == NOW
            one.says.clear()
            now[0] += 61
            for _ in range(500):
                if (await _rows(database))["one"].disabled_at is None:
                    break
                await asyncio.sleep(0.02)
            receipts = [(await sender.send(MESSAGE)).by for _ in range(4)]
        assert Counter(receipts) == {"one": 2, "two": 2}


async def test_a_channel_over_its_daily_limit_rests_and_tries_nothing(database: Database) -> None:
    async with (
        open_post_office() as office,
        opened(database, office.account(daily_limit=1)) as sender,
    ):
        await sender.send(MESSAGE)
        with pytest.raises(Resting):
            await sender.send(MESSAGE)
        two = replace(MESSAGE, to=("a@x.example", "b@x.example"))
        with pytest.raises(NotDelivered) as caught:
            await sender.send(two)
        assert caught.value.final
        assert len(office.mails) == 1


async def test_no_password_stands_in_what_is_told(database: Database) -> None:
    async with open_post_office() as office:
        office.says["AUTH"] = "535 you said sqm-code-of-16-chars"
        async with opened(database, office.account(), max_failures=1) as sender:
            with pytest.raises(NotDelivered) as caught:
                await sender.send(MESSAGE)
        assert "sqm-code" not in caught.value.reason
        assert "sqm-code" not in (await _rows(database))["one"].error
