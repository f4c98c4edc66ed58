import pytest

from content.pictures.errors import ImageFileMissing, ImageSourceForbidden
from content.pictures.source import find_file, judge_source, shown, tidy_source


@pytest.mark.parametrize(
    ("src", "kind"),
    [
        ("https://a.com/x.png", "url"),
        ("HTTP://a.com/x.png", "url"),
        ("https://mmbiz.qpic.cn/x/0?wx_fmt=png", "wechat"),
        ("http://MMBIZ.qlogo.cn/x", "wechat"),
        ("https://mmbiz.qpic.cn.evil.com/x", "url"),
        ("https://mmbiz.qpic.cn@evil.com/x", "url"),
        ("data:image/png;base64,AAAA", "data"),
        ("a.png", "file"),
        ("./图/a%20b.png", "file"),
        ("x/../a.png", "file"),
        ("../a.png", "file"),  # what came along under that name
        ("data:image/svg+xml;charset=utf-8,%3Csvg", "data"),
    ],
)
def test_a_source_has_a_kind(src: str, kind: str) -> None:
    assert judge_source(src, field="cover") == kind


@pytest.mark.parametrize(
    "src",
    [
        *("file:///etc/passwd", "/etc/passwd", "..", ".", "a/../..", "../..", "%2e%2e/"),
        *("\\\\host\\share\\a.png", "\\a.png", "x/..//../../..", "/../a.png"),
        *("C:\\a.png", "c:/a.png", "a\0.png", "ftp://a/b", "javascript:x", "blob:x", "asset://x"),
        *("data:text/html;base64,AA", "data:,AA", "data:image/png", "%2fetc/passwd", ""),
    ],
)
def test_a_source_outside_of_the_article_is_refused(src: str) -> None:
    with pytest.raises(ImageSourceForbidden) as caught:
        judge_source(src, field="images[3]")
    assert caught.value.field == "images[3]"


@pytest.mark.parametrize(
    ("src", "name"),
    [
        ("a.png", "a.png"),
        ("./a.png", "a.png"),
        ("a.png", "./a.png"),
        ("%E5%9B%BE/a%20b.png", "图/a b.png"),
        ("cafe\u0301.png", "caf\u00e9.png"),
        ("x/../a.png?raw=1", "a.png"),
        ("img\\a.png", "img/a.png"),
        ("..\\img\\a.png", "../img/a.png"),
        ("../posts/../img/a.png", "../img/a.png"),
        ("%2e%2e/a.png", "../a.png"),
    ],
)
def test_a_file_is_found_in_whatever_spelling(src: str, name: str) -> None:
    assert find_file(src, {"other.png": b"", name: b"data"}, field="cover") == b"data"


def test_of_two_files_the_one_of_that_very_name_is_meant() -> None:
    files = {"./a.png": b"1", "a.png": b"2"}
    assert [find_file(name, files, field="cover") for name in files] == [b"1", b"2"]


def test_a_file_that_was_not_sent_is_missing() -> None:
    with pytest.raises(ImageFileMissing):
        find_file("b.png", {"a.png": b""}, field="cover")


def test_messages_show_neither_queries_nor_whole_data_uris() -> None:
    assert shown("https://a.com/x?token=SECRET") == "https://a.com/x"
    assert len(shown("data:image/png;base64," + "A" * 9_000)) < 40
    assert shown("a\n\x1b.png") == "a??.png"


@pytest.mark.parametrize(
    ("src", "tidy"),
    [
        ("  https://a.com/x\n", "https://a.com/x"),
        ("\x01ht\ntps://a.com/\tx", "https://a.com/x"),
        ("//a.com/x.png", "https://a.com/x.png"),
        ("/\t/a.com/x.png", "https://a.com/x.png"),
        ("a b.png", "a b.png"),
    ],
)
def test_a_source_is_read_as_browsers_read_it(src: str, tidy: str) -> None:
    assert tidy_source(src) == tidy


@pytest.mark.parametrize(
    ("src", "told"),
    [
        ("https://me:secret@a.com/x.png?sig=secret", "https://a.com/x.png"),
        ("https://a.com/x.png#secret", "https://a.com/x.png"),
        ("//me:secret@a.com/x.png", "//a.com/x.png"),
        ("DATA:image/png;base64,AAAAAAAAsecret", "DATA:image/png;base64,AAAAAAAA…"),
        ("img/a.png?v=1", "img/a.png"),
    ],
)
def test_messages_name_a_source_without_its_secrets(src: str, told: str) -> None:
    assert shown(src) == told
