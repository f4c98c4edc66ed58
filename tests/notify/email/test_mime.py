import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest

from notify.email.addresses import parse_address
from notify.email.mime import Envelope, TooLarge, build_mail
from notify.message import Attachment, Message

ENVELOPE = Envelope(
    sender=parse_address("bot@gate.example"),
    sender_name="公众号网关",
    to=[parse_address("a@x.example")],
    cc=[parse_address("c@x.example")],
    domain="gate.example",
)
MESSAGE = Message(
    id="ntf_1",
    subject="发表失败：《早报》",
    text="第一行\n.第二行\r\n",
    created_at=1_795_000_000.0,
    bcc=("hidden@x.example",),
)


def _read(mail: bytes) -> EmailMessage:
    found: Any = email.message_from_bytes(mail, policy=email.policy.default)
    assert not found.defects
    return found  # type: ignore[no-any-return]


def _text(mail: EmailMessage, kind: str = "plain") -> str:
    part: Any = mail.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n").rstrip("\n")


def test_a_mail_says_who_what_when_and_that_no_person_wrote_it() -> None:
    mail = _read(build_mail(MESSAGE, ENVELOPE))
    assert mail["From"] == "公众号网关 <bot@gate.example>"
    assert (mail["To"], mail["Cc"]) == ("a@x.example", "c@x.example")
    assert mail["Subject"] == MESSAGE.subject
    assert mail["Message-ID"] == "<ntf_1@gate.example>"
    assert mail["Date"].datetime.timestamp() == MESSAGE.created_at
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Content-Language"] == "zh-CN"
    assert mail["X-Priority"] is None
    assert _text(mail) == "第一行\n.第二行"


def test_the_same_message_is_the_same_mail_at_each_attempt() -> None:
    assert build_mail(MESSAGE, ENVELOPE) == build_mail(MESSAGE, ENVELOPE)
    other = replace(ENVELOPE, sender=parse_address("two@other.example"))
    assert _read(build_mail(MESSAGE, other))["Message-ID"] == "<ntf_1@gate.example>"


def test_a_blind_copy_stands_nowhere() -> None:
    assert b"hidden" not in build_mail(MESSAGE, ENVELOPE)
    alone = build_mail(MESSAGE, replace(ENVELOPE, to=(), cc=()))
    assert b"To: undisclosed-recipients:;\r\n" in alone


def test_nothing_in_it_begins_another_header_or_ends_the_mail() -> None:
    evil = replace(
        MESSAGE,
        subject="x\r\nBcc: a@b.c\r\n\r\nbody",
        text="a\r\n.\r\nMAIL FROM:<x@y.z>\rb\n.\nc",
        attachments=(
            Attachment(name='a"\r\nX: y.txt', media_type="text/plain", data=b"\r\n.\r\n"),
        ),
    )
    mail = build_mail(evil, replace(ENVELOPE, sender_name="n\r\nBcc: a@b.c"))
    found = _read(mail)
    assert (found["Bcc"], found["X"]) == (None, None)
    lines = mail.replace(b"\r\n", b"")
    assert b"\r" not in lines
    assert b"\n" not in lines
    assert _text(found) == "a\n.\nMAIL FROM:<x@y.z>\nb\n.\nc"


def test_html_stands_beside_the_text() -> None:
    mail = _read(build_mail(replace(MESSAGE, html="<p>你好</p>"), ENVELOPE))
    assert mail.get_content_type() == "multipart/alternative"
    assert (_text(mail), _text(mail, "html")) == ("第一行\n.第二行", "<p>你好</p>")


def test_files_arrive_to_the_byte_under_their_names() -> None:
    files = (
        Attachment(name="十一月报表.xlsx", media_type="application/x-y", data=bytes(range(256))),
        Attachment(name="名单.csv", media_type="text/csv", data="姓名\n小王\n".encode()),
        Attachment(name="gbk.txt", media_type="text/plain", data="小王".encode("gbk")),
        Attachment(name="empty.bin", media_type="application/octet-stream", data=b""),
    )
    mail = _read(build_mail(replace(MESSAGE, html="<p>x</p>", attachments=files), ENVELOPE))
    assert mail.get_content_type() == "multipart/mixed"
    got = list(mail.iter_attachments())
    assert [each.get_filename() for each in got] == [each.name for each in files]
    assert [each.get_payload(decode=True) for each in got] == [each.data for each in files]
    assert got[1].get_content_charset() == "utf-8"
    assert got[2].get_content_charset() is None
    assert {each.get_content_disposition() for each in got} == {"attachment"}
    assert _text(mail) == "第一行\n.第二行"


def test_no_text_ends_the_part_that_it_stands_in() -> None:
    text = "--=_ntf_1.a\nContent-Type: text/html\n\n<script>"
    mail = _read(build_mail(replace(MESSAGE, text=text, html="<p>x</p>"), ENVELOPE))
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert _text(mail) == text


def test_plain_ascii_is_left_readable_and_long_lines_are_not() -> None:
    assert b"\r\n\r\nhello\r\n" in build_mail(replace(MESSAGE, text="hello"), ENVELOPE)
    long = build_mail(replace(MESSAGE, text="x" * 5_000), ENVELOPE)
    assert max(map(len, long.split(b"\r\n"))) <= 998
    assert _text(_read(long)) == "x" * 5_000


def test_what_is_urgent_says_so_and_a_list_can_be_left() -> None:
    urgent = replace(MESSAGE, severity="critical", language="en")
    where = replace(ENVELOPE, unsubscribe="https://gate.example/leave")
    mail = _read(build_mail(urgent, where))
    assert (mail["X-Priority"], mail["Content-Language"]) == ("1", "en")
    assert mail["List-Unsubscribe"] == "<https://gate.example/leave>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    by_mail = _read(build_mail(MESSAGE, replace(where, unsubscribe="mailto:x@gate.example")))
    assert by_mail["List-Unsubscribe-Post"] is None


def test_a_very_long_subject_is_cut() -> None:
    mail = _read(build_mail(replace(MESSAGE, subject="长" * 1_000), ENVELOPE))
    assert mail["Subject"] == "长" * 299 + "…"


@pytest.mark.parametrize(
    ("sizes", "fits"),
    [
        ([10_000_000], True),
        ([10_000_001], False),
        ([9_000_000, 9_000_000], True),
        ([9_000_000, 9_000_000, 9_000_000], False),
        ([1] * 20, True),
        ([1] * 21, False),
    ],
)
def test_ten_megabytes_a_file_and_twenty_a_mail(sizes: list[int], *, fits: bool) -> None:
    files = tuple(
        Attachment(name="a", media_type="application/x", data=bytes(size)) for size in sizes
    )
    message = replace(MESSAGE, attachments=files)
    if fits:
        assert len(build_mail(message, ENVELOPE)) > sum(sizes)
    else:
        with pytest.raises(TooLarge):
            build_mail(message, ENVELOPE)
