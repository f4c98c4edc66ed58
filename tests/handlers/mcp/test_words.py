from handlers.mcp import words
from handlers.mcp.words import About

ALL = [about for about in vars(words).values() if isinstance(about, About)]


def test_each_tool_is_told_about_in_both_languages() -> None:
    for about in ALL:
        assert about.description.en.isascii() or "…" in about.description.en
        assert not about.description.zh.isascii()
    assert len({about.name for about in ALL}) == len(ALL) == 11


def test_what_everybody_will_see_asks_for_the_user_s_consent() -> None:
    for about in (words.PUBLISH, words.SCHEDULE):
        assert "Ask your user" in about.description.en
        assert "同意" in about.description.zh
