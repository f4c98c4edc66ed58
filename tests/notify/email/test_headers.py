import email
import email.policy
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.email.headers import (
    encoded_words,
    file_parameters,
    mailbox,
    one_line,
    structured,
    unstructured,
)

LONG = "【wxgate】公众号「每日新知」的文章《" + "很长的标题" * 20 + "》发表失败，需要人工处理 😀"


def _read(line: bytes, name: str) -> str:
    found = email.message_from_bytes(line + b"\r\n", policy=email.policy.default)
    assert len(found.keys()) == 1
    return str(found[name])


@pytest.mark.parametrize("text", ["plain", "", LONG, "=?utf-8?q?no?=", "a" * 500, "word " * 60])
def test_a_subject_arrives_as_it_was_written_in_short_lines_of_ascii(text: str) -> None:
    line = unstructured("Subject", text)
    assert line.isascii()
    assert all(len(each) <= 78 or text == "a" * 500 for each in line.split(b"\r\n"))
    assert _read(line, "Subject") == text.strip()


@given(st.text(max_size=200))
def test_no_text_becomes_another_header(text: str) -> None:
    line = unstructured("Subject", text)
    assert line.isascii()
    assert line.endswith(b"\r\n")
    for each in line[:-2].split(b"\r\n")[1:]:
        assert each.startswith(b" ")
        assert each.strip()
    assert b"\n" not in line.replace(b"\r\n", b"")
    assert b"\r" not in line.replace(b"\r\n", b"")


def test_line_breaks_of_any_kind_are_spaces() -> None:
    assert one_line("a\r\nBcc: x\u2028b\x85c\x00d\x0be") == "a Bcc: x b c d e"
    assert one_line("\ud800") == "?"


def test_no_word_ends_within_a_character() -> None:
    words = encoded_words("报" * 30 + "😀" * 20)
    for word in words:
        ((data, charset),) = decode_header(word)
        assert isinstance(data, bytes)
        data.decode(charset or "")
        assert len(word) <= 75


def test_a_sender_has_a_name_in_any_script() -> None:
    assert mailbox("", "a@b.c") == "a@b.c"
    assert mailbox("wxgate", "a@b.c") == "wxgate <a@b.c>"
    line = structured("From", [mailbox("运维\r\nBcc: x@y.z", "a@b.c")])
    found = email.message_from_bytes(line + b"\r\n", policy=email.policy.default)["From"]
    assert found.addresses[0].display_name == "运维 Bcc: x@y.z"
    assert found.addresses[0].addr_spec == "a@b.c"
    comma = structured("From", [mailbox('Ops, "Night"', "a@b.c")])
    found = email.message_from_bytes(comma + b"\r\n", policy=email.policy.default)["From"]
    assert [each.display_name for each in found.addresses] == ['Ops, "Night"']


def test_many_addresses_are_folded_between_them() -> None:
    addresses = [f"somebody-{number}@example.com" for number in range(20)]
    line = structured("To", addresses)
    assert max(map(len, line.split(b"\r\n"))) <= 78
    assert _read(line, "To") == ", ".join(addresses)


def test_a_name_beyond_ascii_is_told_by_the_standard_and_as_old_programs_read_it() -> None:
    name = "十一月销售报表（最终版）" * 5 + ".xlsx"
    types, dispositions = file_parameters(name)
    line = structured("Content-Disposition", ["attachment", *dispositions], ";")
    assert line.isascii()
    assert max(map(len, line.split(b"\r\n"))) <= 78
    found = email.message_from_bytes(line + b"\r\n", policy=email.policy.default)
    assert found.get_filename() == name
    (parameter,) = types
    assert str(make_header(decode_header(parameter.removeprefix('name="').rstrip('"')))) == name
    assert file_parameters('a "b" \\c.txt')[1] == ['filename="a \\"b\\" \\\\c.txt"']
    assert file_parameters("报.txt")[1] == ["filename*=utf-8''%E6%8A%A5.txt"]
