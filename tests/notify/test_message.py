from notify.message import Attachment, Message


def test_what_is_attached_is_not_in_a_log() -> None:
    attached = Attachment(name="报表.csv", media_type="text/csv", data=b"secret")
    assert "secret" not in repr(Message(id="ntf_1", subject="", text="", attachments=(attached,)))
