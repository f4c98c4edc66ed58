from dataclasses import replace

from notify.message import Attachment, Message


def test_what_is_attached_is_not_in_a_log() -> None:
    attached = Attachment(name="报表.csv", media_type="text/csv", data=b"secret")
    assert "secret" not in repr(Message(id="ntf_1", subject="", text="", attachments=(attached,)))


def test_what_is_large_may_take_longer() -> None:
    small = Message(id="ntf_1", subject="", text="")
    both = (Attachment(name="a", media_type="text/csv", data=bytes(10_000_000)),) * 2
    assert small.carry_s == 0
    assert replace(small, attachments=both).carry_s == 280
