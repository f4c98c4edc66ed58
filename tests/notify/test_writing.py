from notify.writing import message_of
from store.uploads import AttachedFile
from tests.notify.desk import PlainWords
from tests.store.test_notifications import notification_row


async def test_words_of_somebody_go_as_they_are() -> None:
    content = {"subject": "s", "text": "t", "markdown": "m", "html": "h", "variables": {"a": "b"}}
    row = notification_row(content=content, recipients={"to": ["a@test"], "bcc": ["b@test"]})
    file = AttachedFile(name="报告.pdf", media_type="application/pdf", data=b"%PDF")
    message, kept = await message_of(row, [file], PlainWords(), "zh")
    assert (message.subject, message.text, message.markdown, message.html) == ("s", "t", "m", "h")
    assert (message.to, message.bcc, message.mention) == (("a@test",), ("b@test",), ())
    (attachment,) = message.attachments
    assert (attachment.name, attachment.data) == ("报告.pdf", b"%PDF")
    assert kept == {}


async def test_words_of_an_event_are_found_and_kept() -> None:
    content = {"data": {"title": "标题", "url": "https://x.test/"}}
    row = notification_row(event="job.failed", content=content, severity="error", account="main")
    message, kept = await message_of(row, [], PlainWords(), "en")
    assert (message.event, message.severity, message.account) == ("job.failed", "error", "main")
    assert (message.subject, message.url) == ("job failed", "https://x.test/")
    assert kept["content"]["subject"] == "job failed"
    assert kept["template"] is None
