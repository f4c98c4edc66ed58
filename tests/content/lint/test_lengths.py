import pytest

from tests.content.lint.conftest import Lint
from wechat import limits


def test_all_limits_are_told_at_once_in_wechats_counting(lint: Lint) -> None:
    told = lint(
        "正文",
        title="字" * 33,
        author="字" * 17,
        digest="😀" * 129,
        content_source_url="a.com",
    )
    for rule, field, count in (
        ("draft_title_too_long", "title", 33),
        ("draft_author_too_long", "author", 17),
        ("draft_digest_too_long", "digest", 129),
    ):
        assert (told[rule]["level"], told[rule]["field"]) == ("error", field)
        assert str(count) in told[rule]["message"][1]
        assert told[rule]["fix"][0]
    assert told["draft_source_url_invalid"]["field"] == "content_source_url"


def test_the_strict_rule_counts_bytes(lint: Lint) -> None:
    told = lint("x", title="字" * 22, length_rule="strict")["draft_title_too_long"]
    assert told["message"][1] == "the title has 66 bytes, limit 64"


def test_a_field_of_the_front_matter_is_found_in_its_line(lint: Lint) -> None:
    told = lint(f"---\nauthor: a\ntitle: {'字' * 40}\n---\nx")
    assert told["draft_title_too_long"]["position"] == (3, 1)


def test_an_article_wants_a_title_and_a_text(lint: Lint) -> None:
    told = lint(" ")
    assert told["draft_title_missing"]["level"] == "error"
    assert told["draft_content_empty"]["level"] == "error"
    assert "draft_title_missing" not in lint("# 题\n\nx")


@pytest.mark.parametrize(("length", "is_near"), [(28, False), (29, True), (32, True), (33, False)])
def test_little_room_is_worth_a_note(lint: Lint, length: int, is_near: bool) -> None:  # noqa: FBT001
    told = lint("x", title="字" * length)
    assert ("near_limit" in told) == is_near
    if is_near:
        assert told["near_limit"]["message"][1] == f"title uses {length} of 32 characters"


def test_a_text_over_the_limit_is_an_error(lint: Lint) -> None:
    told = lint("字" * (limits.CONTENT_CHARS + 1))["draft_content_too_long"]
    assert told["message"][1] == "the content has 20001 characters, limit 20000"


def test_html_over_the_strict_limit_is_told_with_its_largest_part(lint: Lint) -> None:
    told = lint("**a** `b`\n\n" * 400, title="t")["html_over_strict"]
    assert told["level"] == "info"
    assert "styles" in told["message"][1]
    assert "html_over_strict" not in lint("字" * 100, title="t")
