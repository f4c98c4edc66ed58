from collections.abc import Mapping
from typing import Any

import pytest

from core.errors import GatewayError, Language
from notify.channel_errors import ChannelDisabled, ChannelUnknown
from notify.channel_settings import ChannelSettings
from notify.client_notifications import Asked, ClientNotifications
from notify.errors import (
    AttachmentsTooLarge,
    AttachmentUnknown,
    ChannelTakesNone,
    NotificationUnderway,
    NotificationUnknown,
    RecipientForbidden,
)
from notify.kinds import Kind
from notify.wording import Worded
from store import files, uploads
from store import notifications as rows
from store.engine import Database
from store.notification_lists import NotificationFilter
from store.uploads import UploadRow
from tests.notify.desk import Desk, PlainWords, refused


def _no_sender(_settings: Any, _means: Any) -> Any:
    raise AssertionError("it is made elsewhere")


MAIL = Kind(ChannelSettings, _no_sender, takes_to=True, takes_files=True)
CHAT = Kind(ChannelSettings, _no_sender)


class Ways:
    """Channels as notify/channels.py has them."""

    def __init__(self) -> None:
        self.found = {
            "mail": ChannelSettings(name="mail", type="email", allow_to=("*@test",)),
            "robot": ChannelSettings(name="robot", type="dingtalk", language="en"),
            "off": ChannelSettings(name="off", type="dingtalk", enabled=False),
            "theirs": ChannelSettings(name="theirs", type="dingtalk", clients=("other",)),
        }

    def for_client(self, name: str, client_id: str) -> ChannelSettings:
        found = self.found.get(name)
        if found is None or not found.serves(client_id):
            raise ChannelUnknown(channel=name)
        return found

    def kind(self, name: str) -> Kind:
        return MAIL if name == "mail" else CHAT


class Templates(PlainWords):
    """One template."""

    async def of_template(
        self, reference: str, variables: Mapping[str, Any], language: Language
    ) -> Worded:
        said = f"{variables['who']} {language}"
        return Worded(
            subject=said, text=said, markdown=said, template=reference, template_version=2
        )


class Office:
    def __init__(self, database: Database) -> None:
        self.desk, self.ways = Desk(database), Ways()
        self.sent = ClientNotifications(
            *(database, self.ways, Templates(), self.desk.notifications),
            clock=lambda: self.desk.now,
        )

    async def send(self, channel: str = "mail", **values: Any) -> rows.NotificationRow:
        return await self.sent.send(
            Asked(client_id="blog", channel=channel, **{"subject": "s", "text": "t", **values})
        )

    async def upload(self, name: str, size: int = 3, client_id: str = "blog") -> str:
        now, data = self.desk.now, name.encode()
        async with self.desk.database.write() as connection:
            (sha256,) = await files.keep(connection, client_id, [data], now=now)
            row = UploadRow(
                id=f"file_{name}",
                client_id=client_id,
                sha256=sha256,
                name=name,
                media_type="text/plain",
                size=size,
                created_at=now,
                expires_at=now + 60,
            )
            await uploads.insert(connection, row)
        return row.id


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


async def test_own_words_and_files_are_sent(office: Office) -> None:
    sent = [await office.upload("报告.txt"), await office.upload("b.txt")]
    row = await office.send(to=("a@test",), bcc=("b@test",), attachments=(*sent,))
    desk = office.desk
    async with desk.delivery():
        await desk.until(row.id, "sent")
    (message,) = desk.ways.senders["mail"].got
    assert (message.subject, message.to, message.bcc) == ("s", ("a@test",), ("b@test",))
    assert [file.name for file in message.attachments] == ["报告.txt", "b.txt"]
    assert message.attachments[0].data == "报告.txt".encode()
    told = await office.sent.get(row.id, "blog")
    assert (told.files, [each.outcome for each in told.attempts]) == (
        ["报告.txt", "b.txt"],
        ["sent"],
    )


async def test_a_template_speaks_the_channels_language(office: Office) -> None:
    row = await office.send("robot", subject="", text="", template="t@2", variables={"who": "me"})
    assert row.content["subject"] == "me en"
    assert (row.template, row.template_version) == ("t@2", 2)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"channel": "no"}, ChannelUnknown),
        ({"channel": "theirs"}, ChannelUnknown),
        ({"channel": "off"}, ChannelDisabled),
        ({"channel": "robot", "to": ("x",)}, ChannelTakesNone),
        ({"channel": "robot", "attachments": ("x",)}, ChannelTakesNone),
        ({"to": ("a@elsewhere",)}, RecipientForbidden),
        ({"bcc": ("a@elsewhere",)}, RecipientForbidden),
        ({"attachments": ("file_no",)}, AttachmentUnknown),
    ],
)
async def test_what_may_not_be_sent(
    office: Office, values: dict[str, Any], error: type[GatewayError]
) -> None:
    with pytest.raises(error):
        await office.send(**values)
    assert await office.desk.all() == []


async def test_a_file_of_another_or_too_much_of_them(office: Office) -> None:
    theirs = await office.upload("theirs", client_id="other")
    with pytest.raises(AttachmentUnknown):
        await office.send(attachments=(theirs,))
    large = tuple([await office.upload(f"f{n}", 9_000_000) for n in range(3)])
    with pytest.raises(AttachmentsTooLarge):
        await office.send(attachments=large)
    office.desk.now += 61
    with pytest.raises(AttachmentUnknown):
        await office.send(attachments=large[:1])


async def test_a_resend_is_a_new_one_of_the_same(office: Office) -> None:
    desk = office.desk
    desk.ways.senders["mail"].ends = [refused(final=True)]
    file = await office.upload("a.txt")
    row = await office.send(to=("a@test",), attachments=(file,), severity="error")
    with pytest.raises(NotificationUnderway):
        await office.sent.resend(row.id, "blog")
    async with desk.delivery():
        await desk.until(row.id, "dead")
        with pytest.raises(NotificationUnknown):
            await office.sent.resend(row.id, "other")
        again = await office.sent.resend(row.id, "blog")
        assert (again.resend_of, again.client_id, again.severity) == (row.id, "blog", "error")
        await desk.until(again.id, "sent")
    (first, second) = desk.ways.senders["mail"].got
    assert (second.subject, second.to) == (first.subject, first.to)
    assert [file.name for file in second.attachments] == ["a.txt"]


async def test_a_resend_goes_only_where_its_client_may_send_now(office: Office) -> None:
    desk, mail = office.desk, office.ways.found["mail"]
    row = await office.send(bcc=("a@test",))
    async with desk.delivery():
        await desk.until(row.id, "sent")
    for changed, error in (
        ({"allow_to": ("*@elsewhere",)}, RecipientForbidden),
        ({"clients": ("other",)}, ChannelUnknown),
        ({"enabled": False}, ChannelDisabled),
    ):
        office.ways.found["mail"] = mail.model_copy(update=changed)
        with pytest.raises(error):
            await office.sent.resend(row.id, "blog")
    again = await office.sent.resend(row.id, None)  # an operator knows
    assert (again.resend_of, again.client_id) == (row.id, "blog")


async def test_pages(office: Office) -> None:
    made = [(await office.send(text=f"t{n}")).id for n in range(3)]
    wanted = NotificationFilter(client_id="blog")
    page, cursor = await office.sent.page(wanted, before=None, limit=2)
    assert ([row.id for row in page], cursor) == ([made[2], made[1]], made[1])
    page, cursor = await office.sent.page(wanted, before=cursor, limit=2)
    assert ([row.id for row in page], cursor) == ([made[0]], None)
    assert await office.sent.summary(wanted) == {"pending": 3}
