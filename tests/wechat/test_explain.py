import pytest

from wechat.errcodes import load_errcodes
from wechat.explain import explain

ERRCODES = load_errcodes()


def codes(text: str) -> list[int]:
    return [errcode.errcode for errcode in explain(text, ERRCODES).errcodes]


@pytest.mark.parametrize(
    ("text", "errcode"),
    [
        ("40164", 40164),
        ("-1", -1),
        (" 微信返回 45009 怎么办", 45009),
        ('{"errcode":45003,"errmsg":"title size out of limit rid: 1a2b3c4d"}', 45003),
        ("errcode=48001 api unauthorized", 48001),
        ("invalid appid rid: 65f1a2b3-0c4d5e6f-12345678", 40013),
        ("invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist", 40164),
        ("access_token missing hint: [abc~] rid: 65f1a2b3-0c4d5e6f-12345678", 41001),
        ("Api Unauthorized", 48001),
        ("AppSecret 已冻结", 40243),
    ],
)
def test_the_errcode_that_a_text_means_comes_first(text: str, errcode: int) -> None:
    assert codes(text)[0] == errcode


def test_the_refused_ip_is_named() -> None:
    assert explain("invalid ip 203.0.113.7, not in whitelist", ERRCODES).ip == "203.0.113.7"
    assert explain("40164", ERRCODES).ip is None


def test_several_numbers_are_each_explained_once() -> None:
    assert codes("40001 then 42001, 40001 again") == [40001, 42001]


def test_words_find_what_holds_them() -> None:
    assert {45003, 85011} <= set(codes("标题"))


@pytest.mark.parametrize("text", ["", "a", "xyzzy", "123456789", "10.40164.3.1", "²³", "9" * 3000])
def test_what_means_nothing_is_not_guessed_at(text: str) -> None:
    assert codes(text) == []


def test_no_more_is_found_than_wanted() -> None:
    assert len(explain("invalid", ERRCODES, limit=7).errcodes) == 7
