from hypothesis import given
from hypothesis import strategies as st

from content.keywords import keywords

TEXT = (
    "微信公众号的接口需要令牌。公众号网关保管令牌，用令牌调用接口，令牌过期就刷新令牌。"
    "网关用 Redis 共享令牌，Redis 不在时，公众号网关自己保管。the redis and the gateway"
)


def test_words_that_come_again_are_keywords_in_their_full_length() -> None:
    found = keywords("公众号网关", TEXT)
    assert found[:2] == ["公众号网关", "令牌"]
    assert {"Redis", "接口"} <= set(found)
    assert not {"众号", "公众", "the", "令牌的"} & set(found)


def test_there_are_at_most_eight() -> None:
    text = "，".join(f"第{chr(0x5000 + n)}{chr(0x6000 + n)}项" * 2 for n in range(100))
    assert len(keywords("", text)) == 8


def test_of_two_that_hold_each_other_the_weightier_counts() -> None:
    found = keywords("", "公众号，" * 9 + "微信公众号，" * 2)
    assert found == ["公众号"]


def test_a_text_without_repetition_has_none_but_those_of_its_title() -> None:
    assert keywords("学 Rust", "今天开始学习 Rust，天气很好") == ["Rust"]
    assert keywords("", "") == []


@given(st.text(alphabet="的令牌公众号aB ，", max_size=200))
def test_keywords_stand_in_the_text(text: str) -> None:
    assert all(word in text and len(word) > 1 for word in keywords("", text))


def test_one_character_for_ever_has_an_end() -> None:
    assert len(keywords("", "令" * 20_000)) <= 8
