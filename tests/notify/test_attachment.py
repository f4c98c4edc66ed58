import pytest

from notify.attachment import clean_media_type, clean_name


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("十一月报表.xlsx", "十一月报表.xlsx"),
        ("../../etc/passwd", "passwd"),
        (r"C:\Users\小王\图 1.png", "图 1.png"),
        ("a\r\nBcc: x@y.z\x00.txt", "aBcc: x@y.z.txt"),
        ("发票\u202etxt.exe", "发票txt.exe"),  # would show as 发票exe.txt
        ("e\u0301.pdf", "é.pdf"),
        ("\ud800.pdf", "?.pdf"),
        ("..", "attachment"),
        ("", "attachment"),
        ("a/", "attachment"),
    ],
)
def test_a_name_is_what_its_reader_is_to_see(sent: str, kept: str) -> None:
    assert clean_name(sent) == kept


def test_a_long_name_keeps_its_ending_and_whole_characters() -> None:
    name = clean_name("报" * 300 + ".xlsx")
    assert name.endswith("报.xlsx")
    assert len(name.encode()) <= 240
    assert len(clean_name("a" * 300 + "." + "b" * 300)) == 200


@pytest.mark.parametrize(
    ("said", "name", "kept"),
    [
        ("application/pdf; x=y", "a.bin", "application/pdf"),
        ("", "a.pdf", "application/pdf"),
        ("application/octet-stream", "a.png", "image/png"),
        ("application/octet-stream", "a", "application/octet-stream"),
        ("text/plain\r\nX: y", "a.csv", "text/csv"),
        ("multipart/mixed", "a.bin", "application/octet-stream"),
        ("message/rfc822", "a", "application/octet-stream"),
        ("", "a.tar.gz", "application/octet-stream"),
    ],
)
def test_a_media_type_cannot_take_a_mail_apart(said: str, name: str, kept: str) -> None:
    assert clean_media_type(said, name) == kept
